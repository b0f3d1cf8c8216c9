import AllianceModel
import NodeStore
import ReplicationCore
import SecureTransport
import Testing

/// Whatever the order, the splits and the restarts: who received the same has the same.
struct LedgerConvergenceTests {
    private struct Step {
        var generator: SeededGenerator
        let alliance: LedgerAlliance
        var ids: [RecordIdentifier] = []
        var tokens: [RecordIdentifier: [String]] = [:]
        var incarnation: UInt64 = 100

        mutating func pick() -> LedgerCity {
            alliance.cities[Int.random(in: 0..<3, using: &generator)]
        }

        /// A city does something of its own, by the newest or an old sight of it.
        mutating func write() throws {
            let city = pick()
            city.wall += Int64.random(in: 0...500, using: &generator)
            if ids.count < 12, Bool.random(using: &generator) {
                let home = pick().member.string
                let answer = try city.create(
                    [.set("applicant", "a"), .set("open", "0"), .set("note", "own")],
                    home: home,
                    parties: Bool.random(using: &generator) ? [pick().member.string] : [],
                    under: alliance.definition
                ).get()
                ids.append(answer.snapshot.state.key.identifier)
                return
            }
            guard let id = ids.randomElement(using: &generator), let view = try city.view(id) else {
                return
            }
            var fields: [FieldRequest] = []
            let word = Text("w\(Int.random(in: 0..<9, using: &generator))")
            if Bool.random(using: &generator) { fields.append(.set("open", word)) }
            if view.parties.contains(city.member) {
                if Bool.random(using: &generator) { fields.append(.set("memo", word)) }
                if Bool.random(using: &generator) { fields.append(.add("materials", [word])) }
            }
            fields.sort { $0.name < $1.name }
            var holder: MemberCode?
            if view.holder == city.member, view.stage == "accepted" {
                holder = view.parties.randomElement(using: &generator)
            }
            let known = city.member == alliance.fuzhou.member ? tokens[id] ?? [] : []
            let answer = try city.change(
                id,
                fields,
                holder: holder,
                token: Bool.random(using: &generator) ? known.randomElement(using: &generator) : nil
            )
            if case .success(let answer) = answer, city === alliance.fuzhou {
                tokens[id, default: []].append(answer.snapshot.token)
            }
        }

        /// A city takes a few entries of some feeds of another.
        mutating func deliver() throws {
            let (city, other) = (pick(), pick())
            guard city !== other else { return }
            let feeds = city.awaited(from: other).shuffled(using: &generator)
            let chosen = feeds.prefix(Int.random(in: 1...3, using: &generator)).map {
                ($0, Int.random(in: 1...3, using: &generator))
            }
            city.wall = max(city.wall, other.wall)
            try city.take(chosen, from: other)
        }

        mutating func restart() throws {
            incarnation += 1
            try pick().restart(incarnation: incarnation)
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func `three cities converge`(seed: UInt64) throws {
        var step = Step(generator: SeededGenerator(seed: seed), alliance: try LedgerAlliance())
        for _ in 0..<250 {
            switch Int.random(in: 0..<20, using: &step.generator) {
            case 0: try step.restart()
            case 1..<9: try step.write()
            default: try step.deliver()
            }
        }
        let alliance = step.alliance
        let latest = alliance.cities.map(\.wall).max() ?? 0
        for city in alliance.cities { city.wall = latest }
        try alliance.exchange()
        for city in alliance.cities {
            #expect(try city.held.isEmpty, "seed \(seed), \(city.member)")
            for other in alliance.cities where other.member > city.member {
                let (here, there) = (
                    try city.buckets(with: other), try other.buckets(with: city)
                )
                #expect(here == there, "seed \(seed), \(city.member) and \(other.member)")
                #expect(here.records > 0)
            }
        }
        // What is kept is what the log makes: folding it anew gives the same state.
        for city in alliance.cities {
            for id in step.ids {
                guard let stored = try city.ledger.store.record(id) else { continue }
                let history = try city.ledger.store.history(stored.row, upTo: stored.position)
                #expect(history.last?.applied == stored.position)
                let folded = try city.folding.fold(history.map(\.entry)).state
                #expect(try folded == city.folding.state(of: stored).state)
            }
        }
    }

    @Test func `a difference that was planted is found in its bucket`() throws {
        let alliance = try LedgerAlliance()
        let (first, _) = try alliance.accept()
        for _ in 0..<20 { _ = try alliance.accept() }
        try alliance.exchange()
        let (fuzhou, putian) = (alliance.fuzhou, alliance.putian)
        #expect(try fuzhou.buckets(with: putian) == putian.buckets(with: fuzhou))
        _ = try fuzhou.change(first, [.set("memo", "not sent")]).get()
        let (here, there) = (try fuzhou.buckets(with: putian), try putian.buckets(with: fuzhou))
        let differing = here.digests.indices.filter { here.digests[$0] != there.digests[$0] }
        let key = try #require(try fuzhou.ledger.store.record(first)).key
        #expect(differing == [Int(SHA256.hash(key.encoded).bytes[0])])
    }

    @Test func `what only one of two may see does not make them differ`() throws {
        let alliance = try LedgerAlliance()
        let (id, _) = try alliance.accept([.set("applicant", "a"), .set("open", "x")])
        try alliance.exchange()
        _ = try alliance.fuzhou.change(id, [.set("memo", "for Putian"), .set("note", "own")]).get()
        try alliance.exchange()
        let (fuzhou, nanping) = (alliance.fuzhou, alliance.nanping)
        #expect(try fuzhou.buckets(with: nanping) == nanping.buckets(with: fuzhou))
        #expect(try fuzhou.buckets(with: nanping).records == 1)
    }
}
