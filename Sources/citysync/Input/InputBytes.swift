import Foundation

/// What a command reads from a file, or from standard input for `-`.
enum InputBytes {
    /// The most that is read at once: the API's own limit is 1 MiB.
    private static let bytesMaximum = 16 << 20

    static func whole(_ path: String) throws(Failure) -> [UInt8] {
        var reader = try InputLines(path: path)
        defer { reader.close() }
        var bytes: [UInt8] = []
        while let chunk = try reader.chunk() {
            bytes += chunk
            guard bytes.count <= bytesMaximum else {
                throw .notDone("\(Escaping.shown(path)) is larger than \(bytesMaximum >> 20) MiB.")
            }
        }
        return bytes
    }
}

/// Reads lines one by one, so that a file of any size takes the memory of one line.
struct InputLines {
    private let path: String
    private let descriptor: Int32
    private var pending: [UInt8] = []
    private var position = 0
    private var isAtEnd = false

    init(path: String) throws(Failure) {
        self.path = path
        descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .notDone("\(Escaping.shown(path)) cannot be opened: \(SystemError.last).")
        }
    }

    func close() {
        if descriptor != STDIN_FILENO { Foundation.close(descriptor) }
    }

    /// The next bytes as they come; nil at the end.
    mutating func chunk() throws(Failure) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count > 0 { return Array(buffer[..<count]) }
            if count == 0 { return nil }
            guard errno == EINTR else {
                throw .notDone("\(Escaping.shown(path)) cannot be read: \(SystemError.last).")
            }
        }
    }

    /// The next line without its end (`LF` or `CRLF`); nil after the last.
    mutating func line() throws(Failure) -> [UInt8]? {
        var searched = position
        while true {
            if let end = pending[searched...].firstIndex(of: 0x0A) {
                defer { position = end + 1 }
                return InputLines.trimmed(pending[position..<end])
            }
            if isAtEnd {
                guard position < pending.count else { return nil }
                defer { position = pending.count }
                return InputLines.trimmed(pending[position...])
            }
            pending.removeFirst(position)
            position = 0
            searched = pending.count
            if let more = try chunk() { pending += more } else { isAtEnd = true }
        }
    }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> [UInt8] {
        Array(line.last == 0x0D ? line.dropLast() : line)
    }
}
