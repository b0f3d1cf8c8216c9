import ClusterHarness
import Foundation
import Testing

/// Whom a node refuses, in both directions, beside a peer that it keeps.
@Suite(.tags(.slow))
struct RefusalTests {
    private let members: [Member] = [.fuzhou, Strangers.impersonated, .ningde]

    /// Fuzhou and Ningde run; the strangers take Putian's place.
    private func withStrangers(
        _ body: (Cluster, NodeProcess, Strangers) async throws -> Void
    ) async throws {
        try await withTestCluster(
            members,
            started: false,
            configure: {
                $0.authority = nil
                $0.hasCuttableLinks = false
            }
        ) { cluster in
            let other = try await CertificateAuthority(
                cluster.installation,
                trustDomain: cluster.settings.trustDomain,
                in: "\(cluster.folder)/other"
            )
            let strangers = try await Strangers(cluster.authority, other: other)
            for node in cluster.nodes {
                try await cluster.authority.writeRevocations(to: node.place.revocations)
            }
            try await cluster.node(.ningde).start()
            try await body(cluster, cluster.node(.fuzhou), strangers)
        }
    }

    private func peer(_ member: Member, at node: NodeProcess) async throws -> JSON {
        try await node.client.peers()["peers"].elements
            .first { $0["member"].string == member.code } ?? .null
    }

    private func refusals(_ reason: String, at node: NodeProcess) async throws -> Int {
        try await node.client.peers()["refusals"].elements
            .first { $0["reason"].string == reason }?["count"].integer ?? 0
    }

    @Test func `who calls with wrong credentials is refused, and gets no byte`() async throws {
        try await withStrangers { _, node, strangers in
            try await node.start()
            let port = node.place.peerPort
            for stranger in strangers.all {
                guard let reason = stranger.reasonAsClient else { continue }
                // One who claims a member's name is shown at that member, every other is counted.
                let before = try await refusals(reason, at: node)
                let start = ContinuousClock.now
                let outcome = try await stranger.call(port: port)
                #expect(ContinuousClock.now - start < .seconds(5), "\(stranger)")
                #expect(outcome.output == [], "\(stranger) was sent \(outcome.output.count) bytes")
                try await waitUntil("\(stranger) is shown as \(reason)") {
                    let count = try await refusals(reason, at: node)
                    return count > before ? nil : "\(try await node.client.peers()["refusals"])"
                }
                #expect(node.log().contains("connection refused: \(reason)"), "\(stranger)")
            }
            // The same call with good credentials is answered, with Hello.
            let good = try await strangers.good.call(port: port, seconds: 2)
            #expect(good.output.count > 100)
            #expect(try await peer(.ningde, at: node)["state"] == "current")
            #expect(try await node.client.isReady())
        }
    }

    @Test func `a node that calls and finds wrong credentials sends no byte`() async throws {
        try await withStrangers { cluster, node, strangers in
            let port = cluster.node(Strangers.impersonated).place.peerPort
            for stranger in strangers.all {
                guard let reason = stranger.reasonAsServer else { continue }
                let served = try await stranger.serve(port: port, authority: cluster.authority) {
                    // Started anew for each: no backoff is left from the one before.
                    try await node.start()
                    try await waitUntil("\(stranger) is shown as \(reason)") {
                        let row = try await peer(Strangers.impersonated, at: node)
                        let isShown = row["reason"]["code"].string == reason
                        return isShown && row["state"] == "refused" ? nil : "\(row)"
                    }
                }
                #expect(served.received == [], "\(stranger) got \(served.received.count) bytes")
                #expect(node.log().contains("connection refused: \(reason)"), "\(stranger)")
                if let words = stranger.wordsAsServer {
                    #expect(served.said.contains(words), "\(stranger): \(served.said)")
                }
                #expect(try await node.client.isReady())
                await node.stop()
            }
            let served = try await strangers.good.serve(port: port, authority: cluster.authority) {
                try await node.start()
                try await waitUntil("the good one is accepted") {
                    let row = try await peer(Strangers.impersonated, at: node)
                    return row["certificateDays"].isNull ? "\(row)" : nil
                }
                try await waitUntil("Ningde is current") {
                    try await peer(.ningde, at: node)["state"] == "current"
                }
            }
            #expect(served.received.count > 100)
        }
    }

