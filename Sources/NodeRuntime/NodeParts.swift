import AllianceFiles
import AllianceModel
import Logging
import NIOCore
import NIOPosix
import NodeStore
import ReplicationCore
import ReplicationWire
import SecureTransport

/// A node's parts, opened and fitted together, before anything runs.
struct NodeParts {
    static let readers = 4

    let hub: NodeHub
    let writer: NodeWriter
    let reads: NodeReads
    let clocks: NodeClocks
    let logger: Logger
    let rosterDigest: Digest
    let incarnation: Incarnation
    let folder: DataFolder
    let channels: PeerChannels

    init(
        _ configuration: NodeConfiguration,
        roster: Roster,
        group: any EventLoopGroup,
        clocks: NodeClocks,
        logger: Logger
    ) throws(NodeStartError) {
        self.logger = logger
        self.clocks = clocks
        let credentials = try Self.credentials(configuration, roster)
        rosterDigest = RosterCoding.digest(roster, SHA256.function)
        incarnation = Incarnation(rawValue: SecureRandom.word())
        let identity = NodeIdentity(
            configuration: configuration,
            roster: roster,
            rosterDigest: rosterDigest,
            incarnation: incarnation
        )
        let stored: StoredParts
        do {
            stored = try StoredParts(
                configuration.data,
                identity,
                credentials,
                AgreementState(roster: roster, rosterDigest: rosterDigest),
                wallMilliseconds: clocks.wallMilliseconds()
            )
        } catch {
            throw NodeStartError(error)
        }
        folder = stored.folder
        hub = NodeHub(
            member: configuration.member,
            roster: roster,
            peers: PeerTable(
                addresses: Self.addresses(configuration, roster),
                now: clocks.monotonic()
            ),
            credentials: stored.credentials,
            catalogs: stored.catalogs,
            kept: stored.certificates,
            signal: PositionSignal(eventLoop: group.any()),
            clocks: clocks,
            logger: logger
        )
        hub.signal.advance(to: stored.lastPosition)
        reads = NodeReads(
            pool: stored.readers,
            threads: Self.threads(),
            catalog: { [catalogs = stored.catalogs] in catalogs.value },
            member: configuration.member,
            ledger: stored.ledger.settings
        )
        writer = NodeWriter(
            ledger: stored.ledger,
            replica: Replica(
                identity.replicaSettings(credentials, stored.certificates),
                feeds: stored.ledger.tips,
                held: stored.ledger.held,
                hash: SHA256.function
            ),
            queue: hub.queue,
            delegate: hub,
            clocks: clocks,
            logger: logger
        )
        hub.keep(credentials.certificate.der)
        channels = Self.channels(configuration, roster, group, hub)
    }

    private static func channels(
        _ configuration: NodeConfiguration,
        _ roster: Roster,
        _ group: any EventLoopGroup,
        _ hub: NodeHub
    ) -> PeerChannels {
        PeerChannels(
            group: group,
            delegate: hub,
            alliance: roster.alliance,
            limits: WireLimits(frameBytes: configuration.limits.frameBytes),
            hash: SHA256.function,
            logger: hub.logger,
            credentials: { hub.credentials },
            policy: { hub.policy(expecting: $0) },
            clocks: hub.clocks
        )
    }

    private static func threads() -> NIOThreadPool {
        let threads = NIOThreadPool(numberOfThreads: readers)
        threads.start()
        return threads
    }

    static func credentials(
        _ configuration: NodeConfiguration,
        _ roster: Roster
    )
        throws(NodeStartError) -> Credentials
    {
        do {
            return try Credentials.load(
                CredentialFiles(
                    certificate: configuration.peers.certificate,
                    key: configuration.peers.key,
                    authority: configuration.peers.authority,
                    revocations: configuration.peers.revocations
                ),
                trustDomain: roster.trustDomain,
                member: configuration.member
            )
        } catch {
            throw NodeStartError(error.problem, remedy: error.remedy)
        }
    }

    /// Where to dial a member: the configuration's address for it, else the roster's.
    static func address(of peer: RosterMember, _ configuration: NodeConfiguration) -> HostPort? {
        configuration.peers.addresses[peer.code] ?? peer.address.flatMap { HostPort($0) }
    }

    private static func addresses(
        _ configuration: NodeConfiguration,
        _ roster: Roster
    )
        -> [MemberCode: String]
    {
        var addresses: [MemberCode: String] = [:]
        for peer in roster.members where peer.code != configuration.member {
            addresses[peer.code] = address(of: peer, configuration)?.description ?? "no address"
        }
        return addresses
    }
}

/// What comes of the data folder: the store with its writer's side and its readers.
private struct StoredParts {
    let folder: DataFolder
    let catalogs: CatalogCell
    let credentials: CredentialsCell
    let certificates: [KeyCertificate]
    let ledger: NodeLedger
    let readers: ReaderPool
    let lastPosition: LogPosition

    /// `agreement`: that of an empty log.
    init(
        _ path: String,
        _ identity: NodeIdentity,
        _ shown: Credentials,
        _ agreement: AgreementState,
        wallMilliseconds: Int64
    ) throws(StoreError) {
        catalogs = CatalogCell(Catalog(agreement: agreement))
        folder = try DataFolder(path)
        let store = try SQLiteStore(folder, identity.storeSettings(catalogs))
        certificates = try store.certificates()
        credentials = CredentialsCell(shown, certificates)
        ledger = try NodeLedger(
            store: store,
            settings: identity.ledgerSettings(credentials),
            wallMilliseconds: wallMilliseconds
        )
        catalogs.value = Catalog(agreement: ledger.agreement, facts: ledger.facts)
        lastPosition = try store.lastPosition()
        readers = try store.readers(count: NodeParts.readers)
    }
}
