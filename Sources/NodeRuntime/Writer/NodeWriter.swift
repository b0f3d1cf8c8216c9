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
    private static let projectionRows = 1_000
    /// Under load the list index still follows, this much later.
    private static let projectionMilliseconds: Int64 = 250

    private let queue: WriterQueue
    private weak let delegate: (any WriterDelegate)?
    private let logger: Logger
    private let clocks: NodeClocks
    private let done = DispatchSemaphore(value: 0)

    // Below: the writer's thread alone.
    private var engine: NodeEngine<SQLiteStore>
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
        self.queue = queue
        self.delegate = delegate
        self.clocks = clocks
        self.logger = logger
        lastProjection = clocks.monotonic()
        engine = NodeEngine(ledger: ledger, replica: replica, now: lastProjection)
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
            if isStopping { engine.handle(.stopping, now: clocks.monotonic()) }
            if let certificates = jobs.certificates { engine.show(certificates: certificates) }
            for input in jobs.inputs {
                engine.handle(input, now: clocks.monotonic())
                perform()
            }
            engine.tick(now: clocks.monotonic(), wallMilliseconds: clocks.wallMilliseconds())
            perform()
            let isChanged = engine.transact(
                jobs.local,
                bulkMilliseconds: Self.bulkMilliseconds,
                wallMilliseconds: clocks.wallMilliseconds(),
                now: clocks.monotonic
            )
            // A look at what is held that moved nothing leaves nothing to tidy up.
            if isChanged { isTidy = false }
            perform()
            inspect(jobs.inspections)
            tidy(isIdle: jobs.isEmpty && !engine.hasBacklog)
        }
        queue.close()
        delegate?.ended()
        done.signal()
    }

    /// How long to wait for work, in milliseconds.
    private func patience() -> Int64 {
        guard !engine.hasBacklog else { return 0 }
        var rest = isTidy ? Self.restMilliseconds : Self.idleMilliseconds
        if engine.needsUpkeep(wallMilliseconds: clocks.wallMilliseconds()) {
            rest = min(rest, NodeEngine<SQLiteStore>.dueMilliseconds)
        }
        guard let wake = engine.wake else { return rest }
        return max(1, min(wake.milliseconds(since: clocks.monotonic()), rest))
    }

    private func inspect(_ inspections: [@Sendable (WriterView?) -> Void]) {
        guard !inspections.isEmpty else { return }
        let view = WriterView(
            peers: engine.replica.peers,
            clockLatest: engine.ledger.clock.latest,
            commits: engine.commits,
            writes: engine.writes,
            problem: engine.problem
        )
        for inspection in inspections { inspection(view) }
    }

    /// What can wait: the list index follows the log, the write-ahead log is folded back.
    private func tidy(isIdle: Bool) {
        guard engine.problem == nil, !isTidy else { return }
        let now = clocks.monotonic()
        let isLate = now.milliseconds(since: lastProjection) >= Self.projectionMilliseconds
        guard isIdle || isLate else { return }
        let store = engine.ledger.store
        do throws(StoreError) {
            lastProjection = now
            if try store.projectIndexes(limit: Self.projectionRows) { return }
            guard isIdle else { return }
            isTidy = try !store.checkpointIfIdle()
        } catch {
            engine.stop(error, now)
            perform()
        }
    }

    // MARK: Outputs

    private func say(_ incarnation: Incarnation, _ reason: RenewalReason) {
        switch reason {
        case .clone:
            logger.critical(
                """
                a peer holds what this node never wrote: another process runs as this member; \
                going on as incarnation \(incarnation). Find the other one and stop it
                """
            )
        case .clock:
            logger.warning(
                """
                this node's clock was set back behind what it wrote; most clocks agree with it \
                now: going on as incarnation \(incarnation)
                """
            )
        }
    }

    private func perform() {
        while let output = engine.nextOutput() {
            switch output {
            case .committed(let committed):
                delegate?.committed(
                    committed,
                    catalog: committed.agreementChanged || committed.factsChanged
                        ? Catalog(agreement: engine.ledger.agreement, facts: engine.ledger.facts)
                        : nil
                )
            case .send(let link, let message): delegate?.send(message, on: link)
            case .push(let link, let entries, feeds: let feeds):
                delegate?.push(entries, of: feeds, on: link)
            case .close(let link, let fault): delegate?.close(link, fault)
            case .answer(let work, let error): work.finish(error)
            case .renewed(let incarnation, let reason): say(incarnation, reason)
            case .stopped(let error):
                logger.critical("store stopped: \(error.explanation)")
                delegate?.storeStopped(error)
            }
        }
    }
}
