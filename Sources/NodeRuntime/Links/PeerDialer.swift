import AllianceFiles
import AllianceModel
import Glibc
import Logging
import NIOCore
import NIOPosix
import ReplicationCore
import SecureTransport
import Synchronization

/// Keeps trying to have a session with one peer: dials while there is none, with exponential backoff
/// and jitter, and rests while there is one, whoever dialled it.
struct PeerDialer: Sendable {
    let member: MemberCode
    let address: HostPort
    let channels: PeerChannels
    let hub: NodeHub
    let clocks: NodeClocks
    let logger: Logger

    /// Runs until the task is cancelled.
    func run() async {
        var schedule = DialSchedule()
        while !Task.isCancelled {
            await hub.peers.disconnection(of: member)
            guard !Task.isCancelled else { return }
            let hadSession = await attempt()
            var reachedHeads = false
            if hadSession { reachedHeads = await hub.reachedHeads(member) }
            let delay = schedule.ended(
                reachedHeads: reachedHeads,
                fault: hadSession ? hub.peers.snapshot.peers[member]?.fault : nil,
                random: UInt64.random(in: 0...UInt64.max)
            )
            let next = clocks.monotonic().advanced(byMilliseconds: delay)
            hub.peers.update(member) { $0.nextDial = $0.links.isEmpty ? next : nil }
            try? await Task.sleep(for: .milliseconds(delay))
        }
    }

    /// Dials once; true if a session came of it, which has ended when this returns.
    private func attempt() async -> Bool {
        hub.peers.update(member) { $0.nextDial = nil }
        // Before the dial: the handshake may be over before this task runs again.
        let before = hub.peers.snapshot.peers[member]?.sessions ?? 0
        let channel: any Channel
        do {
            channel = try await channels.dial(member, at: address)
        } catch {
            let problem = Self.problem(error, at: address)
            hub.peers.update(member) { peer in
                if peer.links.isEmpty { peer.problem = problem }
            }
            logger.debug("cannot reach \(member): \(problem.code) \(problem.detail)")
            return false
        }
        await withTaskCancellationHandler {
            try? await channel.closeFuture.get()
        } onCancel: {
            channel.close(promise: nil)
        }
        await hub.peers.disconnection(of: member)
        return (hub.peers.snapshot.peers[member]?.sessions ?? 0) > before
    }

    private static func problem(_ error: any Error, at address: HostPort) -> PeerTable.Problem {
        let code: String
        switch error {
        case let error as NIOConnectionError:
            if error.connectionErrors.isEmpty {
                code = "name_unknown"
            } else {
                code =
                    error.connectionErrors.contains { Self.isTimeout($0.error) }
                    ? "connect_timeout" : "connect_refused"
            }
        case let error as ChannelError where error.isConnectTimeout: code = "connect_timeout"
        case let error as IOError where error.errnoCode == ECONNREFUSED: code = "connect_refused"
        case let error as IOError where error.errnoCode == ETIMEDOUT: code = "connect_timeout"
        default: code = "connect_failed"
        }
        return PeerTable.Problem(code: code, detail: address.description, isRefusal: false)
    }

    private static func isTimeout(_ error: any Error) -> Bool {
        if let error = error as? ChannelError { return error.isConnectTimeout }
        return (error as? IOError)?.errnoCode == ETIMEDOUT
    }
}

extension ChannelError {
    var isConnectTimeout: Bool {
        if case .connectTimeout = self { true } else { false }
    }
}
