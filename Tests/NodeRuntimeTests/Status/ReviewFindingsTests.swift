import AllianceModel
import NodeRuntime
import NodeStore
import ReplicationCore
import Testing

/// What status says of conflicts, void writes, forks and what came back.
struct ReviewFindingsTests {
    private static let now: Int64 = 1_790_000_000_000
    private static let hour: Int64 = 3_600_000

    private func observation(
        _ change: (inout NodeObservation) -> Void
    ) throws -> NodeObservation {
        let me = try #require(MemberCode("350100"))
        let other = try #require(MemberCode("350300"))
        let roster = try Roster(
            alliance: "test",
            trustDomain: "test.example",
            agreement: .all,
            members: [me, other].map {
                RosterMember(code: $0, names: LocalizedName(zh: "城", en: "City"))
            }
        )
        var observation = NodeObservation(
            member: me,
            roster: roster,
            rosterDigest: try #require(Digest(hex: String(repeating: "3f", count: 32))),
            incarnation: Incarnation(rawValue: 1),
            upMilliseconds: 1,
            now: Self.now,
            links: [],
            strangers: [:],
            certificateEnds: Self.now + 300 * 24 * Self.hour,
            revocationsNextUpdate: Self.now + 30 * 24 * Self.hour,
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
        change(&observation)
        return observation
    }

    private func waiting(hours: Int64) throws -> DisputeSummary {
        let identifier = try #require(
            RecordIdentifier("350100.0192f0c4-7abc-7def-8123-456789abcdef")
        )
        let since = HybridTimestamp(
            milliseconds: UInt64(Self.now - hours * Self.hour),
            counter: 0
        )
        let dispute = Dispute(
            waiting: 2,
            since: since,
            field: "bankAccount",
            conflict: "c-9f31a2",
            owner: MemberCode("350300"),
            voids: 0
        )
        return DisputeSummary(
            records: 1,
            waiting: 2,
            voids: 0,
            oldest: (identifier: identifier, dispute: dispute)
        )
    }

    @Test(arguments: [(Int64(2), StatusDocument.Severity.warning), (48, .critical)])
    func `a conflict that waits is named with its record, field and who decides`(
        hours: Int64,
        severity: StatusDocument.Severity
    ) throws {
        let summary = try waiting(hours: hours)
        let findings = try observation { $0.disputes = summary }.findings
        let finding = try #require(findings.first)
        #expect(findings.count == 1)
        #expect(finding.severity == severity)
        #expect(finding.code == "conflicts")
        #expect(finding.subject == "350100.0192f0c4-7abc-7def-8123-456789abcdef")
        #expect(finding.text.hasPrefix("bankAccount waits for 350300 since "))
        #expect(finding.remedy == "citysync conflicts show c-9f31a2")
    }

    @Test func `writes without effect are named, and leave the node healthy`() throws {
        let observation = try observation {
            $0.disputes = DisputeSummary(records: 3, waiting: 0, voids: 4, oldest: nil)
        }
        #expect(observation.findings.map(\.code) == ["void"])
        let document = StatusDocument(observation, version: "1")
        #expect(document.health.state == .ok)
    }

    @Test func `a fork is critical, once for each member that signed two histories`() throws {
        let member = try #require(MemberCode("350300"))
        let digest = try #require(Digest(hex: String(repeating: "11", count: 32)))
        let other = try #require(Digest(hex: String(repeating: "22", count: 32)))
        let observation = try observation {
            $0.forks = [digest, other].map { Fork(feed: $0, member: member, sequence: 4) }
        }
        #expect(observation.findings.map(\.code) == ["fork"])
        #expect(observation.findings.map(\.severity) == [.critical])
    }

    @Test func `what nobody has any more is told, and is no fault`() throws {
        let (me, other) = (
            try #require(MemberCode("350100")), try #require(MemberCode("350300"))
        )
        let observation = try observation { observation in
            observation.gone = [
                Writer(member: me, incarnation: Incarnation(rawValue: 1)),
                Writer(member: other, incarnation: Incarnation(rawValue: 2)),
                Writer(member: other, incarnation: Incarnation(rawValue: 3)),
            ]
        }
        #expect(observation.findings.map(\.code) == ["gone", "gone"])
        #expect(observation.findings.map(\.subject) == ["350100", "350300"])
        #expect(observation.findings.last?.text.contains("in 2 starts is lost") == true)
        #expect(StatusDocument(observation, version: "1").health.state == .ok)
    }

    @Test func `what came back after a restore is told, and is no fault`() throws {
        let observation = try observation {
            $0.regained = [
                Regained(incarnation: Incarnation(rawValue: 9), entries: 12, since: 1),
                Regained(incarnation: Incarnation(rawValue: 8), entries: 30, since: 2),
            ]
        }
        let finding = try #require(observation.findings.first)
        #expect(finding.code == "regained")
        #expect(finding.text.hasPrefix("42 changes "))
        #expect(StatusDocument(observation, version: "1").health.state == .ok)
    }
}
