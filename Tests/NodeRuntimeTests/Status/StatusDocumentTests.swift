import AllianceModel
import Foundation
import NodeRuntime
import ReplicationCore
import Testing

private let day: Int64 = 86_400_000
private let now: Int64 = 1_790_000_000_000

private func code(_ text: String) -> MemberCode {
    guard let code = MemberCode(text) else { fatalError("\(text) is no member code") }
    return code
}

private let me = code("350100")
private let putian = code("350300")

private func observation(
    _ change: (inout NodeObservation) -> Void = { _ in }
) throws
    -> NodeObservation
{
    let roster = try Roster(
        alliance: "fuzhou-metro",
        trustDomain: "fuzhou-metro.example",
        agreement: .all,
        members: [
            RosterMember(code: me, names: LocalizedName(zh: "福州", en: "Fuzhou")),
            RosterMember(code: putian, names: LocalizedName(zh: "莆田", en: "Putian")),
        ]
    )
    var observation = NodeObservation(
        member: me,
        roster: roster,
        rosterDigest: try #require(Digest(hex: String(repeating: "3f", count: 32))),
        incarnation: Incarnation(rawValue: 0xAB),
        upMilliseconds: 12_999,
        now: now,
        links: [link()],
        strangers: [:],
        certificateEnds: now + 300 * day,
        revocationsNextUpdate: now + 30 * day,
        storeProblem: nil,
        disk: (free: 50, total: 1_000),
        clockAheadMilliseconds: 0,
        clockBoundMilliseconds: 60_000,
        itemsEffective: 11,
        lastPosition: 1,
        commits: 1,
        writes: 1,
        residentBytes: 1
    )
    change(&observation)
    return observation
}

/// A peer that is current.
private func link(_ change: (inout NodeObservation.Link) -> Void = { _ in }) -> NodeObservation.Link
{
    var session = PeerStatus(member: putian)
    session.isConnected = true
    session.toSend = PeerStatus.Lag(count: 0, oldest: nil)
    session.toApply = PeerStatus.Lag(count: 0, oldest: nil)
    session.skewMilliseconds = 12
    var link = NodeObservation.Link(member: putian, session: session, address: "10.1.2.3:7420")
    link.lastHeard = now - 1_999
    link.certificateEnds = now + 212 * day + 1
    change(&link)
    return link
}

private func away(_ milliseconds: Int64) -> NodeObservation.Link {
    link { link in
        link.session = PeerStatus(member: putian)
        link.reason = "connect_timeout"
        link.nextTryMilliseconds = 40_900
        link.unreachableSince = now - milliseconds
    }
}

private func timestamp(ago milliseconds: Int64) -> HybridTimestamp {
    HybridTimestamp(milliseconds: UInt64(now - milliseconds), counter: 0)
}

struct StatusDocumentTests {
    @Test
    func `a quiet node is healthy and shows itself, its alliance and its peers`() throws {
        let document = StatusDocument(try observation(), version: "1.0.0")
        #expect(document.schema == "citysync.status/1")
        #expect(document.health.state == .ok && document.health.findings.isEmpty)
        #expect(document.node?.member == "350100")
        #expect(document.node?.name.zh == "福州" && document.node?.name.en == "Fuzhou")
        #expect(document.node?.incarnation == "00000000000000ab")
        #expect(document.node?.upSeconds == 12)
        #expect(document.alliance?.members == 2 && document.alliance?.itemsEffective == 11)
        let peer = try #require(document.peers.first)
        #expect(peer.state == .current)
        #expect(peer.toSend.count == 0 && peer.toSend.oldestSeconds == nil)
        #expect(peer.lastOkSeconds == 1 && peer.skewMilliseconds == 12)
        #expect(peer.certificateDays == 212 && peer.reason == nil)
    }

