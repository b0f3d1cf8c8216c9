import AllianceModel
import Foundation
import Logging
import NodeStore
import ReplicationCore
import Synchronization

/// Where the writer's outputs go.
protocol WriterDelegate: AnyObject, Sendable {
    func send(_ message: Message, on link: LinkID)
    func push(_ entries: ReadEntries, of feeds: [FeedIdentity], on link: LinkID)
    func close(_ link: LinkID, _ fault: Fault?)
    /// A commit became durable.
    func committed(_ committed: Committed, catalog: Catalog?)
    /// The writer's thread has ended: nothing more comes of it.
    func ended()
    /// The store failed and takes nothing more.
    func storeStopped(_ error: StoreError)
}

/// The one writer of a node: a thread of its own that owns the write connection, the ledger and the
/// replica.
///
/// Each round takes what waits, lets the replica decide, and commits local changes together with
/// received batches: local and urgent first, then bulk for about 5 ms. A local change is answered,
/// and anything is sent, only after its commit.
final class NodeWriter: @unchecked Sendable {
    /// Bulk that one commit may take in, so that a local change never waits for long.
    private static let bulkMilliseconds: Int64 = 5
    /// While there is something to tidy up when idle.
    private static let idleMilliseconds: Int64 = 100
    /// While there is nothing: the longest sleep between two looks at what is due.
    private static let restMilliseconds: Int64 = 60_000
    private static let dueMilliseconds: Int64 = 1_000
    private static let projectionRows = 1_000
    /// Held changesets that one commit tries again.
    private static let releasedRows = 250
    /// Under load the list index still follows, this much later.
    private static let projectionMilliseconds: Int64 = 250

    private let queue: WriterQueue
    private weak let delegate: (any WriterDelegate)?
    private let logger: Logger
    private let clocks: NodeClocks
    private let done = DispatchSemaphore(value: 0)

    // Below: the writer's thread alone.
    private var ledger: NodeLedger
    private var replica: Replica
    private var batches = ReceivedQueue()
    private var wake: Monotonic?
    private var commits: UInt64 = 0
    private var writes: UInt64 = 0
    private var problem: StoreError?
    private var lastDue: Monotonic
    private var lastProjection: Monotonic
    /// True once the index follows and the write-ahead log is short.
    private var isTidy = false

    init(
        ledger: NodeLedger,
        replica: Replica,
        queue: WriterQueue,
        delegate: any WriterDelegate,
        clocks: NodeClocks,
        logger: Logger
    ) {
        self.ledger = ledger
        self.replica = replica
        self.queue = queue
        self.delegate = delegate
        self.clocks = clocks
        self.logger = logger
        lastDue = clocks.monotonic()
        lastProjection = lastDue
    }

