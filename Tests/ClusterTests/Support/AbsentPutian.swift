import AllianceModel
import ClusterHarness
import SecureTransport

/// Fuzhou and Ningde run, with T-NOTICE agreed by their majority; Putian's node does not, and whoever
/// has its certificate may speak in its place.
func withAbsentPutian(
    isolation: isolated (any Actor)? = #isolation,
    _ body: (Cluster, NodeProcess) async throws -> Void
) async throws {
    try await withTestCluster(
        [.fuzhou, Strangers.impersonated, .ningde],
        started: false,
        configure: {
            $0.hasCuttableLinks = false
            $0.agreement = "majority"
        }
    ) { cluster in
        let (node, other) = (cluster.node(.fuzhou), cluster.node(.ningde))
        try await node.start()
        try await other.start()
        _ = try await node.client.propose(TestItems.notice)
        try await waitUntil("Ningde sees the proposal") {
            try await other.client.items().isEmpty == false
        }
        try await other.client.approveAll()
        try await waitUntil("the item is offered") {
            try await node.client.items().first?["state"] == "effective"
        }
        try await body(cluster, node)
    }
}

extension HandmadeNode {
    /// Putian's node in one run of its own.
    init(_ cluster: Cluster, _ random: inout SeededGenerator) async throws {
        let client = cluster.client(.fuzhou)
        let place = cluster.node(Strangers.impersonated).place
        let roster = try await client.status()["alliance"]["roster"].string ?? ""
        let definition = try await client.items().first?["definitionDigest"].string ?? ""
        self.init(
            credentials: try Credentials.load(
                CredentialFiles(
                    certificate: place.certificate,
                    key: place.key,
                    authority: place.authorities,
                    revocations: place.revocations
                ),
                trustDomain: Text(cluster.settings.trustDomain)
            ),
            alliance: cluster.settings.alliance,
            roster: hexadecimal(roster),
            definition: hexadecimal(definition),
            incarnation: random.next() | 1
        )
    }
}

extension Strangers.Stranger {
    static func putian(_ cluster: Cluster) async throws -> Strangers.Stranger {
        Strangers.Stranger(
            name: "Putian",
            credential: try await cluster.authority.credential(of: Strangers.impersonated.code)
        )
    }
}
