package import AllianceModel
package import ReplicationCore
import ReplicationWire

/// A node's insides without threads, sockets and clocks: where what the replica decides meets what
/// the ledger stores.
///
/// A node's writer thread and a simulator drive the same lines. Whatever arrives goes in by `handle`
/// and `transact`; whatever is to be done comes out by `nextOutput`, and nothing of a transaction
/// comes out before its commit is durable. After a `StoreError` the engine takes nothing more: what
/// was not committed is refused to whoever asked for it.
package struct NodeEngine<S: Store> {
    /// Held changesets that one commit tries again.
    private static var releasedRows: Int { 250 }
    /// Between two looks at what is due.
    package static var dueMilliseconds: Int64 { 1_000 }

    package internal(set) var ledger: Ledger<S>
    package private(set) var replica: Replica
    private var batches = ReceivedQueue()
    var duties: [Duty] = []
    /// Forks that the replica was told of.
    private var toldForks: Set<ForkedFeed> = []
    /// A head of a feed of the present incarnation that this node did not make: a clone of it runs,
    /// and it must go on under another incarnation.
    package internal(set) var suspicion: SignedHead?
    /// Forks found, of which the proof is not said yet, by their feeds.
    var proofs: [Digest: ForkProof] = [:]
    /// Feeds of whose fork a peer has not heard.
    var unheard: Set<Digest> = []
    /// Of records of which something waits.
    var inquiries: [RecordKey: Inquiry] = [:]
    /// The look through what waits.
    var round = InquiryRound()
    /// Earlier incarnations of this member of which something is missing, and since when.
    var missing: [Writer: Monotonic] = [:]
    private var outputs: [EngineOutput<S>] = []
    private var outputsTaken = 0
    private var lastDue: Monotonic
    /// When the replica wants to be told of the time.
    package private(set) var wake: Monotonic?
    /// Why the store takes nothing more.
    package private(set) var problem: StoreError?
    package private(set) var commits: UInt64 = 0
    /// Local changes asked for in them.
    package private(set) var writes: UInt64 = 0

    package init(ledger: Ledger<S>, replica: Replica, now: Monotonic) {
        self.ledger = ledger
        self.replica = replica
        lastDue = now
        if !ledger.facts.forks.isEmpty { tellForks(now) }
    }

    /// For the next Hello.
    package mutating func show(certificates: [Bytes]) { replica.certificates = certificates }

    /// Something that `transact` would take up at once.
    package var hasBacklog: Bool {
        !batches.isEmpty || problem == nil && (ledger.hasBacklog || !duties.isEmpty)
    }

    // MARK: Inputs

    package mutating func handle(_ input: ReplicaInput, now: Monotonic) {
        replica.handle(input, now: now)
        while let output = replica.nextOutput() { perform(output, now) }
    }

    /// Tells the replica of the time if it asked to be told by now.
    package mutating func tick(now: Monotonic, wallMilliseconds: Int64) {
        guard let moment = wake, now >= moment else { return }
        wake = nil
        handle(.timeout(wallMilliseconds: wallMilliseconds), now: now)
    }

    /// The next thing to do, in order; nil when all is done.
    package mutating func nextOutput() -> EngineOutput<S>? {
        guard outputsTaken < outputs.count else {
            outputs.removeAll(keepingCapacity: true)
            outputsTaken = 0
            return nil
        }
        defer { outputsTaken += 1 }
        return outputs[outputsTaken]
    }

    private mutating func perform(_ output: ReplicaOutput, _ now: Monotonic) {
        switch output {
        case .send(let link, let message): outputs.append(.send(link, message))
        case .push(let link, let entries): push(entries, on: link, now)
        case .persist(let link, let batch): batches.add(batch, from: link)
        case .read(let link, let deliveryClass, let ranges, let bytesMaximum):
            read(link, deliveryClass, ranges, bytesMaximum, now)
        case .prove(let link, let prove, let purpose): show(prove, purpose, on: link, now)
        case .asked(_, let member, let keys):
            for start in stride(from: 0, to: keys.count, by: Duty.keysMaximum) {
                let end = min(start + Duty.keysMaximum, keys.count)
                duties.append(.carry(Array(keys[start..<end]), to: member))
            }
        case .forkFound(let proof): proofs[proof.feed] = proof
        case .forkUnheard(let feed): unheard.insert(feed)
        case .forkSuspected(_, let theirs): suspicion = theirs
        case .close(let link, let fault): outputs.append(.close(link, fault))
        case .wake(let moment): wake = moment
        }
    }

    private mutating func push(_ entries: ReadEntries, on link: LinkID, _ now: Monotonic) {
        var entries = entries
        let feeds = entries.parts.compactMap { ledger.tip(of: $0.feed)?.identity }
        do throws(StoreError) {
            entries.certificates = try ledger.certificates(
                of: PushEncoder.keysOfOthers(in: entries)
            )
            outputs.append(.push(link, entries, feeds: feeds))
        } catch {
            stop(error, now)
        }
    }

    private mutating func show(
        _ prove: Prove,
        _ purpose: ProofPurpose,
        on link: LinkID,
        _ now: Monotonic
    ) {
        guard problem == nil else { return }
        do throws(StoreError) {
            let proved = try ledger.proved(prove)
            handle(.proven(link, prove, proved, purpose), now: now)
        } catch {
            stop(error, now)
        }
    }

    /// Tells the replica of forks that are proven, and of which feed they are, since the last time.
    private mutating func tellForks(_ now: Monotonic) {
        do throws(StoreError) {
            for forked in try ledger.forkedFeeds() where toldForks.insert(forked).inserted {
                handle(.forked(forked), now: now)
            }
        } catch {
            stop(error, now)
        }
    }

    private mutating func read(
        _ link: LinkID,
        _ deliveryClass: DeliveryClass,
        _ ranges: [FeedRange],
        _ bytesMaximum: Int,
        _ now: Monotonic
    ) {
        guard problem == nil else { return }
        do throws(StoreError) {
            let entries = try ledger.store.entries(
                ranges,
                deliveryClass,
                bytesMaximum: bytesMaximum
            )
            replica.handle(.read(link, entries), now: now)
        } catch {
            stop(error, now)
        }
    }

    /// To be said, since it changes who this node is to others.
    mutating func renewed(_ incarnation: Incarnation, _ reason: RenewalReason) {
        outputs.append(.renewed(incarnation, reason))
    }

    /// Nothing is written or read any more; the peers hear of it.
    package mutating func stop(_ error: StoreError, _ now: Monotonic) {
        guard problem == nil else { return }
        ledger.store.rollback()
        problem = error
        batches = ReceivedQueue()
        duties = []
        outputs.append(.stopped(error))
        handle(.stopping, now: now)
    }
}