    func start() {
        let thread = Thread { [self] in run() }
        thread.name = "citysync-writer"
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// Takes no more, finishes what waits, and returns when the thread has ended.
    func stop() {
        queue.put { $0.isStopping = true }
        done.wait()
    }

    // MARK: The thread

    private func run() {
        var isStopping = false
        while !isStopping {
            let jobs = queue.take(waitingMilliseconds: patience())
            isStopping = jobs.isStopping
            if isStopping { tell(.stopping) }
            if let certificates = jobs.certificates { replica.certificates = certificates }
            for input in jobs.inputs { tell(input) }
            if let wake, clocks.monotonic() >= wake {
                self.wake = nil
                tell(.timeout(wallMilliseconds: clocks.wallMilliseconds()))
            }
            transact(jobs.local)
            inspect(jobs.inspections)
            tidy(isIdle: jobs.isEmpty && batches.isEmpty)
        }
        queue.close()
        delegate?.ended()
        done.signal()
    }

    /// How long to wait for work, in milliseconds.
    private func patience() -> Int64 {
        guard batches.isEmpty, problem != nil || !ledger.hasBacklog else { return 0 }
        var rest = isTidy ? Self.restMilliseconds : Self.idleMilliseconds
        if !ledger.held.isEmpty { rest = min(rest, Self.dueMilliseconds) }
        guard let wake else { return rest }
        return max(1, min(wake.milliseconds(since: clocks.monotonic()), rest))
    }

    private func inspect(_ inspections: [@Sendable (WriterView?) -> Void]) {
        guard !inspections.isEmpty else { return }
        let view = WriterView(
            peers: replica.peers,
            clockLatest: ledger.clock.latest,
            commits: commits,
            writes: writes,
            lastPosition: (try? ledger.store.lastPosition()) ?? 0,
            problem: problem
        )
        for inspection in inspections { inspection(view) }
    }

    // MARK: Transactions

    private func transact(_ local: [any LocalWork]) {
        guard problem == nil else {
            for work in local { work.finish(.stopped) }
            batches = ReceivedQueue()
            return
        }
        let wall = clocks.wallMilliseconds()
        let now = clocks.monotonic()
        let isDue =
            ledger.hasBacklog
            || !ledger.held.isEmpty && now.milliseconds(since: lastDue) >= Self.dueMilliseconds
        guard !local.isEmpty || !batches.isEmpty || isDue else { return }
        do throws(StoreError) {
            try ledger.begin()
            for work in local { try work.run(&ledger, wallMilliseconds: wall) }
            let taken = try takeBulk(wall)
            if isDue {
                lastDue = now
                try ledger.releaseDue(wallMilliseconds: wall, limit: Self.releasedRows)
            }
            let committed = try ledger.commit()
            // A look at what is held that moved nothing leaves nothing to tidy up.
            if !local.isEmpty || !taken.isEmpty || !committed.held.isEmpty { isTidy = false }
            commits += 1
            writes += UInt64(local.reduce(0) { $0 + $1.count })
            delegate?.committed(
                committed,
                catalog: committed.agreementChanged ? Catalog(agreement: ledger.agreement) : nil
            )
            if !committed.tips.isEmpty { tell(.appended(committed.tips)) }
            for work in local { work.finish(nil) }
            for (link, batch) in taken { tell(persisted(batch, on: link)) }
            for (author, summary) in committed.held.sorted(by: { $0.key < $1.key }) {
                tell(.heldChanged(author, summary))
            }
        } catch {
            fail(error, local)
        }
    }

    /// Stores received batches until the bulk's time is up; at least one.
    private func takeBulk(_ wall: Int64) throws(StoreError) -> [(LinkID, ReceivedBatch)] {
        var taken: [(LinkID, ReceivedBatch)] = []
        let start = clocks.monotonic()
        while let (link, batch) = batches.next() {
            try ledger.receive(batch, wallMilliseconds: wall)
            taken.append((link, batch))
            if clocks.monotonic().milliseconds(since: start) >= Self.bulkMilliseconds { break }
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

    private func fail(_ error: StoreError, _ local: [any LocalWork]) {
        ledger.store.rollback()
        problem = error
        batches = ReceivedQueue()
        logger.critical("store stopped: \(error.explanation)")
        // Known before any caller has its answer.
        delegate?.storeStopped(error)
        for work in local { work.finish(error) }
        tell(.stopping)
    }

    /// What can wait: the list index follows the log, the write-ahead log is folded back.
    private func tidy(isIdle: Bool) {
        guard problem == nil, !isTidy else { return }
        let now = clocks.monotonic()
        let isLate = now.milliseconds(since: lastProjection) >= Self.projectionMilliseconds
        guard isIdle || isLate else { return }
        do throws(StoreError) {
            lastProjection = now
            if try ledger.store.projectIndexes(limit: Self.projectionRows) { return }
            guard isIdle else { return }
            isTidy = try !ledger.store.checkpointIfIdle()
        } catch {
            fail(error, [])
        }
    }

    // MARK: The replica

    private func tell(_ input: ReplicaInput) {
        replica.handle(input, now: clocks.monotonic())
        while let output = replica.nextOutput() { perform(output) }
    }

    private func perform(_ output: ReplicaOutput) {
        switch output {
        case .send(let link, let message): delegate?.send(message, on: link)
        case .push(let link, let entries):
            let feeds = entries.parts.compactMap { ledger.tip(of: $0.feed)?.identity }
            delegate?.push(entries, of: feeds, on: link)
        case .persist(let link, let batch):
            batches.add(batch, from: link)
        case .read(let link, let deliveryClass, let ranges, let bytesMaximum):
            read(link, deliveryClass, ranges, bytesMaximum)
        case .close(let link, let fault): delegate?.close(link, fault)
        case .wake(let moment): wake = moment
        }
    }

    private func read(
        _ link: LinkID,
        _ deliveryClass: DeliveryClass,
        _ ranges: [FeedRange],
        _ bytesMaximum: Int
    ) {
        guard problem == nil else { return }
        do throws(StoreError) {
            let entries = try ledger.store.entries(
                ranges,
                deliveryClass,
                bytesMaximum: bytesMaximum
            )
            replica.handle(.read(link, entries), now: clocks.monotonic())
        } catch {
            fail(error, [])
        }
    }
}
