import AllianceModel

/// A seeded generator (SplitMix64; Steele and others, 2014), so that a failure can be run again.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

/// Ways to break bytes.
enum Damage {
    /// Every proper prefix.
    static func truncations(of bytes: Bytes) -> some Sequence<Bytes> {
        bytes.indices.lazy.map { Bytes(bytes[..<$0]) }
    }

    /// Every single bit turned over.
    static func bitFlips(of bytes: Bytes) -> some Sequence<Bytes> {
        (0..<(bytes.count * 8)).lazy.map { bit in
            var flipped = bytes
            flipped[bit / 8] ^= 1 << (bit % 8)
            return flipped
        }
    }

    /// Bytes that still resemble a message: pieces of good ones cut, doubled, overwritten and mixed.
    static func mutant(
        of samples: [Bytes],
        _ random: inout some RandomNumberGenerator
    ) -> Bytes {
        var bytes = samples.randomElement(using: &random) ?? []
        for _ in 0...Int.random(in: 0...3, using: &random) {
            let start = Int.random(in: 0...bytes.count, using: &random)
            let end = min(bytes.count, start + Int.random(in: 0...16, using: &random))
            switch Int.random(in: 0...4, using: &random) {
            case 0: bytes.removeSubrange(start..<end)
            case 1: bytes.insert(contentsOf: Bytes(bytes[start..<end]), at: start)
            case 2:
                let junk = (start..<end).map { _ in UInt8.random(in: 0...255, using: &random) }
                bytes.replaceSubrange(start..<end, with: junk)
            case 3:
                let other = samples.randomElement(using: &random) ?? []
                bytes.insert(
                    contentsOf: other.prefix(Int.random(in: 0...64, using: &random)),
                    at: start
                )
            default:
                // A length that promises far more than there is.
                bytes.insert(contentsOf: [0xff, 0xff, 0xff, 0xff, 0x7f], at: start)
            }
        }
        return bytes
    }
}
