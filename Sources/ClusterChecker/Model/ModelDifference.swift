package import AllianceModel

extension Model {
    /// In what a node shows of a record otherwise than its writes come to; empty when in nothing.
    ///
    /// `viewer`: the node's member, who need not be shown parties fields unless it is a party.
    /// Conflicts between records are not compared here: see `between`.
    package static func difference(
        expected: ModelOutcome,
        actual: ModelOutcome,
        record: ModelRecord,
        viewer: MemberCode
    ) -> [ModelFinding] {
        let difference = Difference(
            expected: expected,
            actual: actual,
            record: record,
            viewer: viewer
        )
        return difference.held() + difference.verdicts() + difference.custody()
            + difference.shown() + difference.siblings() + difference.journal()
            + difference.conflicts()
    }
}

/// One comparison; each part names what it compares.
private struct Difference {
    let expected: ModelOutcome
    let actual: ModelOutcome
    let record: ModelRecord
    let viewer: MemberCode

    private func finding(
        _ kind: ModelFinding.Kind,
        _ field: Text? = nil,
        _ dots: Set<ModelDot> = [],
        _ text: String
    ) -> ModelFinding {
        ModelFinding(
            kind,
            members: [viewer],
            record: record.key,
            field: field,
            dots: dots,
            text
        )
    }

    /// That it waits, not why: of several reasons any may be named.
    func held() -> [ModelFinding] {
        let released = expected.held.filter { actual.held[$0.key] == nil }
        let kept = actual.held.filter { expected.held[$0.key] == nil }
        return released.sorted { $0.key < $1.key }.map { id, reason in
            finding(.held, id.field, [id.dot], "not held, should wait: \(reason.rawValue)")
        }
            + kept.sorted { $0.key < $1.key }.map { id, reason in
                finding(.held, id.field, [id.dot], "held (\(reason.rawValue)), should be applied")
            }
    }

    func verdicts() -> [ModelFinding] {
        let ids = Set(expected.verdicts.keys).union(actual.verdicts.keys)
        return ids.sorted().compactMap { id in
            let (wanted, found) = (expected.verdicts[id], actual.verdicts[id])
            // Held there, or applied though it should wait: said by `held`.
            guard wanted != found, actual.held[id] == nil, expected.held[id] == nil else {
                return nil
            }
            let words = { (verdict: ModelVerdict?) in verdict?.rawValue ?? "not applied" }
            return finding(
                .verdict,
                id.field,
                [id.dot],
                "\(words(found)), should be \(words(wanted))"
            )
        }
    }

    func custody() -> [ModelFinding] {
        var findings: [ModelFinding] = []
        if expected.chain != actual.chain {
            let dots = Set(expected.chain).symmetricDifference(actual.chain)
            let text = "the chain is \(actual.chain), should be \(expected.chain)"
            findings.append(finding(.custody, ModelField.turn, dots, text))
        }
        let single: [(ModelFinding.Kind, Text, String, String)] = [
            (.custody, ModelField.turn, words(actual.holder), words(expected.holder)),
            (.stage, ModelField.stage, words(actual.stage), words(expected.stage)),
            (.handling, ModelField.handling, "\(actual.handling)", "\(expected.handling)"),
            (.parties, ModelField.parties, words(actual.parties), words(expected.parties)),
            (.deletion, ModelField.deletion, words(actual.isDeleted), words(expected.isDeleted)),
        ]
        for (kind, field, found, wanted) in single where found != wanted {
            findings.append(finding(kind, field, "shows \(found), should be \(wanted)"))
        }
        return findings
    }

    private func finding(_ kind: ModelFinding.Kind, _ field: Text, _ text: String) -> ModelFinding {
        finding(kind, field, [], text)
    }

    private func words(_ value: (some CustomStringConvertible)?) -> String {
        value?.description ?? "none"
    }

    private func words(_ members: Set<MemberCode>) -> String {
        list(members.sorted().map(\.string))
    }

    private func words(_ isDeleted: Bool) -> String { isDeleted ? "deleted" : "standing" }

