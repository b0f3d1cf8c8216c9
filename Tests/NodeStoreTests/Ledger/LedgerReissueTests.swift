import AllianceModel
@testable import NodeStore
import ReplicationCore
import SecureTransport
import Testing

/// After a clone ran: what the fork made void is written again, once, and nobody's later work goes.
struct LedgerReissueTests {
    private typealias Reason = Reissue.Reason

    private let alliance: LedgerAlliance
    private var fuzhou: LedgerCity { alliance.fuzhou }
    private var putian: LedgerCity { alliance.putian }
    private var nanping: LedgerCity { alliance.nanping }

    init() throws { alliance = try LedgerAlliance() }

    /// One record; its accepting city and a clone of it write under one incarnation; Putian has the one
    /// branch, Nanping the other; then the fork is proven, and the first goes on anew.
    private func fork(
        _ original: (LedgerCity, RecordIdentifier) throws -> Void,
        _ clone: (LedgerCity, RecordIdentifier) throws -> Void
    ) throws -> RecordIdentifier {
        let fields: [FieldRequest] = [.set("applicant", "林小明"), .add("materials", ["old"])]
        let answer = try fuzhou.create(
            fields,
            home: "350300",
            parties: ["350700"],
            under: alliance.definition
        ).get()
        let id = answer.snapshot.state.key.identifier
        try alliance.exchange()
        let other = try fuzhou.clone(incarnation: 4_242)
        // The same first entry of each feed, so that the fork is behind it.
        try original(fuzhou, id)
        try clone(other, id)
        try putian.takeAll(from: fuzhou)
        try nanping.takeAll(from: other)
        try prove(against: other)
        try fuzhou.renew(incarnation: 4_243)
        try alliance.exchange()
        return id
    }

