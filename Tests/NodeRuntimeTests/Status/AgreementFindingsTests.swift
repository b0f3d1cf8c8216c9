import AllianceModel
import NodeRuntime
import NodeStore
import ReplicationCore
import Testing

/// What status says where nodes do not agree on the time, or on records.
struct AgreementFindingsTests {
    private static let now: Int64 = 1_790_000_000_000
    private static let year: Int64 = 365 * 86_400_000
    private static let codes = ["350100", "350128", "350300", "350700"]

    /// The first member's view of the others; nil: not connected.
    private func observation(
        skews: [Int64?],
        _ change: (inout [NodeObservation.Link]) -> Void = { _ in }
    ) throws -> NodeObservation {
        let members = try Self.codes.map { try #require(MemberCode($0)) }
        var links = zip(members.dropFirst(), skews).map { member, skew in
            var session = PeerStatus(member: member)
            session.isConnected = skew != nil
            // What was heard before a session ended is kept.
            session.skewMilliseconds = skew ?? 9 * Self.year
            return NodeObservation.Link(member: member, session: session, address: "10.1.2.3:7420")
        }
        change(&links)
        return NodeObservation(
            member: members[0],
            roster: try Roster(
                alliance: "test",
                trustDomain: "test.example",
                agreement: .all,
                members: members.map {
                    RosterMember(code: $0, names: LocalizedName(zh: "城", en: "City"))
                }
            ),
            rosterDigest: try #require(Digest(hex: String(repeating: "3f", count: 32))),
            incarnation: Incarnation(rawValue: 1),
            upMilliseconds: 1,
            now: Self.now,
            links: links,
            strangers: [:],
            certificateEnds: Self.now + Self.year,
            revocationsNextUpdate: Self.now + Self.year,
            storeProblem: nil,
            disk: nil,
            clockAheadMilliseconds: 0,
            clockBoundMilliseconds: 60_000,
            itemsEffective: 0,
            lastPosition: 1,
            commits: 1,
            writes: 1,
            residentBytes: 1
        )
    }

    // MARK: Clocks

    @Test(
        arguments: [
            ([61_000, 70_000, 0], "2 of 3 connected peers", "1m behind"),
            ([-61_000, -7_200_000, -7_300_000], "3 of 3 connected peers", "2h ahead of"),
            ([90_000, nil, nil], "1 of 1 connected peers", "1m behind"),
            (
                [365 * 86_400_000, nil, 365 * 86_400_000 + 5], "2 of 2 connected peers",
                "365d behind"
            ),
        ] as [([Int64?], String, String)]
    )
    func `a clock that most peers disagree with is critical, with how many and by how much`(
        skews: [Int64?],
        count: String,
        distance: String
    ) throws {
        let findings = try observation(skews: skews).findings
        let finding = try #require(findings.first { $0.code == "own_clock_doubtful" })
        #expect(finding.severity == .critical)
        #expect(finding.subject == "350100")
        #expect(finding.text.hasPrefix(count))
        #expect(finding.text.contains("which is \(distance) the middle one of theirs"))
        #expect(finding.remedy.hasPrefix("set this machine's clock right"))
    }

    @Test(
        arguments: [
            [0, 0, 0], [60_000, -60_000, 60_000], [90_000, 0, nil], [90_000, 0, 0],
            [nil, nil, nil],
        ] as [[Int64?]]
    )
    func `a clock that at least half of those heard agree with is not doubted`(
        skews: [Int64?]
    ) throws {
        let findings = try observation(skews: skews).findings
        #expect(!findings.contains { $0.code == "own_clock_doubtful" })
    }

    @Test func `who writes ahead of the time is named at once, whether it is there or not`() throws
    {
        let observation = try observation(skews: [nil, 0, 0]) { links in
            links[0].held = [.clockAhead: 3]
            links[1].held = [.malformed: 1]
        }
        let findings = observation.findings.filter { $0.code == "clock_ahead" }
        #expect(findings.map(\.subject) == ["350128"])
        #expect(findings.map(\.severity) == [.warning])
        #expect(
            findings.first?.text.hasPrefix("3 of its changesets are stamped more than 1m") == true
        )
    }

    // MARK: Records

    @Test func `records that stay different are named with the peer, until they are equal`() throws
    {
        let example = try #require(
            RecordIdentifier("350100.0192f0c4-7abc-7def-8123-456789abcdef")
        )
        let observation = try observation(skews: [0, 0, 0]) { links in
            links[0].comparison.differing = 2
            links[1].comparison.standing = 2
            links[1].comparison.example = example
            links[1].comparison.standsMilliseconds = 3 * 3_600_000
        }
        let finding = try #require(observation.findings.first)
        #expect(observation.findings.count == 1)
        #expect(finding.code == "records_differ" && finding.severity == .warning)
        #expect(finding.subject == "350300")
        #expect(finding.text.hasPrefix("2 records differ from what this node has for 3h, such as "))
        #expect(finding.text.contains(example.description))
        #expect(finding.remedy == "citysync verify --peer 350300")
    }

    // MARK: What rests

    @Test func `what nobody has is worth knowing, and no lag`() throws {
        #expect(try observation(skews: [0, 0, 0]).findings == [])
        let observation = try observation(skews: [0, 0, 0]) { $0[1].heldResting = 3 }
        let finding = try #require(observation.findings.first)
        #expect(observation.findings.count == 1)
        #expect(
            (finding.code, finding.severity, finding.subject) == ("held_resting", .info, "350300")
        )
        #expect(finding.text.hasPrefix("3 changesets of it follow something that nobody"))
        #expect(finding.remedy == "citysync held list")
        #expect(StatusDocument.Peer(observation.links[1], in: observation).reason == nil)
    }

    // MARK: Members

    @Test func `who is slowed is named, and who slows us`() throws {
        let observation = try observation(skews: [0, 0, 0]) {
            $0[0].session.isSlowed = true
            $0[2].session.isSlowing = true
        }
        #expect(observation.findings.map(\.code) == ["slowed", "slowing"])
        #expect(observation.findings.map(\.subject) == ["350128", "350700"])
        #expect(observation.findings.allSatisfy { $0.severity == .warning })
    }

    @Test func `who stands by two definitions of one number is named`() throws {
        var observation = try observation(skews: [0, 0, 0])
        observation.repeatedVotes = [
            AgreementState.RepeatedVote(
                item: "GJJ-07",
                version: 2,
                member: try #require(MemberCode("350300")),
                definitions: [observation.rosterDigest, observation.rosterDigest]
            )
        ]
        let finding = try #require(observation.findings.first)
        #expect((finding.code, finding.subject) == ("approved_twice", "350300"))
        #expect(finding.text.hasPrefix("stands by 2 definitions of GJJ-07 v2"))
        #expect(finding.remedy == "citysync items show GJJ-07")
    }
}
