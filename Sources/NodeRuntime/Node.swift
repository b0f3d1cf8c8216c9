package import AllianceFiles
package import AllianceModel
import Foundation
package import Logging
package import NIOCore
import NIOPosix
import NodeStore
import ReplicationCore
import ReplicationWire
import SecureTransport
import ServiceLifecycle
import Synchronization

/// A city's node: the store's one writer, links to every other member, readers for the API.
///
/// `start` opens everything or throws a `NodeStartError` and leaves nothing behind; `run` serves
/// until a graceful shutdown is asked for, then drains. `reload` takes certificates and revocation
/// lists up anew.
package final class Node: Sendable {
    let configuration: NodeConfiguration
    let hub: NodeHub
    let writer: NodeWriter
    let reads: NodeReads
    let clocks: NodeClocks
    let logger: Logger
    let rosterDigest: Digest
    let incarnation: Incarnation
    let startedAt: Monotonic
    let comparisons: Comparisons
    let backups = BackupQueue()
    private let folder: DataFolder
    private let channels: PeerChannels
    private let listener: any Channel

    /// Opens credentials, store and listener, in this order, so that what a person got wrong is
    /// said before anything durable is touched.
    package static func start(
        _ configuration: NodeConfiguration,
        roster: Roster,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        comparison: ComparisonSettings = .standard,
        clocks: NodeClocks = NodeClocks(),
        logger: Logger
    ) async throws(NodeStartError) -> Node {
        let parts = try NodeParts(
            configuration,
            roster: roster,
            group: group,
            clocks: clocks,
            logger: logger
        )
        let listener: any Channel
        do {
            listener = try await parts.channels.listen(on: configuration.peers.listen)
        } catch {
            throw NodeStartError(
                "peers.listen: cannot listen on \(configuration.peers.listen): \(error)",
                remedy: "free the address or choose another"
            )
        }
        return Node(configuration, parts, listener, comparison)
    }

    private init(
        _ configuration: NodeConfiguration,
        _ parts: NodeParts,
        _ listener: any Channel,
        _ comparison: ComparisonSettings
    ) {
        self.configuration = configuration
        self.listener = listener
        hub = parts.hub
        writer = parts.writer
        reads = parts.reads
        clocks = parts.clocks
        logger = parts.logger
        rosterDigest = parts.rosterDigest
        incarnation = parts.incarnation
        folder = parts.folder
        channels = parts.channels
        comparisons = Comparisons(comparison)
        startedAt = parts.clocks.monotonic()
        hub.checks.setAnswerer { [weak self] check, link in
            await self?.answer(check, on: link)
        }
        writer.start()
        if hub.credentials.notAfterUnixSeconds * 1_000 <= clocks.wallMilliseconds() {
            logger.critical("the node's certificate has expired; issue a new one and send SIGHUP")
        }
    }

    /// True once the store has failed: the process is to end with an error.
    package var hasFailed: Bool { hub.problem != nil }

    /// Reads certificates, keys and revocation lists anew.
    ///
    /// Sessions whose peers are refused now end; all others go on. Throws and changes nothing if
    /// the files are not in order.
    package func reload() async throws(NodeStartError) {
        let credentials = try NodeParts.credentials(configuration, hub.roster)
        let certificates: [KeyCertificate]
        do {
            certificates = try await reads.read { reader, _ throws(StoreError) in
                try reader.certificates()
            }
        } catch {
            throw NodeStartError(error.explanation, remedy: "look at the log, restart the node")
        }
        hub.keep(credentials.certificate.der)
        let shown = NodeIdentity.certificates(credentials, certificates, of: member)
        hub.queue.put { $0.certificates = shown }
        let refused = hub.replace(credentials, certificates: certificates)
        logger.notice("certificates reloaded; sessions ended by it: \(refused)")
    }
}

extension Node: Service {
    /// Serves until a graceful shutdown; then says farewell to the peers, finishes what waits, and
    /// closes the store.
    package func run() async throws {
        let place = listener.localAddress?.description ?? configuration.peers.listen.description
        logger.notice("node \(hub.member) of \(hub.roster.alliance) listens for peers on \(place)")
        await withTaskGroup(of: Void.self) { group in
            for dialer in dialers() { group.addTask { await dialer.run() } }
            group.addTask { await self.compareInBackground() }
            try? await gracefulShutdown()
            logger.notice("stopping: no more connections, finishing what waits")
            try? await listener.close()
            comparisons.end()
            group.cancelAll()
            // Its farewell closes the links, which lets the dialers go.
            await withCheckedContinuation { continuation in
                Thread.detachNewThread { [writer] in
                    writer.stop()
                    continuation.resume()
                }
            }
            hub.signal.release()
        }
        await reads.stop()
        folder.unlock()
        logger.notice("stopped")
    }

    private func dialers() -> [PeerDialer] {
        hub.roster.members.filter { $0.code != hub.member }.compactMap { peer in
            guard let address = NodeParts.address(of: peer, configuration) else { return nil }
            return PeerDialer(
                member: peer.code,
                address: address,
                channels: channels,
                hub: hub,
                clocks: clocks,
                logger: logger
            )
        }
    }
}
