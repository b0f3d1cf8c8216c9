package import AllianceModel

extension ItemFile {
    /// A definition with every key, defaults written out, as JSON without spaces; `parse(json:)`
    /// reads the same definition back.
    package static func json(of definition: ItemDefinition) -> Bytes {
        let json = JSONText()
        json.object { json in
            json.key("item").string(definition.item)
            json.key("version").number(Int64(definition.version))
            json.key("name").names(definition.name)
            json.key("effective")
            if let effective = definition.effective {
                json.string(Text(Timestamps.format(effective)))
            } else {
                json.null()
            }
            json.key("class").string(Text(definition.deliveryClass.name))
            json.key("subject").stringOrNull(definition.subject)
            json.key("unique").strings(definition.unique)
            json.key("deletion").string(Text(definition.deletion.name))
            json.key("workflow")
            if let workflow = definition.workflow { json.workflow(workflow) } else { json.null() }
            json.key("fields").object { json in
                for field in definition.fields { json.key(field.name).field(field) }
            }
        }
        return json.bytes
    }
}

extension JSONText {
    fileprivate func names(_ names: LocalizedName) {
        object { json in
            json.key("zh").string(names.zh)
            json.key("en").string(names.en)
        }
    }

    fileprivate func strings(_ texts: [Text]) {
        array { json in
            for text in texts { json.string(text) }
        }
    }

    fileprivate func stringOrNull(_ text: Text?) {
        if let text { string(text) } else { null() }
    }

    fileprivate func workflow(_ workflow: Workflow) {
        object { json in
            json.key("stages").strings(workflow.stages)
            json.key("transitions").array { json in
                for transition in workflow.transitions {
                    json.object { json in
                        json.key("from").string(transition.from)
                        json.key("to").string(transition.to)
                        json.key("by").authority(transition.by)
                        json.key("hand").boolean(transition.hand)
                    }
                }
            }
        }
    }

    fileprivate func field(_ field: FieldDefinition) {
        object { json in
            json.key("type").string(Text(field.type.name))
            json.parameters(field.type)
            json.key("merge").string(Text(field.merge.name))
            if case .sum(let limit) = field.merge {
                json.key("limit")
                if let limit { json.number(limit) } else { json.null() }
            }
            json.key("authority").authority(field.authority)
            json.key("scope").string(Text(field.scope.name))
            json.key("required").boolean(field.isRequired)
            json.key("sensitive").boolean(field.isSensitive)
        }
    }

    private func parameters(_ type: FieldType) {
        switch type {
        case .text(let maximumBytes): key("maximum").number(Int64(maximumBytes))
        case .decimal(let scale, let unit):
            key("scale").number(Int64(scale))
            key("unit").stringOrNull(unit)
        case .enumeration(let values): key("values").strings(values)
        case .set(let element):
            key("of").string(Text(FieldType(element).name))
            parameters(FieldType(element))
        default: break
        }
    }

    private func authority(_ authority: Authority) {
        if case .members(let codes) = authority {
            strings(codes.map(\.text))
        } else {
            string(Text(authority.name))
        }
    }
}
