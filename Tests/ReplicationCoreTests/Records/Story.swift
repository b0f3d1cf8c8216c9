import AllianceModel
import Testing

@testable import ReplicationCore

/// A case of Fuzhou (350100, accepting) with home Pingtan (350128) and two parties, told write by
/// write; each city has what it was given.
struct Story {
    var cities: [String: City] = [:]
    var entries: [City.Entry] = []
    fileprivate var clock: UInt64 = 1_000

    init(
        variant: UInt64 = 0,
        _ fields: [FieldRequest] = [CaseSamples.set("name", .text("a"))],
        parties: [String] = ["350300", "350700"]
    ) throws {
        let definition = try WildSamples.definition(variant: variant)
        let header = try CaseSamples.header()
        let key = try CaseSamples.key(header)
        for code in WildSamples.codes {
            cities[code] = City(try CaseSamples.writer(code), definition, header, key)
        }
        let members = try parties.map(CaseSamples.member)
        try at("350100") { try $0.create(fields, parties: members) }
        try sync()
    }

    private mutating func at(
        _ code: String,
        _ body: (inout City) throws -> [City.Entry]
    ) throws {
        clock += 10
        var city = try #require(cities[code])
        city.clock = clock
        entries += try body(&city)
        cities[code] = city
    }

    /// A change by a city on what it has.
    mutating func change(_ code: String, _ request: ChangeRequest) throws {
        try at(code) { try $0.change(request) }
    }

    mutating func change(_ code: String, _ fields: FieldRequest...) throws {
        try change(code, ChangeRequest(fields: fields))
    }

    mutating func set(_ code: String, _ field: Text, _ value: FieldValue?) throws {
        try change(code, CaseSamples.set(field, value))
    }

    mutating func move(_ code: String, to stage: Text? = nil, holder: String? = nil) throws {
        let holder = try holder.map(CaseSamples.member)
        try change(code, ChangeRequest(fields: [], stage: stage, holder: holder))
    }

    func refusal(_ code: String, _ request: ChangeRequest) throws -> RefusalCode? {
        var city = try #require(cities[code])
        do {
            _ = try city.change(request)
            return nil
        } catch {
            return error.code
        }
    }

    /// What no honest node would write.
    mutating func lie(
        _ code: String,
        _ field: Text,
        _ value: WriteValue,
        number: UInt64 = 1,
        seen: [Dot] = [],
        ground: Dot? = nil,
        incarnation: UInt64 = 99
    ) throws {
        clock += 10
        let city = try #require(cities[code])
        let writer = Writer(member: city.me.member, incarnation: Incarnation(rawValue: incarnation))
        var context = CausalContext()
        for dot in seen { context.insert(dot) }
        let scope = try #require(city.definition.scope(of: field))
        let members = try WildSamples.codes.dropLast().map(CaseSamples.member)
        let audience: Audience = scope == .alliance ? .alliance : .members(members)
        let write = Write(
            field: field,
            dot: Dot(writer: writer, number: number),
            context: context,
            lost: [],
            ground: ground,
            requestID: nil,
            value: ValueCoding.encode(value)[...]
        )
        entries.append(
            City.Entry(
                changeset: Changeset(
                    timestamp: CaseSamples.time(clock),
                    key: city.key,
                    header: nil,
                    writes: [write]
                ),
                audience: audience,
                writer: writer,
                sequence: entries.sequence(after: writer, audience)
            )
        )
    }

    /// Everybody receives everything it is entitled to, each in another order.
    mutating func sync() throws {
        for (index, code) in WildSamples.codes.enumerated() {
            guard var city = cities[code] else { continue }
            let known = Set(city.history)
            let rest = entries.filter { !known.contains($0.evidence) }
            let rotated = rest.dropFirst(index) + rest.prefix(index)
            for entry in index % 2 == 0 ? Array(rotated) : rotated.reversed() {
                if city.held.contains(entry) { continue }
                city.receive(entry)
            }
            cities[code] = city
        }
    }

    mutating func learn(_ facts: RecordFacts) {
        for code in WildSamples.codes { cities[code]?.learn(facts) }
    }

    // MARK: What is shown

    func view(_ code: String = "350300") throws -> RecordView {
        try #require(cities[code]?.view)
    }

    /// What every party shows of a field; recorded as an issue if they differ.
    func shown(_ field: Text) throws -> [FieldValue] {
        let views = try WildSamples.codes.dropLast().map { try view($0) }
        let shown = try views.map { view in
            view.values(of: try #require(view.definition.field(field)))
        }
        #expect(Set(shown).count == 1, "\(shown)")
        let digests = views.map { view in
            view.state.digest(
                scopes: [.alliance, .parties],
                definition: view.definition,
                hash: TestHash.quick
            )
        }
        #expect(Set(digests).count == 1)
        for code in WildSamples.codes.dropLast() {
            #expect(try #require(cities[code]).judgedAgain() == cities[code]?.state)
        }
        return try #require(shown.first)
    }

    func dot(_ code: String, _ number: UInt64 = 1) throws -> Dot {
        Dot(writer: try CaseSamples.writer(code), number: number)
    }

    func conflicts(_ code: String = "350300") throws -> [Conflict] {
        try view(code).conflicts(TestHash.quick)
    }

    func verdicts(_ field: Text, at code: String = "350300") throws -> [Verdict] {
        try view(code).state.field(field)?.voids.map(\.verdict) ?? []
    }

    func judged(_ code: String = "350300") throws -> JudgedHistory {
        let city = try #require(cities[code])
        return JudgedHistory(
            city.history,
            key: city.key,
            header: city.header,
            definition: city.definition,
            facts: city.facts
        )
    }
}

extension Story {
    /// What came to be in another telling of the story.
    mutating func add(_ entry: City.Entry) { entries.append(entry) }

    mutating func restart(_ code: String, _ incarnation: UInt64) {
        cities[code]?.me.incarnation = Incarnation(rawValue: incarnation)
    }
}

extension Story {
    /// Time passes.
    mutating func tick() { clock += 100 }
}
