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
        logger: Logger
    ) throws(NodeStartError) {
        self.logger = logger
        clocks = NodeClocks()
        let credentials = try Self.credentials(configuration, roster)
        rosterDigest = RosterCoding.digest(roster, SHA256.function)
        incarnation = Incarnation(rawValue: SecureRandom.word())
        let identity = NodeIdentity(
            configuration: configuration,
            roster: roster,
            rosterDigest: rosterDigest,
            incarnation: incarnation
        )
        do throws(StoreError) {
            let wall = clocks.wallMilliseconds()
            let catalogs = CatalogCell(
                Catalog(agreement: AgreementState(roster: roster, rosterDigest: rosterDigest))
            )
            folder = try DataFolder(configuration.data)
            let store = try SQLiteStore(folder, identity.storeSettings(catalogs))
            let certificates = try store.certificates()
            let cell = CredentialsCell(credentials, certificates)
            let ledger = try NodeLedger(
                store: store,
                settings: identity.ledgerSettings(cell),
                wallMilliseconds: wall
            )
            catalogs.value = Catalog(agreement: ledger.agreement)
            hub = NodeHub(
                member: configuration.member,
                roster: roster,
                peers: PeerTable(
                    addresses: Self.addresses(configuration, roster),
                    wallMilliseconds: wall
                ),
                credentials: cell,
                catalogs: catalogs,
                kept: certificates,
                signal: PositionSignal(eventLoop: group.any()),
                clocks: clocks,
                logger: logger
            )
            hub.signal.advance(to: try store.lastPosition())
            reads = NodeReads(
                pool: try store.readers(count: Self.readers),
                threads: Self.threads(),
                catalog: { catalogs.value }
            )
            writer = NodeWriter(
                ledger: ledger,
                replica: Replica(
                    identity.replicaSettings(credentials, certificates),
                    feeds: ledger.tips,
                    held: ledger.held,
                    hash: SHA256.function
                ),
                queue: hub.queue,
                delegate: hub,
                clocks: clocks,
                logger: logger
            )
        } catch {
            throw NodeStartError(error)
        }
        hub.keep(credentials.certificate.der)
        channels = PeerChannels(
            group: group,
            delegate: hub,
            alliance: roster.alliance,
            limits: WireLimits(frameBytes: configuration.limits.frameBytes),
            hash: SHA256.function,
            logger: logger,
            credentials: { [hub] in hub.credentials },
            policy: { [hub] in hub.policy(expecting: $0) },
            clocks: clocks
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
