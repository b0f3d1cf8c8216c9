import AllianceModel
import Testing

@testable import ReplicationCore

/// Five cities that write to one case at once: restarting, cloned, with clocks that disagree, clients
/// that hold old tokens and links that lag; and a liar who writes what no honest node would.
struct WildHistory {
    let definition: ItemDefinition
    private(set) var entries: [City.Entry] = []
    private(set) var facts = RecordFacts.none
    private var cities: [City]
    private var random: SplitMix
    private var remembered: [[RecordState]]
    private var delivered: [[Int]]
    private var liar: Liar
    /// Incarnations that a city left behind, and how many entries each had.
    private var former: [Writer] = []

    init(seed: UInt64, steps: Int) throws {
        random = SplitMix(seed: seed &+ 7_000)
        let definition = try WildSamples.definition(variant: seed % 3)
        self.definition = definition
        let header = try CaseSamples.header()
        let key = try CaseSamples.key(header)
        cities = try WildSamples.codes.map { code in
            City(try CaseSamples.writer(code), definition, header, key)
        }
        remembered = cities.map { _ in [] }
        delivered = cities.map { _ in WildSamples.codes.map { _ in 0 } }
        let members = try WildSamples.codes.dropLast().map(CaseSamples.member)
        liar = Liar(definition, try CaseSamples.writer("350700", 666), key, members.sorted())
        for index in cities.indices {
            cities[index].clock = UInt64.random(in: 1_000...1_020, using: &random)
        }
        let parties = try ["350300", "350700"].map(CaseSamples.member)
            .filter { _ in Bool.random(using: &random) }
        entries += try cities[0].create(
            [CaseSamples.set("name", .text("a")), CaseSamples.set("note", .text("n"))],
            parties: parties
        )
        for _ in 0..<steps { step() }
        state()
    }

    private mutating func step() {
        let index = Int.random(in: 0..<cities.count, using: &random)
        switch Int.random(in: 0..<24, using: &random) {
        case 0: restart(index)
        case 1: clone(index)
        case 2...11: deliver(to: index)
        case 12...13: lie()
        default: write(at: index)
        }
        if let state = cities[index].state { remembered[index].append(state) }
    }

    private mutating func restart(_ index: Int) {
        former.append(cities[index].me)
        cities[index].me.incarnation = Incarnation(rawValue: random.next())
    }

