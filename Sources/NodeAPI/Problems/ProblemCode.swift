package import ReplicationCore

/// The stable codes of everything that the API refuses: this is the one place that knows their HTTP
/// statuses and titles.
///
/// The raw value is the code.
package enum ProblemCode: String, Hashable, Sendable, CaseIterable {
    case malformed
    case fieldUnknown = "field_unknown"
    case fieldInvalid = "field_invalid"
    case tokenMissing = "token_missing"
    case tokenInvalid = "token_invalid"
    case roleInsufficient = "role_insufficient"
    case unauthorised
    case hostRefused = "host_refused"
    case originRefused = "origin_refused"
    case routeUnknown = "route_unknown"
    case recordUnknown = "record_unknown"
    case itemUnknown = "item_unknown"
    case memberUnknown = "member_unknown"
    case conflictUnknown = "conflict_unknown"
    case heldUnknown = "held_unknown"
    case methodRefused = "method_refused"
    case keyReused = "key_reused"
    case idTaken = "id_taken"
    case alreadySet = "already_set"
    case transitionRefused = "transition_refused"
    case cursorExpired = "cursor_expired"
    case tokenUnknown = "token_unknown"
    case tooLarge = "too_large"
    case mediaRefused = "media_refused"
    case itemNotEffective = "item_not_effective"
    case definitionRefused = "definition_refused"
    case tooMany = "too_many"
    case storeStopped = "store_stopped"
    case storeDamaged = "store_damaged"
    case clockBeyondBound = "clock_beyond_bound"
    /// The node failed in a way that leaves open whether the request was carried out.
    case failed

    /// The HTTP status.
    ///
    /// A 4xx, and a 503, mean that nothing of the request is stored or ever will be.
    package var status: Int { row.status }

    package var title: String { row.title }

    private var row: (status: Int, title: String) {
        switch self {
        case .malformed: (400, "The request is malformed")
        case .fieldUnknown: (400, "There is no such field")
        case .fieldInvalid: (400, "A field's value is invalid")
        case .tokenMissing: (401, "An API token is required")
        case .tokenInvalid: (401, "The API token is not valid")
        case .roleInsufficient: (403, "The token's role does not allow this")
        case .unauthorised: (403, "This member has no authority for this change")
        case .hostRefused: (403, "The Host is not one of this node's")
        case .originRefused: (403, "Requests of that Origin are refused")
        case .routeUnknown: (404, "There is no such route")
        case .recordUnknown: (404, "There is no such record here")
        case .itemUnknown: (404, "There is no such item here")
        case .memberUnknown: (404, "There is no such member")
        case .conflictUnknown: (404, "There is no such conflict here")
        case .heldUnknown: (404, "No such changeset is held here")
        case .methodRefused: (405, "The route does not take this method")
        case .keyReused: (409, "The idempotency key was used for another request")
        case .idTaken: (409, "The id was used for another record")
        case .alreadySet: (409, "The field is set once and has its value")
        case .transitionRefused: (409, "The case cannot make this move")
        case .cursorExpired: (410, "The cursor cannot be continued here")
        case .tokenUnknown: (412, "The ETag is not one of this record at this node")
        case .tooLarge: (413, "The request is too large")
        case .mediaRefused: (415, "The media type is not taken here")
        case .itemNotEffective: (422, "No agreed version of the item is in effect")
        case .definitionRefused: (422, "The definition cannot be proposed")
        case .tooMany: (429, "Too many requests wait at once")
        case .storeStopped: (503, "The store takes no writes")
        case .storeDamaged: (503, "The store is damaged")
        case .clockBeyondBound: (503, "The node's clock is beyond its bound")
        case .failed: (500, "The node failed")
        }
    }

    package init(_ code: RefusalCode) {
        switch code {
        case .malformed: self = .malformed
        case .fieldUnknown: self = .fieldUnknown
        case .fieldInvalid: self = .fieldInvalid
        case .unauthorised: self = .unauthorised
        case .recordUnknown: self = .recordUnknown
        case .itemUnknown: self = .itemUnknown
        case .memberUnknown: self = .memberUnknown
        case .conflictUnknown: self = .conflictUnknown
        case .heldUnknown: self = .heldUnknown
        case .keyReused: self = .keyReused
        case .idTaken: self = .idTaken
        case .alreadySet: self = .alreadySet
        case .transitionRefused: self = .transitionRefused
        case .tokenUnknown: self = .tokenUnknown
        case .itemNotEffective: self = .itemNotEffective
        case .definitionRefused: self = .definitionRefused
        case .storeStopped: self = .storeStopped
        case .storeDamaged: self = .storeDamaged
        case .clockBeyondBound: self = .clockBeyondBound
        }
    }
}
