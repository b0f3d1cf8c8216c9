import ClusterHarness
import Foundation

/// Few clusters run at once: more would only stand in each other's way on two cores.
actor ClusterSlots {
    static let shared = ClusterSlots(count: 3)

    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(count: Int) { free = count }

    func take() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func give() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}

/// One authority for all clusters of the run whose tests revoke nothing.
enum SharedAuthority {
    private static let task = Task {
        try await CertificateAuthority(
            try Installation.find(),
            trustDomain: "fuzhou-metro.example",
            in: try TemporaryFolder().path
        )
    }

    static func get() async throws -> CertificateAuthority { try await task.value }
}

/// A cluster in one of the few slots, with the shared authority.
func withTestCluster<Result>(
    _ members: [Member] = Member.two,
    started: Bool = true,
    configure: (inout Cluster.Settings) -> Void = { _ in },
    isolation: isolated (any Actor)? = #isolation,
    _ body: (Cluster) async throws -> Result
) async throws -> Result {
    await ClusterSlots.shared.take()
    do {
        var settings = Cluster.Settings(members)
        settings.authority = try await SharedAuthority.get()
        configure(&settings)
        let result = try await withCluster(settings, started: started, body)
        await ClusterSlots.shared.give()
        return result
    } catch {
        await ClusterSlots.shared.give()
        throw error
    }
}
