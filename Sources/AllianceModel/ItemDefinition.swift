/// Urgent feeds are sent before all others.
package enum DeliveryClass: Hashable, Sendable, CaseIterable {
    case normal
    case urgent

    package var name: String {
        switch self {
        case .normal: "normal"
        case .urgent: "urgent"
        }
    }
}

/// What becomes of a deleted record when a write turns up that the deletion had not seen.
package enum DeletionRule: Hashable, Sendable, CaseIterable {
    case revive
    case final

    package var name: String {
        switch self {
        case .revive: "revive"
        case .final: "final"
        }
    }
}

/// The standard of one service, as cities agree on it.
///
/// Canonical: fields sorted by name, `unique` and transitions sorted, defaults filled in; two files
/// that mean the same give equal values, hence one digest. A value need not be valid: see
/// `problems()`.
package struct ItemDefinition: Hashable, Sendable {
    /// The item's code; with the version a label, the digest is the identity.
    package let item: Text
    /// From 1.
    package let version: Int
    package let name: LocalizedName
    /// Milliseconds since 1970-01-01T00:00:00Z; nil: as soon as agreed.
    package let effective: Int64?
    package let deliveryClass: DeliveryClass
    /// The field that `?subject=` searches.
    package let subject: Text?
    /// Open records with equal values in all of these are shown as duplicates; empty: none are.
    package let unique: [Text]
    package let deletion: DeletionRule
    /// Nil: a plain record, without stage and holder.
    package let workflow: Workflow?
    /// Sorted by name.
    package let fields: [FieldDefinition]

    package static let fieldCountMaximum = 256
    package static let versionMaximum = 1_000_000

    package init(
        item: Text,
        version: Int,
        name: LocalizedName,
        effective: Int64? = nil,
        deliveryClass: DeliveryClass = .normal,
        subject: Text? = nil,
        unique: [Text] = [],
        deletion: DeletionRule = .revive,
        workflow: Workflow? = nil,
        fields: [FieldDefinition]
    ) {
        self.item = item
        self.version = version
        self.name = name
        self.effective = effective
        self.deliveryClass = deliveryClass
        self.subject = subject
        self.unique = unique.sorted()
        self.deletion = deletion
        self.workflow = workflow
        self.fields = fields.sorted { $0.name < $1.name }
    }

    package func field(_ name: Text) -> FieldDefinition? {
        let index = fields.firstIndex(sortedBy: \.name, notBefore: name)
        guard index < fields.count, fields[index].name == name else { return nil }
        return fields[index]
    }

    /// The scope in which stage, turn, parties and deletion are written: the widest of any field.
    package var widestScope: Scope {
        var widest = Scope.private
        for index in fields.indices where fields[index].scope > widest {
            widest = fields[index].scope
        }
        return widest
    }
}
