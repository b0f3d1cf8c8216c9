import Foundation

/// The token a request over TCP carries, read from a file that only its owner may read.
struct TokenSecret: Sendable {
    let text: String

    /// Reads the first line of the file at `path`.
    ///
    /// No error text holds anything of what is in it.
    init(path: String) throws(Failure) {
        let shown = Escaping.shown(path)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .cannotAsk("The token file \(shown) cannot be opened: \(SystemError.last).")
        }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else {
            throw .cannotAsk("The token file \(shown) cannot be examined: \(SystemError.last).")
        }
        guard facts.st_mode & S_IFMT == S_IFREG else {
            throw .cannotAsk("The token file \(shown) is not a regular file.")
        }
        guard facts.st_mode & 0o077 == 0 else {
            throw .cannotAsk(
                """
                The token file \(shown) can be read by others, so its token may be known to them.
                  Do: chmod 600 \(shown); if others were on this machine meanwhile, revoke the \
                token and make a new one (citysync token revoke, citysync token new).
                """
            )
        }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = read(descriptor, &bytes, bytes.count)
        let line = bytes[..<max(0, count)].prefix { $0 != 0x0A && $0 != 0x0D }
        let text = String(decoding: line, as: UTF8.self)
        guard text.hasPrefix("cs_"), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .cannotAsk(
                "The token file \(shown) does not begin with a token (cs_...), alone on its line."
            )
        }
        self.text = text
    }
}

/// The words of the operating system for its last error.
enum SystemError {
    static var last: String { text(errno) }

    static func text(_ code: Int32) -> String { String(cString: strerror(code)) }
}
