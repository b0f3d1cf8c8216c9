import AllianceModel
import SwiftProtobuf

extension SchemaDefinition {
    init(_ definition: ItemDefinition) {
        self.init()
        item = definition.item.string
        version = UInt32(clamping: definition.version)
        name = SchemaLocalizedName(definition.name)
        if let effective = definition.effective { self.effective = effective }
        deliveryClass = SchemaDeliveryClass(definition.deliveryClass)
        subject = definition.subject?.string ?? ""
        unique = definition.unique.map(\.string)
        deletion = definition.deletion == .revive ? .revive : .final
        if let workflow = definition.workflow { self.workflow = SchemaWorkflow(workflow) }
        fields = definition.fields.map(SchemaField.init)
    }

    /// Not yet known to be valid, nor to encode to the same bytes.
    func model() throws(Misfit) -> ItemDefinition {
        try check(fields.count <= ItemDefinition.fieldCountMaximum, "too many fields")
        return ItemDefinition(
            item: try Text(item, "item"),
            version: Int(version),
            name: try name.model("name"),
            effective: hasEffective ? effective : nil,
            deliveryClass: try deliveryClass.model(),
            subject: subject.isEmpty ? nil : try Text(subject, "subject"),
            unique: try unique.mapped { name throws(Misfit) in try Text(name, "unique") },
            deletion: try deletion.model(),
            workflow: hasWorkflow ? try workflow.model() : nil,
            fields: try fields.mapped { field throws(Misfit) in try field.model() }
        )
    }
}

extension SchemaLocalizedName {
    init(_ name: LocalizedName) {
        self.init()
        zh = name.zh.string
        en = name.en.string
    }

    func model(_ field: String) throws(Misfit) -> LocalizedName {
        LocalizedName(zh: try Text(zh, "\(field).zh"), en: try Text(en, "\(field).en"))
    }
}

extension SchemaDeliveryClass {
    init(_ deliveryClass: DeliveryClass) {
        self =
            switch deliveryClass {
            case .normal: .normal
            case .urgent: .urgent
            }
    }

    func model() throws(Misfit) -> DeliveryClass {
        switch self {
        case .normal: .normal
        case .urgent: .urgent
        case .unspecified: throw .malformed("no delivery class")
        case .UNRECOGNIZED: throw .unknown("an unknown delivery class")
        }
    }
}

extension SchemaDeletionRule {
    func model() throws(Misfit) -> DeletionRule {
        switch self {
        case .revive: .revive
        case .final: .final
        case .unspecified: throw .malformed("no deletion rule")
        case .UNRECOGNIZED: throw .unknown("an unknown deletion rule")
        }
    }
}

extension SchemaWorkflow {
    init(_ workflow: Workflow) {
        self.init()
        stages = workflow.stages.map(\.string)
        transitions = workflow.transitions.map { transition in
            var schema = SchemaTransition()
            schema.from = transition.from.string
            schema.to = transition.to.string
            schema.by = SchemaAuthority(transition.by)
            schema.hand = transition.hand
            return schema
        }
    }

    func model() throws(Misfit) -> Workflow {
        Workflow(
            stages: try stages.mapped { stage throws(Misfit) in try Text(stage, "stages") },
            transitions: try transitions.mapped { transition throws(Misfit) in
                Transition(
                    from: try Text(transition.from, "from"),
                    to: try Text(transition.to, "to"),
                    by: try transition.by.model(),
                    hand: transition.hand
                )
            }
        )
    }
}