    @Test
    func `what is unknown is null in JSON, and every key is there`() throws {
        let observed = try observation { $0.links = [away(1_000)] }
        let bytes = try JSONEncoder().encode(StatusDocument(observed, version: "1.0.0"))
        let object = try #require(
            JSONSerialization.jsonObject(with: bytes) as? [String: Any]
        )
        #expect(Set(object.keys) == ["schema", "node", "alliance", "health", "peers"])
        let peer = try #require((object["peers"] as? [[String: Any]])?.first)
        #expect(
            Set(peer.keys) == [
                "member", "name", "state", "toSend", "toApply", "lastOkSeconds",
                "skewMilliseconds", "certificateDays", "reason",
            ]
        )
        for key in ["toSend", "toApply"] {
            let lag = try #require(peer[key] as? [String: Any])
            #expect(lag["count"] is NSNull && lag["oldestSeconds"] is NSNull)
        }
        #expect(peer["skewMilliseconds"] is NSNull)
        let reason = try #require(peer["reason"] as? [String: Any])
        #expect(reason["code"] as? String == "connect_timeout")
        #expect(reason["nextTrySeconds"] as? Int == 40)
        #expect(reason["owner"] is NSNull)
        let again = try JSONDecoder().decode(StatusDocument.self, from: bytes)
        #expect(again == StatusDocument(observed, version: "1.0.0"))
    }

    /// What a link is like, and the state that it is shown in.
    static let states:
        [(String, @Sendable (inout NodeObservation.Link) -> Void, PeerStatus.State)] = [
            ("both counts 0", { _ in }, .current),
            ("something to send", { $0.session.toSend?.count = 1 }, .behind),
            ("something to apply", { $0.session.toApply?.count = 1 }, .behind),
            ("heads not announced yet", { $0.session.toApply = nil }, .connecting),
            ("never tried", { $0.session.isConnected = false }, .connecting),
            (
                "no answer",
                {
                    $0.session.isConnected = false
                    $0.reason = "connect_refused"
                }, .unreachable
            ),
            (
                "lost, not tried again yet",
                {
                    $0.session.isConnected = false
                    $0.unreachableSince = now
                }, .unreachable
            ),
            (
                "a connection without a session yet",
                {
                    $0.session.isConnected = false
                    $0.unreachableSince = now
                    $0.isOpen = true
                }, .connecting
            ),
            (
                "a connection of one who was refused before",
                {
                    $0.session.isConnected = false
                    $0.unreachableSince = now
                    $0.reason = "expired"
                    $0.isRefusal = true
                    $0.isOpen = true
                }, .refused
            ),
            (
                "a certificate is refused",
                {
                    $0.session.isConnected = false
                    $0.reason = "expired"
                    $0.isRefusal = true
                }, .refused
            ),
            (
                "another roster",
                {
                    $0.session.isConnected = false
                    $0.reason = "roster_differs"
                    $0.isRefusal = true
                }, .incompatible
            ),
            (
                "connected after a refusal",
                {
                    $0.reason = "expired"
                    $0.isRefusal = true
                }, .current
            ),
        ]

    @Test(arguments: states)
    func `a link is shown in its state`(
        _ name: String,
        _ change: @Sendable (inout NodeObservation.Link) -> Void,
        _ state: PeerStatus.State
    ) {
        #expect(link(change).state == state, "\(name)")
    }

    @Test
    func `a reason is told only while it stands, with who must act`() throws {
        let refused = link {
            $0.session.isConnected = false
            $0.reason = "revoked"
            $0.isRefusal = true
        }
        let held = link {
            $0.held = [.clockAhead: 1, .definitionUnknown: 2, .malformed: 0]
            $0.session.toApply = PeerStatus.Lag(count: 3, oldest: timestamp(ago: 130_000))
        }
        let observed = try observation {
            $0.links = [refused, held, link { $0.reason = "expired" }]
        }
        let peers = StatusDocument(observed, version: "1").peers
        #expect(peers[0].reason?.code == "revoked" && peers[0].reason?.owner == "350300")
        #expect(peers[1].reason?.code == "definition_unknown")
        #expect(peers[1].reason?.owner == "350300")
        #expect(peers[1].toApply.count == 3 && peers[1].toApply.oldestSeconds == 130)
        #expect(peers[2].reason == nil)
    }
}

/// Thresholds: the last value that is fine and the first that is not.
struct FindingsTests {
    typealias Change = @Sendable (inout NodeObservation) -> Void

    static let fine: [(String, Change)] = [
        ("away for 10 min", { $0.links = [away(10 * 60_000)] }),
        ("certificate for 30 d", { $0.certificateEnds = now + 30 * day }),
        ("a peer's for 30 d", { $0.links = [link { $0.certificateEnds = now + 30 * day }] }),
        ("revocations for 7 d", { $0.revocationsNextUpdate = now + 7 * day }),
        ("skew of 10 s", { $0.links = [link { $0.session.skewMilliseconds = -10_000 }] }),
        ("clock at its bound", { $0.clockAheadMilliseconds = 60_000 }),
        ("5 % of the disk free", { $0.disk = (free: 50, total: 1_000) }),
        ("a disk that cannot be asked", { $0.disk = nil }),
        ("held for 24 h", { $0.links = [holding(for: day)] }),
        ("behind for long, nothing held", { $0.links = [holding(for: 2 * day, count: 0)] }),
    ]