    private func prove(against other: LedgerCity) throws {
        for tip in fuzhou.ledger.tips where tip.identity.writer.incarnation.rawValue == 4_242 {
            guard tip.identity.audience != .private else { continue }
            let branches = try [fuzhou, other].map { city in
                let proved = try #require(
                    try city.ledger.proved(Prove(feed: tip.digest, sequence: 1))
                )
                return ForkProof.Branch(leaf: proved.leaf, path: proved.path, head: proved.head)
            }
            let proof = try #require(
                ForkProof(
                    of: fuzhou.member,
                    feed: tip.digest,
                    sequence: 1,
                    branches[0],
                    branches[1],
                    hash: SHA256.function
                )
            )
            let wall = putian.wall
            try putian.commit { ledger throws(StoreError) in
                _ = try ledger.declareFork(proof, wallMilliseconds: wall)
            }
        }
    }

    private func reissue(
        _ id: RecordIdentifier,
        isTrial: Bool = false
    ) throws -> [(field: Text, outcome: Reissue.Outcome)] {
        let wall = fuzhou.wall
        let result = try fuzhou.commit { ledger throws(StoreError) in
            let row = try ledger.store.rows(of: id)[0]
            return try ledger.reissue(
                ledger.store.record(row),
                isTrial: isTrial,
                .test(200),
                wallMilliseconds: wall
            )
        }
        return try result.get().map { ($0.field, $0.outcome) }
    }

    private func reasons(_ reissues: [(field: Text, outcome: Reissue.Outcome)]) -> [Reason] {
        reissues.compactMap { reissue in
            if case .skipped(let reason, _) = reissue.outcome { reason } else { nil }
        }
    }

    // MARK: What is issued

    @Test func `what a member said behind a fork counts for all`() throws {
        let item: Text = "TEST-02"
        let vote = try putian.propose(LedgerItem.definition(of: item)).get()
        let lost = Incarnation(rawValue: 7)
        try alliance.exchange()
        // Fuzhou speaks in the branch that Putian has, and not in the one that Nanping has.
        _ = try fork(
            { city, _ in
                let wall = city.wall
                let answer = try city.commit { ledger throws(StoreError) in
                    _ = try ledger.declareGone(lost, wallMilliseconds: wall)
                    return try ledger.approve(
                        item: item,
                        version: 1,
                        proposal: vote.proposal,
                        .test(200),
                        wallMilliseconds: wall
                    )
                }
                _ = try answer.get()
                _ = try city.propose(LedgerItem.definition(of: "TEST-03")).get()
            },
            { city, id in _ = try city.change(id, [.set("open", "clone")]).get() }
        )
        let writer = Writer(member: fuzhou.member, incarnation: lost)
        for city in [putian, nanping] {
            let agreement = city.ledger.agreement
            #expect(city.ledger.facts.gone.contains(writer))
            #expect(agreement.hasApproved(fuzhou.member, proposal: vote.proposal))
            #expect(
                try city.ledger.store.proposals().map(\.proposal.definition.item).contains(
                    "TEST-03"
                )
            )
            #expect(try city.held == [])
            #expect(try city.ledger.verify() == [])
        }
        // Once is enough, whoever asks.
        let carried = nanping.ledger.tips.map(\.size)
        let wall = putian.wall
        try putian.commit { ledger throws(StoreError) in
            try ledger.carry([], to: nanping.member, wallMilliseconds: wall)
        }
        try alliance.exchange()
        #expect(nanping.ledger.tips.map(\.size) == carried)
    }

    @Test func `values, elements and additions come back, each once, and everywhere`() throws {
        let id = try fork(
            { city, id in
                _ = try city.change(id, [.set("memo", "of the first")]).get()
                _ = try city.change(id, [.add("materials", ["lease"])]).get()
                _ = try city.change(
                    id,
                    [FieldRequest(name: "trips", change: .add(.integer(3)))]
                ).get()
            },
            { city, id in
                city.wall += 1
                _ = try city.change(
                    id,
                    [FieldRequest(name: "trips", change: .add(.integer(4)))]
                ).get()
            }
        )
        #expect(try fuzhou.value("trips", of: id) == .integer(0))
        #expect(try fuzhou.value("memo", of: id) == nil)
        let trial = try reissue(id, isTrial: true)
        #expect(trial.allSatisfy { $0.outcome == .wouldBeIssued })
        #expect(try fuzhou.value("memo", of: id) == nil)

        let first = try reissue(id)
        #expect(first.map(\.field) == trial.map(\.field))
        #expect(first.allSatisfy { $0.outcome == .issued }, "\(first)")
        #expect(try fuzhou.value("memo", of: id) == .text("of the first"))
        let elements = FieldValue.set([.text("lease"), .text("old")])
        #expect(try fuzhou.value("materials", of: id) == elements)
        // Its own branch's, and the clone's where that came here.
        let total = try fuzhou.value("trips", of: id)
        #expect(total == .integer(3) || total == .integer(7))

        let second = try reissue(id)
        #expect(second.count == first.count)
        #expect(reasons(second) == second.map { _ in .issuedBefore })
        try alliance.exchange()
        for city in [putian, nanping] {
            #expect(try city.value("memo", of: id) == .text("of the first"))
            #expect(try city.value("trips", of: id) == total)
            #expect(try city.value("materials", of: id) == elements)
        }
    }

    @Test func `of several writes of one field the last is issued`() throws {
        let id = try fork(
            { city, id in
                _ = try city.change(id, [.set("memo", "draft")]).get()
                city.wall += 5
                _ = try city.change(id, [.set("memo", "final")]).get()
            },
            { city, id in _ = try city.change(id, [.add("materials", ["clone"])]).get() }
        )
        let reissues = try reissue(id).filter { $0.field == "memo" }
        #expect(reasons(reissues) == [.replaced])
        #expect(reissues.last?.outcome == .issued)
        #expect(try fuzhou.value("memo", of: id) == .text("final"))
    }

    @Test func `a case that was moved on the fork is moved again`() throws {
        let id = try fork(
            { city, id in
                _ = try city.change(id, stage: "checked", holder: putian.member).get()
            },
            { city, id in _ = try city.change(id, [.set("open", "clone")]).get() }
        )
        #expect(try fuzhou.view(id)?.holder == fuzhou.member)
        let moves = try reissue(id).filter { $0.field.utf8.first == UInt8(ascii: "@") }
        #expect(moves.map(\.outcome) == [.issued, .issued])
        #expect(try fuzhou.view(id)?.holder == putian.member)
        #expect(try fuzhou.view(id)?.stage == "checked")
        let again = try reissue(id).filter { $0.field.utf8.first == UInt8(ascii: "@") }
        #expect(reasons(again) == [.issuedBefore, .issuedBefore])
    }

    // MARK: What is not

    @Test func `nothing that was written since is overwritten`() throws {
        let id = try fork(
            { city, id in _ = try city.change(id, [.set("memo", "forked")]).get() },
            { city, id in _ = try city.change(id, [.add("materials", ["clone"])]).get() }
        )
        putian.wall += 1_000
        _ = try putian.change(id, [.set("memo", "later")]).get()
        try fuzhou.takeAll(from: putian)
        fuzhou.wall += 2_000
        let reissues = try reissue(id).filter { $0.field == "memo" }
        #expect(reasons(reissues) == [.superseded])
        #expect(try fuzhou.value("memo", of: id) == .text("later"))
    }

    @Test func `what others wrote under review meanwhile is not decided by it`() throws {
        let id = try fork(
            { city, id in _ = try city.change(id, [.set("bank", "6222")]).get() },
            { city, id in _ = try city.change(id, [.add("materials", ["clone"])]).get() }
        )
        _ = try nanping.change(id, [.set("bank", "6333")]).get()
        try fuzhou.takeAll(from: nanping)
        let reissues = try reissue(id).filter { $0.field == "bank" }
        #expect(reasons(reissues).allSatisfy { $0 == .needsDecision || $0 == .superseded })
        #expect(reissues.count == 1)
        #expect(try fuzhou.value("bank", of: id) == .text("6333"))
    }

    @Test func `a field that is set once stays as somebody set it meanwhile`() throws {
        let id = try fork(
            { city, id in _ = try city.change(id, [.set("permit", "A-1")]).get() },
            { city, id in _ = try city.change(id, [.add("materials", ["clone"])]).get() }
        )
        _ = try fuzhou.change(id, [.set("permit", "B-2")]).get()
        let reissues = try reissue(id).filter { $0.field == "permit" }
        #expect(reasons(reissues) == [.superseded])
        #expect(try fuzhou.value("permit", of: id) == .text("B-2"))
    }

    @Test func `what the record shows anyway is not written again`() throws {
        let id = try fork(
            { city, id in _ = try city.change(id, [.set("memo", "same")]).get() },
            { city, id in _ = try city.change(id, [.add("materials", ["clone"])]).get() }
        )
        _ = try putian.change(id, [.set("memo", "same")]).get()
        try fuzhou.takeAll(from: putian)
        #expect(reasons(try reissue(id).filter { $0.field == "memo" }) == [.sameValue])
    }

    @Test func `what its writer may not write any more is refused with the reason`() throws {
        let id = try fork(
            { city, id in _ = try city.change(id, [.set("decision", "granted")]).get() },
            { city, id in _ = try city.change(id, [.add("materials", ["clone"])]).get() }
        )
        _ = try putian.change(id, holder: putian.member).get()
        try fuzhou.takeAll(from: putian)
        let reissues = try reissue(id).filter { $0.field == "decision" }
        #expect(reasons(reissues) == [.refused])
        if case .skipped(_, let detail)? = reissues.first?.outcome {
            #expect(detail.hasPrefix("unauthorised: "))
        }
        #expect(try fuzhou.value("decision", of: id) == nil)
    }

    @Test func `a record without a fork has nothing to issue`() throws {
        let (id, _) = try alliance.accept()
        #expect(try reissue(id).isEmpty)
    }
}
