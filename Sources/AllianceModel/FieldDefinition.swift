/// How concurrent writes of a field merge.
package enum Merge: Hashable, Sendable {
    case latest
    case review
    case union
    /// Additions beyond `limit`, in timestamp order, are a conflict to review.
    case sum(limit: Int64?)
    case maximum
    case minimum
    case once

    /// The word of the item file.
    package var name: String {
        switch self {
        case .latest: "latest"
        case .review: "review"
        case .union: "union"
        case .sum: "sum"
        case .maximum: "maximum"
        case .minimum: "minimum"
        case .once: "once"
        }
    }

    package static let names = [
        "latest", "review", "union", "sum", "maximum", "minimum", "once",
    ]
}

/// Who may write a field, or make a transition.
package enum Authority: Hashable, Sendable {
    case any
    case home
    case accepting
    case handling
    case holder
    /// Sorted, each once.
    case members([MemberCode])

    /// The words of the item file; the members are a list there.
    package static let names = ["any", "home", "accepting", "handling", "holder"]

    package var name: String {
        switch self {
        case .any: "any"
        case .home: "home"
        case .accepting: "accepting"
        case .handling: "handling"
        case .holder: "holder"
        case .members(let codes): "[" + codes.map(\.string).joined(separator: ", ") + "]"
        }
    }

    /// One value for one meaning: listed members sorted.
    var canonical: Authority {
        guard case .members(let codes) = self else { return self }
        return .members(codes.sorted())
    }
}

/// Who sees a field; each scope is wider than the one before.
package enum Scope: Int, Hashable, Comparable, Sendable, CaseIterable {
    case `private`
    case parties
    case alliance

    package var name: String {
        switch self {
        case .private: "private"
        case .parties: "parties"
        case .alliance: "alliance"
        }
    }

    package static func < (left: Scope, right: Scope) -> Bool { left.rawValue < right.rawValue }
}

/// What an item agrees on about one field.
package struct FieldDefinition: Hashable, Sendable {
    package let name: Text
    package let type: FieldType
    package let merge: Merge
    package let authority: Authority
    package let scope: Scope
    /// A record cannot be created without it.
    package let isRequired: Bool
    /// Masked for readers and in tables.
    package let isSensitive: Bool

    package init(
        name: Text,
        type: FieldType,
        merge: Merge,
        authority: Authority,
        scope: Scope,
        isRequired: Bool = false,
        isSensitive: Bool = false
    ) {
        self.name = name
        self.type = type
        self.merge = merge
        self.authority = authority.canonical
        self.scope = scope
        self.isRequired = isRequired
        self.isSensitive = isSensitive
    }
}
