import AllianceModel
import ReplicationCore
import ReplicationWire

/// The deep check of what is kept beside the log and follows from it, or from keys.
///
/// A bit inverted in one of these passes SQLite's own check and every hash of the log. Of a store that
/// nobody writes meanwhile: a backup's copy, or a ledger's own outside of a transaction.
struct StoreVerification {
    private let store: SQLiteReader
    private let settings: LedgerSettings
    private let folding: RecordFolding

    init(_ store: SQLiteReader, _ settings: LedgerSettings) throws(StoreError) {
        self.store = store
        self.settings = settings
        folding = RecordFolding(
            reader: store,
            agreement: try AgreementState(store, settings),
            facts: try store.facts()
        )
    }

    /// What the store finds by itself (`SQLiteReader.verify`), and beyond: heads that their members
    /// did not sign, what was agreed and said against the log's statements, states against their
    /// history judged again.
    ///
    /// Reads everything. Returns what is wrong, one line each, without values; empty if all is well.
    func findings() throws(StoreError) -> [String] {
        var findings = try store.verify()
        guard findings.isEmpty else { return findings }
        for feed in try store.feeds() { findings += try verifyHeads(feed) }
        findings += try verifyStatements()
        // Those that are to be judged again for a fact do not show it yet.
        if try store.judging().isEmpty { findings += try verifyRecords() }
        return findings
    }

    private func verifyHeads(_ feed: StoredFeed) throws(StoreError) -> [String] {
        let member = feed.tip.identity.member
        return try store.heads(feed.row).compactMap { head in
            let message = head.head.signedBytes(
                alliance: settings.roster.alliance,
                member: member
            )
            let isSigned = settings.isSigned(message, member, head.key, head.signature)
            return isSigned
                ? nil
                : "the head of feed \(feed.tip.digest.short) at \(head.head.size) is not signed"
        }
    }

    // MARK: Statements

    private struct Said {
        var proposals: Set<Proposal> = []
        var approvals: Set<Approval> = []
        var gone: Set<Writer> = []
        var ceilings: [Writer: HybridTimestamp] = [:]
        var forks: Set<Fork> = []
    }

    private func verifyStatements() throws(StoreError) -> [String] {
        let said = try statements()
        var findings: [String] = []
        if Set(try store.proposals().map(\.proposal)) != said.proposals {
            findings.append("the proposals are not those of the log")
        }
        // Of one member's for one proposal the first is kept, whoever brought it.
        let approvals = try store.approvals().map(\.approval)
        let places = Set(said.approvals.map { Place($0) })
        if Set(approvals.map { Place($0) }) != places
            || !said.approvals.isSuperset(of: approvals)
        {
            findings.append("the approvals are not those of the log")
        }
        let facts = try store.facts()
        if facts.gone != said.gone { findings.append("who is gone is not as the log says") }
        if facts.ceilings != said.ceilings {
            findings.append("the ceilings are not those of the log")
        }
        if !said.forks.isSuperset(of: try store.forks()) {
            findings.append("the forks are not those of the log")
        }
        return findings
    }

    private struct Place: Hashable {
        let proposal: Digest
        let member: MemberCode

        init(_ approval: Approval) {
            proposal = approval.proposal
            member = approval.member
        }
    }

    /// What the log says, of every feed, but for what is held.
    private func statements() throws(StoreError) -> Said {
        let held = Set(try store.held(after: 0, limit: .max).map(\.position))
        var said = Said()
        for feed in try store.feeds() where feed.tip.identity.audience == .alliance {
            var sequence: UInt64 = 0
            while sequence < feed.tip.size {
                let page = try store.entries(of: feed.tip.digest, after: sequence, limit: 1_000)
                guard let last = page.last else { break }
                sequence = last.sequence
                for entry in page where !held.contains(entry.position) {
                    let content = EntryContent(
                        entry.bytes,
                        writer: feed.tip.identity.writer,
                        hash: settings.hash
                    )
                    if let statement = content.statement(hash: settings.hash) {
                        note(statement, &said)
                    }
                }
            }
        }
        return said
    }

    private func note(_ statement: ReplicationCore.Statement, _ said: inout Said) {
        switch statement {
        case .proposal(let proposal): said.proposals.insert(proposal)
        case .approval(let approval): said.approvals.insert(approval)
        case .gone(let writer): said.gone.insert(writer)
        case .ceiling(let writer, let ceiling):
            said.ceilings[writer] = said.ceilings[writer].map { min($0, ceiling) } ?? ceiling
        case .forkProof(let proof):
            said.forks.insert(
                Fork(feed: proof.feed, member: proof.member, sequence: proof.sequence)
            )
        case .refusal: return
        }
    }

    // MARK: Records

    private func verifyRecords() throws(StoreError) -> [String] {
        var findings: [String] = []
        var last: RecordKey?
        while true {
            let page = try store.records(after: last, limit: 1_000)
            for stored in page {
                guard case .state = stored.content else { continue }
                let state = try folding.state(of: stored).state
                let history = try store.history(stored.row, upTo: .max).map(\.entry)
                guard !history.isEmpty, state.header.key(stored.key, settings.hash) else {
                    findings.append("record row \(stored.row.rawValue) does not fit its key")
                    continue
                }
                let judged = try folding.judge(history, under: state.header).state
                if judged != state {
                    findings.append("record row \(stored.row.rawValue) is not what its writes make")
                }
            }
            guard page.count == 1_000 else { return findings }
            last = page.last?.key
        }
    }
}

extension Ledger where S == SQLiteStore {
    /// What is wrong with the store, as `StoreVerification` finds it; outside of a transaction.
    package func verify() throws(StoreError) -> [String] {
        try StoreVerification(store, settings).findings()
    }
}

extension RecordHeader {
    /// Whether a record's key is of this header.
    fileprivate func key(_ key: RecordKey, _ hash: HashFunction) -> Bool {
        RecordKey(identifier: key.identifier, header: self, hash: hash) == key
    }
}
