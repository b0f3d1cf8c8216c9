import Foundation

/// A whole alliance on this machine: real node processes, each with its own folder, certificate and
/// ports, over loopback.
///
/// With cuttable links every address under which one node dials another is a proxy, so that the
/// network between any two cities can be taken away while both run.
package final class Cluster: Sendable {
    package struct Settings: Sendable {
        package var members = Member.five
        package var alliance = "fuzhou-metro"
        package var trustDomain = "fuzhou-metro.example"
        /// `all`, `majority` or a number.
        package var agreement = "all"
        package var hasCuttableLinks = true
        package var logLevel = "info"
        package var logFormat = "text"
        /// Shared between clusters of one trust domain; nil: an own one.
        package var authority: CertificateAuthority?

        package init() {}

        package init(_ members: [Member]) { self.members = members }
    }

    package let settings: Settings
    package let installation: Installation
    package let folder: TemporaryFolder
    package let authority: CertificateAuthority
    /// In the order of the settings' members.
    package let nodes: [NodeProcess]
    package let links: LinkTable

    package var members: [Member] { settings.members }
    package var clients: [NodeClient] { nodes.map(\.client) }

    /// Makes certificates, configurations and links; starts no node.
    package init(_ settings: Settings = Settings()) async throws {
        self.settings = settings
        installation = try Installation.find()
        folder = try TemporaryFolder()
        links = LinkTable()
        if let shared = settings.authority {
            authority = shared
        } else {
            authority = try await CertificateAuthority(
                installation,
                trustDomain: settings.trustDomain,
                in: "\(folder)/authority"
            )
        }
        let (path, installation) = (folder.path, installation)
        let places = settings.members.map { NodePlace($0, in: path) }
        nodes = places.map { NodeProcess($0, installation) }
        if settings.hasCuttableLinks { try await links.open(between: places) }
        try await Cluster.writeFiles(
            ClusterFiles(settings: settings, folder: folder.path, places: places, links: links),
            authority
        )
    }

    /// The node of a member of this cluster.
    package func node(_ member: Member) -> NodeProcess {
        guard let node = nodes.first(where: { $0.member == member }) else {
            preconditionFailure("\(member.code) is not in this cluster")
        }
        return node
    }

    package func client(_ member: Member) -> NodeClient { node(member).client }

    /// Starts every node and waits until all take writes.
    package func start() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for node in nodes { group.addTask { try await node.start() } }
            try await group.waitForAll()
        }
    }

    /// Kills what runs, closes the links and removes the files.
    package func end() async {
        for node in nodes { await node.kill() }
        await links.close()
        folder.remove()
    }
}

/// Makes a cluster, starts it, and ends it whatever `body` does.
package func withCluster<Result>(
    _ settings: Cluster.Settings = Cluster.Settings(),
    started: Bool = true,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (Cluster) async throws -> Result
) async throws -> Result {
    let cluster = try await Cluster(settings)
    do {
        if started { try await cluster.start() }
        let result = try await body(cluster)
        await cluster.end()
        return result
    } catch {
        await cluster.end()
        throw error
    }
}
