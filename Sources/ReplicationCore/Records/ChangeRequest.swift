package import AllianceModel

/// What a client asks of one record, in the definition's terms; already parsed, not yet judged.
package struct ChangeRequest: Hashable, Sendable {
    /// Sorted by field name, each field once.
    package var fields: [FieldRequest]
    /// Move the case to this stage.
    package var stage: Text?
    /// Hand the case to this member.
    package var holder: MemberCode?
    /// Delete the record; nothing else is asked for beside it.
    package var isDeletion: Bool
    /// Decides a conflict: also additions say what their writer had seen.
    package var isResolution: Bool
    /// 16 bytes of HMAC over the client's idempotency key, if it gave one.
    package var requestID: Bytes?

    package init(
        fields: [FieldRequest],
        stage: Text? = nil,
        holder: MemberCode? = nil,
        isDeletion: Bool = false,
        isResolution: Bool = false,
        requestID: Bytes? = nil
    ) {
        self.fields = fields
        self.stage = stage
        self.holder = holder
        self.isDeletion = isDeletion
        self.isResolution = isResolution
        self.requestID = requestID
    }
}

package struct FieldRequest: Hashable, Sendable {
    package var name: Text
    package var change: FieldChange

    package init(name: Text, change: FieldChange) {
        self.name = name
        self.change = change
    }
}

/// The forms in which a field can be changed.
package enum FieldChange: Hashable, Sendable {
    /// A single value; `nil` clears.
    case set(FieldValue?)
    /// Elements of a set; both sorted, each element once, disjoint.
    case elements(add: [FieldValue], remove: [FieldValue])
    /// An addition to a counter.
    case add(FieldValue)
    /// Home's ruling on a field that is set once; `nil` clears.
    case rule(FieldValue?)
}

/// What the judge made of a request: the writes, split by the scope of their fields.
package struct ChangeDraft: Hashable, Sendable {
    /// At most three parts, one for each scope that is touched; together one timestamp.
    package struct Part: Hashable, Sendable {
        package var audience: Audience
        package var writes: [Write]

        package init(audience: Audience, writes: [Write]) {
            self.audience = audience
            self.writes = writes
        }
    }

    package var parts: [Part]
    package var deliveryClass: DeliveryClass

    package init(parts: [Part], deliveryClass: DeliveryClass) {
        self.parts = parts
        self.deliveryClass = deliveryClass
    }
}

/// Why a request is refused before anything is stored: the code of the HTTP API, the field it
/// concerns, and words for a person.
///
/// Never holds a value of the record.
package struct Refusal: Error, Hashable, Sendable {
    package var code: RefusalCode
    package var field: Text?
    package var detail: String

    package init(_ code: RefusalCode, field: Text? = nil, _ detail: String) {
        self.code = code
        self.field = field
        self.detail = detail
    }
}

/// The stable codes of the HTTP API that a change of data can meet; the raw value is the code.
package enum RefusalCode: String, Hashable, Sendable, CaseIterable {
    case malformed
    case fieldUnknown = "field_unknown"
    case fieldInvalid = "field_invalid"
    case unauthorised
    case recordUnknown = "record_unknown"
    case itemUnknown = "item_unknown"
    case memberUnknown = "member_unknown"
    case conflictUnknown = "conflict_unknown"
    case heldUnknown = "held_unknown"
    case keyReused = "key_reused"
    case idTaken = "id_taken"
    case alreadySet = "already_set"
    case transitionRefused = "transition_refused"
    case tokenUnknown = "token_unknown"
    case itemNotEffective = "item_not_effective"
    case definitionRefused = "definition_refused"
    case storeStopped = "store_stopped"
    case storeDamaged = "store_damaged"
    case clockBeyondBound = "clock_beyond_bound"
}
