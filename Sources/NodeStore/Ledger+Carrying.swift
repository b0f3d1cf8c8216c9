package import AllianceModel
package import ReplicationCore
import ReplicationWire

/// Others' changesets, and one's own, taken to members who may see a record and lack them.
extension Ledger {
    /// After something took effect: parties who were added get what was written before.
    ///
    /// Home does it for everybody, and whoever added a party for what is at hand then: so neither a
    /// home that is gone nor one that is slow shuts a party out.
    mutating func carryToParties(
        _ evidence: Evidence,
        _ state: RecordState,
        _ definition: ItemDefinition,
        _ row: RecordRow,
        _ wallMilliseconds: Int64
    ) throws(StoreError) {
        let me = settings.member
        let isHome = me == state.header.home
        guard isHome || evidence.provenance.writer.member == me,
            state.field(SystemField.parties) != nil
        else { return }
        let view = RecordView(state, definition)
        guard view.parties.contains(me) else { return }
        let addsParties = evidence.changeset.writes.contains { $0.field == SystemField.parties }
        guard addsParties || isHome && !evidence.reaches(view.parties) else { return }
        // At the end of the transaction: a head covers a whole batch, and has a path to it only then.
        transaction.toCarry.append(.record(row, only: addsParties ? nil : evidence))
        transaction.wallMilliseconds = wallMilliseconds
    }

    enum ToCarry: Hashable {
        /// Nil: all that there is of the record.
        case record(RecordRow, only: Evidence?)
        /// What an alliance feed says behind its fork.
        case statements(of: Digest)
    }

    /// Carries what the transaction found to be lacking somewhere.
    mutating func carryDue() throws(StoreError) {
        let due = transaction.toCarry
        transaction.toCarry = []
        // Nothing can be said while the clock is beyond the bound: it is, as soon as it is not.
        if clock.isBeyondBound(wallMilliseconds: transaction.wallMilliseconds) {
            overdueCarries += due
            return
        }
        for due in due {
            switch due {
            case .record(let row, only: let wanted):
                let (state, definition) = try folding.state(of: store.record(row))
                let view = RecordView(state, definition)
                try carry(row, view, only: wanted, transaction.wallMilliseconds)
            case .statements(of: let feed):
                try carryStatements(of: feed, transaction.wallMilliseconds)
            }
        }
    }

    /// Carries to one member, which asks for them, what is here of records that it may see.
    ///
    /// Who is no party (any more, or by a fork) does not hear who else is none: it carries to home and
    /// accepting only, who always are. What it knows may be known nowhere else.
    package mutating func carry(
        _ keys: [RecordKey],
        to member: MemberCode,
        wallMilliseconds: Int64
    ) throws(StoreError) {
        for key in keys {
            guard let stored = try store.record(key) else { continue }
            let (state, definition) = try folding.state(of: stored)
            let view = RecordView(state, definition)
            let always = [state.header.home, key.origin]
            if view.parties.contains(member), view.parties.contains(settings.member) {
                try carry(stored.row, view, only: nil, wallMilliseconds)
            } else if view.parties.contains(member), always.contains(member) {
                try carry(stored.row, view, to: [member], only: nil, wallMilliseconds)
            } else if definition.widestScope == .alliance {
                try carryCreation(of: stored.row, view, wallMilliseconds)
            }
            if definition.widestScope == .alliance {
                try carryForked(stored.row, definition, wallMilliseconds)
            }
        }
        for feed in facts.forks.keys.sorted() { try carryStatements(of: feed, wallMilliseconds) }
    }

    // MARK: Carrying

