/// What one write gives a field.
package enum FieldValue: Hashable, Sendable {
    /// Also enumeration, identity, organization and reference values.
    case text(Text)
    /// Also what is added to a counter, and its total.
    case integer(Int64)
    case decimal(ScaledDecimal)
    case boolean(Bool)
    case date(CalendarDate)
    /// Milliseconds since 1970-01-01T00:00:00Z.
    case time(Int64)
    case member(MemberCode)
    /// Sorted, each element once: made with `FieldValue.set(sorting:)`.
    case set([FieldValue])
    /// Null: what was there is gone.
    case cleared

    package static func set(sorting elements: some Sequence<FieldValue>) -> FieldValue {
        .set(Set(elements).sorted())
    }

    /// Why this cannot be a value of a field of that type; nil when it can.
    ///
    /// `cleared` is a value of every single type and of no set or counter.
    package func validate(_ type: FieldType) -> InvalidValue? {
        switch (self, type) {
        case (.text(let text), _): FieldValue.validate(text, type)
        case (.integer, .integer), (.integer, .counter), (.boolean, .boolean), (.date, .date),
            (.member, .member):
            nil
        case (.decimal(let decimal), .decimal(let scale, _)):
            Int(decimal.scale) == scale ? nil : .scaleDiffers(scale: scale)
        case (.time(let milliseconds), .time):
            Timestamps.range.contains(milliseconds) ? nil : .timeOutOfRange
        case (.set(let elements), .set(let element)):
            FieldValue.validate(elements, FieldType(element))
        case (.cleared, _) where type.isSingle: nil
        default: .typeDiffers(expected: type.name)
        }
    }

    private static func validate(_ text: Text, _ type: FieldType) -> InvalidValue? {
        guard !text.utf8.contains(0) else { return .holdsNul }
        switch type {
        case .text(let maximumBytes):
            return text.utf8.count <= maximumBytes ? nil : .tooLong(maximumBytes: maximumBytes)
        case .enumeration(let values): return values.contains(text) ? nil : .notListed
        case .identity: return IdentityNumber.isValid(text.utf8) ? nil : .notIdentityNumber
        case .organization: return OrganizationCode.isValid(text.utf8) ? nil : .notOrganizationCode
        case .reference:
            let maximumBytes = FieldType.referenceBytesMaximum
            return Names.isLabel(text, byteCountMaximum: maximumBytes)
                ? nil : .notReference(maximumBytes: maximumBytes)
        default: return .typeDiffers(expected: type.name)
        }
    }

    private static func validate(_ elements: [FieldValue], _ type: FieldType) -> InvalidValue? {
        guard elements.count <= FieldType.setCountMaximum else {
            return .tooMany(maximum: FieldType.setCountMaximum)
        }
        for (element, next) in zip(elements, elements.dropFirst()) where element >= next {
            return .setNotSorted
        }
        return elements.lazy.compactMap { element in
            element == .cleared ? .typeDiffers(expected: type.name) : element.validate(type)
        }.first
    }
}

/// Why a value is refused.
///
/// It never holds the value: personal data reach no error text.
package enum InvalidValue: Error, Hashable, CustomStringConvertible {
    case typeDiffers(expected: String)
    case tooLong(maximumBytes: Int)
    case holdsNul
    case notListed
    case notIdentityNumber
    case notOrganizationCode
    case notReference(maximumBytes: Int)
    case notInteger
    case notDecimal(scale: Int)
    case scaleDiffers(scale: Int)
    case notDate
    case notTime
    case timeOutOfRange
    case notMemberCode
    case tooMany(maximum: Int)
    case setNotSorted

    package var description: String {
        switch self {
        case .typeDiffers(let expected): "is not of type \(expected)"
        case .tooLong(let maximumBytes): "is longer than \(maximumBytes) bytes of UTF-8"
        case .holdsNul: "holds a NUL character"
        case .notListed: "is none of the listed values"
        case .notIdentityNumber: "is not a valid identity number (GB 11643)"
        case .notOrganizationCode: "is not a valid organization code (GB 32100)"
        case .notReference(let maximumBytes):
            "is not a reference: 1 to \(maximumBytes) bytes without control characters"
        case .notInteger: "is not a 64-bit integer"
        case .notDecimal(let scale): "is not a decimal with at most \(scale) digits after the point"
        case .scaleDiffers(let scale): "does not have \(scale) digits after the point"
        case .notDate: "is not a date YYYY-MM-DD"
        case .notTime: "is not a time of RFC 3339"
        case .timeOutOfRange: "is not between the years 0000 and 9999"
        case .notMemberCode: "is not a member code"
        case .tooMany(let maximum): "has more than \(maximum) elements"
        case .setNotSorted: "is a set whose elements are not sorted or not different"
        }
    }
}
