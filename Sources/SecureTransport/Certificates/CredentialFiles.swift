import AllianceModel
internal import Glibc

/// Where a node's credentials lie; all PEM.
package struct CredentialFiles: Hashable, Sendable {
    /// The node's certificate first; others behind it are left aside, for no chain is needed.
    package let certificate: String
    package let key: String
    /// One authority, or two during a change.
    package let authority: String
    /// One revocation list for each authority.
    package let revocations: String

    package init(certificate: String, key: String, authority: String, revocations: String) {
        self.certificate = certificate
        self.key = key
        self.authority = authority
        self.revocations = revocations
    }
}

/// Reads whole small files, with the checks that secrets need.
enum CredentialFile {
    /// A revocation list of 100,000 certificates has about 4 MB.
    static let byteCountMaximum = 16 << 20

    /// `secret`: the file must be closed to group and others.
    ///
    /// The mode is read from the open file, so nothing can be swapped in between.
    static func read(_ path: String, secret: Bool = false) throws(CredentialsError) -> Bytes {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw failure(path) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure(path) }
        if secret && status.st_mode & 0o077 != 0 {
            throw .keyReadableByOthers(file: path, mode: status.st_mode & 0o777)
        }
        var bytes = Bytes()
        var chunk = Bytes(repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(file, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw failure(path) }
            guard count > 0 else { return bytes }
            bytes.append(contentsOf: chunk.prefix(count))
            guard bytes.count <= byteCountMaximum else {
                throw .tooLarge(file: path, byteCountMaximum: byteCountMaximum)
            }
        }
    }

    private static func failure(_ path: String) -> CredentialsError {
        let number = errno
        return .unreadable(file: path, number: number, text: String(cString: strerror(number)))
    }
}
