import AllianceModel
import NodeStore
import ReplicationCore
import ReplicationWire
import Testing

@Suite struct RequestsTests {
    private let fixture: StoreFixture
    private let store: SQLiteStore

    init() throws {
        fixture = try StoreFixture()
        store = try fixture.open()
    }

    @Test func `a request is found by its key alone`() throws {
        let request = RequestRow(
            key: digest("key"),
            request: digest("POST /v1/records"),
            status: 201,
            subject: "350100.0192f0c4-7abc-7def-8123-456789abcdef"
        )
        try fixture.commit(store) { try store.insertRequest(request) }
        #expect(try store.request(digest("key")) == request)
        #expect(try store.request(digest("another")) == nil)
    }

    @Test func `the audit is read from its end, in pages`() throws {
        let rows = (1...5 as ClosedRange<Int64>).map { number in
            AuditRow(
                sequence: number,
                time: 1_700_000_000_000 + number,
                actor: number == 1 ? "" : "柜台-\(number)",
                route: "PATCH /v1/records/{id}",
                subject: number == 2 ? nil : "record \(number)",
                result: 200
            )
        }
        try fixture.commit(store) { for row in rows { try store.insertAudit(row) } }
        #expect(try store.audit(before: nil, limit: 2) == [rows[4], rows[3]])
        #expect(try store.audit(before: 4, limit: 10) == [rows[2], rows[1], rows[0]])
        #expect(try store.audit(before: 1, limit: 10) == [])
    }

    @Test func `a certificate is kept once`() throws {
        let certificates = ["first", "second"].map { name in
            KeyCertificate(digest: digest(name), member: putian, der: Bytes(name.utf8))
        }
        try fixture.commit(store) {
            for certificate in certificates + certificates {
                try store.insertCertificate(certificate)
            }
        }
        #expect(try store.certificates() == certificates)
    }

    @Test func `an approval counts once, however often it came, and may come before its proposal`()
        throws
    {
        func approval(_ member: MemberCode, _ signature: UInt8) -> Approval {
            Approval(
                proposal: digest("proposal"),
                member: member,
                key: digest("key of \(member)"),
                signature: Bytes(repeating: signature, count: 64)
            )
        }
        try fixture.commit(store) {
            try store.insertApproval(approval(putian, 1), at: HybridTimestamp(rawValue: 5))
            try store.insertApproval(approval(fuzhou, 2), at: HybridTimestamp(rawValue: 4))
            try store.insertApproval(approval(putian, 3), at: HybridTimestamp(rawValue: 6))
        }
        let approvals = try store.approvals()
        #expect(approvals.map(\.approval) == [approval(putian, 1), approval(fuzhou, 2)])
        #expect(approvals.map(\.timestamp.rawValue) == [5, 4])
    }

    @Test func `a proposal is kept verbatim and once`() throws {
        let definition = try sampleDefinition()
        let bytes = DefinitionCoding.encode(definition)
        let proposal = Proposal(
            definition: definition,
            definitionBytes: bytes,
            definitionDigest: bytes.withUnsafeBytes { sampleHash($0) },
            predecessor: digest("before"),
            roster: digest("roster"),
            proposer: fuzhou,
            digest: digest("proposal")
        )
        var first = proposal
        first.predecessor = nil
        first.digest = digest("first proposal")
        try fixture.commit(store) {
            for proposal in [first, proposal, first] {
                try store.insertProposal(proposal, at: HybridTimestamp(rawValue: .max))
            }
        }
        let proposals = try store.proposals()
        #expect(proposals.map(\.proposal) == [first, proposal])
        #expect(proposals.map(\.timestamp.rawValue) == [.max, .max])
    }

    @Test func `feeds come back as they were begun`() throws {
        let identities = [
            identity(), identity(putian, incarnation: .max, audience: .private, .urgent),
            identity(audience: .members([fuzhou, putian, member("350300-ab")])),
        ]
        try fixture.commit(store) {
            for identity in identities { _ = try fixture.feed(store, identity) }
        }
        let feeds = try store.feeds()
        #expect(feeds.map(\.tip.identity) == identities)
        #expect(feeds.map(\.tip.digest) == identities.map { $0.digest(hash: sampleHash) })
        for (feed, identity) in zip(feeds, identities) {
            #expect(try store.feedIdentity(feed.row) == identity)
        }
        #expect(try store.feedIdentity(FeedRow(rawValue: 99)) == nil)
        #expect(throws: StoreError.self) {
            try fixture.commit(store) { _ = try fixture.feed(store, identities[0]) }
        }
    }
}
