import AllianceModel

/// SHA-256 (FIPS 180-4, section 6.2), written for clearness: tests depend on no cryptography.
enum SHA256 {
    static let function: HashFunction = { hash(Bytes($0)) }

    static func hash(_ message: Bytes) -> Digest {
        var state = initial
        for block in padded(message) { compress(block, into: &state) }
        return state.flatMap { word in
            (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * $0)) }
        }
        .withUnsafeBytes { Digest($0) }
    }

    private static func padded(_ message: Bytes) -> [ArraySlice<UInt8>] {
        var bytes = message + [0x80]
        bytes += Bytes(repeating: 0, count: (120 - bytes.count % 64) % 64)
        let bits = UInt64(message.count) * 8
        bytes += (0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * $0)) }
        return stride(from: 0, to: bytes.count, by: 64).map { bytes[$0..<($0 + 64)] }
    }

    private static func compress(_ block: ArraySlice<UInt8>, into state: inout [UInt32]) {
        var w = stride(from: block.startIndex, to: block.endIndex, by: 4).map { index in
            block[index..<(index + 4)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        }
        for t in 16..<64 {
            let low = w[t - 15].rotated(7) ^ w[t - 15].rotated(18) ^ (w[t - 15] >> 3)
            let high = w[t - 2].rotated(17) ^ w[t - 2].rotated(19) ^ (w[t - 2] >> 10)
            w.append(w[t - 16] &+ low &+ w[t - 7] &+ high)
        }
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for t in 0..<64 {
            let choice = (e & f) ^ (~e & g)
            let first =
                h &+ (e.rotated(6) ^ e.rotated(11) ^ e.rotated(25)) &+ choice &+ k[t] &+ w[t]
            let majority = (a & b) ^ (a & c) ^ (b & c)
            let second = (a.rotated(2) ^ a.rotated(13) ^ a.rotated(22)) &+ majority
            (h, g, f, e, d, c, b, a) = (g, f, e, d &+ first, c, b, a, first &+ second)
        }
        state = zip(state, [a, b, c, d, e, f, g, h]).map { $0 &+ $1 }
    }

    private static let primes: [UInt32] = (2...311).filter { number in
        (2..<number).allSatisfy { !number.isMultiple(of: $0) }
    }
    /// The first 32 bits of the fractional parts of the square and cube roots of the first primes.
    private static let initial = primes.prefix(8).map { fraction(of: Double($0).squareRoot()) }
    private static let k = primes.map { prime in
        var root = 1.0
        for _ in 0..<100 { root -= (root * root * root - Double(prime)) / (3 * root * root) }
        return fraction(of: root)
    }

    private static func fraction(of root: Double) -> UInt32 {
        UInt32((root - root.rounded(.down)) * 4_294_967_296)
    }
}

extension UInt32 {
    fileprivate func rotated(_ count: UInt32) -> UInt32 { self >> count | self << (32 - count) }
}
