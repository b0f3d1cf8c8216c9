import AllianceModel

/// The applied writes, one a dot, less what is nothing to anybody.
struct Genuine {
    /// `forked`, `left` and `number_used_twice` only.
    private(set) var nothing: [ModelWriteID: ModelVerdict] = [:]
    /// Dots of which a forked copy exists.
    private(set) var withForkedCopy: Set<ModelWriteID> = []
    private(set) var writes: [ModelWriteID: ModelWrite] = [:]

    init(given: Given, applied: Set<ModelWrite>) {
        for (id, copies) in Dictionary(grouping: applied, by: \.id) {
            let unforked = copies.filter { !given.isForked($0) }
            if unforked.count < copies.count { withForkedCopy.insert(id) }
            let counting = unforked.filter { !given.isLeft($0) }
            if counting.isEmpty {
                nothing[id] = unforked.isEmpty ? .forked : .left
            } else if Set(counting.map(Content.init)).count > 1 {
                nothing[id] = .numberUsedTwice
            } else {
                writes[id] = counting.first
            }
        }
    }

    func write(_ field: Text, _ dot: ModelDot) -> ModelWrite? {
        writes[ModelWriteID(field: field, dot: dot)]
    }

    func isApplied(_ field: Text, _ dot: ModelDot) -> Bool {
        let id = ModelWriteID(field: field, dot: dot)
        return writes[id] != nil || nothing[id] != nil
    }

    func of(_ field: Text) -> [ModelWrite] { writes.values.filter { $0.field == field } }

    /// What two copies of one dot must agree in to be one write.
    private struct Content: Hashable {
        let context: ModelContext
        let lost: Set<ModelDot>
        let ground: ModelDot?
        let requestID: Bytes?
        let value: ModelValue
        let timestamp: ModelTimestamp

        init(_ write: ModelWrite) {
            context = write.context
            lost = write.lost
            ground = write.ground
            requestID = write.requestID
            value = write.value
            timestamp = write.timestamp
        }
    }
}

/// Who held the case in turn, who was ever a party, and who was assigned: none of it rests on other
/// verdicts than `Genuine`'s.
struct Custody {
    /// The bound of a chain: "at most 10,000 turns".
    static let turnsMaximum = 10_000

    private let genuine: Genuine
    let accepting: MemberCode
    let home: MemberCode
    let chain: [ModelWrite]
    /// Home, accepting and everybody ever validly added.
    let everParties: Set<MemberCode>
    /// Valid ones, earliest first.
    let assignments: [ModelWrite]

    init(given: Given, genuine: Genuine) {
        self.genuine = genuine
        accepting = given.accepting
        home = given.home
        chain = Custody.walk(given, genuine.of(ModelField.turn))
        let adding: Set = [given.home, given.accepting]
        var ever = adding
        for write in genuine.of(ModelField.parties) where adding.contains(write.dot.member) {
            guard case .elements(let added, _) = write.value else { continue }
            for case .member(let member) in added { ever.insert(member) }
        }
        everParties = ever
        assignments = genuine.of(ModelField.handling)
            .filter { $0.dot.member == given.home }
            .sorted(by: given.isEarlier)
    }

    /// "The chain is walked forward from the creation": of the turns made by the holder or by home
    /// that follow the present one, home's wins, else the greatest.
    private static func walk(_ given: Given, _ turns: [ModelWrite]) -> [ModelWrite] {
        guard given.workflow != nil else { return [] }
        var chain: [ModelWrite] = []
        var holder = given.accepting
        while chain.count < turnsMaximum {
            let following = turns.filter {
                $0.ground == chain.last?.dot
                    && ($0.dot.member == holder || $0.dot.member == given.home)
            }
            let homes = following.filter { $0.dot.member == given.home }
            let next = (homes.isEmpty ? following : homes).max(by: given.isEarlier)
            guard let next, case .member(let named?) = next.value else { break }
            chain.append(next)
            holder = named
        }
        return chain
    }

    /// From 0, the turn of the creation; nil off the chain.
    func position(ofTurn dot: ModelDot?) -> Int? {
        guard let dot else { return 0 }
        return chain.firstIndex { $0.dot == dot }.map { $0 + 1 }
    }

    /// From 0, home by default; nil for what is no valid assignment.
    func position(ofAssignment dot: ModelDot?) -> Int? {
        guard let dot else { return 0 }
        return assignments.firstIndex { $0.dot == dot }.map { $0 + 1 }
    }

    /// Whom a turn or assignment names; nil when it is not there or nothing to anybody.
    func named(by dot: ModelDot?, in field: Text) -> MemberCode? {
        guard let dot else { return field == ModelField.turn ? accepting : home }
        guard case .member(let named) = genuine.write(field, dot)?.value else { return nil }
        return named ?? home
    }

    var holder: MemberCode { named(by: chain.last?.dot, in: ModelField.turn) ?? accepting }
}
