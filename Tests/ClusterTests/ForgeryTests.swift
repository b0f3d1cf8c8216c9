import AllianceModel
import ClusterHarness
import Foundation
import SecureTransport
import Testing

/// What a node does about a member that speaks the protocol and is not honest: its certificate is
/// good, its frames are well formed, and what they say cannot be.
@Suite(.tags(.slow))
struct ForgeryTests {
    /// Who lies: a member of the roster whose own node does not run.
    private static let liar = Strangers.impersonated

    private struct Forgery {
        var name: String
        var frames: [UInt8]
        var fault: String
        /// Entries that are good and stay: those in frames before the forged one.
        var storedCount = 0
    }

    /// The end of the log, as the node's metrics give it.
    private func position(_ node: NodeProcess) async throws -> Int {
        let text = try await node.client.succeed(try NodeClient.Request("GET", "/metrics")).text
        let line = text.split(separator: "\n").first { $0.hasPrefix("citysync_log_position ") }
        return try #require(line?.split(separator: " ").last.flatMap { Int($0) })
    }

    /// Heads that are not the member's, or not over what is pushed.
    private func heads(
        by peer: HandmadeNode,
        _ entries: [HandmadeNode.Entry]
    ) throws
        -> [Forgery]
    {
        let (hello, feed) = (peer.hello(), peer.feed())
        let two = Array(entries.prefix(2))
        let good = hello + (try peer.push(two, of: feed))
        let foreign = peer.feed(of: Member.ningde.code)
        func forged(_ signature: [UInt8]) -> [UInt8] {
            var signature = signature
            signature[40] ^= 1
            return signature
        }
        return [
            Forgery(
                name: "a signature that is not over this head",
                frames: hello + (try peer.push(two, of: feed, signature: forged)),
                fault: "signature_invalid"
            ),
            Forgery(
                name: "another member's feed, signed by the liar's own key",
                frames: hello + (try peer.push(two, of: foreign)),
                fault: "signature_invalid"
            ),
            Forgery(
                name: "a head over other entries",
                frames: hello + (try peer.push(two, of: feed, root: sha256([7]))),
                fault: "head_not_covering"
            ),
            Forgery(
                name: "a head over one entry more than is pushed",
                frames: hello + (try peer.push(two, of: feed, size: 3)),
                fault: "head_not_covering"
            ),
            Forgery(
                name: "an entry exchanged behind a good beginning",
                frames: good
                    + (try peer.push(
                        [entries[2]],
                        of: feed,
                        first: 3,
                        root: HandmadeNode.root((two + [entries[3]]).map(\.leaf))
                    )),
                fault: "head_not_covering",
                storedCount: 2
            ),
            Forgery(
                name: "a head that shrinks within a session",
                frames: good + (try peer.push([entries[0]], of: feed)),
                fault: "head_shrunken",
                storedCount: 2
            ),
        ]
    }

    /// Feeds that the receiver must not be given, and frames out of order.
    private func intrusions(
        by peer: HandmadeNode,
        _ entries: [HandmadeNode.Entry]
    ) throws
        -> [Forgery]
    {
        let (hello, feed, two) = (peer.hello(), peer.feed(), Array(entries.prefix(2)))
        let fuzhou = Member.fuzhou.code
        return [
            Forgery(
                name: "a feed for others",
                frames: hello
                    + (try peer.push(
                        two,
                        of: peer.feed(for: .members([peer.member, Member.ningde.code]))
                    )),
                fault: "audience_excludes_receiver"
            ),
            Forgery(
                name: "a private feed",
                frames: hello + (try peer.push(two, of: peer.feed(for: .private))),
                fault: "audience_excludes_receiver"
            ),
            Forgery(
                name: "entries before Hello",
                frames: try peer.push(two, of: feed) + hello,
                fault: "frame_out_of_order"
            ),
            Forgery(name: "a second Hello", frames: hello + hello, fault: "frame_out_of_order"),
            Forgery(
                name: "an audience out of order",
                frames: hello
                    + (try peer.push(two, of: peer.feed(for: .members([peer.member, fuzhou])))),
                fault: "frame_malformed"
            ),
        ]
    }

    /// In Haves and Acks: what the peer has of its own feeds, and of the victim's.
    private func claims(
        of peer: HandmadeNode,
        _ entries: [HandmadeNode.Entry],
        about victim: HandmadeNode.Feed
    ) throws -> [Forgery] {
        let (hello, own) = (peer.hello(), peer.feed())
        let two = Array(entries.prefix(2))
        let less = [(feed: own, size: UInt64(1), root: entries[0].leaf)]
        let more = [(feed: victim, size: UInt64(1_000_000), root: sha256([7]))]
        return [
            Forgery(
                name: "a Have that takes back what was pushed",
                frames: hello + (try peer.push(two, of: own))
                    + peer.have(of: peer.member, peer.incarnation, less),
                fault: "head_shrunken",
                storedCount: 2
            ),
            Forgery(
                name: "more of the victim's feed than it wrote",
                frames: hello + peer.have(of: victim.member, victim.incarnation, more),
                fault: "feed_forked"
            ),
            Forgery(
                name: "an Ack of more than there is",
                frames: hello + peer.ack(victim, upTo: 1_000_000),
                fault: "feed_forked"
            ),
        ]
    }