    /// Appends what the record's present parties, or some of them, may lack: its parties changesets whose own feed does
    /// not reach all of them.
    private mutating func carry(
        _ row: RecordRow,
        _ view: RecordView,
        to parties: [MemberCode]? = nil,
        only wanted: Evidence?,
        _ wallMilliseconds: Int64
    ) throws(StoreError) {
        let parties = parties ?? view.parties
        let audience = Audience.members(Set(parties + [settings.member]).sorted())
        let history = try store.history(row, upTo: .max)
        let deliveryClass = view.definition.deliveryClass
        let folding = folding
        for applied in history {
            let evidence = try folding.evidence(of: applied.entry)
            guard wanted == nil || evidence == wanted,
                !evidence.reaches(parties) || isForked(evidence) && evidence.isForMembers
            else { continue }
            try carry(applied.entry, audience, deliveryClass, wallMilliseconds) { .entry($0) }
        }
    }

    /// What stands behind a fork comes to nobody by its own feed any more.
    ///
    /// It is void, and still what others had seen: who lacks all of such a feed does not know whose
    /// incarnation it is of, and would wait for it for ever.
    private func isForked(_ evidence: Evidence) -> Bool {
        facts.forks[evidence.provenance.feed].map { evidence.provenance.sequence >= $0 } ?? false
    }

    /// What a member said behind the fork of an alliance feed is known to who holds that branch: carried,
    /// it counts for all, as if it had been said before.
    private mutating func carryStatements(
        of digest: Digest,
        _ wallMilliseconds: Int64
    ) throws(StoreError) {
        guard let from = facts.forks[digest], let tip = feeds[digest]?.tip,
            tip.identity.audience == .alliance
        else { return }
        // Once under each incarnation; not while nothing can be said.
        guard !clock.isBeyondBound(wallMilliseconds: wallMilliseconds) else { return }
        var sequence = max(from - 1, carriedStatements[digest] ?? 0)
        carriedStatements[digest] = tip.size
        while sequence < tip.size {
            let page = try store.entries(of: digest, after: sequence, limit: 1_000)
            guard let last = page.last else { return }
            sequence = last.sequence
            for entry in page {
                let content = EntryContent(
                    entry.bytes,
                    writer: tip.identity.writer,
                    hash: settings.hash
                )
                guard content.statement(hash: settings.hash) != nil else { continue }
                try carry(entry, .alliance, .normal, wallMilliseconds) { .entry($0) }
            }
        }
    }

    private mutating func carryForked(
        _ row: RecordRow,
        _ definition: ItemDefinition,
        _ wallMilliseconds: Int64
    ) throws(StoreError) {
        guard !facts.forks.isEmpty else { return }
        let folding = folding
        for applied in try store.history(row, upTo: .max) {
            let evidence = try folding.evidence(of: applied.entry)
            guard evidence.provenance.audience == .alliance, isForked(evidence) else { continue }
            try carry(applied.entry, .alliance, definition.deliveryClass, wallMilliseconds) {
                .entry($0)
            }
        }
    }

    /// Shows to all members that the record was begun: nothing of what was written.
    private mutating func carryCreation(
        of row: RecordRow,
        _ view: RecordView,
        _ wallMilliseconds: Int64
    ) throws(StoreError) {
        let folding = folding
        let hash = settings.hash
        for applied in try store.history(row, upTo: .max) {
            let evidence = try folding.evidence(of: applied.entry)
            guard evidence.changeset.header != nil,
                evidence.provenance.writer.member == view.state.key.origin
            else { continue }
            if evidence.provenance.audience == .alliance { return }
            let deliveryClass = view.definition.deliveryClass
            try carry(applied.entry, .alliance, deliveryClass, wallMilliseconds) { bytes in
                .creation(
                    opening: bytes.opening,
                    writes: bytes.writes.withUnsafeBytes { hash($0) },
                    body: (bytes.salt + bytes.body).withUnsafeBytes { hash($0) }
                )
            }
            return
        }
    }

