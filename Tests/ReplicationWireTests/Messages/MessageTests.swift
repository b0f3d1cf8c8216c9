import AllianceModel
import FoundationEssentials
import ReplicationCore
import ReplicationWire
import SwiftProtobuf
import Testing

@Suite struct MessageTests {
    @Test func `every message is the same after a round trip`() throws {
        for (name, message) in try Samples.messages() {
            let frame = Samples.frame(message)
            var expected = message
            if case .push(var push) = message {
                push.frameBytes = frame.count + FrameDecoder.lengthBytes
                expected = .push(push)
            }
            #expect(try Wire.decode(frame, hash: Samples.hash) == expected, "\(name)")
        }
    }

    @Test func `a frame's length stands before it, big-endian`() throws {
        for (_, message) in try Samples.messages() {
            var decoder = FrameDecoder(WireLimits())
            var chunk = Wire.encode(message)[...]
            let frame = try decoder.next(from: &chunk)
            #expect(frame == Samples.frame(message))
            #expect(chunk.isEmpty)
        }
    }

    @Test func `generated code reads what we write, and writes the same`() throws {
        for (name, message) in try Samples.messages() {
            let frame = Samples.frame(message)
            let schema = try SchemaFrame(serializedBytes: frame)
            #expect(try schema.serializedBytes() == frame, "\(name)")
        }
    }

    @Test func `every fault code travels as its word`() throws {
        for code in FaultCode.allCases {
            let fault = ReplicationCore.Message.fault(Fault(code, "why"))
            let frame = Samples.frame(fault)
            #expect(try SchemaFrame(serializedBytes: frame).fault.code == code.rawValue)
            #expect(try Wire.decode(frame, hash: Samples.hash) == fault)
        }
    }

    @Test func `a long fault text is cut after a whole character, and its wait to a day`() throws {
        let fault = Fault(.timeout, String(repeating: "市", count: 500), retryMilliseconds: .max)
        let decoded = try Wire.decode(Samples.frame(.fault(fault)), hash: Samples.hash)
        let text = String(repeating: "市", count: 341)
        #expect(decoded == .fault(Fault(.timeout, text, retryMilliseconds: 86_400_000)))
    }

    @Test func `a negative wait is none at all`() throws {
        let fault = ReplicationCore.Message.fault(Fault(.timeout, "", retryMilliseconds: -1))
        let expected = ReplicationCore.Message.fault(Fault(.timeout, "", retryMilliseconds: 0))
        #expect(try Wire.decode(Samples.frame(fault), hash: Samples.hash) == expected)
    }

    @Test func `nothing is written for what is unknown`() {
        #expect(Wire.encode(.unknown).isEmpty)
    }

    // MARK: Later versions

    @Test(
        arguments: [
            [0x42, 0x00],  // Lookup, field 8.
            [0x4a, 0x02, 0x08, 0x01],  // Answer, field 9.
            [0x98, 0x06, 0x01],  // Field 99, a number.
            [0x1a, 0x02, 0x22, 0x00],  // A Have of a fourth level.
            [0x5a, 0x04, 0x08, 0x01, 0x22, 0x00],  // A Checked of a third content.
        ] as [Bytes]
    )
    func `a message of a later version is unknown, not a fault`(frame: Bytes) throws {
        #expect(try Wire.decode(frame, hash: Samples.hash) == .unknown)
    }

    @Test func `a fault code of a later version is unknown`() throws {
        var frame = SchemaFrame()
        frame.fault.code = "tired"
        #expect(try Wire.decode(frame.serializedBytes(), hash: Samples.hash) == .unknown)
    }

    @Test func `fields of a later version are ignored in every message`() throws {
        for (name, message) in try Samples.messages() {
            let frame = Samples.frame(message)
            let unknown: Bytes = [0xfa, 0x06, 0x01, 0x00]
            let longer = try widened(frame, by: unknown) + unknown
            var expected = message
            if case .push(var push) = message {
                push.frameBytes = longer.count + FrameDecoder.lengthBytes
                expected = .push(push)
            }
            #expect(try Wire.decode(longer, hash: Samples.hash) == expected, "\(name)")
        }
    }

    /// The frame with more bytes at the end of the message in it.
    private func widened(_ frame: Bytes, by more: Bytes) throws -> Bytes {
        var reader = ProtobufReader(frame[...])
        let first = reader.next()
        let field = try #require(first)
        guard case .bytes(let message) = field.value else { return [] }
        var writer = ProtobufWriter()
        writer.bytes(field.number, Bytes(message) + more)
        return writer.bytes
    }
}
