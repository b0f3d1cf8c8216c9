import ClusterHarness
import Foundation
import Testing

/// Refusals between two real nodes, each way of dialling by itself: what the one that judged says,
/// and what the other is told.
@Suite(.tags(.slow))
struct RealPeerRefusalTests {
    private struct Kind {
        var name: String
        /// What Fuzhou, whose side judges, must say of Putian.
        var reason: String
        /// The alert that Putian is sent.
        var alert: String
        /// Puts the trouble in place, both nodes being down.
        var install: (Cluster) async throws -> Void
    }

    private func replace(_ path: String, by source: String) throws {
        let bytes = try Data(contentsOf: URL(filePath: source))
        try bytes.write(to: URL(filePath: path))
    }

    private func install(_ credential: CertificateAuthority.Credential, at node: NodeProcess) throws
    {
        try replace(node.place.certificate, by: credential.certificate)
        try replace(node.place.key, by: credential.key)
    }

    private func issued(
        _ name: String,
        _ reason: String,
        _ alert: String,
        options: [String]
    ) -> Kind {
        Kind(name: name, reason: reason, alert: alert) { cluster in
            let credential = try await cluster.authority.issue(
                to: Member.putian.code,
                named: reason,
                options: options
            )
            try install(credential, at: cluster.node(.putian))
        }
    }

    /// Of the thirteen kinds those that a real node can be made to show: it does not start with a
    /// certificate of another purpose or identity, or without one, and speaks TLS 1.3 only.
    private func kinds(_ other: CertificateAuthority) -> [Kind] {
        [
            issued(
                "expired",
                "expired",
                "certificate_expired",
                options: [
                    "--not-before", "2026-01-01T00:00:00Z", "--not-after", "2026-02-01T00:00:00Z",
                ]
            ),
            issued(
                "not yet valid",
                "not_yet_valid",
                "bad_certificate",
                options: [
                    "--not-before", "2035-01-01T00:00:00Z", "--not-after", "2036-01-01T00:00:00Z",
                ]
            ),
            Kind(name: "revoked", reason: "revoked", alert: "certificate_revoked") { cluster in
                let authority = cluster.authority
                let revoked = try await authority.issue(to: Member.putian.code, named: "revoked")
                try await authority.revoke(try await authority.serial(of: revoked))
                let fuzhou = cluster.node(.fuzhou)
                try await authority.writeRevocations(to: fuzhou.place.revocations)
                try install(revoked, at: cluster.node(.putian))
            },
            Kind(name: "another authority", reason: "authority_unknown", alert: "unknown_ca") {
                cluster in
                // Putian takes both authorities for good, as during a change; Fuzhou does not.
                let place = cluster.node(.putian).place
                let foreign = try await other.credential(of: Member.putian.code)
                try install(foreign, at: cluster.node(.putian))
                try append(place.authorities, other.certificate)
                let list = "\(other.folder)/list.crl"
                try await other.writeRevocations(to: list)
                try append(place.revocations, list)
            },
            Kind(name: "a list past its time", reason: "crl_expired", alert: "certificate_expired")
            { cluster in
                try await cluster.authority.writeRevocations(
                    to: cluster.node(.fuzhou).place.revocations,
                    options: [
                        "--last-update", "2026-01-01T00:00:00Z",
                        "--next-update", "2026-02-01T00:00:00Z",
                    ]
                )
            },
        ]
    }

    private func append(_ path: String, _ source: String) throws {
        let bytes =
            try Data(contentsOf: URL(filePath: path)) + Data(contentsOf: URL(filePath: source))
        try bytes.write(to: URL(filePath: path))
    }

    private func row(_ member: Member, at node: NodeProcess) async throws -> JSON {
        try await node.client.peers()["peers"].elements
            .first { $0["member"].string == member.code } ?? .null
    }

    @Test func `whoever dials, the good node says why, the other one is told, and no byte passes`()
        async throws
    {
        try await withTestCluster(started: false, configure: { $0.authority = nil }) { cluster in
            let other = try await CertificateAuthority(
                cluster.installation,
                trustDomain: cluster.settings.trustDomain,
                in: "\(cluster.folder)/other"
            )
            for kind in kinds(other) {
                let files = try kept(cluster)
                try await kind.install(cluster)
                for dialler in Member.two { try await judge(kind, cluster, dialler) }
                for (path, bytes) in files { try bytes.write(to: URL(filePath: path)) }
            }
            // Beside them, the same two with good credentials, each way of dialling by itself.
            for dialler in Member.two {
                try await cut(cluster, from: dialler)
                try await cluster.start()
                try await cluster.waitUntilCaughtUp()
                for node in cluster.nodes { await node.kill() }
            }
        }
    }

