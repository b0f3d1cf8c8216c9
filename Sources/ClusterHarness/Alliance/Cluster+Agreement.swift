import Foundation

extension Cluster {
    /// Every peer of every node is current, with nothing on its way.
    package func waitUntilCaughtUp(within limit: Duration = .seconds(60)) async throws {
        try await ClusterHarness.waitUntilCaughtUp(clients, within: limit)
    }

    /// The first member proposes what the files hold, every other one approves it, and all offer it.
    ///
    /// Item files are read by `citysync`, as an operator would have them.
    package func agree(files: [String], within limit: Duration = .seconds(60)) async throws {
        for file in files {
            try await nodes[0].propose(file: file)
        }
        try await approveEverything(from: nodes[0], within: limit)
    }

    /// The same for definitions as JSON, which the API takes as they are.
    package func agree(_ definitions: [JSON], within limit: Duration = .seconds(60)) async throws {
        for definition in definitions { _ = try await nodes[0].client.propose(definition) }
        try await approveEverything(from: nodes[0], within: limit)
    }

    private func approveEverything(
        from proposer: NodeProcess,
        within limit: Duration
    ) async throws {
        let count = try await proposer.client.items().count
        for node in nodes {
            try await waitUntil("\(node.member.english) sees \(count) items", within: limit) {
                let seen = try await node.client.items().count
                return seen >= count ? nil : "it sees \(seen)"
            }
            if node !== proposer { try await node.client.approveAll() }
        }
        for node in nodes {
            try await waitUntil("\(node.member.english) offers \(count) items", within: limit) {
                let states = try await node.client.items().map { $0["state"].string ?? "?" }
                let effective = states.count { $0 == "effective" }
                return effective >= count ? nil : "it offers \(effective)"
            }
        }
    }
}

extension NodeProcess {
    package func propose(file: String) async throws {
        let outcome = try await citysync(["items", "propose", file])
        guard outcome.succeeded else {
            throw Command.Failure(command: "citysync items propose \(file)", outcome: outcome)
        }
    }
}

extension NodeClient {
    /// Approves every proposal that is not agreed yet.
    package func approveAll() async throws {
        for item in try await items() where item["state"].string == "proposed" {
            guard let code = item["item"].string, let version = item["version"].integer else {
                continue
            }
            for proposal in item["proposals"].elements {
                let digest = proposal["digest"].string ?? ""
                _ = try await approve(item: code, version: version, digest: digest)
            }
        }
    }
}

/// Every peer of every node asked is current, with nothing on its way.
package func waitUntilCaughtUp(
    _ clients: [NodeClient],
    within limit: Duration = .seconds(60)
) async throws {
    try await waitUntil("everything has arrived everywhere", within: limit) {
        for client in clients {
            if let lacking = try await client.lackingToBeCaughtUp() { return lacking }
        }
        return nil
    }
}
