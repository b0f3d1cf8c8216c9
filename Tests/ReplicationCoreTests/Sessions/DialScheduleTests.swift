import Testing

@testable import ReplicationCore

@Suite struct DialScheduleTests {
    @Test func `delays double from half a second to a minute`() {
        var schedule = DialSchedule()
        var ceilings: [Int64] = []
        for _ in 0..<10 {
            _ = schedule.ended(reachedHeads: false, random: 0)
            ceilings.append(schedule.ceilingMilliseconds)
        }
        #expect(
            ceilings == [
                500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000,
            ]
        )
    }

    @Test func `jitter is full: every delay from none to the ceiling comes up`() {
        var schedule = DialSchedule()
        var delays: Set<Int64> = []
        for random in 0..<501 as Range<UInt64> {
            schedule = DialSchedule()
            delays.insert(schedule.ended(reachedHeads: false, random: random))
        }
        #expect(delays == Set(0...500))
        #expect((0...500).contains(DialSchedule().applying(random: .max)))
    }

    @Test func `a session that reached the announced heads begins anew`() {
        var schedule = DialSchedule()
        for _ in 0..<20 { _ = schedule.ended(reachedHeads: false, random: 0) }
        _ = schedule.ended(reachedHeads: true, fault: Fault(.timeout, ""), random: 0)
        #expect(schedule.ceilingMilliseconds == 500)
    }

    @Test(arguments: FaultCode.allCases)
    func `a violation counts on even after the heads were reached`(code: FaultCode) {
        var schedule = DialSchedule()
        for _ in 0..<3 { _ = schedule.ended(reachedHeads: true, fault: Fault(code, ""), random: 0) }
        #expect(schedule.failures == (code.isViolation ? 3 : 1))
    }

    @Test(arguments: [(Int64.min, 0), (5_000, 5_000), (.max, 60_000)] as [(Int64, Int64)])
    func `the peer's wish counts up to a minute`(wish: Int64, delay: Int64) {
        var schedule = DialSchedule()
        let fault = Fault(.storeStopped, "", retryMilliseconds: wish)
        let waited = schedule.ended(reachedHeads: true, fault: fault, random: 0)
        #expect(waited == delay)
    }
}

extension DialSchedule {
    fileprivate func applying(random: UInt64) -> Int64 {
        var copy = self
        return copy.ended(reachedHeads: false, random: random)
    }
}
