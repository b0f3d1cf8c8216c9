import AllianceFiles
import AllianceModel
import Foundation
import NIOCore
import NIOPosix

/// What can be reached from here.
enum NetworkChecks {
    private static let connectTimeout = TimeAmount.seconds(3)

    // MARK: Peers

    /// Whether something listens at each peer's address; all are tried at once.
    static func peers(
        _ configuration: NodeConfiguration,
        _ roster: Roster
    ) async -> [Diagnosis] {
        let peers = roster.members.filter { $0.code != configuration.member }
        return await withTaskGroup(of: (Int, Diagnosis).self) { group in
            for (index, peer) in peers.enumerated() {
                let address =
                    configuration.peers.addresses[peer.code]
                    ?? peer.address.flatMap { HostPort($0) }
                group.addTask { (index, await check(peer.code, at: address)) }
            }
            var found: [(Int, Diagnosis)] = []
            for await result in group { found.append(result) }
            return found.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private static func check(_ code: MemberCode, at address: HostPort?) async -> Diagnosis {
        let check = "peer \(code)"
        guard let address else {
            return .warn(
                check,
                "no address: it has to dial this node",
                "add it to alliance.yaml or peers.addresses"
            )
        }
        let began = ContinuousClock.now
        do {
            let channel = try await ClientBootstrap(group: NIOSingletons.posixEventLoopGroup)
                .connectTimeout(connectTimeout)
                .connect(host: address.host, port: address.port).get()
            let taken = ContinuousClock.now - began
            try? await channel.close()
            let milliseconds = Int((taken / .milliseconds(1)).rounded())
            return .ok(check, "\(address) takes connections (\(milliseconds)ms)")
        } catch {
            let reason =
                NodeClient.reasonNotConnected(error)?.text ?? Escaping.shown("\(error)")
            return .warn(
                check,
                "\(address): \(reason)",
                "see that its node runs, and the firewalls between"
            )
        }
    }

    // MARK: Own addresses

    /// Whether a node that is down could listen where it is told to.
    static func listening(_ configuration: NodeConfiguration) async -> [Diagnosis] {
        var found: [Diagnosis] = []
        for (check, address) in [
            ("peers.listen", configuration.peers.listen), ("api.listen", configuration.api.listen),
        ] {
            do {
                let channel = try await ServerBootstrap(group: NIOSingletons.posixEventLoopGroup)
                    .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                    .bind(host: address.host, port: address.port).get()
                try? await channel.close()
                found.append(.ok(check, "\(address) is free"))
            } catch {
                let reason = (error as? IOError).map { SystemError.text($0.errnoCode) }
                found.append(
                    .fail(
                        check,
                        "\(address): \(reason ?? Escaping.shown("\(error)"))",
                        "end what listens there, or choose another address"
                    )
                )
            }
        }
        return found
    }
}
