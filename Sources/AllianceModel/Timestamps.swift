/// Points in time as milliseconds since 1970-01-01T00:00:00Z, to and from RFC 3339 text.
package enum Timestamps {
    private static let dayMilliseconds: Int64 = 86_400_000

    /// What has four digits of a year: 0000-01-01T00:00:00.000Z to 9999-12-31T23:59:59.999Z.
    package static let range: ClosedRange<Int64> =
        Int64(CalendarDate.dayRange.lowerBound)
        * dayMilliseconds...(Int64(CalendarDate.dayRange.upperBound) + 1) * dayMilliseconds - 1

    /// RFC 3339, section 5.6: date, `T` or `t`, time, an optional fraction of up to nine digits of
    /// which three count, and an offset.
    ///
    /// Nil for anything else, and for leap seconds, which milliseconds since 1970 cannot tell from
    /// the second after.
    package static func parse(_ text: String) -> Int64? {
        let bytes = Bytes(text.utf8)
        guard bytes.count >= 20, let date = CalendarDate(utf8: bytes[..<10]),
            bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: "t")
        else { return nil }
        var scanner = DigitScanner(bytes[11...])
        guard let hour = scanner.digits(2), hour < 24, scanner.skip(":"),
            let minute = scanner.digits(2), minute < 60, scanner.skip(":"),
            let second = scanner.digits(2), second < 60,
            let fraction = fraction(&scanner), let offset = offsetMinutes(&scanner),
            scanner.isAtEnd
        else { return nil }
        let seconds = (hour * 60 + minute - offset) * 60 + second
        let milliseconds =
            Int64(date.daysSince1970) * dayMilliseconds + Int64(seconds * 1_000 + fraction)
        return range.contains(milliseconds) ? milliseconds : nil
    }

    /// Milliseconds; 0 without a fraction, nil for a bad one.
    private static func fraction(_ scanner: inout DigitScanner) -> Int? {
        guard scanner.skip(".") else { return 0 }
        var milliseconds = 0
        var count = 0
        while let digit = scanner.digits(1) {
            if count < 3 { milliseconds = milliseconds * 10 + digit }
            count += 1
        }
        guard (1...9).contains(count) else { return nil }
        for _ in count..<max(count, 3) { milliseconds *= 10 }
        return milliseconds
    }

    private static func offsetMinutes(_ scanner: inout DigitScanner) -> Int? {
        if scanner.skip("Z") || scanner.skip("z") { return 0 }
        let sign: Int
        if scanner.skip("+") {
            sign = 1
        } else if scanner.skip("-") {
            sign = -1
        } else {
            return nil
        }
        guard let hours = scanner.digits(2), hours < 24, scanner.skip(":"),
            let minutes = scanner.digits(2), minutes < 60
        else { return nil }
        return sign * (hours * 60 + minutes)
    }

    /// With exactly three digits of a fraction; `Z` for an offset of 0.
    ///
    /// What lies beyond four digits of a year is shown as the nearest end of the range.
    package static func format(_ milliseconds: Int64, offsetMinutes: Int = 0) -> String {
        let local = min(
            max(milliseconds.addingClamped(Int64(offsetMinutes) * 60_000), range.lowerBound),
            range.upperBound
        )
        let days = Int(local / dayMilliseconds) - (local % dayMilliseconds < 0 ? 1 : 0)
        let rest = Int(local - Int64(days) * dayMilliseconds)
        let date = CalendarDate(daysSince1970: days).map(\.description) ?? ""
        let time = [rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60]
            .map { padded($0, 2) }.joined(separator: ":")
        return "\(date)T\(time).\(padded(rest % 1_000, 3))\(offset(offsetMinutes))"
    }

    private static func offset(_ minutes: Int) -> String {
        guard minutes != 0 else { return "Z" }
        let size = abs(minutes)
        return "\(minutes < 0 ? "-" : "+")\(padded(size / 60, 2)):\(padded(size % 60, 2))"
    }
}

extension Int64 {
    fileprivate func addingClamped(_ other: Int64) -> Int64 {
        let (sum, overflows) = addingReportingOverflow(other)
        return overflows ? (other < 0 ? .min : .max) : sum
    }
}
