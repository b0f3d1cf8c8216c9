import AllianceModel
import NodeRuntime
import NodeStore
import ReplicationCore
import Testing

/// When a node compares its records with whom, and which differences it says.
struct ComparisonScheduleTests {
    private typealias Sight = ComparisonSchedule.Sight

    private static let minute: Int64 = 60_000
    private static let hour: Int64 = 3_600_000

    /// A node among two peers, whose clock and log move as told.
    private struct City {
        var schedule: ComparisonSchedule
        var now = Monotonic(milliseconds: 5_000)
        var position: LogPosition = 10
        var sights: [Sight]

        init(_ codes: [String] = ["350300", "350700"]) throws {
            var settings = ComparisonSettings()
            settings.jitterPercent = 0
            schedule = ComparisonSchedule(settings)
            sights = try codes.map { code in
                let member = try #require(MemberCode(code))
                return Sight(member: member, isConnected: true, toSend: 0, toApply: 0)
            }
        }

        /// One look, as the node has it every half minute.
        mutating func look(after milliseconds: Int64 = 30_000) -> String? {
            now = now.advanced(byMilliseconds: milliseconds)
            return schedule.look(at: sights, position: position, now: now) { 0 }?.string
        }

        mutating func compared(_ index: Int, _ outcome: ComparisonSchedule.Outcome) {
            schedule.compared(sights[index].member, outcome, now: now) { 0 }
        }

        /// The first moment, in minutes from now, at which a comparison is wanted, answered as equal.
        mutating func minutesUntilNext(within hours: Int64) -> Int64? {
            let start = now
            while now.milliseconds(since: start) < hours * ComparisonScheduleTests.hour {
                guard let member = look() else { continue }
                compared(sights.firstIndex { $0.member.string == member } ?? 0, .equal)
                return now.milliseconds(since: start) / ComparisonScheduleTests.minute
            }
            return nil
        }
    }

    private func expectLook(
        _ city: inout City,
        after milliseconds: Int64 = 30_000,
        _ member: String?
    ) {
        let next = city.look(after: milliseconds)
        #expect(next == member)
    }

