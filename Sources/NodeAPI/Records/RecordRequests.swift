import AllianceModel
import NodeRuntime
import NodeStore
import ReplicationCore

/// Request bodies of the record routes, parsed: every unknown key and bad value is refused by name.
extension Endpoints {
    /// `{item, home?, parties?, fields, id?}`.
    func creation(_ json: JSON) throws(Problem) -> Creation {
        let body = try RequestObject(json, keys: ["item", "home", "parties", "fields", "id"])
        let item = try body.text("item")
        let (digest, definition) = try offered(item)
        let home = try body.optionalText("home").map { code throws(Problem) in
            try rosterMember(code, "home")
        }
        var parties: [MemberCode] = []
        if let list = body["parties"], list != .null {
            guard let elements = list.elements else {
                throw Problem.invalid("parties", "is not an array of member codes")
            }
            for element in elements {
                guard case .string(let code) = element else {
                    throw Problem.invalid("parties", "is not an array of member codes")
                }
                parties.append(try rosterMember(code, "parties"))
            }
        }
        let uuid = try body.optionalText("id").map { id throws(Problem) in
            guard let uuid = UUIDBytes(version7: id.string.lowercased()) else {
                throw Problem.invalid("id", "is not a UUID of version 7")
            }
            return uuid
        }
        return Creation(
            definition: digest,
            home: home,
            parties: Set(parties).sorted(),
            uuid: uuid,
            request: ChangeRequest(
                fields: try FieldParsing.creation(try body.required("fields"), definition)
            )
        )
    }

    /// `{fields}`.
    func patch(_ json: JSON, _ definition: ItemDefinition) throws(Problem) -> ChangeRequest {
        let body = try RequestObject(json, keys: ["fields"])
        let fields = try FieldParsing.change(try body.required("fields"), definition)
        guard !fields.isEmpty else { throw Problem.invalid("fields", "is empty") }
        try requireMembers(in: fields)
        return ChangeRequest(fields: fields)
    }

    /// Parties that are added, and who is to handle the case, are members of the alliance.
    private func requireMembers(in fields: [FieldRequest]) throws(Problem) {
        for field in fields where field.name.utf8.first == UInt8(ascii: "@") {
            let named: [FieldValue] =
                switch field.change {
                case .elements(let add, _): add
                case .set(let value?): [value]
                default: []
                }
            for case .member(let code) in named where !service.roster.contains(code) {
                throw Problem(
                    .memberUnknown,
                    field: field.name,
                    "\(field.name) names a member that the alliance does not have."
                )
            }
        }
    }

    /// `{to?, holder?, fields?}`.
    func move(_ json: JSON, _ definition: ItemDefinition) throws(Problem) -> ChangeRequest {
        let body = try RequestObject(json, keys: ["to", "holder", "fields"])
        let stage = try body.optionalText("to")
        let holder = try body.optionalText("holder").map { code throws(Problem) in
            try rosterMember(code, "holder")
        }
        guard stage != nil || holder != nil else {
            throw Problem.invalid("to", "is missing, and so is holder: give one or both")
        }
        let fields = try body["fields"].map { fields throws(Problem) in
            try FieldParsing.change(fields, definition)
        }
        try requireMembers(in: fields ?? [])
        return ChangeRequest(fields: fields ?? [], stage: stage, holder: holder)
    }

    private func rosterMember(_ code: Text, _ field: String) throws(Problem) -> MemberCode {
        guard let member = MemberCode(utf8: code.utf8), service.roster.contains(member) else {
            throw Problem(
                .memberUnknown,
                field: Text(field),
                "\(field) names a member that the alliance does not have."
            )
        }
        return member
    }
}

/// The object in a request's body: only known keys, each of the type it has to have.
struct RequestObject {
    private let members: [JSON.Member]

    init(_ json: JSON, keys: [Text]) throws(Problem) {
        guard let members = json.members else {
            throw Problem(.malformed, "The body is not a JSON object.")
        }
        let unknown = members.map(\.key).filter { !keys.contains($0) }
        guard unknown.isEmpty else { throw .unknown(unknown, "This request") }
        self.members = members
    }

    subscript(_ key: Text) -> JSON? { members.first { $0.key == key }?.value }

    func required(_ key: Text) throws(Problem) -> JSON {
        guard let value = self[key] else { throw .invalid(key, "is missing") }
        return value
    }

    func text(_ key: Text) throws(Problem) -> Text {
        guard let text = try optionalText(key) else { throw .invalid(key, "is missing") }
        return text
    }

    /// Nil when it is absent or null.
    func optionalText(_ key: Text) throws(Problem) -> Text? {
        switch self[key] {
        case nil, .null: return nil
        case .string(let text): return text
        case .unusableString: throw .invalid(key, "holds a NUL or a lone surrogate")
        default: throw .invalid(key, "is not a string")
        }
    }
}
