import AllianceModel
import NodeStore
import ReplicationCore
import ReplicationWire

/// One node: its disk, its clock, and while it runs the very engine of a real one.
final class SimulatedNode {
    /// Numbers that a node draws; one stream, whoever asks.
    ///
    /// Sendable: a simulation runs in one thread.
    final class Source: @unchecked Sendable {
        var random: SeededRandom
        init(_ random: SeededRandom) { self.random = random }
    }

    /// What is agreed and said, for the list index.
    ///
    /// Sendable: a simulation runs in one thread.
    final class Catalog: @unchecked Sendable {
        var agreement: AgreementState
        var facts = RecordFacts.none
        init(_ agreement: AgreementState) { self.agreement = agreement }
    }

    let index: Int
    let member: MemberCode
    let roster: Roster
    let rosterDigest: Digest
    let source: Source
    var disk: SimulatedDisk
    var clock: NodeClock

    /// Nil while the node does not run.
    var engine: NodeEngine<SQLiteStore>?
    private(set) var catalog: Catalog
    /// Counts the starts: what was meant for an earlier process is void.
    var process = 0
    private(set) var incarnation = Incarnation(rawValue: 0)
    /// Local work that waits for the next transaction.
    var work: [ClientWork] = []
    /// Lies that wait for the next transaction.
    var forged: [ForgedWork] = []
    /// When the engine is looked after next.
    var attention: Int64?
    /// Outputs until it crashes in the middle of them; nil: it does not.
    var outputsUntilCrash: Int?
    /// Whether the crash ahead takes what is not synced.
    var crashCutsPower = false
    var dials: [Int: Dial] = [:]
    /// Copies of the disk at earlier moments, the latest last.
    var backups: [Backup] = []
    /// A bit of the disk was inverted: whoever starts the node has it look at everything first.
    var isSuspect = false
    /// Sizes of feeds as last seen durable, for while the node is down.
    var lastSizes: [Digest: UInt64] = [:]
    /// The greatest size of each feed that the node said to any peer to be durable.
    var said: [Digest: UInt64] = [:]
    /// Up to where own feeds were looked through for what was acknowledged.
    var indexed: [Digest: UInt64] = [:]
    /// A copy that runs beside the member's node and is switched off in the end.
    let isClone: Bool
    /// Which secret its store has, as a number of ours: an empty disk gets another one, a backup
    /// brings its own.
    var secret: UInt64 = 0
    /// How much longer what it sends takes, as a factor.
    var slowness: Int64 = 1

    struct Backup {
        let image: SimulatedDisk.Image
        let sizes: [Digest: UInt64]
        /// Nil: the next start makes one.
        let secret: UInt64?

        /// An empty disk.
        static var none: Backup {
            Backup(image: SimulatedDisk().image(), sizes: [:], secret: nil)
        }
    }

    /// How the next session with a peer comes about.
    struct Dial {
        var schedule = DialSchedule()
        /// When it is dialled; nil while a session stands or an attempt is under way.
        var next: Int64?
    }

    init(
        index: Int,
        roster: Roster,
        member: MemberCode,
        random: SeededRandom,
        disk: SimulatedDisk,
        isClone: Bool = false
    ) {
        self.index = index
        self.isClone = isClone
        self.member = member
        self.roster = roster
        self.disk = disk
        rosterDigest = RosterCoding.digest(roster, Hashing.sha256)
        var random = random
        clock = NodeClock(skewMilliseconds: random.between(-400, 400))
        source = Source(random)
        catalog = Catalog(AgreementState(roster: roster, rosterDigest: rosterDigest))
    }

    var isUp: Bool { engine != nil }

    /// Sizes of its feeds, as they are durable.
    var sizes: [Digest: UInt64] {
        // What a commit that failed would have made stands in the engine's memory only.
        guard let engine, engine.problem == nil, !disk.isCut else { return lastSizes }
        var sizes: [Digest: UInt64] = [:]
        for tip in engine.ledger.tips { sizes[tip.digest] = tip.size }
        return sizes
    }

    /// The process that runs writes under another incarnation.
    func goesOn(as incarnation: Incarnation) { self.incarnation = incarnation }

    /// Opens the store and starts a process, under a new incarnation if none is given.
    func start(at now: Int64, as given: Incarnation? = nil) throws(StoreError) {
        process += 1
        incarnation = given ?? Incarnation(rawValue: source.random.next())
        indexed = [:]
        let catalog = Catalog(AgreementState(roster: roster, rosterDigest: rosterDigest))
        let store = try SQLiteStore(DataFolder(disk.path, on: disk), storeSettings(catalog))
        let ledger = try Ledger(
            store: store,
            settings: ledgerSettings,
            wallMilliseconds: clock.wallMilliseconds(now)
        )
        // An operator who has seen damage has everything looked at first.
        if isSuspect, let first = try ledger.verify().first {
            throw .damaged(path: disk.path, reason: first)
        }
        catalog.agreement = ledger.agreement
        catalog.facts = ledger.facts
        self.catalog = catalog
        let replica = Replica(
            replicaSettings,
            feeds: ledger.tips,
            held: ledger.held,
            hash: Hashing.sha256
        )
        engine = NodeEngine(ledger: ledger, replica: replica, now: clock.monotonic(now))
    }

    func say(_ feed: Digest, _ size: UInt64) { said[feed] = max(said[feed] ?? 0, size) }

    /// Nothing of the process is left; what is on the disk stays as it is.
    func drop() {
        if engine?.problem == nil, !disk.isCut { lastSizes = sizes }
        engine = nil
        work = []
        forged = []
        attention = nil
        outputsUntilCrash = nil
        dials = [:]
    }

    // MARK: Settings

    private func storeSettings(_ catalog: Catalog) -> StoreSettings {
        let source = source
        return StoreSettings(
            hash: Hashing.sha256,
            random: { source.random.bytes($0) },
            terms: { stored, reader throws(StoreError) in
                let folding = RecordFolding(
                    reader: reader,
                    agreement: catalog.agreement,
                    facts: catalog.facts
                )
                let (state, definition) = try folding.state(of: stored)
                let view = RecordView(state, definition)
                return IndexTerms(
                    item: view.state.header.item,
                    home: view.state.header.home,
                    stage: view.stage,
                    holder: view.holder,
                    subject: view.subject,
                    updated: view.state.updated.milliseconds
                )
            }
        )
    }

    private var ledgerSettings: LedgerSettings {
        let source = source
        let member = member
        return LedgerSettings(
            member: member,
            incarnation: incarnation,
            roster: roster,
            rosterDigest: rosterDigest,
            clockBoundMilliseconds: HybridClock.boundMillisecondsDefault,
            hash: Hashing.sha256,
            authenticate: { message, key in Hashing.digest(key + message) },
            random: { source.random.bytes($0) },
            sign: { (Keys.digest(of: member), Keys.sign($0, for: member)) },
            isSigned: { message, member, key, signature in
                key == Keys.digest(of: member)
                    && Keys.isGenuine(signature, of: message, by: member)
            }
        )
    }

    private var replicaSettings: ReplicaSettings {
        var settings = ReplicaSettings(
            member: member,
            incarnation: incarnation,
            roster: roster,
            firstRoster: rosterDigest,
            presentRoster: rosterDigest,
            software: "simulation"
        )
        settings.versions = WireVersion.supported
        settings.features = WireVersion.features
        return settings
    }
}
