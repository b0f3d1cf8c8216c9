package import AllianceModel

extension RecordJudge {
    /// The state that a set of changesets makes: every one that was taken in of the record.
    ///
    /// Pure, and the same in any order of the array; what came twice counts once.
    package static func judge(
        history: [Evidence],
        key: RecordKey,
        header: RecordHeader,
        definition: ItemDefinition,
        facts: RecordFacts
    ) -> RecordState {
        var state: RecordState?
        var waiting = Array(Set(history))
        var moved = true
        while moved {
            moved = false
            waiting.removeAll { evidence in
                var changeset = evidence.changeset
                changeset.header = header
                let judgement = judge(
                    state,
                    definition,
                    changeset,
                    from: evidence.provenance,
                    facts: facts
                )
                if case .applied(let next, journal: _) = judgement { state = next }
                if case .held = judgement { return false }
                moved = true
                return true
            }
        }
        return state ?? RecordState(beginning: key, header, at: .zero)
    }

    /// Whether everything that the changeset writes is among what was taken in, with the same
    /// content.
    package static func isKnown(_ changeset: Changeset, in history: [Evidence]) -> Bool {
        changeset.writes.allSatisfy { write in
            history.contains { evidence in
                evidence.changeset.timestamp == changeset.timestamp
                    && evidence.changeset.writes.contains(write)
            }
        }
    }
}
