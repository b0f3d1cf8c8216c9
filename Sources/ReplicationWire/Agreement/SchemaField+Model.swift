import AllianceModel
import SwiftProtobuf

extension SchemaField {
    init(_ field: FieldDefinition) {
        self.init()
        name = field.name.string
        type = SchemaFieldType(field.type)
        merge = SchemaMerge(field.merge)
        if case .sum(let limit?) = field.merge { self.limit = limit }
        authority = SchemaAuthority(field.authority)
        scope = SchemaScope(field.scope)
        required = field.isRequired
        sensitive = field.isSensitive
    }

    func model() throws(Misfit) -> FieldDefinition {
        FieldDefinition(
            name: try Text(name, "name"),
            type: try type.model(),
            merge: try merge.model(limit: hasLimit ? limit : nil),
            authority: try authority.model(),
            scope: try scope.model(),
            isRequired: required,
            isSensitive: sensitive
        )
    }
}

extension SchemaFieldType {
    init(_ type: AllianceModel.FieldType) {
        self.init()
        if case .set(let element) = type {
            self.init(AllianceModel.FieldType(element))
            (self.kind, self.element) = (.set, kind)
            return
        }
        switch type {
        case .text(let maximumBytes):
            kind = .text
            self.maximumBytes = UInt32(clamping: maximumBytes)
        case .decimal(let scale, let unit):
            kind = .decimal
            self.scale = UInt32(clamping: scale)
            if let unit { self.unit = unit.string }
        case .enumeration(let values):
            kind = .enumeration
            self.values = values.map(\.string)
        case .integer: kind = .integer
        case .boolean: kind = .boolean
        case .date: kind = .date
        case .time: kind = .time
        case .identity: kind = .identity
        case .organization: kind = .organization
        case .member: kind = .member
        case .reference: kind = .reference
        case .counter: kind = .counter
        case .set: break  // Its elements were taken above.
        }
    }

    func model() throws(Misfit) -> AllianceModel.FieldType {
        guard kind == .set else { return try single(kind) }
        guard let element = ElementType(try single(element)) else {
            throw .malformed("a set of what no set can hold")
        }
        return .set(of: element)
    }

    private func single(_ kind: SchemaTypeKind) throws(Misfit) -> AllianceModel.FieldType {
        switch kind {
        case .text: .text(maximumBytes: Int(maximumBytes))
        case .integer: .integer
        case .decimal:
            .decimal(scale: Int(scale), unit: hasUnit ? try Text(unit, "unit") : nil)
        case .boolean: .boolean
        case .date: .date
        case .time: .time
        case .enumeration:
            .enumeration(try values.mapped { value throws(Misfit) in try Text(value, "values") })
        case .identity: .identity
        case .organization: .organization
        case .member: .member
        case .reference: .reference
        case .counter: .counter
        case .set: throw .malformed("a set of sets")
        case .unspecified: throw .malformed("no type")
        case .UNRECOGNIZED: throw .unknown("an unknown type")
        }
    }
}

extension SchemaMerge {
    init(_ merge: Merge) {
        self =
            switch merge {
            case .latest: .latest
            case .review: .review
            case .union: .union
            case .sum: .sum
            case .maximum: .maximum
            case .minimum: .minimum
            case .once: .once
            }
    }

    func model(limit: Int64?) throws(Misfit) -> Merge {
        switch self {
        case .latest: .latest
        case .review: .review
        case .union: .union
        case .sum: .sum(limit: limit)
        case .maximum: .maximum
        case .minimum: .minimum
        case .once: .once
        case .unspecified: throw .malformed("no merge")
        case .UNRECOGNIZED: throw .unknown("an unknown merge")
        }
    }
}

extension SchemaAuthority {
    init(_ authority: Authority) {
        self.init()
        switch authority {
        case .any: kind = .any
        case .home: kind = .home
        case .accepting: kind = .accepting
        case .handling: kind = .handling
        case .holder: kind = .holder
        case .members(let codes):
            kind = .members
            members = codes.map(\.string)
        }
    }

    func model() throws(Misfit) -> Authority {
        switch kind {
        case .any: .any
        case .home: .home
        case .accepting: .accepting
        case .handling: .handling
        case .holder: .holder
        case .members:
            .members(
                try members.mapped { code throws(Misfit) in try MemberCode(code, "authority") }
            )
        case .unspecified: throw .malformed("no authority")
        case .UNRECOGNIZED: throw .unknown("an unknown authority")
        }
    }
}

extension SchemaScope {
    init(_ scope: Scope) {
        self =
            switch scope {
            case .private: .private
            case .parties: .parties
            case .alliance: .alliance
            }
    }

    func model() throws(Misfit) -> Scope {
        switch self {
        case .private: .private
        case .parties: .parties
        case .alliance: .alliance
        case .unspecified: throw .malformed("no scope")
        case .UNRECOGNIZED: throw .unknown("an unknown scope")
        }
    }
}
