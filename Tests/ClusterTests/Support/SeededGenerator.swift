import Foundation

/// SplitMix64 (Steele, Lea, Flood 2014): one seed, one sequence.
struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }

    /// CITYSYNC_SEED, else a random one; printed, so that a failure can be repeated.
    static func seed(for test: String) -> UInt64 {
        let given = ProcessInfo.processInfo.environment["CITYSYNC_SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 0...UInt64.max)
        print("\(test): CITYSYNC_SEED=\(seed)")
        return seed
    }
}
