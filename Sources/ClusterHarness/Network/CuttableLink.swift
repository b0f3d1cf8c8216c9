import NIOCore
import NIOPosix
import Synchronization

/// A TCP proxy on loopback that can be cut: then connections stay open and no byte passes, as when
/// a cable is pulled.
///
/// What is under way at the cut is kept and passes when the link is healed, as TCP's repetitions
/// would bring it. Connections made meanwhile are taken, and lead nowhere until then.
package final class CuttableLink: Sendable {
    package let port: Int
    private let server: any Channel
    private let state: LinkState

    package init(to target: Int) async throws {
        let state = LinkState()
        self.state = state
        let group = MultiThreadedEventLoopGroup.singleton
        server = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 128)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { near in
                near.eventLoop.makeCompletedFuture {
                    let relay = Relay(near: near, target: target, state: state)
                    try relay.begin()
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = server.localAddress?.port ?? 0
    }

    package func cut() { state.set(isCut: true) }
    package func heal() { state.set(isCut: false) }

    /// Bytes of TCP payload that passed, both ways.
    package var bytesPassed: Int { state.bytesPassed.load(ordering: .relaxed) }

    func close() async {
        // Closing a second time is no fault.
        try? await server.close()
        state.closeAll()
    }
}

/// Whether a link is cut, and the connections over it.
final class LinkState: Sendable {
    private struct State {
        var isCut = false
        var relays: [ObjectIdentifier: Relay] = [:]
    }

    let bytesPassed = Atomic<Int>(0)
    private let state = Mutex(State())

    var isCut: Bool { state.withLock { $0.isCut } }

    func add(_ relay: Relay) {
        state.withLock { $0.relays[ObjectIdentifier(relay)] = relay }
    }

    func remove(_ relay: Relay) {
        state.withLock { _ = $0.relays.removeValue(forKey: ObjectIdentifier(relay)) }
    }

    func set(isCut: Bool) {
        let relays = state.withLock { state in
            state.isCut = isCut
            return Array(state.relays.values)
        }
        for relay in relays { relay.stateChanged() }
    }

    func closeAll() {
        let relays = state.withLock { Array($0.relays.values) }
        for relay in relays { relay.close() }
    }
}