    private func kept(_ cluster: Cluster) throws -> [(path: String, bytes: Data)] {
        try cluster.nodes.map(\.place).flatMap { place in
            try [place.certificate, place.key, place.authorities, place.revocations].map {
                ($0, try Data(contentsOf: URL(filePath: $0)))
            }
        }
    }

    /// Only `dialler` can reach the other.
    private func cut(_ cluster: Cluster, from dialler: Member) async throws {
        cluster.links.healAll()
        for member in Member.two where member != dialler {
            cluster.links.cut(from: member, to: dialler)
        }
    }

    private func judge(_ kind: Kind, _ cluster: Cluster, _ dialler: Member) async throws {
        let (fuzhou, putian) = (cluster.node(.fuzhou), cluster.node(.putian))
        let title = "\(kind.name), \(dialler.english) dials"
        try await cut(cluster, from: dialler)
        let before = (fuzhou.log().utf8.count, putian.log().utf8.count)
        try await cluster.start()
        func said(_ node: NodeProcess, _ count: Int) -> String {
            String(decoding: node.log().utf8.dropFirst(count), as: UTF8.self)
        }
        func says(_ text: String, _ judged: String, _ log: String) -> Bool {
            log.split(separator: "\n").contains { line in
                line.contains("refused: \(text)") && line.contains("judged=\(judged)")
            }
        }
        try await waitUntil("\(title): Fuzhou says \(kind.reason)") {
            let log = said(fuzhou, before.0)
            return says(kind.reason, "here", log) ? nil : log
        }
        try await waitUntil("\(title): Putian says alert (\(kind.alert))") {
            let log = said(putian, before.1)
            return says("alert (\(kind.alert))", "by the peer", log) ? nil : log
        }
        if dialler == .fuzhou {
            let state = try await row(.putian, at: fuzhou)
            #expect(state["reason"]["code"].string == kind.reason, "\(title)")
            #expect(state["state"] == "refused", "\(title)")
        } else {
            let counts = try await fuzhou.client.peers()["refusals"].elements
            #expect(counts.contains { $0["reason"].string == kind.reason }, "\(title): \(counts)")
        }
        // Fuzhou has said nothing and has been given nothing.
        let judged = try await row(.putian, at: fuzhou)
        #expect(judged["bytesSent"] == 0 && judged["bytesReceived"] == 0, "\(title)")
        #expect(try await row(.fuzhou, at: putian)["bytesReceived"] == 0, "\(title)")
        for node in cluster.nodes {
            #expect(try await node.client.isReady(), "\(title)")
            await node.kill()
        }
    }

    @Test func `a server that answers in TLS 1.2 all the same gets no byte of application data`()
        async throws
    {
        try await withTestCluster(started: false, configure: { $0.hasCuttableLinks = false }) {
            cluster in
            let node = cluster.node(.fuzhou)
            // ServerHello (RFC 5246, section 7.4.1.3): version 3.3, a random, no session,
            // ECDHE-ECDSA-AES128-GCM, no compression, no extension that would say 1.3.
            let body: [UInt8] =
                [3, 3] + [UInt8](repeating: 7, count: 32) + [0, 0xc0, 0x2b, 0] + [0, 0]
            let message: [UInt8] = [2, 0, 0, UInt8(body.count)] + body
            let received = try await PlainServer.serve(
                port: cluster.node(.putian).place.peerPort,
                answering: [22, 3, 3, 0, UInt8(message.count)] + message
            ) {
                try await node.start()
                try await waitUntil("it is shown as protocol_version") {
                    let state = try await row(.putian, at: node)
                    let isShown = state["reason"]["code"] == "protocol_version"
                    return isShown && state["state"] == "refused" ? nil : "\(state)"
                }
            }
            #expect(node.log().contains("connection refused: protocol_version"))
            // Records: a type, a version, a length. ClientHello is a handshake's, then an alert.
            var (rest, types) = (received[...], Set<UInt8>())
            while rest.count >= 5 {
                types.insert(rest[rest.startIndex])
                let head = Array(rest.prefix(5))
                rest = rest.dropFirst(5 + (Int(head[3]) << 8 | Int(head[4])))
            }
            #expect(types.contains(22) && types.isSubset(of: [20, 21, 22]), "\(types)")
            #expect(try await node.client.isReady())
        }
    }
}
