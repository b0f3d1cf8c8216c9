import AllianceModel
import ReplicationCore
import ReplicationWire
import Testing

@Suite struct FrameDecoderTests {
    private static let frames: [Bytes] = [
        [1], Bytes(2...200), [9, 9], Bytes(repeating: 7, count: 70_000),
    ]

    private static func stream(_ frames: [Bytes]) -> Bytes {
        frames.flatMap { frame in
            [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: frame.count >> $0) } + frame
        }
    }

    private static func opened(_ frameBytes: Int = 100_000) -> FrameDecoder {
        var decoder = FrameDecoder(WireLimits(frameBytes: frameBytes))
        decoder.phase = .open
        return decoder
    }

    private static func all(
        _ decoder: inout FrameDecoder,
        _ stream: ArraySlice<UInt8>
    ) throws(Fault) -> [Bytes] {
        var rest = stream
        var frames: [Bytes] = []
        while let frame = try decoder.next(from: &rest) { frames.append(frame) }
        #expect(rest.isEmpty)
        return frames
    }

    @Test(arguments: [1, 2, 3, 5, 64, 4_096, 1_000_000])
    func `a stream gives the same frames however it is cut`(chunkBytes: Int) throws {
        let stream = Self.stream(Self.frames)
        var decoder = Self.opened()
        var frames: [Bytes] = []
        for start in stride(from: 0, to: stream.count, by: chunkBytes) {
            let chunk = stream[start..<min(stream.count, start + chunkBytes)]
            frames += try Self.all(&decoder, chunk)
        }
        #expect(frames == Self.frames)
        #expect(decoder.isAtBoundary)
    }

    @Test func `frames are handed out one at a time and the rest of the chunk stays`() throws {
        var decoder = Self.opened()
        var chunk = Self.stream([[1, 2], [3]])[...]
        #expect(try decoder.next(from: &chunk) == [1, 2])
        #expect(chunk.count == 5)
        #expect(try decoder.next(from: &chunk) == [3])
        #expect(chunk.isEmpty)
        #expect(try decoder.next(from: &chunk) == nil)
    }

    @Test func `raw memory is read as arrays are`() throws {
        var decoder = Self.opened()
        let frames = try Self.stream(Self.frames).withUnsafeBytes { raw in
            var chunk = raw
            var frames: [Bytes] = []
            while let frame = try decoder.next(from: &chunk) { frames.append(frame) }
            return frames
        }
        #expect(frames == Self.frames)
    }

    @Test func `before hello a frame of 64 KiB is taken and one byte more is not`() throws {
        let limit = WireLimits.greetingBytes
        let frames = [Bytes(repeating: 1, count: limit), Bytes(repeating: 2, count: limit + 1)]
        var decoder = FrameDecoder(WireLimits(frameBytes: 8 << 20))
        var chunk = Self.stream(frames)[...]
        #expect(try decoder.next(from: &chunk) == frames[0])
        let fault = #expect(throws: Fault.self) { _ = try decoder.next(from: &chunk) }
        #expect(fault?.code == .frameTooLarge)
    }

    @Test func `the phase holds from the very next frame of the same chunk`() throws {
        let large = Bytes(repeating: 2, count: WireLimits.greetingBytes + 1)
        var decoder = FrameDecoder(WireLimits(frameBytes: 8 << 20))
        var chunk = Self.stream([[1], large])[...]
        #expect(try decoder.next(from: &chunk) == [1])
        decoder.phase = .open
        #expect(try decoder.next(from: &chunk) == large)
    }

    @Test(arguments: [11, 1 << 20, Int(UInt32.max)])
    func `a length beyond the limit is refused before a byte of the frame has come`(
        length: Int
    ) throws {
        var decoder = Self.opened(10)
        var chunk = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) }[...]
        let fault = #expect(throws: Fault.self) { _ = try decoder.next(from: &chunk) }
        #expect(fault?.code == .frameTooLarge)
        #expect(fault?.text.contains("\(length)") == true)
    }

    @Test func `an empty frame is malformed`() {
        var decoder = Self.opened()
        var chunk: ArraySlice<UInt8> = [0, 0, 0, 0]
        let fault = #expect(throws: Fault.self) { _ = try decoder.next(from: &chunk) }
        #expect(fault?.code == .frameMalformed)
    }

    @Test func `after a fault nothing more is decoded`() {
        var decoder = Self.opened()
        var bad: ArraySlice<UInt8> = [0, 0, 0, 0]
        let first = #expect(throws: Fault.self) { _ = try decoder.next(from: &bad) }
        var good = Self.stream([[1]])[...]
        let second = #expect(throws: Fault.self) { _ = try decoder.next(from: &good) }
        #expect(first == second)
        #expect(good.count == 5)
    }

    @Test func `it is at a boundary only between frames`() throws {
        var decoder = Self.opened()
        var chunk: ArraySlice<UInt8> = [0, 0]
        #expect(decoder.isAtBoundary)
        #expect(try decoder.next(from: &chunk) == nil)
        #expect(!decoder.isAtBoundary)
        chunk = [0, 2, 5]
        #expect(try decoder.next(from: &chunk) == nil)
        #expect(!decoder.isAtBoundary)
        chunk = [6]
        #expect(try decoder.next(from: &chunk) == [5, 6])
        #expect(decoder.isAtBoundary)
    }

    @Test func `10,000 random streams never trap, and give faults or frames within the limit`() {
        var random = SplitMix(seed: 1)
        var frames = 0
        for _ in 0..<10_000 {
            var decoder = Self.opened(64)
            var stream = (0..<Int.random(in: 0...80, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            // Most lengths would be refused at once: make the first three bytes of one in two zero.
            if Bool.random(using: &random), stream.count >= 3 {
                stream.replaceSubrange(0..<3, with: [0, 0, 0])
            }
            var chunk = stream[...]
            do throws(Fault) {
                while let frame = try decoder.next(from: &chunk) {
                    #expect((1...64).contains(frame.count))
                    frames += 1
                }
            } catch {
                #expect([.frameTooLarge, .frameMalformed].contains(error.code))
            }
        }
        #expect(frames > 500)
    }
}
