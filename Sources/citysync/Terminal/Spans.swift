/// Spans of time in the short forms of the status table.
///
/// Unknown is `?`, never 0.
enum Spans {
    private static let units: [(seconds: Int, letter: String)] = [
        (86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"),
    ]

    /// The largest whole unit: `0s`, `2m`, `6h`, `12d`; rounds down, and negative counts as 0.
    static func coarse(_ seconds: Double?) -> String {
        guard let total = whole(seconds) else { return "?" }
        let unit = units.first { total >= $0.seconds } ?? (1, "s")
        return "\(total / unit.seconds)\(unit.letter)"
    }

    /// The two largest units, the second left out when it is 0: `2m10s`, `6h`, `1d3h`.
    static func fine(_ seconds: Double?) -> String {
        guard let total = whole(seconds) else { return "?" }
        guard let index = units.firstIndex(where: { total >= $0.seconds }) else { return "0s" }
        let (size, letter) = units[index]
        let first = "\(total / size)\(letter)"
        guard index + 1 < units.count else { return first }
        let rest = total % size / units[index + 1].seconds
        return rest == 0 ? first : "\(first)\(rest)\(units[index + 1].letter)"
    }

    /// How far another clock is ahead (`+`) or behind (`-`): `+12ms`, `+0.8s`, `-15s`, `+2m`.
    static func skew(milliseconds: Double?) -> String {
        guard let milliseconds, milliseconds.isFinite else { return "?" }
        let rounded = milliseconds.rounded()
        let sign = rounded < 0 ? "-" : "+"
        let size = rounded.magnitude
        switch size {
        case ..<100: return "\(sign)\(Int(size))ms"
        case ..<10_000:
            let tenths = Int((size / 100).rounded())
            return "\(sign)\(tenths / 10).\(tenths % 10)s"
        case ..<120_000: return "\(sign)\(Int((size / 1000).rounded()))s"
        default: return sign + coarse(size / 1000)
        }
    }

    /// Days left of a certificate: `340d`; one that has run out is `expired`.
    static func days(_ days: Double?) -> String {
        guard let days, days.isFinite, days.magnitude < 1e15 else { return "?" }
        return days < 0 ? "expired" : "\(Int(days))d"
    }

    /// Rejects what no clock can mean, so that a damaged answer shows `?` and stops nothing.
    private static func whole(_ seconds: Double?) -> Int? {
        guard let seconds, seconds.isFinite, seconds.magnitude < 1e15 else { return nil }
        return max(0, Int(seconds))
    }
}