// MARK: Transactions

extension NodeEngine {
    /// Commits local changes together with received batches and with what is held and due: local and
    /// urgent first, then bulk until `bulkMilliseconds` have gone by (at least one batch).
    ///
    /// Does nothing where there is nothing to do. `now` is asked more than once.
    ///
    /// - Returns: True if something was stored.
    package mutating func transact(
        _ local: [any EngineWork<S>],
        bulkMilliseconds: Int64,
        wallMilliseconds: Int64,
        now: () -> Monotonic
    ) -> Bool {
        if let problem {
            batches = ReceivedQueue()
            for work in local { outputs.append(.answer(work, problem)) }
            return false
        }
        let isDue =
            ledger.hasBacklog
            || needsUpkeep(wallMilliseconds: wallMilliseconds)
                && now().milliseconds(since: lastDue) >= Self.dueMilliseconds
        guard !local.isEmpty || !batches.isEmpty || !duties.isEmpty || isDue else { return false }
        do throws(StoreError) {
            if isDue { try upkeep(wallMilliseconds: wallMilliseconds, now: now()) }
            try ledger.begin()
            for work in local { try work.run(&ledger, wallMilliseconds: wallMilliseconds) }
            let taken = try takeBulk(bulkMilliseconds, wallMilliseconds, now)
            try performDuties(wallMilliseconds)
            if isDue {
                lastDue = now()
                try ledger.releaseDue(
                    wallMilliseconds: wallMilliseconds,
                    limit: Self.releasedRows
                )
            }
            let committed = try ledger.commit()
            tell(committed, local, taken, now())
            return !local.isEmpty || !taken.isEmpty || !committed.held.isEmpty
        } catch {
            stop(error, now())
            for work in local { outputs.append(.answer(work, error)) }
            return false
        }
    }

    /// What is short at once, and of what is to be carried one piece.
    private mutating func performDuties(_ wallMilliseconds: Int64) throws(StoreError) {
        var later: [Duty] = []
        var hasCarried = false
        for duty in duties {
            if case .carry = duty {
                guard !hasCarried else {
                    later.append(duty)
                    continue
                }
                hasCarried = true
            }
            try ledger.perform(duty, wallMilliseconds: wallMilliseconds)
        }
        duties = later
    }

    /// What is durable now may be known.
    private mutating func tell(
        _ committed: Committed,
        _ local: [any EngineWork<S>],
        _ taken: [ReceivedQueue.Item],
        _ now: Monotonic
    ) {
        commits += 1
        writes += UInt64(local.reduce(0) { $0 + $1.count })
        outputs.append(.committed(committed))
        if !committed.tips.isEmpty { handle(.appended(committed.tips), now: now) }
        for work in local { outputs.append(.answer(work, nil)) }
        for (link, batch) in taken { handle(persisted(batch, on: link), now: now) }
        if committed.factsChanged { tellForks(now) }
        for (author, summary) in committed.held.sorted(by: { $0.key < $1.key }) {
            handle(.heldChanged(author, summary), now: now)
        }
    }

    /// Stores received batches until the bulk's time is up; at least one.
    private mutating func takeBulk(
        _ milliseconds: Int64,
        _ wallMilliseconds: Int64,
        _ now: () -> Monotonic
    ) throws(StoreError) -> [ReceivedQueue.Item] {
        var taken: [ReceivedQueue.Item] = []
        guard !batches.isEmpty else { return taken }
        let start = now()
        while let (link, batch) = batches.next() {
            try ledger.receive(batch, wallMilliseconds: wallMilliseconds)
            taken.append((link, batch))
            if now().milliseconds(since: start) >= milliseconds { break }
        }
        return taken
    }

    private func persisted(_ batch: ReceivedBatch, on link: LinkID) -> ReplicaInput {
        let tips = batch.parts.compactMap { ledger.tip(of: $0.feed) }
        let author = batch.parts.first?.identity.member
        return .persisted(
            link,
            batch: batch.number,
            tips: tips,
            held: author.flatMap { ledger.held[$0] } ?? HeldSummary.none
        )
    }
}
