import AllianceModel
import ReplicationCore
import ReplicationWire
import Testing

/// Bytes from a peer never stop the process: every damage gives a fault or a value that is safe.
@Suite struct DamageTests {
    /// A value that was read from damaged bytes is one that could have been sent: it survives a
    /// round trip of its own.
    private func decodeSafely(_ bytes: Bytes) throws -> Bool {
        let message: Message
        do throws(Fault) {
            message = try Wire.decode(bytes, hash: Samples.hash)
        } catch {
            #expect([.frameMalformed, .limitExceeded].contains(error.code))
            return false
        }
        guard message != .unknown else { return true }
        let again = Samples.frame(message)
        #expect(try Wire.decode(again, hash: Samples.hash).withoutSize == message.withoutSize)
        return true
    }

    /// Room for the large samples, which would only repeat themselves, is left out.
    private func samples() throws -> [(name: String, frame: Bytes)] {
        try Samples.messages().map { ($0.name, Samples.frame($0.message)) }
            .filter { $0.frame.count < 2_000 }
    }

    @Test func `a message cut short anywhere is a fault`() throws {
        for (name, frame) in try samples() {
            for cut in Damage.truncations(of: frame) where !cut.isEmpty {
                let fault = #expect(throws: Fault.self, "\(name), \(cut.count)") {
                    try Wire.decode(cut, hash: Samples.hash)
                }
                #expect(fault?.code == .frameMalformed)
            }
        }
    }

    @Test func `a message with any bit turned over is a fault or a safe value`() throws {
        var refused = 0
        for (_, frame) in try samples() {
            for flipped in Damage.bitFlips(of: frame) where try !decodeSafely(flipped) {
                refused += 1
            }
        }
        #expect(refused > 1_000)
    }

    @Test func `10,000 malformed frames are faults or safe values`() throws {
        var random = SplitMix(seed: 2)
        let frames = try samples().map(\.frame)
        var accepted = 0
        for _ in 0..<10_000 {
            accepted += try decodeSafely(Damage.mutant(of: frames, &random)) ? 1 : 0
        }
        #expect((100..<9_000).contains(accepted))
    }

    @Test func `10,000 frames of noise are faults or safe values`() throws {
        var random = SplitMix(seed: 3)
        for _ in 0..<10_000 {
            let count = Int.random(in: 0...64, using: &random)
            _ = try decodeSafely((0..<count).map { _ in UInt8.random(in: 0...255, using: &random) })
        }
    }
}

extension Message {
    /// Without what depends on how the frame was written.
    fileprivate var withoutSize: Message {
        guard case .push(var push) = self else { return self }
        push.frameBytes = 0
        return .push(push)
    }
}
