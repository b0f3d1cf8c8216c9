import AllianceModel

/// Hash functions for tests: the room under test holds no cryptography.
enum TestHash {
    /// SHA-256 (FIPS 180-4), plain and slow.
    static let sha256: HashFunction = { bytes in
        SHA256Reference.digest(Bytes(bytes)).withUnsafeBytes { Digest($0) }
    }

    /// Not a cryptographic hash, but quick: for tests that only need different digests for
    /// different bytes.
    static let quick: HashFunction = { bytes in
        var words: (UInt64, UInt64) = (0x9e37_79b9_7f4a_7c15, 0xd1b5_4a32_d192_ed03)
        var index = 0
        while index < bytes.count {
            var word: UInt64 = 0
            for offset in 0..<min(8, bytes.count - index) {
                word |= UInt64(bytes[index + offset]) << UInt64(8 * offset)
            }
            words.0 = (words.0 ^ word) &* 0xbf58_476d_1ce4_e5b9
            words.0 ^= words.0 >> 29
            words.1 = (words.1 &+ words.0) &* 0x94d0_49bb_1331_11eb
            words.1 ^= words.1 >> 31
            index += 8
        }
        words.0 ^= UInt64(bytes.count) &* 0x2545_f491_4f6c_dd1d
        let mixed = (
            words.0, words.1, words.0 &* words.1 | 1, (words.0 ^ words.1) &* 0x9e37_79b9
        )
        return withUnsafeBytes(of: mixed) { Digest($0) }
    }

    static func sha256(_ bytes: Bytes) -> Digest { bytes.withUnsafeBytes(sha256) }

    static func quick(_ bytes: Bytes) -> Digest { bytes.withUnsafeBytes(quick) }
}

private enum SHA256Reference {
    private static let constants: [UInt32] = [
        0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4,
        0xab1c_5ed5, 0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe,
        0x9bdc_06a7, 0xc19b_f174, 0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f,
        0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da, 0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7,
        0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967, 0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc,
        0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85, 0xa2bf_e8a1, 0xa81a_664b,
        0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070, 0x19a4_c116,
        0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
        0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7,
        0xc671_78f2,
    ]

    static func digest(_ message: Bytes) -> Bytes {
        var state: [UInt32] = [
            0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c,
            0x1f83_d9ab, 0x5be0_cd19,
        ]
        var padded = message + [0x80]
        while padded.count % 64 != 56 { padded.append(0) }
        padded += (0..<8).map { UInt8(truncatingIfNeeded: (message.count * 8) >> (56 - 8 * $0)) }
        for start in stride(from: 0, to: padded.count, by: 64) {
            compress(padded[start..<(start + 64)], into: &state)
        }
        return state.flatMap { word in
            (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * $0)) }
        }
    }

    private static func compress(_ block: ArraySlice<UInt8>, into state: inout [UInt32]) {
        var words = stride(from: block.startIndex, to: block.endIndex, by: 4).map { index in
            block[index..<(index + 4)].reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
        }
        for index in 16..<64 {
            let near = words[index - 15]
            let far = words[index - 2]
            let first = rotate(near, 7) ^ rotate(near, 18) ^ near >> 3
            let second = rotate(far, 17) ^ rotate(far, 19) ^ far >> 10
            words.append(words[index - 16] &+ first &+ words[index - 7] &+ second)
        }
        var row = state
        for index in 0..<64 {
            let sum = rotate(row[4], 6) ^ rotate(row[4], 11) ^ rotate(row[4], 25)
            let choice = row[4] & row[5] ^ ~row[4] & row[6]
            let first = row[7] &+ sum &+ choice &+ constants[index] &+ words[index]
            let other = rotate(row[0], 2) ^ rotate(row[0], 13) ^ rotate(row[0], 22)
            let majority = row[0] & row[1] ^ row[0] & row[2] ^ row[1] & row[2]
            row = [first &+ other &+ majority] + row[0..<7]
            row[4] = row[4] &+ first
        }
        for index in 0..<8 { state[index] = state[index] &+ row[index] }
    }

    private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
        word >> count | word << (32 - count)
    }
}
