import AllianceModel
import Testing

@testable import ReplicationCore

/// Four cities that write to one case at once, some of them restarting, with clocks that disagree,
/// clients that hold old tokens, and links that lag: what one member sends arrives in its order, what
/// several send in any.
struct RandomHistory {
    private(set) var cities: [City]
    private(set) var entries: [City.Entry] = []
    private var random: SplitMix
    private var remembered: [[RecordState]]
    /// For each receiver, how much of each sender's entries it has had.
    private var delivered: [[Int]]

    init(seed: UInt64, steps: Int) throws {
        random = SplitMix(seed: seed)
        let definition = try CaseSamples.definition()
        let header = try CaseSamples.header()
        let key = try CaseSamples.key(header)
        let codes = ["350100", "350128", "350300", "350700"]
        cities = try codes.map { code in
            City(try CaseSamples.writer(code), definition, header, key)
        }
        remembered = codes.map { _ in [] }
        delivered = codes.map { _ in codes.map { _ in 0 } }
        for index in cities.indices {
            cities[index].clock = UInt64.random(in: 1_000...1_020, using: &random)
        }
        let parties = try ["350300", "350700"].map(CaseSamples.member)
        entries += try cities[0].create(
            [CaseSamples.set("name", .text("a")), CaseSamples.set("note", .text("n"))],
            parties: parties
        )
        for _ in 0..<steps { step() }
    }

    private mutating func step() {
        let index = Int.random(in: 0..<cities.count, using: &random)
        switch Int.random(in: 0..<10, using: &random) {
        case 0: cities[index].me.incarnation = Incarnation(rawValue: random.next())
        case 1...4: deliver(to: index)
        default: write(at: index)
        }
        if let state = cities[index].state { remembered[index].append(state) }
    }

    private mutating func deliver(to index: Int) {
        let sender = Int.random(in: 0..<cities.count, using: &random)
        guard sender != index else { return }
        let rest = cities[sender].written.dropFirst(delivered[index][sender])
        let entries = rest.prefix(Int.random(in: 1...4, using: &random))
        for entry in entries { cities[index].receive(entry) }
        delivered[index][sender] += entries.count
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
        let number = Int64.random(in: 0..<4, using: &random)
        let letters: [Text] = ["a", "b", "c", "d"]
        let letter = FieldValue.text(letters[Int(number)])
        let other = FieldValue.text(letters[Int(3 - number)])
        switch Int.random(in: 0..<9, using: &random) {
        case 0: return ChangeRequest(fields: [CaseSamples.set("name", letter)])
        case 1: return ChangeRequest(fields: [CaseSamples.set("open", .boolean(number > 1))])
        case 2, 3:
            return ChangeRequest(fields: [CaseSamples.change("materials", add: [letter])])
        case 4:
            return ChangeRequest(
                fields: [CaseSamples.change("materials", add: [other], remove: [letter])]
            )
        case 5:
            let amount = FieldValue.decimal(ScaledDecimal(units: number, scale: 2))
            return ChangeRequest(
                fields: [CaseSamples.set("amount", amount), CaseSamples.set("note", letter)]
            )
        case 6: return ChangeRequest(fields: [], stage: "checked", holder: party())
        case 7:
            return ChangeRequest(
                fields: [CaseSamples.set("name", letter)],
                stage: ["accepted", "checked", "decided"].randomElement(using: &random)
            )
        default: return ChangeRequest(fields: [], holder: party())
        }
    }

    private mutating func party() -> MemberCode? {
        cities.randomElement(using: &random)?.me.member
    }

    /// What one member is entitled to, in a random order, some of it twice.
    mutating func shuffled(for member: MemberCode) -> [City.Entry] {
        let entitled = entries.filter {
            $0.audience.includes(member) || $0.writer.member == member
        }
        let again = entitled.filter { _ in Bool.random(using: &random) }
        return (entitled + again).shuffled(using: &random)
    }

    /// A city that received what the member is entitled to, in that order.
    func replayed(_ entries: [City.Entry], for member: MemberCode) throws -> City {
        let city = try #require(cities.first { $0.me.member == member })
        var fresh = City(city.me, city.definition, city.header, city.key)
        for entry in entries { fresh.receive(entry) }
        return fresh
    }
}