    @Test func `with a revocation list past its time no session is taken up, either way`()
        async throws
    {
        try await withTestCluster(
            started: false,
            configure: {
                $0.authority = nil
                $0.hasCuttableLinks = false
            }
        ) { cluster in
            let node = cluster.node(.fuzhou)
            try await cluster.authority.writeRevocations(
                to: node.place.revocations,
                options: [
                    "--last-update", "2026-01-01T00:00:00Z", "--next-update",
                    "2026-02-01T00:00:00Z",
                ]
            )
            try await cluster.start()
            try await waitUntil("Fuzhou refuses") {
                let row = try await peer(.putian, at: node)
                return row["reason"]["code"] == "crl_expired" ? nil : "\(row["reason"])"
            }
            #expect(try await peer(.putian, at: node)["state"] == "refused")
            #expect(try await node.client.status()["health"]["state"] == "critical")
            let good = Strangers.Stranger(
                name: "good",
                credential: try await cluster.authority.credential(of: Member.putian.code)
            )
            #expect(try await good.call(port: node.place.peerPort).output == [])
            // A new list is taken up on SIGHUP, and the cities meet.
            try await cluster.authority.writeRevocations(to: node.place.revocations)
            node.reload()
            try await cluster.waitUntilCaughtUp(within: .seconds(60))
        }
    }

    @Test func `garbage over a good session closes it, stores nothing, and the node serves on`()
        async throws
    {
        try await withStrangers { cluster, node, strangers in
            try await node.start()
            var random = SeededGenerator(seed: SeededGenerator.seed(for: "garbage"))
            func noise(_ count: Int) -> [UInt8] {
                (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            }
            func frame(_ body: [UInt8]) -> [UInt8] {
                withUnsafeBytes(of: UInt32(body.count).bigEndian) { [UInt8]($0) } + body
            }
            let position = try await node.client.changes(after: nil)["cursor"]
            let cases: [(String, [UInt8])] = [
                ("noise", [0xff] + noise(70_000)),
                ("a frame of noise", frame([0xff] + noise(300))),
                ("a frame without content", frame([])),
                ("a length over the limit", [0xff, 0xff, 0xff, 0xff] + noise(100)),
                ("a length just over the limit", [0x00, 0x80, 0x00, 0x01] + noise(100)),
                ("HTTP", [UInt8]("GET / HTTP/1.1\r\nHost: fuzhou\r\n\r\n".utf8)),
                // A ping (frame field 2) before any Hello.
                ("a ping before Hello", frame([0x12, 0x00])),
            ]
            for (name, bytes) in cases {
                let before = node.log().utf8.count
                let start = ContinuousClock.now
                let outcome = try await strangers.good.call(
                    port: node.place.peerPort,
                    sending: bytes,
                    seconds: 8
                )
                // Closed by the node, not by the time allowed.
                #expect(outcome.exit != .code(124), "\(name)")
                #expect(ContinuousClock.now - start < .seconds(6), "\(name)")
                try await waitUntil("\(name) is logged") {
                    let said = String(decoding: node.log().utf8.dropFirst(before), as: UTF8.self)
                    return said.contains("350300") && said.contains("session") ? nil : said
                }
                #expect(try await node.client.isReady(), "\(name)")
                #expect(try await peer(.ningde, at: node)["state"] == "current", "\(name)")
            }
            #expect(try await node.client.changes(after: nil)["cursor"] == position)
            #expect(node.isRunning)
        }
    }
}
