import AllianceModel
import Testing

@testable import ReplicationCore

/// The sentences quoted are those of Kulkarni, Demirbas et al., "Logical Physical Clocks" (2014).
@Suite struct HybridClockTests {
    private func stamp(_ milliseconds: UInt64, _ counter: UInt16) -> HybridTimestamp {
        HybridTimestamp(milliseconds: milliseconds, counter: counter)
    }

    private func expect(
        _ stamp: HybridTimestamp?,
        _ expected: HybridTimestamp?,
        at location: SourceLocation = #_sourceLocation
    ) {
        #expect(stamp == expected, sourceLocation: location)
    }

    /// Figure 5, send or local event: "l.j := max(l'.j, pt.j); If (l.j = l'.j) then c.j := c.j + 1
    /// Else c.j := 0".
    @Test func `a local event takes the wall clock or counts on`() {
        var clock = HybridClock()
        expect(clock.tick(wallMilliseconds: 10), stamp(10, 0))
        expect(clock.tick(wallMilliseconds: 10), stamp(10, 1))
        expect(clock.tick(wallMilliseconds: 9), stamp(10, 2))
        expect(clock.tick(wallMilliseconds: 11), stamp(11, 0))
    }

    /// Figure 5, receive event: "l.j := max(l'.j, l.m, pt.j); If (l.j = l'.j = l.m) then c.j :=
    /// max(c.j, c.m) + 1 Elseif (l.j = l'.j) then c.j := c.j + 1 Elseif (l.j = l.m) then c.j :=
    /// c.m + 1 Else c.j := 0"; what is stamped next here is that event's stamp.
    @Test(
        arguments: [
            // own latest, received, wall, next stamp
            ((20, 3), (20, 7), 15, (20, 8)),
            ((20, 3), (18, 7), 15, (20, 4)),
            ((20, 3), (22, 7), 15, (22, 8)),
            ((20, 3), (22, 7), 30, (30, 0)),
        ] as [((UInt64, UInt16), (UInt64, UInt16), Int64, (UInt64, UInt16))]
    )
    func `a receive event joins both clocks`(
        own: (UInt64, UInt16),
        received: (UInt64, UInt16),
        wall: Int64,
        next: (UInt64, UInt16)
    ) {
        var clock = HybridClock(latest: stamp(own.0, own.1))
        let isWithin = clock.receive(stamp(received.0, received.1), wallMilliseconds: wall)
        #expect(isWithin)
        expect(clock.tick(wallMilliseconds: wall), stamp(next.0, next.1))
    }

    /// "Theorem 1.
    ///
    /// For any two events e and f, e hb f => (l.e, c.e) < (l.f, c.f)"; "Theorem 2. For any event f,
    /// l.f >= pt.f"; "Corollary 1. For any event f, |l.f - pt.f| <= epsilon".
    @Test(arguments: 0..<20 as Range<UInt64>)
    func `what happened before has the smaller stamp, and none strays from the wall clocks`(
        seed: UInt64
    ) throws {
        var random = SplitMix(seed: seed)
        let skewMaximum: Int64 = 20_000
        let skews = (0..<4).map { _ in Int64.random(in: 0...skewMaximum, using: &random) }
        var clocks = Array(repeating: HybridClock(), count: 4)
        var last = Array(repeating: HybridTimestamp.zero, count: 4)
        var time: Int64 = 1_000_000
        for _ in 0..<500 {
            time += Int64.random(in: 0...2, using: &random)
            let node = Int.random(in: 0..<4, using: &random)
            let sender = Int.random(in: 0..<4, using: &random)
            let wall = time + skews[node]
            if sender != node { clocks[node].receive(last[sender], wallMilliseconds: wall) }
            let ticked = clocks[node].tick(wallMilliseconds: wall)
            let stamp = try #require(ticked)
            #expect(stamp > last[node])
            #expect(sender == node || stamp > last[sender])
            #expect(stamp.milliseconds >= wall)
            #expect(stamp.milliseconds - wall <= skewMaximum + 1)
            last[node] = stamp
        }
    }

    @Test func `the counter runs over into the next millisecond`() {
        var clock = HybridClock(latest: stamp(10, .max))
        expect(clock.tick(wallMilliseconds: 10), stamp(11, 0))
    }

    @Test(arguments: [(0, true), (30_000, true), (60_000, true), (60_001, false)])
    func `what is more than the bound ahead is to be held`(ahead: UInt64, isWithin: Bool) {
        var clock = HybridClock()
        let wall: Int64 = 1_000_000
        let verdict = clock.receive(stamp(1_000_000 + ahead, 5), wallMilliseconds: wall)
        #expect(verdict == isWithin)
    }

    @Test(arguments: [0, 29_999, 30_000, 30_001, 60_000, 60_001, 1_000_000_000] as [UInt64])
    func `nothing received moves the clock more than half the bound ahead`(ahead: UInt64) throws {
        var clock = HybridClock()
        let wall: Int64 = 1_000_000
        clock.receive(stamp(1_000_000 + ahead, 5), wallMilliseconds: wall)
        let ticked = clock.tick(wallMilliseconds: wall)
        let next = try #require(ticked)
        #expect(next.milliseconds - wall <= 30_000)
        #expect(next.milliseconds - wall == Int64(min(ahead, 30_000)))
    }

    @Test func `a log beyond the bound of the wall clock takes no writes until time has passed`() {
        let latest = stamp(2_000_000, 0)
        var clock = HybridClock(latest: latest)
        #expect(clock.isBeyondBound(wallMilliseconds: 1_939_999))
        expect(clock.tick(wallMilliseconds: 1_939_999), nil)
        #expect(clock.latest == latest)
        #expect(clock.aheadMilliseconds(wallMilliseconds: 1_939_999) == 60_001)
        expect(clock.tick(wallMilliseconds: 1_940_000), stamp(2_000_000, 1))
    }

    @Test(arguments: [Int64.min, -1, 0, 1 << 48, .max])
    func `no wall clock is too wrong to be read`(wall: Int64) {
        for latest in [HybridTimestamp.zero, HybridTimestamp(rawValue: .max)] {
            var clock = HybridClock(latest: latest)
            clock.receive(HybridTimestamp(rawValue: .max), wallMilliseconds: wall)
            if let next = clock.tick(wallMilliseconds: wall) { #expect(next > latest) }
            #expect(clock.latest >= latest)
        }
    }
}

/// A seeded generator: equal seeds give equal tests.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }
}