    @Test(arguments: fine)
    func `up to its bound nothing is found`(_ name: String, _ change: Change) throws {
        let findings = try observation(change).findings
        #expect(findings.isEmpty, "\(name)")
    }

    static let found: [(String, Change, StatusDocument.Severity, String, String)] = [
        ("away", { $0.links = [away(10 * 60_000 + 1)] }, .warning, "peer", "350300"),
        (
            "certificate", { $0.certificateEnds = now + 30 * day - 1 }, .warning, "certificate",
            "350100"
        ),
        ("expired", { $0.certificateEnds = now }, .critical, "certificate", "350100"),
        (
            "a peer's certificate", { $0.links = [link { $0.certificateEnds = now + day }] },
            .warning,
            "certificate", "350300"
        ),
        (
            "a peer's expired", { $0.links = [link { $0.certificateEnds = now - 1 }] }, .critical,
            "certificate", "350300"
        ),
        (
            "revocations", { $0.revocationsNextUpdate = now + 7 * day - 1 }, .warning,
            "revocations",
            "350100"
        ),
        (
            "revocations past", { $0.revocationsNextUpdate = now }, .critical, "revocations",
            "350100"
        ),
        (
            "no list of an authority", { $0.revocationsNextUpdate = nil }, .warning,
            "revocations", "350100"
        ),
        (
            "skew", { $0.links = [link { $0.session.skewMilliseconds = -10_001 }] }, .warning,
            "skew",
            "350300"
        ),
        ("clock", { $0.clockAheadMilliseconds = 60_001 }, .critical, "clock", "350100"),
        (
            "clock", { $0.storeProblem = Refusal(.clockBeyondBound, "x") }, .critical, "clock",
            "350100"
        ),
        ("disk", { $0.disk = (free: 49, total: 1_000) }, .critical, "disk", "350100"),
        (
            "store", { $0.storeProblem = Refusal(.storeStopped, "full") }, .critical, "store",
            "350100"
        ),
        ("held", { $0.links = [holding(for: day + 1)] }, .critical, "held", "350300"),
        (
            "held, of one who is away",
            {
                var link = holding(for: day + 1)
                link.session = PeerStatus(member: putian)
                link.unreachableSince = now - 1
                $0.links = [link]
            }, .critical, "held", "350300"
        ),
        (
            "refused",
            {
                $0.links = [
                    link {
                        $0.session.isConnected = false
                        $0.reason = "expired"
                        $0.isRefusal = true
                    }
                ]
            }, .warning, "peer", "350300"
        ),
    ]

    @Test(arguments: found)
    func `beyond its bound it is found once, with something to do`(
        _ name: String,
        _ change: Change,
        _ severity: StatusDocument.Severity,
        _ code: String,
        _ subject: String
    ) throws {
        let findings = try observation(change).findings
        #expect(findings.count == 1, "\(name)")
        let finding = try #require(findings.first)
        #expect(finding.severity == severity && finding.code == code && finding.subject == subject)
        #expect(!finding.text.isEmpty && !finding.remedy.isEmpty)
        let document = StatusDocument(try observation(change), version: "1")
        #expect(document.health.state.rawValue == severity.rawValue)
    }

    @Test
    func `the worst comes first and gives the state`() throws {
        let observed = try observation {
            $0.certificateEnds = now + day
            $0.revocationsNextUpdate = now - day
            $0.links = [away(6 * 3_600_000)]
        }
        let findings = observed.findings
        #expect(findings.map(\.code) == ["revocations", "certificate", "peer"])
        #expect(findings[1].text == "expires in 1d")
        #expect(findings[2].text == "unreachable for 6h")
        #expect(findings[2].remedy == "connect_timeout 10.1.2.3:7420")
        #expect(StatusDocument(observed, version: "1").health.state == .critical)
    }

    private static func holding(for milliseconds: Int64, count: UInt64 = 3) -> NodeObservation.Link
    {
        link {
            $0.held = [.definitionNotAgreed: count]
            $0.heldOldest = timestamp(ago: milliseconds)
            // Something else of that peer's is much older, and only on its way.
            $0.session.toApply = PeerStatus.Lag(count: 9, oldest: timestamp(ago: 9 * day))
        }
    }
}
