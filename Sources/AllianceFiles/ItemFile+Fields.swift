import AllianceModel

extension FileReading {
    /// What the keys beside these belong to: a type, or for `limit` a merge.
    private static let commonKeys = [
        "type", "merge", "authority", "scope", "required", "sensitive",
    ]
    private static let parameterOwners = [
        "maximum": "type text", "scale": "type decimal", "unit": "type decimal",
        "values": "type enumeration", "of": "type set", "limit": "merge sum",
    ]
    /// In the order of docs/items.md.
    private static let parameters = ["maximum", "scale", "unit", "values", "of", "limit"]

    mutating func fields(_ node: SourceNode, _ path: String) -> [FieldDefinition]? {
        entries(node, path)?.compactMap { entry in
            field(entry, "\(path).\(entry.key)")
        }
    }

    private mutating func field(_ entry: SourceEntry, _ path: String) -> FieldDefinition? {
        let keys = FileReading.commonKeys + FileReading.parameters
        guard let mapping = mapping(entry.value, path, keys: keys) else { return nil }
        let type = type(of: mapping)
        let merge = merge(of: mapping)
        let authority = required("authority", of: mapping) { $0.authority($1, $2) }
        let scope = required("scope", of: mapping) { reading, node, path in
            reading.choice(node, path, of: Scope.allCases, named: \.name)
        }
        let isRequired = optional("required", of: mapping) { $0.boolean($1, $2) }
        let isSensitive = optional("sensitive", of: mapping) { $0.boolean($1, $2) }
        guard let type, let merge else { return nil }
        refuseStrayParameters(of: mapping, type: type, merge: merge)
        guard let authority, let scope else { return nil }
        return FieldDefinition(
            name: Text(entry.key),
            type: type,
            merge: merge,
            authority: authority,
            scope: scope,
            isRequired: isRequired ?? false,
            isSensitive: isSensitive ?? false
        )
    }

    // MARK: Type

    private mutating func type(of mapping: SourceMapping) -> FieldType? {
        guard
            let name = required(
                "type",
                of: mapping,
                { $0.word($1, $2, of: FieldType.names) }
            )
        else { return nil }
        guard name == "set" else { return singleType(name, of: mapping) }
        guard
            let element = required(
                "of",
                of: mapping,
                { $0.word($1, $2, of: ElementType.names) }
            )
        else { return nil }
        return singleType(element, of: mapping).flatMap { ElementType($0) }.map { .set(of: $0) }
    }

    private mutating func singleType(_ name: String, of mapping: SourceMapping) -> FieldType? {
        switch name {
        case "text":
            let maximum = optional("maximum", of: mapping) {
                $0.integer($1, $2, in: 1...Int64(FieldType.textBytesMaximum))
            }
            return .text(maximumBytes: maximum.map { Int($0) } ?? FieldType.textBytesDefault)
        case "decimal":
            let scale = required("scale", of: mapping) {
                $0.integer($1, $2, in: 0...Int64(FieldType.scaleMaximum))
            }
            let unit = optional("unit", of: mapping) { $0.text($1, $2) }
            return scale.map { .decimal(scale: Int($0), unit: unit) }
        case "enumeration":
            return required("values", of: mapping) { $0.texts($1, $2) }.map { .enumeration($0) }
        case "integer": return .integer
        case "boolean": return .boolean
        case "date": return .date
        case "time": return .time
        case "identity": return .identity
        case "organization": return .organization
        case "member": return .member
        case "reference": return .reference
        case "counter": return .counter
        default: preconditionFailure("\(name) is a type that nothing reads")
        }
    }

    /// `limit` beside `latest`, `scale` beside `text`, and so on: they would mean nothing.
    private mutating func refuseStrayParameters(
        of mapping: SourceMapping,
        type: FieldType,
        merge: Merge
    ) {
        var owners: Set<String> = ["type \(type.name)", "merge \(merge.name)"]
        if case .set(let element) = type { owners.insert("type \(FieldType(element).name)") }
        for key in FileReading.parameters {
            guard let node = mapping[key], let owner = FileReading.parameterOwners[key],
                !owners.contains(owner)
            else { continue }
            refuse(mapping.path(key), at: node.place, "belongs to \(owner) only", "leave it out")
        }
    }

    // MARK: Merge and authority

    private mutating func merge(of mapping: SourceMapping) -> Merge? {
        let name = required("merge", of: mapping) { $0.word($1, $2, of: Merge.names) }
        switch name {
        case "latest": return .latest
        case "review": return .review
        case "union": return .union
        case "sum":
            return .sum(
                limit: optional("limit", of: mapping) { $0.integer($1, $2, in: 1 ... .max) }
            )
        case "maximum": return .maximum
        case "minimum": return .minimum
        case "once": return .once
        default: return nil
        }
    }

    /// A word, or a list of member codes.
    mutating func authority(_ node: SourceNode, _ path: String) -> Authority? {
        if case .sequence(let nodes) = node.content {
            let codes = nodes.enumerated().compactMap { member($1, "\(path)[\($0)]") }
            return codes.count == nodes.count ? .members(codes) : nil
        }
        switch word(node, path, of: Authority.names) {
        case "any": return .any
        case "home": return .home
        case "accepting": return .accepting
        case "handling": return .handling
        case "holder": return .holder
        default: return nil
        }
    }
}
