package import AllianceModel

// The words of the data model, once more and in the plainest form: nothing here is shared with the
// core that is judged, so that a mistake there is not repeated here.

/// One start of a member's node: an *incarnation* of that member.
package struct ModelWriter: Hashable, Comparable, Sendable {
    package let member: MemberCode
    package let incarnation: UInt64

    package init(member: MemberCode, incarnation: UInt64) {
        self.member = member
        self.incarnation = incarnation
    }

    package static func < (left: ModelWriter, right: ModelWriter) -> Bool {
        (left.member, left.incarnation) < (right.member, right.incarnation)
    }
}

/// The name of a write within one field of one record.
package struct ModelDot: Hashable, Comparable, Sendable {
    package let member: MemberCode
    package let incarnation: UInt64
    /// Dense from 1 per record, field and incarnation.
    package let number: UInt64

    package init(member: MemberCode, incarnation: UInt64, number: UInt64) {
        self.member = member
        self.incarnation = incarnation
        self.number = number
    }

    package var writer: ModelWriter { ModelWriter(member: member, incarnation: incarnation) }

    package static func < (left: ModelDot, right: ModelDot) -> Bool {
        (left.member, left.incarnation, left.number)
            < (right.member, right.incarnation, right.number)
    }
}

/// What a writer had applied of one field: of each incarnation all numbers up to this one.
package typealias ModelContext = [ModelWriter: UInt64]

/// 48 bits of milliseconds since 1970, then 16 bits of a counter.
package struct ModelTimestamp: Hashable, Comparable, Sendable {
    package let raw: UInt64

    package init(raw: UInt64) { self.raw = raw }

    package init(milliseconds: UInt64, counter: UInt16 = 0) {
        raw = milliseconds << 16 | UInt64(counter)
    }

    package var milliseconds: UInt64 { raw >> 16 }
    package var counter: UInt16 { UInt16(truncatingIfNeeded: raw) }

    package static func < (left: ModelTimestamp, right: ModelTimestamp) -> Bool {
        left.raw < right.raw
    }
}

/// To whom a feed, and so each changeset in it, goes.
package enum ModelAudience: Hashable, Sendable {
    case alliance
    case members(Set<MemberCode>)
    case `private`
}

/// Where a changeset stands in its own member's feed, however it came: pushed, relayed or carried.
package struct ModelPlace: Hashable, Sendable {
    /// The feed's digest.
    package let feed: Bytes
    /// From 1.
    package let sequence: UInt64
    /// Tells what a forked feed holds twice at one sequence apart: the leaf's hash, or empty where
    /// only one is known.
    package let branch: Bytes

    package init(feed: Bytes, sequence: UInt64, branch: Bytes = []) {
        self.feed = feed
        self.sequence = sequence
        self.branch = branch
    }
}

/// What a write gives its field.
package enum ModelValue: Hashable, Sendable {
    /// Of `latest`, `review`, `maximum`, `minimum`, `once`; `.cleared` is null.
    case single(FieldValue)
    /// Home's last word on a `once` field.
    case ruling(FieldValue)
    /// Of `union`, and of `@parties`, whose elements are `.member`.
    case elements(added: Set<FieldValue>, removed: Set<FieldValue>)
    /// Of `sum`.
    case addition(Int64)
    /// Of `@turn` (never nil) and of `@handling` (nil: home handles again).
    case member(MemberCode?)
    /// Of `@stage`.
    case stage(Text)
    /// Of `@delete`: what it had seen of each field of the widest scope.
    case deletion([Text: ModelContext])
}

