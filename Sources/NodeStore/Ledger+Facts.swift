import AllianceModel
package import ReplicationCore
import ReplicationWire

/// What members say of incarnations and feeds: it bears on verdicts, so records are judged again.
extension Ledger {
    /// Takes a fact that stands in a member's alliance feed, this one's own included.
    mutating func apply(
        fact statement: ReplicationCore.Statement,
        at timestamp: HybridTimestamp
    ) throws(StoreError) {
        switch statement {
        case .gone(let writer):
            try store.insertGone(writer, at: timestamp)
            guard facts.gone.insert(writer).inserted else { return }
            try judgeAgain(feedsOf: writer)
        case .ceiling(let writer, let ceiling):
            try store.insertCeiling(writer, ceiling)
            let lowest = facts.ceilings[writer].map { min($0, ceiling) } ?? ceiling
            guard facts.ceilings[writer] != lowest else { return }
            facts.ceilings[writer] = lowest
            try judgeAgain(feedsOf: writer)
        case .forkProof(let proof):
            let fork = Fork(feed: proof.feed, member: proof.member, sequence: proof.sequence)
            try store.insertFork(fork, proof: StatementCoding.encode(statement))
            forks.append(fork)
            if try count(fork) {
                try judgeAgain(feed: fork.feed)
                noteForked(fork.feed)
            }
        case .proposal, .approval, .refusal: return
        }
        transaction.factsChanged = true
        // What waited for the lost may be taken now.
        if !held.isEmpty || !transaction.heldAuthors.isEmpty { sweep = 0 }
    }

    /// Lets a fork count if its feed is known and is that member's; true if that changes anything.
    ///
    /// Anybody can sign heads over anybody's digest: only the feed's own member can fork it.
    private mutating func count(_ fork: Fork) throws(StoreError) -> Bool {
        guard let identity = feeds[fork.feed]?.tip.identity, identity.member == fork.member else {
            return false
        }
        facts.forkedWriters.insert(identity.writer)
        let least = facts.forks[fork.feed].map { min($0, fork.sequence) } ?? fork.sequence
        guard facts.forks[fork.feed] != least else { return false }
        facts.forks[fork.feed] = least
        return true
    }

    /// At the end of the transaction what stands behind the fork is carried to all.
    mutating func noteForked(_ feed: Digest) {
        let due = ToCarry.statements(of: feed)
        if !transaction.toCarry.contains(due) { transaction.toCarry.append(due) }
    }

    /// A feed becomes known: what was proven of it before counts from now on.
    mutating func countForks(of feed: Digest) throws(StoreError) {
        for fork in forks where fork.feed == feed {
            guard try count(fork) else { continue }
            transaction.factsChanged = true
            if !held.isEmpty || !transaction.heldAuthors.isEmpty { sweep = 0 }
        }
    }
}

extension Ledger {
    // MARK: Saying

    /// Says of an earlier incarnation of this member that nobody has more of it; false if it was said
    /// before, or the clock does not allow a statement.
    package mutating func declareGone(
        _ incarnation: Incarnation,
        wallMilliseconds: Int64
    ) throws(StoreError) -> Bool {
        let writer = Writer(member: settings.member, incarnation: incarnation)
        guard incarnation != settings.incarnation, !facts.gone.contains(writer) else {
            return false
        }
        return try say(.gone(writer), wallMilliseconds)
    }

    /// Says of two branches of a feed that both are void; false as above.
    package mutating func declareFork(
        _ proof: ForkProof,
        wallMilliseconds: Int64
    ) throws(StoreError) -> Bool {
        guard !knows(proof) else { return false }
        return try say(.forkProof(proof), wallMilliseconds)
    }

    /// Whether the feed was proven to be forked there, or earlier.
    func knows(_ proof: ForkProof) -> Bool {
        forks.contains { known in
            known.feed == proof.feed && known.member == proof.member
                && known.sequence <= proof.sequence
        }
    }

    /// Says again what somebody else has said of a feed where not all hear it; once under each
    /// incarnation.
    mutating func passOnFork(of feed: Digest, wallMilliseconds: Int64) throws(StoreError) {
        guard !saidForks.contains(feed), let member = feeds[feed]?.tip.identity.member,
            let statement = try store.forkProof(of: feed, by: member)
        else { return }
        _ = try say(statement, wallMilliseconds)
    }

    mutating func say(
        _ statement: ReplicationCore.Statement,
        _ wallMilliseconds: Int64
    ) throws(StoreError) -> Bool {
        guard let timestamp = clock.tick(wallMilliseconds: wallMilliseconds) else { return false }
        transaction.wallMilliseconds = wallMilliseconds
        _ = try appendOwn(statement: StatementCoding.encode(statement), at: timestamp)
        if case .forkProof(let proof) = statement { saidForks.insert(proof.feed) }
        try apply(fact: statement, at: timestamp)
        return true
    }
}
