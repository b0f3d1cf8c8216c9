/// How two definitions of an item differ in what they mean.
///
/// Compared by name are the canonical forms that a node answers with: the order of keys, and of
/// lists whose order says nothing, makes no difference, nor does a default that is spelled out.
struct DefinitionDifference: Sendable {
    struct Change: Hashable, Sendable {
        /// `fields.monthlyRent.authority`; a field, or a transition, that only one of the two has is
        /// one change: `fields.note`.
        var path: String
        /// Nil: it is not there.
        var from: JSON?
        var to: JSON?
    }

    /// Sorted by path.
    let changes: [Change]

    /// The attributes of one part by their names.
    private typealias Attributes = [String: JSON]

    /// Attributes whose lists are sets.
    private static let unordered: Set<String> = ["unique", "authority", "by"]

    init(from old: JSON, to new: JSON) {
        let before = DefinitionDifference.parts(of: old)
        let after = DefinitionDifference.parts(of: new)
        var changes: [Change] = []
        for path in Set(before.keys).union(after.keys) {
            switch (before[path], after[path]) {
            case (let old?, let new?): changes += DefinitionDifference.changes(old, new, at: path)
            case (let old, let new):
                changes.append(
                    Change(path: path, from: old.map(JSON.object), to: new.map(JSON.object))
                )
            }
        }
        self.changes = changes.sorted { $0.path < $1.path }
    }

    private static func changes(
        _ old: Attributes,
        _ new: Attributes,
        at path: String
    ) -> [Change] {
        Set(old.keys).union(new.keys).compactMap { name in
            guard old[name] != new[name] else { return nil }
            let full = path.isEmpty ? name : "\(path).\(name)"
            return Change(path: full, from: old[name], to: new[name])
        }
    }

    /// The definition itself under the empty path, each field, and each transition.
    private static func parts(of definition: JSON) -> [String: Attributes] {
        var whole = definition.object ?? [:]
        for key in ["item", "version", "fields", "workflow", "name"] { whole[key] = nil }
        for (language, text) in definition["name"]?.object ?? [:] {
            whole["name.\(language)"] = text
        }
        let workflow = definition["workflow"]
        // Stages come in their order, and each transition is known by where it leads from and to.
        whole["workflow.stages"] = workflow?["stages"]
        var parts = ["": attributes(whole)]
        for (name, field) in definition["fields"]?.object ?? [:] {
            parts["fields.\(name)"] = attributes(field.object ?? [:])
        }
        for move in workflow?["transitions"]?.array ?? [] {
            var move = move.object ?? [:]
            let ends = ["from", "to"].map { move.removeValue(forKey: $0)?.plainText ?? "?" }
            parts["workflow.\(ends[0])->\(ends[1])"] = attributes(move)
        }
        return parts
    }

    private static func attributes(_ object: [String: JSON]) -> Attributes {
        var attributes: Attributes = [:]
        for (name, value) in object
        where value != .null && value != .boolean(false) && value != .array([]) {
            if unordered.contains(name), let elements = value.array {
                attributes[name] = .array(elements.sorted { $0.plainText < $1.plainText })
            } else {
                attributes[name] = value
            }
        }
        return attributes
    }
}