    func shown() -> [ModelFinding] {
        let fields = Set(expected.shown.keys).union(actual.shown.keys)
        return fields.sorted().compactMap { field in
            guard let definition = record.definition.field(field) else {
                return finding(.shown, field, "is no field of the definition")
            }
            let isParty = expected.parties.contains(viewer)
            let mayBeHidden = definition.scope == .parties && !isParty
            let wanted = expected.shown[field] ?? nothing(definition)
            let found = actual.shown[field] ?? nothing(definition)
            guard wanted != found, !mayBeHidden || found != nothing(definition) else { return nil }
            return finding(.shown, field, "shows \(found), should be \(wanted)")
        }
    }

    /// What a field shows of which nothing was ever written.
    private func nothing(_ definition: FieldDefinition) -> ModelShown {
        switch definition.merge {
        case .union: .elements([])
        case .sum: .total(0)
        default: .single(.cleared)
        }
    }

    func siblings() -> [ModelFinding] {
        let fields = Set(expected.siblings.keys).union(actual.siblings.keys)
        return fields.sorted().flatMap { field -> [ModelFinding] in
            let (wanted, found) = (expected.siblings[field] ?? [], actual.siblings[field] ?? [])
            var findings: [ModelFinding] = []
            let missing = wanted.subtracting(found)
            if !missing.isEmpty {
                findings.append(finding(.siblings, field, missing, "dropped, should be siblings"))
            }
            let extra = found.subtracting(wanted)
            if !extra.isEmpty {
                findings.append(finding(.siblings, field, extra, "siblings, should not be"))
            }
            return findings
        }
    }

    /// That a write is listed, not why: of several reasons any may be given.
    func journal() -> [ModelFinding] {
        let needed = expected.journal.filter { $0.value.contains(where: \.isNeeded) }
        let missing = needed.filter { actual.journal[$0.key] == nil }
        let extra = actual.journal.filter { expected.journal[$0.key] == nil }
        return missing.sorted { $0.key < $1.key }.map { id, reasons in
            finding(.journal, id.field, [id.dot], "not in the journal, though \(words(reasons))")
        }
            + extra.sorted { $0.key < $1.key }.map { id, reasons in
                let text = "in the journal as \(words(reasons)), without a reason"
                return finding(.journal, id.field, [id.dot], text)
            }
    }

    private func words(_ reasons: Set<ModelJournalReason>) -> String {
        reasons.map(\.description).sorted().joined(separator: " and ")
    }

    // MARK: conflicts

    private struct Subject: Hashable {
        let kind: ModelConflict.Kind
        let name: String
        let field: Text?

        /// Siblings with equal values are one value, which any of their dots may stand for.
        var mayNameFewer: Bool { kind == .concurrent || kind == .review }
    }

    private func bySubject(_ outcome: ModelOutcome) -> [Subject: Set<ModelDot>] {
        var subjects: [Subject: Set<ModelDot>] = [:]
        for conflict in outcome.conflicts
        where conflict.kind != .duplicate && conflict.kind != .twoCreations {
            let subject = Subject(
                kind: conflict.kind,
                name: conflict.name,
                field: conflict.field
            )
            subjects[subject, default: []].formUnion(conflict.dots)
        }
        return subjects
    }

    func conflicts() -> [ModelFinding] {
        let (wanted, found) = (bySubject(expected), bySubject(actual))
        let subjects = Set(wanted.keys).union(found.keys)
            .sorted { ($0.name, $0.field ?? "") < ($1.name, $1.field ?? "") }
        return subjects.flatMap { subject -> [ModelFinding] in
            let (wants, finds) = (wanted[subject] ?? [], found[subject] ?? [])
            var findings: [ModelFinding] = []
            let missing = wants.subtracting(finds)
            if !missing.isEmpty, !subject.mayNameFewer || finds.count < 2 {
                let text = "no open conflict of kind \(subject.name) names it"
                findings.append(finding(.conflicts, subject.field, missing, text))
            }
            let extra = finds.subtracting(wants)
            if !extra.isEmpty {
                let text = "an open conflict of kind \(subject.name) names it without a reason"
                findings.append(finding(.conflicts, subject.field, extra, text))
            }
            return findings
        }
    }
}