    /// All of them, by one run of the liar's node.
    private func lies(
        _ cluster: Cluster,
        _ random: inout SeededGenerator
    ) async throws -> [Forgery] {
        let peer = try await HandmadeNode(cluster, &random)
        let entries = entries(peer, &random)
        let status = try await cluster.client(.fuzhou).status()
        var victim = peer.feed(of: Member.fuzhou.code)
        victim.incarnation = bigEndian(hexadecimal(status["node"]["incarnation"].string ?? ""))
        return try heads(by: peer, entries) + intrusions(by: peer, entries)
            + claims(of: peer, entries, about: victim)
    }

    @Test func `a lie under a good certificate ends the session with its Fault and leaves nothing`()
        async throws
    {
        var random = SeededGenerator(seed: SeededGenerator.seed(for: "forgeries"))
        try await withAbsentPutian { cluster, node in
            let liar = try await Strangers.Stranger.putian(cluster)
            for number in try await lies(cluster, &random).indices {
                // Each in a run of its own: what a former one left must not decide the next.
                let forgery = try await lies(cluster, &random)[number]
                let before = (try await position(node), node.log().utf8.count)
                let outcome = try await liar.call(
                    port: node.place.peerPort,
                    sending: forgery.frames
                )
                // Closed by the node, not by the time allowed.
                #expect(outcome.exit != .code(124), "\(forgery.name)")
                let said = HandmadeNode.fault(in: outcome.output)
                #expect(said == forgery.fault, "\(forgery.name)")
                try await waitUntil("\(forgery.name) is logged as \(forgery.fault)") {
                    let log = String(decoding: node.log().utf8.dropFirst(before.1), as: UTF8.self)
                    let line = "session with \(Self.liar.code) ended: \(forgery.fault)"
                    return log.contains(line) ? nil : log
                }
                #expect(
                    try await position(node) == before.0 + forgery.storedCount,
                    "\(forgery.name)"
                )
                #expect(try await node.client.isReady(), "\(forgery.name)")
            }
            let states = try await node.client.peers()["peers"].elements
                .filter { $0["member"].string == Member.ningde.code }.map { $0["state"].string }
            #expect(states == ["current"])
            #expect(node.isRunning)
        }
    }

    private func entries(
        _ peer: HandmadeNode,
        _ random: inout SeededGenerator
    )
        -> [HandmadeNode.Entry]
    {
        (0..<4).map { peer.creation(random.uuid7(), mark: "entry \($0)") }
    }

    /// The control: the same frames without the lie are taken, and what was written can be read.
    @Test func `the same frames told truly are stored, and only then a lie is known by them`()
        async throws
    {
        var random = SeededGenerator(seed: SeededGenerator.seed(for: "true frames"))
        try await withAbsentPutian { cluster, node in
            let liar = try await Strangers.Stranger.putian(cluster)
            let peer = try await HandmadeNode(cluster, &random)
            let ids = (0..<2).map { _ in random.uuid7() }
            let entries = ids.map { peer.creation($0, mark: $0) }
            let start = try await position(node)
            let outcome = try await liar.call(
                port: node.place.peerPort,
                sending: peer.hello() + (try peer.push(entries, of: peer.feed()))
                    + peer.farewell(),
                seconds: 5
            )
            #expect(HandmadeNode.fault(in: outcome.output) == nil)
            try await waitUntil("both entries are stored") {
                try await position(node) == start + 2
            }
            for id in ids {
                let record = try await node.client.record("\(peer.member).\(id)")
                #expect(record.fields["mark"] == .string(id))
            }
            // In another session the node knows what it had: less is a lie, of whoever it is.
            let shrunken = try await liar.call(
                port: node.place.peerPort,
                sending: peer.hello() + (try peer.push([entries[0]], of: peer.feed()))
            )
            #expect(HandmadeNode.fault(in: shrunken.output) == "head_shrunken")
            #expect(try await position(node) == start + 2)
            #expect(try await node.client.isReady())
        }
    }

    @Test func `a node that calls a liar closes as well, and shows why`() async throws {
        var random = SeededGenerator(seed: SeededGenerator.seed(for: "called liar"))
        try await withAbsentPutian { cluster, node in
            let peer = try await HandmadeNode(cluster, &random)
            let port = cluster.node(Self.liar).place.peerPort
            let entries = entries(peer, &random)
            for forgery in try heads(by: peer, entries) + intrusions(by: peer, entries)
            where
                ["signature_invalid", "audience_excludes_receiver"].contains(forgery.fault)
            {
                let start = try await position(node)
                await node.stop()
                try await peer.serve(port: port, caller: .fuzhou, sending: forgery.frames) {
                    // Started anew for each: no backoff is left from the one before.
                    try await node.start()
                    try await waitUntil("\(forgery.name) is shown as \(forgery.fault)") {
                        let row =
                            try await node.client.peers()["peers"].elements
                            .first { $0["member"].string == Self.liar.code } ?? .null
                        let isShown = row["reason"]["code"].string == forgery.fault
                        return isShown && row["state"] == "refused" ? nil : "\(row)"
                    }
                }
                #expect(try await position(node) == start, "\(forgery.name)")
                #expect(try await node.client.isReady(), "\(forgery.name)")
            }
        }
    }
}