    private mutating func carry(
        _ entry: StoredEntry,
        _ audience: Audience,
        _ deliveryClass: DeliveryClass,
        _ wallMilliseconds: Int64,
        _ content: (EntryBytes) -> Carried.Content
    ) throws(StoreError) {
        let digest = try ownFeed(for: audience, deliveryClass)
        guard let feed = feeds[digest]?.row,
            try !store.isCarried(entry.position, in: feed),
            let carried = try proven(entry, content),
            // Without a clock to be believed nothing can be said; whoever lacks it asks again.
            let timestamp = clock.tick(wallMilliseconds: wallMilliseconds)
        else { return }
        let bytes = EntryCoding.encode(carried, timestamp: timestamp, salt: settings.random(16))
        _ = try append(bytes, to: digest, at: timestamp, isChangeset: false)
        try store.insertCarry(of: entry.position, in: feed)
    }

    // MARK: Proofs

    /// What stands at a position with the proof that its writer stands by it; nil if no signed head
    /// covers it here.
    private func proven(
        _ entry: StoredEntry,
        _ content: (EntryBytes) -> Carried.Content
    ) throws(StoreError) -> Carried? {
        guard let known = knownFeeds[entry.feed] else { return nil }
        let decoded = EntryContent(
            entry.bytes,
            writer: known.identity.writer,
            hash: settings.hash
        )
        // What came carried goes on with the proof that it came with.
        if case .carried(var carried, timestamp: _) = decoded {
            guard case .entry(let bytes) = carried.content else { return nil }
            carried.content = content(bytes)
            return carried
        }
        guard let head = try head(of: known, entry.feed, covering: entry.sequence) else {
            return nil
        }
        let path = try inclusionPath(entry.sequence, in: entry.feed, size: head.head.size)
        return Carried(
            identity: known.identity,
            sequence: entry.sequence,
            path: path,
            head: head,
            content: content(entry.bytes)
        )
    }

    /// A head of another's feed as it was received; of an own one, one made now.
    ///
    /// It may cover what is not committed yet: it stands in an entry of the same commit.
    private func head(
        of known: KnownFeed,
        _ feed: FeedRow,
        covering sequence: UInt64
    ) throws(StoreError) -> SignedHead? {
        guard known.identity.writer.member == settings.member,
            known.identity.writer.incarnation == settings.incarnation,
            let tip = feeds[known.digest]?.tip
        else {
            return try store.head(feed, covering: sequence) ?? ownHead(known, covering: sequence)
        }
        return signed(tip)
    }

    /// Of an own feed of an earlier incarnation, which nobody may ever have asked for.
    private func ownHead(_ known: KnownFeed, covering sequence: UInt64) -> SignedHead? {
        guard known.identity.writer.member == settings.member,
            let tip = feeds[known.digest]?.tip, tip.size >= sequence
        else { return nil }
        return signed(tip)
    }

    private func signed(_ tip: FeedTip) -> SignedHead? {
        let head = FeedHead(
            feed: tip.digest,
            size: tip.size,
            root: tip.frontier.root(hash: settings.hash)
        )
        let bytes = head.signedBytes(
            alliance: settings.roster.alliance,
            member: settings.member
        )
        return settings.sign(bytes).map { signed in
            SignedHead(head: head, key: signed.key, signature: signed.signature)
        }
    }

    /// The path from an entry's leaf to the root at that size (RFC 9162, section 2.1.3.1).
    package func inclusionPath(
        _ sequence: UInt64,
        in feed: FeedRow,
        size: UInt64
    ) throws(StoreError) -> [Digest] {
        try MerkleTree.path(
            of: sequence,
            size: size,
            leaves: { span throws(StoreError) in try store.leaves(feed, span) },
            frontier: { size throws(StoreError) in try store.frontier(of: feed, at: size) },
            hash: settings.hash
        )
    }
}

extension Evidence {
    fileprivate var isForMembers: Bool {
        if case .members = provenance.audience { true } else { false }
    }

    /// Whether the feed that it stands in reaches all of these members; not if it is of another scope
    /// than the parties': then there is nothing to carry.
    fileprivate func reaches(_ members: [MemberCode]) -> Bool {
        guard case .members = provenance.audience else { return true }
        return members.allSatisfy(provenance.audience.includes)
    }
}
