import AllianceModel
import ReplicationCore

/// Values that stand in every record, written digit by digit: as strings first they cost more than
/// all the rest of a record.
extension JSONWriter {
    /// A record's printed id, as `RecordIdentifier.description` has it.
    mutating func string(_ identifier: RecordIdentifier) {
        quoted { $0 += identifier.printed }
    }

    /// Milliseconds since 1970 as RFC 3339 in UTC with three digits of a fraction.
    mutating func time(_ milliseconds: Int64) {
        let day: Int64 = 86_400_000
        guard Timestamps.range.contains(milliseconds) else {
            return string(Timestamps.format(milliseconds))
        }
        let days = milliseconds / day - (milliseconds % day < 0 ? 1 : 0)
        guard let date = CalendarDate(daysSince1970: Int(days)) else {
            return string(Timestamps.format(milliseconds))
        }
        let rest = Int(milliseconds - days * day)
        quoted { bytes in
            bytes.appendDigits(date.year, 4)
            bytes.append(UInt8(ascii: "-"))
            bytes.appendDigits(date.month, 2)
            bytes.append(UInt8(ascii: "-"))
            bytes.appendDigits(date.day, 2)
            bytes.append(UInt8(ascii: "T"))
            bytes.appendDigits(rest / 3_600_000, 2)
            bytes.append(UInt8(ascii: ":"))
            bytes.appendDigits(rest / 60_000 % 60, 2)
            bytes.append(UInt8(ascii: ":"))
            bytes.appendDigits(rest / 1_000 % 60, 2)
            bytes.append(UInt8(ascii: "."))
            bytes.appendDigits(rest % 1_000, 3)
            bytes.append(UInt8(ascii: "Z"))
        }
    }
}

extension RecordIdentifier {
    private static let digits = Bytes("0123456789abcdef".utf8)

    /// Origin, a point, and the UUID in lower case, 8-4-4-4-12.
    var printed: Bytes {
        var bytes = origin.utf8
        bytes.reserveCapacity(bytes.count + 37)
        bytes.append(UInt8(ascii: "."))
        for (word, part) in [(uuid.high, 0), (uuid.low, 1)] {
            for index in 0..<16 {
                // The dashes stand before the digits 8, 12, 16 and 20.
                if [8, 12, 16, 20].contains(part * 16 + index) { bytes.append(UInt8(ascii: "-")) }
                bytes.append(RecordIdentifier.digits[Int(word >> UInt64(60 - index * 4) & 15)])
            }
        }
        return bytes
    }
}

extension Bytes {
    /// A number that is not negative, with leading zeros; `width` digits at most are written.
    fileprivate mutating func appendDigits(_ number: Int, _ width: Int) {
        var divisor = 1
        for _ in 1..<width { divisor *= 10 }
        while divisor > 0 {
            append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / divisor % 10))
            divisor /= 10
        }
    }
}
