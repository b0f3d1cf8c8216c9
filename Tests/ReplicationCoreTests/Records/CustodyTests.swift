import AllianceModel
import Testing

@testable import ReplicationCore

@Suite struct CustodyTests {
    private func dot(_ code: String, _ number: UInt64) throws -> Dot {
        Dot(writer: try CaseSamples.writer(code), number: number)
    }

    private func turn(
        _ code: String,
        _ number: UInt64,
        to holder: String,
        after ground: Dot? = nil,
        at milliseconds: UInt64
    ) throws -> Turn {
        Turn(
            dot: try dot(code, number),
            ground: ground,
            holder: try CaseSamples.member(holder),
            timestamp: CaseSamples.time(milliseconds)
        )
    }

    private func custody(_ turns: [Turn]) throws -> Custody {
        Custody(
            turns,
            home: try CaseSamples.member("350128"),
            accepting: try CaseSamples.member("350100")
        )
    }

    @Test func `the first turn is accepting's and implied`() throws {
        let custody = try custody([])
        #expect(custody.holder.string == "350100")
        #expect(custody.ground == nil)
        #expect(custody.chain.isEmpty)
        #expect(custody.position(of: nil) == 0)
    }

    @Test func `a turn by one who does not hold the case is off the chain`() throws {
        let stray = try turn("350300", 1, to: "350300", at: 5)
        let custody = try custody([stray])
        #expect(custody.holder.string == "350100")
        #expect(custody.position(of: stray.dot) == -1)
    }

    @Test func `of the holder's turns the later one counts, whatever its number`() throws {
        let early = try turn("350100", 2, to: "350300", at: 5)
        let late = try turn("350100", 1, to: "350700", at: 6)
        #expect(try custody([late, early]).holder.string == "350700")
    }

    @Test func `home's turn wins over the holder's, however late that one is`() throws {
        let holder = try turn("350100", 1, to: "350300", at: 900)
        let home = try turn("350128", 1, to: "350128", at: 5)
        let custody = try custody([holder, home])
        #expect(custody.holder.string == "350128")
        #expect(custody.position(of: home.dot) == 1)
        #expect(custody.position(of: holder.dot) == -1)
    }

    @Test func `a late claw-back unwinds what was built on the turn that it replaces`() throws {
        let first = try turn("350100", 1, to: "350300", at: 5)
        let second = try turn("350300", 1, to: "350700", after: first.dot, at: 6)
        let third = try turn("350700", 1, to: "350900", after: second.dot, at: 7)
        #expect(try custody([first, second, third]).holder.string == "350900")
        let back = try turn("350128", 1, to: "350100", at: 8)
        let custody = try custody([first, second, third, back])
        #expect(custody.chain == [back])
        #expect([first, second, third].map(\.dot).map(custody.position) == [-1, -1, -1])
    }

    @Test func `the chain ends at 10,000 turns`() throws {
        var turns: [Turn] = []
        for number in 1...10_001 {
            turns.append(
                try turn(
                    "350100",
                    UInt64(number),
                    to: "350100",
                    after: turns.last?.dot,
                    at: UInt64(number)
                )
            )
        }
        #expect(try custody(turns).chain == Array(turns.prefix(10_000)))
    }

    /// The rule, told by recursion.
    private func chain(
        _ turns: [Turn],
        after ground: Dot?,
        holder: MemberCode,
        home: MemberCode
    ) -> [Turn] {
        let next = turns.filter { $0.ground == ground }
        let homes = next.filter { $0.dot.writer.member == home }
        let holders = next.filter { $0.dot.writer.member == holder }
        let best = (homes.isEmpty ? holders : homes).max {
            ($0.timestamp, $0.dot) < ($1.timestamp, $1.dot)
        }
        guard let best else { return [] }
        return [best] + chain(turns, after: best.dot, holder: best.holder, home: home)
    }

    @Test(arguments: 0..<200)
    func `the chain is the rule's, in whatever order the turns came`(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let codes = ["350100", "350128", "350300"]
        var turns: [Turn] = []
        for number in 1...UInt64(20) {
            let ground = turns.suffix(4).randomElement(using: &random)
            turns.append(
                try turn(
                    codes.randomElement(using: &random) ?? "",
                    number,
                    to: codes.randomElement(using: &random) ?? "",
                    after: Bool.random(using: &random) ? ground?.dot : turns.last?.dot,
                    at: UInt64.random(in: 1...8, using: &random)
                )
            )
        }
        let expected = chain(
            turns,
            after: nil,
            holder: try CaseSamples.member("350100"),
            home: try CaseSamples.member("350128")
        )
        for _ in 0..<4 {
            #expect(try custody(turns.shuffled(using: &random)).chain == expected)
        }
    }
}
