package import AllianceModel
package import ReplicationCore

/// Cuts a stream of bytes into frames: a 4-byte big-endian length, then that many bytes.
///
/// It hands out one frame at a time and keeps nothing but the frame it is in, so whoever feeds it
/// can stop in the middle of a chunk, and a change of phase holds from the very next frame. A
/// frame's bytes are copied once, out of the chunk into an array of their own.
package struct FrameDecoder: Sendable {
    /// How much a peer is trusted with.
    package enum Phase: Hashable, Sendable {
        /// Until its Hello has been judged: frames of at most 64 KiB.
        case greeting
        /// Frames of up to the configured limit.
        case open
    }

    package var phase = Phase.greeting
    private let limits: WireLimits
    /// The bytes of the length read so far, in their order.
    private var length: UInt32 = 0
    private var lengthByteCount = 0
    private var frame: Bytes = []
    /// What ended the stream; nothing is decoded after it.
    private var failure: Fault?

    /// More is reserved only when bytes have come: a length alone costs its sender nothing.
    private static let reservedBytesMaximum = 256 << 10
    package static let lengthBytes = 4

    package init(_ limits: WireLimits) {
        self.limits = limits
    }

    /// True between two frames: nothing of a next one has come.
    package var isAtBoundary: Bool { lengthByteCount == 0 }

    /// Takes bytes off the front of `chunk` until a frame is complete; nil when the chunk is used
    /// up before.
    ///
    /// Throws `frame_too_large` on the length alone, `frame_malformed` for an empty frame; after
    /// that the stream is lost, and every call throws the same.
    package mutating func next(from chunk: inout UnsafeRawBufferPointer) throws(Fault) -> Bytes? {
        if let failure { throw failure }
        while lengthByteCount < Self.lengthBytes {
            guard let byte = chunk.first else { return nil }
            length = length << 8 | UInt32(byte)
            lengthByteCount += 1
            chunk = UnsafeRawBufferPointer(rebasing: chunk.dropFirst())
            if lengthByteCount == Self.lengthBytes { try begin() }
        }
        let taken = chunk.prefix(Int(length) - frame.count)
        frame.append(contentsOf: taken)
        chunk = UnsafeRawBufferPointer(rebasing: chunk.dropFirst(taken.count))
        guard frame.count == Int(length) else { return nil }
        defer { (length, lengthByteCount, frame) = (0, 0, []) }
        return frame
    }

    /// The same of an array's slice.
    package mutating func next(from chunk: inout ArraySlice<UInt8>) throws(Fault) -> Bytes? {
        let count = chunk.count
        let (result, rest) = chunk.withUnsafeBytes { raw in
            var rest = raw
            let result = Result { () throws(Fault) in try next(from: &rest) }
            return (result, rest.count)
        }
        chunk = chunk.dropFirst(count - rest)
        return try result.get()
    }

    private mutating func begin() throws(Fault) {
        let maximum =
            phase == .greeting
            ? min(WireLimits.greetingBytes, limits.frameBytes) : limits.frameBytes
        guard length > 0 else { throw fail(.frameMalformed, "an empty frame") }
        guard UInt64(length) <= UInt64(maximum) else {
            throw fail(.frameTooLarge, "a frame of \(length) bytes; at most \(maximum) are taken")
        }
        frame.reserveCapacity(min(Int(length), Self.reservedBytesMaximum))
    }

    private mutating func fail(_ code: FaultCode, _ text: String) -> Fault {
        let fault = Fault(code, text)
        failure = fault
        return fault
    }
}
