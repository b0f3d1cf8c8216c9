import AllianceModel
import ReplicationCore

/// Values that tell where they may be seen, so that a search over a disk finds those that are not
/// where they belong.
enum ValueMaker {
    /// Before the code of the only member that may have it.
    static let privateMark = "PRIVATE<"
    /// Before the record's id, whose parties alone may have it.
    static let partiesMark = "PARTIES<"

    struct Place {
        let scope: Scope
        let member: MemberCode
        let record: RecordIdentifier
        let number: Int
    }

    private static func text(_ place: Place) -> Text {
        switch place.scope {
        case .private: Text("\(privateMark)\(place.member)>\(place.number)")
        case .parties: Text("\(partiesMark)\(place.record)>\(place.number)")
        case .alliance: Text("value \(place.number)")
        }
    }

    static func single(
        _ type: FieldType,
        _ place: Place,
        _ random: inout SeededRandom
    ) -> FieldValue {
        switch type {
        case .integer: .integer(Int64(place.number))
        case .counter: .integer(random.between(-3, 9))
        case .decimal(let scale, _):
            .decimal(ScaledDecimal(units: Int64(place.number), scale: UInt8(scale)))
        case .boolean: .boolean(random.chance(500))
        case .date:
            CalendarDate("20\(10 + random.below(80))-0\(1 + random.below(9))-1\(random.below(10))")
                .map { .date($0) } ?? .cleared
        case .time: .time(1_774_800_000_000 + Int64(place.number))
        case .member: .member(place.member)
        default: .text(text(place))
        }
    }

    /// Elements to add, and to remove of those that stand.
    static func elements(
        _ element: FieldType,
        standing: [FieldValue],
        _ place: Place,
        _ random: inout SeededRandom
    ) -> FieldChange {
        var removed: [FieldValue] = []
        if random.chance(400), let some = random.pick(standing) { removed.append(some) }
        var added: [FieldValue] = []
        if removed.isEmpty || random.chance(500) {
            added.append(single(element, place, &random))
            // What somebody else may be removing at this moment.
            if random.chance(300), let again = random.pick(standing), !removed.contains(again) {
                added.append(again)
            }
        }
        let both = Set(added).intersection(removed)
        return .elements(
            add: Set(added).subtracting(both).sorted(),
            remove: Set(removed).subtracting(both).sorted()
        )
    }
}
