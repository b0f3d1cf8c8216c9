package import AllianceModel

/// What the client of a node learned about a write.
package enum WriteOutcome: Hashable, Sendable {
    /// A 2xx: it must be there, for ever.
    case acknowledged
    /// A 4xx: it must never be there.
    case refused
    /// No answer: it may be there or not, but whole and everywhere alike.
    case unknown
}

/// One write that a client sent, as the client knows it.
package struct LedgerWrite: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// Makes the record, with the value in the ledger's mark field.
        case creation
        /// Sets a field that holds one value. The ledger's writes to one field of one record follow
        /// each other: each is sent after the answer, or the loss, of the one before.
        case latest
        /// Adds an element to a set.
        case addition
    }

    /// The record's mark: the client's own name for it, unique, written into the mark field.
    package var record: Text
    package var kind: Kind
    package var field: Text
    package var value: Text
    /// At whose node it was sent.
    package var city: MemberCode
    package var outcome: WriteOutcome

    package init(
        record: Text,
        kind: Kind,
        field: Text,
        value: Text,
        city: MemberCode,
        outcome: WriteOutcome
    ) {
        self.record = record
        self.kind = kind
        self.field = field
        self.value = value
        self.city = city
        self.outcome = outcome
    }
}

/// What one node shows of everything it has.
package struct Observation: Sendable {
    package struct Record: Sendable {
        package var id: Text
        /// Fields that this city may not see are absent.
        package var fields: [Text: Value]

        package init(id: Text, fields: [Text: Value]) {
            self.id = id
            self.fields = fields
        }
    }

    package enum Value: Hashable, Sendable {
        /// Nil: never written, or cleared.
        case single(Text?)
        case set([Text])

        var isEmpty: Bool { self == .single(nil) || self == .set([]) }
    }

    package var city: MemberCode
    /// In any order, as listed: what is listed twice stands here twice.
    package var records: [Record]

    package init(city: MemberCode, records: [Record]) {
        self.city = city
        self.records = records
    }
}
