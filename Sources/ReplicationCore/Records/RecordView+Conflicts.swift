package import AllianceModel

extension RecordState {
    /// Whether anything of it is in conflict or in the journal; cheap, and false for plain records.
    package func isDisputed(_ definition: ItemDefinition) -> Bool {
        fields.contains { field in
            guard field.isPlain || (field.voids.isEmpty && field.lost.isEmpty) else { return true }
            guard let defined = definition.field(field.name) else {
                let isSet = field.name == SystemField.parties || field.name == SystemField.delete
                return !isSet && field.standing.count > 1
            }
            switch defined.merge {
            case .union, .sum(limit: nil): return false
            case .sum(let limit?): return !Additions(field).overrunning(limit).isEmpty
            case .latest, .review, .maximum, .minimum, .once: return field.standing.count > 1
            }
        }
    }
}

extension RecordView {
    /// The open conflicts within the record that the viewer may see, sorted by id: what stands
    /// uncovered by a later write.
    ///
    /// Those between records, `duplicate` and `two_creations`, are the store's to find.
    package func conflicts(_ hash: HashFunction) -> [Conflict] {
        guard state.isDisputed(definition) else { return [] }
        let found = state.fields.filter { shows($0.name) }.flatMap { field in
            (standing(field, hash).map { [$0] } ?? []) + voidConflicts(field, hash)
        }
        return found.filter(\.isOpen).sorted { $0.id < $1.id }
    }

    // MARK: What stands

    /// Of siblings with different values, or of additions beyond the limit.
    func standing(_ field: FieldState, _ hash: HashFunction) -> Conflict? {
        let merge = definition.field(field.name)?.merge
        switch merge {
        case .union, .sum(limit: nil): return nil
        case .sum(let limit?): return overrun(field, limit, hash)
        case nil where field.name == SystemField.parties || field.name == SystemField.delete:
            return nil
        default: break
        }
        guard field.standing.count > 1 else { return nil }
        let isReview = if case .review = merge { true } else { false }
        let shown = shown(field)?.dot
        let siblings = field.standing.map { write in
            Conflict.Value(
                value: ValueCoding.decode(write.value[...]),
                dot: write.dot,
                writer: write.dot.writer.member,
                timestamp: write.timestamp,
                effective: write.effective,
                isShown: isReview || write.dot == shown,
                verdict: nil
            )
        }
        let values = Conflict.Value.merging(siblings)
        guard values.count > 1 else { return nil }
        return conflict(
            isReview ? .review : .concurrent,
            field.name,
            dots: field.standing.map(\.dot),
            values,
            isOpen: true,
            hash
        )
    }

    /// Open as long as the total is beyond the limit, unless a decision had seen every addition that
    /// overruns it.
    private func overrun(_ field: FieldState, _ limit: Int64, _ hash: HashFunction) -> Conflict? {
        let writes = Additions(field).overrunning(limit)
        guard !writes.isEmpty else { return nil }
        let values = writes.sorted { $0.dot < $1.dot }.map { write in
            Conflict.Value(
                value: ValueCoding.decode(write.value[...]),
                dot: write.dot,
                writer: write.dot.writer.member,
                timestamp: write.timestamp,
                effective: write.effective,
                isShown: true,
                verdict: nil
            )
        }
        return conflict(
            .overrun,
            field.name,
            dots: values.compactMap(\.dot),
            values,
            isOpen: !writes.allSatisfy { field.reviewed.contains($0.dot) },
            hash
        )
    }

    // MARK: What is void

    /// One for each void dot: first what was written, then what the field shows instead.
    func voidConflicts(_ field: FieldState, _ hash: HashFunction) -> [Conflict] {
        guard !field.voids.isEmpty else { return [] }
        let instead = shownValues(field)
        let kinds = Dictionary(grouping: field.voids) { VoidKind(dot: $0.dot, verdict: $0.verdict) }
        return kinds.compactMap { of, voids in
            guard let kind = ConflictKind(rawValue: of.verdict.rawValue) else { return nil }
            let values = voids.map { void in
                Conflict.Value(
                    value: ValueCoding.decode(void.value[...]),
                    dot: void.dot,
                    writer: void.dot.writer.member,
                    timestamp: void.timestamp,
                    isShown: false,
                    verdict: void.verdict
                )
            }
            return conflict(
                kind,
                field.name,
                dots: [of.dot],
                values + instead,
                isOpen: !voids.allSatisfy(\.isCovered),
                hash
            )
        }
    }

