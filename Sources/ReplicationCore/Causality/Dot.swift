package import AllianceModel

/// One run of a node's process: 64 random bits drawn at each start.
///
/// A node appends only to feeds that its present incarnation began, so a node restored from a
/// backup can never number something twice.
package struct Incarnation: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// Sixteen hexadecimal digits.
    package var description: String {
        let digits = String(rawValue, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// Who numbers writes: a member in one incarnation.
package struct Writer: Hashable, Comparable, Sendable {
    package var member: MemberCode
    package var incarnation: Incarnation

    package init(member: MemberCode, incarnation: Incarnation) {
        self.member = member
        self.incarnation = incarnation
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.member, left.incarnation) < (right.member, right.incarnation)
    }
}

/// The name of one write to one field of one record: its writer and a number, dense from 1 for that
/// writer, record and field.
package struct Dot: Hashable, Comparable, Sendable {
    package var writer: Writer
    package var number: UInt64

    package init(writer: Writer, number: UInt64) {
        self.writer = writer
        self.number = number
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.writer, left.number) < (right.writer, right.number)
    }
}
