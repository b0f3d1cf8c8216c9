import AllianceModel

/// Rules in the words of those who work with records.
extension RecordView {
    /// Which rule decided a conflict, or what it waits for.
    func rule(of kind: ConflictKind, _ field: Text) -> Text {
        switch kind {
        case .concurrent: Text(order(of: field))
        case .review:
            "all values stand until one who may write the field, having seen them, writes one"
        case .overrun: "in the order in which they were made, these additions are beyond the limit"
        case .duplicate: "open records with equal values stand until one of them is closed"
        case .twoCreations: "two records were made under one id; both stand"
        case .forked:
            "its writer's log was shown in two versions; from there on neither counts, for anybody"
        case .left: "its writer had been left out of the alliance when it was written"
        case .numberUsedTwice:
            "its writer gave one number to two values; neither counts, for anybody"
        case .unauthorised: Text(unauthorised(field))
        case .overruled:
            "it was written on a turn that is not on the case's chain, so its writer did not hold the case"
        case .groundGone: "the turn or assignment that it was written on is not there any more"
        case .alreadySet: "the field is set once, and its writer had seen that it was set"
        }
    }

    /// By what one of several values that knew nothing of each other is shown.
    private func order(of field: Text) -> String {
        let start = "they were written without knowing of each other; "
        if field == SystemField.stage {
            return start + "the stage of the later turn is shown, then the further, then the later"
        }
        let definition = definition.field(field)
        switch (definition?.merge, definition?.authority) {
        case (.maximum, _): return start + "the greatest is shown"
        case (.minimum, _): return start + "the least is shown"
        case (.once, _): return start + "home's ruling is shown, else the earliest"
        case (_, .holder): return start + "the one of the later turn is shown, then the later"
        case (_, .handling):
            return start + "the one of the later assignment is shown, then the later"
        default: return start + "the later is shown"
        }
    }

    private func unauthorised(_ field: Text) -> String {
        let who =
            switch field {
            case SystemField.parties: "home and accepting"
            case SystemField.handling, SystemField.delete: "home"
            case SystemField.turn: "the holder of the case and home"
            case SystemField.stage: "whom the workflow names for that move"
            default: definition.field(field)?.authority.words ?? "nobody"
            }
        return "its writer had no right to it: this is written by \(who)"
    }
}

extension Authority {
    /// Who it is, in words.
    var words: String {
        switch self {
        case .any: "whoever sees it"
        case .home: "home"
        case .accepting: "the member that took the record in"
        case .handling: "the member that handles the record"
        case .holder: "the holder of the case"
        case .members(let members): members.map(\.string).joined(separator: ", ")
        }
    }
}
