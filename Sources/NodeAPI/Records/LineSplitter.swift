import AllianceModel
import NIOCore

/// Cuts a stream of bytes into lines, whatever parts it comes in.
struct LineSplitter {
    enum Line: Hashable, Sendable {
        /// Without its line end.
        case whole(Bytes)
        case tooLong
    }

    private let bytesMaximum: Int
    private var rest = Bytes()
    private var isTooLong = false

    init(bytesMaximum: Int) {
        self.bytesMaximum = bytesMaximum
    }

    /// The lines that end in this part, in order.
    mutating func take(_ part: ByteBuffer) -> [Line] {
        var lines: [Line] = []
        var view = part.readableBytesView
        while let end = view.firstIndex(of: UInt8(ascii: "\n")) {
            append(view[..<end])
            lines.append(line())
            view = view[view.index(after: end)...]
        }
        append(view)
        return lines
    }

    /// The last line, if the stream did not end with a line end.
    mutating func finish() -> Line? {
        rest.isEmpty && !isTooLong ? nil : line()
    }

    private mutating func append(_ bytes: ByteBufferView) {
        guard !isTooLong else { return }
        // One byte more for a carriage return.
        guard rest.count + bytes.count <= bytesMaximum + 1 else {
            isTooLong = true
            rest = []
            return
        }
        rest.append(contentsOf: bytes)
    }

    private mutating func line() -> Line {
        defer {
            rest = []
            isTooLong = false
        }
        if rest.last == UInt8(ascii: "\r") { rest.removeLast() }
        return isTooLong || rest.count > bytesMaximum ? .tooLong : .whole(rest)
    }
}