/// One value for one field, with all that the rules judge it by.
package struct ModelWrite: Hashable, Sendable {
    package var field: Text
    package var dot: ModelDot
    package var context: ModelContext
    /// Dots its writer saw standing but not shown.
    package var lost: Set<ModelDot>
    /// The turn, or the handling assignment, its authority rests on; nil for the first turn, for
    /// home's handling by default, and where authority rests on neither.
    package var ground: ModelDot?
    package var requestID: Bytes?
    package var value: ModelValue
    package var timestamp: ModelTimestamp
    /// All writes of one changeset have one place.
    package var place: ModelPlace
    package var audience: ModelAudience

    package init(
        field: Text,
        dot: ModelDot,
        context: ModelContext = [:],
        lost: Set<ModelDot> = [],
        ground: ModelDot? = nil,
        requestID: Bytes? = nil,
        value: ModelValue,
        timestamp: ModelTimestamp,
        place: ModelPlace,
        audience: ModelAudience
    ) {
        self.field = field
        self.dot = dot
        self.context = context
        self.lost = lost
        self.ground = ground
        self.requestID = requestID
        self.value = value
        self.timestamp = timestamp
        self.place = place
        self.audience = audience
    }

    package var id: ModelWriteID { ModelWriteID(field: field, dot: dot) }
}

/// Which write of a record: dots are counted per field.
package struct ModelWriteID: Hashable, Comparable, Sendable {
    package let field: Text
    package let dot: ModelDot

    package init(field: Text, dot: ModelDot) {
        self.field = field
        self.dot = dot
    }

    package static func < (left: ModelWriteID, right: ModelWriteID) -> Bool {
        (left.field, left.dot) < (right.field, right.dot)
    }
}

/// Origin, id and header: two headers under one id are two records.
package struct ModelKey: Hashable, Comparable, Sendable {
    /// Also the accepting member.
    package let origin: MemberCode
    /// The 16 bytes of the UUID.
    package let id: Bytes
    package let item: Text
    package let definitionDigest: Bytes
    package let home: MemberCode

    package init(
        origin: MemberCode,
        id: Bytes,
        item: Text,
        definitionDigest: Bytes,
        home: MemberCode
    ) {
        self.origin = origin
        self.id = id
        self.item = item
        self.definitionDigest = definitionDigest
        self.home = home
    }

    package static func < (left: ModelKey, right: ModelKey) -> Bool {
        let pairs = [(left.origin.utf8, right.origin.utf8), (left.id, right.id)]
        for (left, right) in pairs + [(left.definitionDigest, right.definitionDigest)]
        where left != right {
            return left.lexicographicallyPrecedes(right)
        }
        return (left.item, left.home) < (right.item, right.home)
    }
}

/// What is known of a record beside its writes.
package struct ModelRecord: Hashable, Sendable {
    package let key: ModelKey
    package let definition: ItemDefinition

    package init(key: ModelKey, definition: ItemDefinition) {
        self.key = key
        self.definition = definition
    }

    package var home: MemberCode { key.home }
    package var accepting: MemberCode { key.origin }
}

/// What statements said that bears on verdicts.
package struct ModelFacts: Hashable, Sendable {
    package var gone: Set<ModelWriter>
    /// Feed digest to the least sequence proven forked.
    package var forks: [Bytes: UInt64]
    /// Incarnations with a forked feed; those of the feeds in `forks` that the judged writes stand
    /// in need not be repeated.
    package var forked: Set<ModelWriter>
    /// The lowest ceiling declared for each.
    package var ceilings: [ModelWriter: ModelTimestamp]
    /// Feed digest to the greatest sequence that still counts, of a closing list.
    package var closed: [Bytes: UInt64]
    /// Changesets held for what the writes do not tell: a clock, a definition not agreed.
    package var kept: Set<ModelPlace>

    package init(
        gone: Set<ModelWriter> = [],
        forks: [Bytes: UInt64] = [:],
        forked: Set<ModelWriter> = [],
        ceilings: [ModelWriter: ModelTimestamp] = [:],
        closed: [Bytes: UInt64] = [:],
        kept: Set<ModelPlace> = []
    ) {
        self.gone = gone
        self.forks = forks
        self.forked = forked
        self.ceilings = ceilings
        self.closed = closed
        self.kept = kept
    }

    package static let none = ModelFacts()
}

/// The fields that every record has beside its definition's.
package enum ModelField {
    package static let parties: Text = "@parties"
    package static let turn: Text = "@turn"
    package static let stage: Text = "@stage"
    package static let handling: Text = "@handling"
    package static let deletion: Text = "@delete"
}
