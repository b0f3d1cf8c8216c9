package import AllianceFiles
import Foundation
package import NodeRuntime

/// The tokens file as the node takes it up, at start and at each reload.
package enum NodeTokens {
    private static let bytesMaximum = 1 << 20

    /// No tokens without a path: then only the socket lets anyone in.
    ///
    /// A file that others can read is refused: it tells who may do what, and whoever can read it may
    /// be able to write it.
    package static func load(_ path: String?) throws(NodeStartError) -> TokensFile {
        guard let path else { return TokensFile(entries: []) }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw NodeStartError(
                "\(path): the tokens file cannot be opened: \(String(cString: strerror(errno)))",
                remedy: "make it with citysync token new --file \(path), owned by the node's user"
            )
        }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            throw NodeStartError(
                "\(path): the tokens file is no regular file",
                remedy: "name the file that citysync token writes"
            )
        }
        guard facts.st_mode & 0o077 == 0 else {
            throw NodeStartError(
                "\(path): the tokens file can be read by others",
                remedy: "chmod 600 \(path)"
            )
        }
        let text = try text(descriptor, path)
        do {
            return try TokensFile.parse(text, file: path)
        } catch {
            let first = error.errors[0]
            let place = first.line > 0 ? "\(first.file):\(first.line):\(first.column)" : first.file
            let key = first.key.isEmpty ? "" : "\(first.key): "
            throw NodeStartError("\(place): \(key)\(first.reason)", remedy: first.remedy)
        }
    }

    private static func text(_ descriptor: Int32, _ path: String) throws(NodeStartError) -> String {
        var bytes = [UInt8](repeating: 0, count: bytesMaximum + 1)
        var count = 0
        while count < bytes.count {
            let part = bytes.withUnsafeMutableBytes { buffer in
                read(descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count)
            }
            if part < 0, errno == EINTR { continue }
            guard part >= 0 else {
                throw NodeStartError(
                    "\(path): the tokens file cannot be read: \(String(cString: strerror(errno)))",
                    remedy: "look at the disk"
                )
            }
            if part == 0 { break }
            count += part
        }
        guard count <= bytesMaximum, let text = String(validating: bytes[..<count], as: UTF8.self)
        else {
            throw NodeStartError(
                "\(path): the tokens file is larger than 1 MiB or not UTF-8",
                remedy: "put back the file that citysync token wrote"
            )
        }
        return text
    }
}