    private struct VoidKind: Hashable {
        var dot: Dot
        var verdict: Verdict
    }

    /// What a field shows, as values beside those in conflict.
    private func shownValues(_ field: FieldState) -> [Conflict.Value] {
        var shown: [StandingWrite] = []
        switch definition.field(field.name)?.merge {
        case .union, .sum: return []
        case .review: shown = field.standing
        default: shown = self.shown(field).map { [$0] } ?? []
        }
        let values = shown.map { write in
            Conflict.Value(
                value: ValueCoding.decode(write.value[...]),
                dot: write.dot,
                writer: write.dot.writer.member,
                timestamp: write.timestamp,
                effective: write.effective,
                isShown: true,
                verdict: nil
            )
        }
        return Conflict.Value.merging(values)
    }

    // MARK: Making

    func conflict(
        _ kind: ConflictKind,
        _ field: Text,
        dots: [Dot],
        _ values: [Conflict.Value],
        isOpen: Bool,
        _ hash: HashFunction
    ) -> Conflict {
        Conflict(
            id: Conflict.id(kind, record: state.key, field: field, dots: dots, hash),
            kind: kind,
            record: state.key,
            field: field,
            since: Conflict.since(kind, values),
            owner: kind.waitsForDecision && isOpen ? decider(of: field) : nil,
            rule: rule(of: kind, field),
            values: values,
            isOpen: isOpen
        )
    }

    /// Who has to decide a field's conflict: whoever alone may write it, else home.
    private func decider(of field: Text) -> MemberCode {
        switch definition.field(field)?.authority {
        case .accepting: state.key.origin
        case .holder: custody.holder
        case .handling: handler
        case .members(let members) where !members.contains(state.header.home):
            members.first ?? state.header.home
        case .any, .home, .members, nil: state.header.home
        }
    }
}

extension Conflict {
    /// `c-` and the first 8 bytes of SHA-256 over kind, record key, field and sorted dots, in
    /// hexadecimal.
    package static func id(
        _ kind: ConflictKind,
        record: RecordKey,
        field: Text?,
        dots: [Dot],
        _ hash: HashFunction
    ) -> Text {
        var writer = ProtobufWriter(capacity: 128)
        writer.bytes(1, kind.rawValue.utf8)
        writer.bytes(2, record.encoded)
        if let field { writer.bytes(3, field.utf8) }
        for dot in Set(dots).sorted() { writer.message(4) { dot.encode(into: &$0) } }
        let digest = writer.bytes.withUnsafeBytes { hash($0) }
        return Text("c-" + Hexadecimal.encode(Bytes(digest.bytes.prefix(8))))
    }

    /// When there were two; of what is void alone, when it was written.
    static func since(_ kind: ConflictKind, _ values: [Value]) -> HybridTimestamp {
        let times = values.compactMap { value in
            value.verdict == nil && kind.isVerdict ? nil : value.effective
        }.sorted()
        let position = kind == .overrun || kind.isVerdict ? 0 : 1
        return position < times.count ? times[position] : times.last ?? .zero
    }
}

extension ConflictKind {
    /// Of void writes.
    package var isVerdict: Bool { Verdict(rawValue: rawValue) != nil }
}

extension Conflict.Value {
    /// Siblings with equal values are one value: that of the shown one, else of the least dot.
    ///
    /// In the order of each value's least dot.
    static func merging(_ siblings: [Conflict.Value]) -> [Conflict.Value] {
        var values: [Conflict.Value] = []
        for sibling in siblings {
            let plain = sibling.value?.plain
            if plain != nil, let index = values.firstIndex(where: { $0.value?.plain == plain }) {
                if sibling.isShown, !values[index].isShown { values[index] = sibling }
            } else {
                values.append(sibling)
            }
        }
        return values
    }
}

extension WriteValue {
    /// The value of a register that holds one: of a ruling, what was ruled.
    package var plain: FieldValue? {
        switch self {
        case .single(let value), .ruling(let value): value
        case .elements, .deletion: nil
        }
    }
}