    private func record(_ number: UInt8) throws -> RecordIdentifier {
        try #require(
            RecordIdentifier(
                "350300.0192f0c4-7abc-7def-8123-4567890000\(number < 10 ? "0" : "")\(number)"
            )
        )
    }

    // MARK: When

    @Test func `minutes after a start each peer is compared with, one after another`() throws {
        var city = try City()
        expectLook(&city, nil)
        expectLook(&city, after: 4 * Self.minute, nil)
        expectLook(&city, after: Self.minute, "350300")
        city.compared(0, .equal)
        expectLook(&city, "350700")
        city.compared(1, .equal)
        expectLook(&city, nil)
    }

    @Test func `after that about once a day`() throws {
        var city = try City(["350300"])
        _ = city.minutesUntilNext(within: 1)
        let minutes = city.minutesUntilNext(within: 48) ?? 0
        #expect((24 * 60...24 * 60 + 1).contains(minutes))
    }

    @Test func `jitter lengthens a time, by a fifth at most`() throws {
        let member = try #require(MemberCode("350300"))
        let sight = Sight(member: member, isConnected: true, toSend: 0, toApply: 0)
        for word in [0, 12_345_678_901, UInt64.max] {
            var schedule = ComparisonSchedule()
            schedule.compared(member, .equal, now: Monotonic(milliseconds: 0)) { word }
            func isDue(at hours: Double) -> Bool {
                var copy = schedule
                let now = Monotonic(milliseconds: Int64(hours * Double(Self.hour)))
                _ = copy.look(at: [sight], position: 1, now: now) { word }
                return copy.look(at: [sight], position: 1, now: now) { word } != nil
            }
            #expect(!isDue(at: 23.9))
            #expect(isDue(at: 24 * 1.2 + 0.1))
        }
    }

    @Test func `a session that brought something is followed by a comparison`() throws {
        var city = try City(["350300"])
        _ = city.minutesUntilNext(within: 1)
        _ = city.look(after: 2 * Self.hour)
        city.sights[0].isConnected = false
        _ = city.look()
        city.sights[0].isConnected = true
        city.sights[0].toApply = 40
        _ = city.look()
        city.position += 40
        city.sights[0].toApply = 0
        let minutes = city.minutesUntilNext(within: 20) ?? 0
        #expect((5...6).contains(minutes))
    }

    @Test func `a session that brought nothing is not`() throws {
        var city = try City(["350300"])
        _ = city.minutesUntilNext(within: 1)
        city.sights[0].isConnected = false
        _ = city.look()
        city.sights[0].isConnected = true
        let next = city.minutesUntilNext(within: 20)
        #expect(next == nil)
    }

    @Test func `a link that comes and goes does not bring one about every few minutes`() throws {
        var city = try City(["350300"])
        _ = city.minutesUntilNext(within: 1)
        var comparisons = 0
        for _ in 0..<50 {
            city.sights[0].isConnected = false
            _ = city.look()
            city.sights[0].isConnected = true
            city.position += 1
            if city.look() != nil {
                comparisons += 1
                city.compared(0, .equal)
            }
        }
        #expect(comparisons == 0)
    }

    // MARK: When not

    @Test func `nothing is compared while a peer is behind`() throws {
        var city = try City()
        for count in 0..<100 {
            city.sights[1].toSend = UInt64(100 - count)
            expectLook(&city, nil)
        }
        city.sights[1].toSend = 0
        let next = city.minutesUntilNext(within: 1)
        #expect(next != nil)
    }

    @Test func `nothing is compared while a session has not said what it has`() throws {
        var city = try City(["350300"])
        city.sights[0].toSend = nil
        city.sights[0].toApply = nil
        let next = city.minutesUntilNext(within: 30)
        #expect(next == nil)
    }

    @Test func `what is held for long hinders nothing`() throws {
        var city = try City(["350300"])
        city.sights[0].toApply = 3
        let next = city.minutesUntilNext(within: 1)
        #expect(next != nil)
    }

    @Test func `nothing is compared while the log grows fast`() throws {
        var city = try City(["350300"])
        for _ in 0..<100 {
            city.position += 1_000
            expectLook(&city, nil)
        }
        expectLook(&city, "350300")
    }

    @Test func `who is away is not compared with`() throws {
        var city = try City(["350300"])
        city.sights[0].isConnected = false
        let next = city.minutesUntilNext(within: 60)
        #expect(next == nil)
    }

    // MARK: What came of it

    @Test func `a difference stands once a later comparison finds it again`() throws {
        var city = try City(["350300"])
        let member = city.sights[0].member
        _ = city.look()
        city.compared(0, .differs([try record(1), try record(2)]))
        #expect(city.schedule[member].standing == [])
        expectLook(&city, after: 10 * Self.minute, "350300")
        city.compared(0, .differs([try record(2), try record(3)]))
        #expect(city.schedule[member].standing == [try record(2)])
        #expect(
            city.schedule[member].standsSince.map { city.now.milliseconds(since: $0) }
                == 10 * Self.minute
        )
    }

    @Test func `two looks right after one another prove nothing`() throws {
        var city = try City(["350300"])
        city.compared(0, .differs([try record(1)]))
        city.now = city.now.advanced(byMilliseconds: 1_000)
        city.compared(0, .differs([try record(1)]))
        #expect(city.schedule[city.sights[0].member].standing == [])
    }

    @Test func `a peer that does not answer leaves what was known, and is asked again`() throws {
        var city = try City(["350300"])
        let member = city.sights[0].member
        city.compared(0, .differs([try record(1)]))
        _ = city.look(after: 10 * Self.minute)
        city.compared(0, .differs([try record(1)]))
        let answered = city.schedule[member].answeredAt
        _ = city.look(after: 10 * Self.minute)
        city.compared(0, .unanswered)
        #expect(city.schedule[member].standing == [try record(1)])
        #expect(city.schedule[member].answeredAt == answered)
        expectLook(&city, after: 10 * Self.minute, "350300")
    }

    @Test func `what is equal again is forgotten`() throws {
        var city = try City(["350300"])
        let member = city.sights[0].member
        city.compared(0, .differs([try record(1)]))
        _ = city.look(after: 10 * Self.minute)
        city.compared(0, .differs([try record(1)]))
        _ = city.look(after: 10 * Self.minute)
        city.compared(0, .equal)
        #expect(city.schedule[member].standing == [])
        #expect(city.schedule[member].equal == 1 && city.schedule[member].differing == 2)
        city.compared(0, .differs([try record(1)]))
        #expect(city.schedule[member].standing == [])
    }
}
