import AllianceModel
import Glibc

/// Small text files: configuration and items.
enum TextFile {
    static let byteCountMaximum = 1_048_576

    /// The whole of a regular file of UTF-8, at most 1 MiB.
    static func read(_ path: String) throws(FileErrors) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw refusal(path, systemText(errno), "create it, or correct its path and permissions")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw refusal(path, "is not a file", "name a regular file")
        }
        let bytes = try bytes(of: descriptor, path)
        guard let text = Text(validating: bytes) else {
            throw refusal(path, "is not UTF-8 text", "save it as UTF-8, without NUL characters")
        }
        return text.string
    }

    private static func bytes(of descriptor: Int32, _ path: String) throws(FileErrors) -> Bytes {
        var bytes = Bytes()
        var chunk = Bytes(repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw refusal(path, systemText(errno), "correct its path and permissions")
            }
            guard count > 0 else { return bytes }
            bytes += chunk.prefix(count)
            guard bytes.count <= byteCountMaximum else {
                throw refusal(path, "is larger than \(byteCountMaximum) bytes", "shorten it")
            }
        }
    }

    private static func systemText(_ number: Int32) -> String {
        strerror(number).map { "cannot be read: \(String(cString: $0))" } ?? "cannot be read"
    }

    private static func refusal(_ path: String, _ reason: String, _ remedy: String) -> FileErrors {
        FileErrors([FileError(file: path, reason: reason, remedy: remedy)])
    }
}

/// Numeric addresses, judged by the system's own parser.
enum InternetAddress {
    static func isVersion4(_ text: String) -> Bool {
        var address = in_addr()
        return inet_pton(AF_INET, text, &address) == 1
    }

    static func isVersion6(_ text: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET6, text, &address) == 1
    }
}