    /// A copy of a running node writes on under its incarnation; then both begin new ones.
    private mutating func clone(_ index: Int) {
        guard cities[index].state != nil else { return }
        var copy = cities[index]
        let before = copy.written
        copy.clock += 3
        var other = cities[index]
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            entries += (try? copy.change(request())) ?? []
            entries += (try? other.change(request())) ?? []
        }
        cities[index] = other
        let me = copy.me
        for entry in copy.written.dropFirst(before.count) {
            let twin = other.written.dropFirst(before.count).first {
                $0.audience == entry.audience && $0.sequence == entry.sequence
            }
            guard let twin, twin != entry else { continue }
            let feed = entry.evidence.provenance.feed
            facts.forks[feed] = min(facts.forks[feed] ?? .max, entry.sequence)
            facts.forkedWriters.insert(me)
        }
        restart(index)
        // What the copy wrote reaches others like anything else.
        for receiver in cities.indices where receiver != index {
            for entry in copy.written.dropFirst(before.count) where Bool.random(using: &random) {
                cities[receiver].receive(entry)
            }
        }
    }

    private mutating func deliver(to index: Int) {
        let sender = Int.random(in: 0..<cities.count, using: &random)
        guard sender != index else { return }
        let rest = cities[sender].written.dropFirst(delivered[index][sender])
        let entries = rest.prefix(Int.random(in: 1...4, using: &random))
        for entry in entries { cities[index].receive(entry) }
        delivered[index][sender] += entries.count
    }

    private mutating func lie() {
        let entry = liar.lie(after: entries, &random)
        entries.append(entry)
        for index in cities.indices where Bool.random(using: &random) {
            cities[index].receive(entry)
        }
    }

    /// A request that a client might make; refused ones leave no trace.
    private mutating func write(at index: Int) {
        let before = cities[index].state
        let isStale = Int.random(in: 0..<3, using: &random) == 0
        let seen = isStale ? remembered[index].randomElement(using: &random) : nil
        do {
            entries += try cities[index].change(request(), seen: seen)
        } catch {
            #expect(cities[index].state == before)
        }
    }

    private mutating func request() -> ChangeRequest {
        switch Int.random(in: 0..<14, using: &random) {
        case 0: return ChangeRequest(fields: [], stage: stage(), holder: party())
        case 12...13: return ChangeRequest(fields: [], holder: party())
        case 1: return ChangeRequest(fields: [field()], stage: stage())
        case 2: return ChangeRequest(fields: [field()], holder: party())
        case 3:
            let member = party().map { FieldValue.member($0) }
            let isAddition = Bool.random(using: &random)
            let elements = member.map { [$0] } ?? []
            return ChangeRequest(fields: [
                CaseSamples.change(
                    SystemField.parties,
                    add: isAddition ? elements : [],
                    remove: isAddition ? [] : elements
                )
            ])
        case 4:
            let member = party().map { FieldValue.member($0) }
            return ChangeRequest(fields: [CaseSamples.set(SystemField.handling, member)])
        case 5 where Int.random(in: 0..<2, using: &random) == 0:
            return ChangeRequest(fields: [], isDeletion: true)
        default:
            var request = ChangeRequest(fields: [field()])
            if Int.random(in: 0..<4, using: &random) == 0 {
                request.requestID = Bytes(
                    repeating: UInt8.random(in: 0..<2, using: &random),
                    count: 16
                )
            }
            return request
        }
    }

    private mutating func field() -> FieldRequest {
        let field = definition.fields[Int.random(in: 0..<definition.fields.count, using: &random)]
        let value = WildSamples.value(of: field, &random)
        switch field.merge {
        case .sum: return FieldRequest(name: field.name, change: .add(value))
        case .union:
            let letter = FieldValue.text(WildSamples.letters[0])
            let isAddition = Bool.random(using: &random)
            return CaseSamples.change(
                field.name,
                add: isAddition ? [value] : [],
                remove: isAddition ? [] : [Bool.random(using: &random) ? letter : value]
            )
        case .once where Int.random(in: 0..<3, using: &random) == 0:
            return FieldRequest(name: field.name, change: .rule(value))
        default:
            let isNull = Int.random(in: 0..<8, using: &random) == 0
            return CaseSamples.set(field.name, isNull ? nil : value)
        }
    }

    private mutating func stage() -> Text? {
        definition.workflow?.stages.randomElement(using: &random)
    }

    private mutating func party() -> MemberCode? {
        cities.randomElement(using: &random)?.me.member
    }

    /// What is stated at the end: incarnations gone with their tails, ceilings, a closing list.
    private mutating func state() {
        for writer in former where Int.random(in: 0..<3, using: &random) == 0 {
            facts.gone.insert(writer)
            let own = entries.indices.filter { entries[$0].writer == writer }.dropFirst()
            let lost = own.suffix(Int.random(in: 0...6, using: &random))
            for index in lost.reversed() { entries.remove(at: index) }
        }
        if Bool.random(using: &random) { facts.gone.insert(liar.me) }
        for writer in former where Int.random(in: 0..<4, using: &random) == 0 {
            let times = entries.filter { $0.writer == writer }.map(\.changeset.timestamp)
            guard let ceiling = times.randomElement(using: &random) else { continue }
            facts.ceilings[writer] = ceiling
        }
        if Int.random(in: 0..<4, using: &random) == 0,
            let entry = entries.dropFirst(4).randomElement(using: &random)
        {
            facts.closed[entry.evidence.provenance.feed] = entry.sequence
        }
    }

    // MARK: Replays

    /// What one member is entitled to, in a random order, some of it twice.
    mutating func shuffled(for member: MemberCode) -> [City.Entry] {
        let entitled = entries.filter { entry in
            entry.audience.includes(member) || entry.writer.member == member
        }
        let again = entitled.filter { _ in Bool.random(using: &random) }
        return (entitled + again).shuffled(using: &random)
    }

    /// A city that receives these, and learns the facts after the first so many.
    func replayed(
        _ entries: [City.Entry],
        for member: MemberCode,
        learningAfter count: Int
    ) throws -> City {
        let city = try #require(cities.first { $0.me.member == member })
        var fresh = City(city.me, definition, city.header, city.key)
        for (index, entry) in entries.enumerated() {
            if index == count { fresh.learn(facts) }
            fresh.receive(entry)
        }
        fresh.learn(facts)
        return fresh
    }
}
