import AllianceModel
import Testing

@Suite struct CalendarDateTests {
    @Test(arguments: [
        ("1970-01-01", 0), ("1969-12-31", -1), ("2000-02-29", 11_016), ("2026-07-01", 20_635),
        ("0000-01-01", -719_528), ("9999-12-31", 2_932_896), ("1900-03-01", -25_508),
    ])
    func `days are counted from 1970`(text: String, days: Int) throws {
        let date = try #require(CalendarDate(text))
        #expect(date.daysSince1970 == days)
        #expect(CalendarDate(daysSince1970: days) == date)
        #expect(date.description == text)
    }

    @Test func `every day of the calendar follows the one before`() throws {
        var previous = try #require(CalendarDate(daysSince1970: -719_528))
        for days in -719_527...2_932_896 {
            let date = try #require(CalendarDate(daysSince1970: days))
            guard previous < date, date.daysSince1970 == days,
                CalendarDate(year: date.year, month: date.month, day: date.day) == date
            else {
                Issue.record("day \(days) is \(date) after \(previous)")
                return
            }
            previous = date
        }
    }

    @Test(arguments: [
        "2025-02-29", "1900-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "2026-4-1",
        "20260401", "2026-04-01 ", "", "-001-01-01", "2026/04/01", "2026-07-0１",
    ])
    func `what is no day is refused`(text: String) {
        #expect(CalendarDate(text) == nil)
    }

    @Test func `adding days stays within the calendar`() throws {
        let date = try #require(CalendarDate("2024-02-28"))
        #expect(date.adding(days: 2)?.description == "2024-03-01")
        #expect(date.adding(days: -59)?.description == "2023-12-31")
        #expect(date.adding(days: .max) == nil)
        #expect(date.adding(days: 3_000_000) == nil)
    }
}

@Suite struct TimestampsTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2026-07-01T00:00:00+08:00", 1_782_835_200_000),
        ("2026-06-30T16:00:00.000Z", 1_782_835_200_000), ("1969-12-31T23:59:59.999Z", -1),
        ("2026-07-01t00:00:00.1z", 1_782_864_000_100),
        ("2026-07-01T00:00:00.123456789Z", 1_782_864_000_123),
        ("2026-06-30T19:30:00-04:30", 1_782_864_000_000),
    ])
    func `a time is read`(text: String, milliseconds: Int64) {
        #expect(Timestamps.parse(text) == milliseconds)
    }

    @Test(arguments: [
        "", "2026-07-01", "2026-07-01T00:00:00", "2026-07-01 00:00:00Z", "2026-07-01T24:00:00Z",
        "2026-07-01T23:59:60Z", "2026-07-01T00:60:00Z", "2026-07-01T00:00:00.Z",
        "2026-07-01T00:00:00.1234567890Z", "2026-07-01T00:00:00+8:00", "2026-07-01T00:00:00+0800",
        "2026-02-30T00:00:00Z", "2026-07-01T00:00:00ZZ", "0000-01-01T00:00:00+08:00",
        "9999-12-31T23:59:59-00:01",
    ])
    func `what is no time of RFC 3339 is refused`(text: String) {
        #expect(Timestamps.parse(text) == nil)
    }

    @Test func `a time is printed with milliseconds and the offset asked for`() {
        #expect(Timestamps.format(1_782_835_200_000) == "2026-06-30T16:00:00.000Z")
        #expect(
            Timestamps.format(1_782_835_200_000, offsetMinutes: 480)
                == "2026-07-01T00:00:00.000+08:00"
        )
        #expect(Timestamps.format(-1) == "1969-12-31T23:59:59.999Z")
        #expect(
            Timestamps.format(0, offsetMinutes: -90) == "1969-12-31T22:30:00.000-01:30"
        )
        #expect(Timestamps.format(.max) == "9999-12-31T23:59:59.999Z")
        #expect(Timestamps.format(.min) == "0000-01-01T00:00:00.000Z")
    }

    @Test(arguments: [0, 480, -720, 1])
    func `what is printed is read back`(offsetMinutes: Int) {
        for milliseconds in stride(
            from: Int64(-62_000_000_000_000),
            through: 253_000_000_000_000,
            by: 7_654_321_987_653
        ) {
            let text = Timestamps.format(milliseconds, offsetMinutes: offsetMinutes)
            #expect(Timestamps.parse(text) == milliseconds, "\(text)")
        }
    }
}
