extension NodeClient {
    /// Whether the node takes writes.
    package func isReady() async throws -> Bool {
        try await send(try Request("GET", "/readyz")).status == 200
    }

    package func status() async throws -> JSON { try await get("/v1/status") }
    package func peers() async throws -> JSON { try await get("/v1/peers") }

    /// The code of the node's member.
    package func member() async throws -> String {
        try await status()["node"]["member"].string ?? ""
    }

    /// What this node and `member` both may see, compared.
    package func verify(_ member: String) async throws -> JSON {
        try await get("/v1/verify?member=\(member)")
    }

    /// Every version of every item.
    package func items() async throws -> [JSON] {
        try await get("/v1/items?limit=1000")["items"].elements
    }

    package func propose(_ definition: JSON) async throws -> JSON {
        try await succeed(try Request("POST", "/v1/items", definition)).json
    }

    package func approve(item: String, version: Int, digest: String) async throws -> JSON {
        let path = "/v1/items/\(item)/\(version)/approval"
        return try await succeed(try Request("POST", path, ["digest": .string(digest)])).json
    }

    /// Nil once every peer is current and nothing is on its way, either way; else what is.
    package func lackingToBeCaughtUp() async throws -> String? {
        let status = try await status()
        let behind = status["peers"].elements.filter { peer in
            peer["state"].string != "current" || peer["toSend"]["count"].integer != 0
                || peer["toApply"]["count"].integer != 0
        }
        guard !behind.isEmpty else { return nil }
        let own = status["node"]["member"].string ?? "?"
        let texts = behind.map { peer in
            let counts = [peer["toSend"]["count"].integer, peer["toApply"]["count"].integer]
                .map { $0.map(String.init) ?? "?" }
            let reason = peer["reason"]["code"].string ?? "-"
            return "\(peer["member"].string ?? "?") \(peer["state"].string ?? "?")"
                + " to send \(counts[0]) to apply \(counts[1]) \(reason)"
        }
        return "\(own): " + texts.joined(separator: ", ")
    }
}
