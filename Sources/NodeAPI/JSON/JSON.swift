package import AllianceModel

/// A JSON value (RFC 8259) as it was read: numbers keep their text, so that nothing is rounded.
package enum JSON: Hashable, Sendable {
    case null
    case boolean(Bool)
    /// The digits as they stood, a valid number of RFC 8259, section 6.
    case number(Text)
    case string(Text)
    /// A well-formed string that no field may hold: with a NUL or a lone surrogate in it.
    case unusableString
    case array([JSON])
    case object([Member])

    package struct Member: Hashable, Sendable {
        package var key: Text
        package var value: JSON

        package init(key: Text, value: JSON) {
            self.key = key
            self.value = value
        }
    }

    package var string: Text? {
        if case .string(let text) = self { text } else { nil }
    }

    package var members: [Member]? {
        if case .object(let members) = self { members } else { nil }
    }

    package var elements: [JSON]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The number if it is a whole one of 64 bits, written without fraction and exponent.
    package var integer: Int64? {
        guard case .number(let text) = self else { return nil }
        return Int64(text.string)
    }

    /// The member of an object; nil when this is none or has no such member.
    package subscript(_ key: Text) -> JSON? {
        members?.first { $0.key == key }?.value
    }
}

/// Why bytes are not JSON, and where: never what stood there.
package struct JSONFault: Error, Hashable, Sendable, CustomStringConvertible {
    package var reason: String
    /// Offset of the byte at fault, from 0.
    package var offset: Int

    package var description: String { "\(reason) at byte \(offset)" }
}
