import AllianceModel
import Testing

@testable import ReplicationCore

/// Some nodes, their logs and the links between them, in one thread from one seed.
///
/// Every step is one event drawn at random: a frame delivered on some link, a store operation done at
/// some node, a write, a cut, a dial, a crash. Links keep their own order; among each other they are
/// as late as they like.
struct ToyAlliance {
    /// What is kept of a node over a crash, and what is not.
    struct Node {
        let code: MemberCode
        var log = ToyLog()
        var replica: Replica
        var incarnation: UInt64
        /// Asked of the store and not done: lost in a crash.
        var work: [ReplicaOutput] = []
        var wake: Monotonic?
    }

    /// One connection: an end at each of two nodes, and what is under way to each.
    struct Link {
        /// Index of the node and its own number for the link.
        var ends: [(node: Int, id: LinkID)]
        var underWay: [[Message]] = [[], []]
        /// An end that was closed hears nothing more.
        var isOpen = [true, true]
    }

    let codes: [MemberCode]
    var nodes: [Node] = []
    var links: [Link] = []
    var random: SplitMix
    var now = Monotonic(milliseconds: 0)
    var lastLink: UInt64 = 0
    var lastIncarnation: UInt64 = 0
    var stamp: UInt64 = 1_700_000_000_000 << 16
    /// Faults that are no fault of a peer: ends of links and stops.
    var violations: [Fault] = []

    init(_ count: Int, seed: UInt64) throws {
        codes = Array(Stage.codes.prefix(count))
        random = SplitMix(seed: seed)
        for code in codes {
            lastIncarnation += 1
            nodes.append(
                Node(
                    code: code,
                    replica: try ToyAlliance.replica(
                        code,
                        ToyLog(),
                        incarnation: lastIncarnation,
                        codes: codes
                    ),
                    incarnation: lastIncarnation
                )
            )
        }
    }

    private static func replica(
        _ code: MemberCode,
        _ log: ToyLog,
        incarnation: UInt64,
        codes: [MemberCode]
    ) throws -> Replica {
        var settings = try Stage.settings(code, incarnation: incarnation, members: codes)
        settings.urgentWindowBytes = 400
        settings.normalWindowBytes = 800
        settings.frameBytes = 120
        return Replica(settings, feeds: log.tips, held: [:], hash: TestHash.quick)
    }

    private var wall: Int64 { 1_700_000_000_000 + now.milliseconds }

    // MARK: Events

    mutating func step() throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<50: deliver()
        case 50..<75: work()
        case 75..<90: write()
        case 90..<95: dial()
        case 95..<97: cut()
        case 97..<99: pass(Int64.random(in: 0...4_000, using: &random))
        default: try crash()
        }
    }

    mutating func write() {
        let index = nodes.indices.randomElement(using: &random) ?? 0
        let me = nodes[index].code
        let peers = codes.filter { $0 != me }.shuffled(using: &random)
        let audiences: [Audience] = [
            .alliance, .alliance, .private, .members([me, peers[0]].sorted()),
            .members(([me] + peers).sorted()),
        ]
        let identity = Stage.feed(
            of: me,
            incarnation: nodes[index].incarnation,
            audiences.randomElement(using: &random) ?? .alliance,
            Int.random(in: 0..<4, using: &random) == 0 ? .urgent : .normal
        )
        var tip: FeedTip?
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            stamp += 1
            tip = nodes[index].log.append(
                to: identity,
                Bytes("\(me) \(stamp)".utf8),
                at: HybridTimestamp(rawValue: stamp)
            )
        }
        handle(.appended([tip].compactMap(\.self)), at: index)
    }

    /// A frame arrives, on any link that carries one.
    mutating func deliver() {
        let places = links.indices.flatMap { link in
            [0, 1].filter { !links[link].underWay[$0].isEmpty }.map { (link, $0) }
        }
        guard let (link, end) = places.randomElement(using: &random) else { return }
        let message = links[link].underWay[end].removeFirst()
        let (node, id) = links[link].ends[end]
        guard links[link].isOpen[end] else { return }
        handle(.received(id, message, wallMilliseconds: wall), at: node)
    }

    /// A store does the next thing it was asked for.
    mutating func work() {
        let busy = nodes.indices.filter { !nodes[$0].work.isEmpty }
        guard let index = busy.randomElement(using: &random) else { return }
        switch nodes[index].work.removeFirst() {
        case .persist(let link, let batch):
            guard let tips = nodes[index].log.store(batch) else {
                Issue.record("a batch that does not go on where its feed ends")
                return
            }
            handle(.persisted(link, batch: batch.number, tips: tips, held: .none), at: index)
        case .read(let link, let deliveryClass, let ranges, let maximum):
            let entries = nodes[index].log.read(deliveryClass, ranges, bytesMaximum: maximum)
            handle(.read(link, entries), at: index)
        default: break
        }
    }

    mutating func dial() {
        let pair = nodes.indices.shuffled(using: &random).prefix(2)
        let between = links.count { link in
            pair.allSatisfy { node in link.ends.contains { $0.node == node } }
        }
        // As many as a member may have at once.
        guard pair.count == 2, between < 4 else { return }
        connect(pair[0], pair[1])
    }

    mutating func connect(_ from: Int, _ to: Int) {
        lastLink += 2
        let ends = [LinkID(rawValue: lastLink), LinkID(rawValue: lastLink + 1)]
        links.append(Link(ends: [(from, ends[0]), (to, ends[1])]))
        for (end, node) in [from, to].enumerated() {
            let peer = nodes[end == 0 ? to : from].code
            handle(
                .connected(ends[end], peer: peer, dialled: end == 0, wallMilliseconds: wall),
                at: node
            )
        }
    }

    mutating func cut() {
        guard let link = links.indices.randomElement(using: &random) else { return }
        cut(link)
    }

    /// What is under way is lost; both ends hear of it.
    private mutating func cut(_ link: Int) {
        let gone = links.remove(at: link)
        for (end, (node, id)) in gone.ends.enumerated() where gone.isOpen[end] {
            handle(.disconnected(id), at: node)
        }
    }

    /// A node stops in the middle of anything and starts again from what its store has.
    mutating func crash() throws {
        guard let index = nodes.indices.randomElement(using: &random) else { return }
        nodes[index].work = []
        nodes[index].wake = nil
        lastIncarnation += 1
        nodes[index].incarnation = lastIncarnation
        nodes[index].replica = try ToyAlliance.replica(
            nodes[index].code,
            nodes[index].log,
            incarnation: lastIncarnation,
            codes: codes
        )
        while let link = links.firstIndex(where: { $0.ends.contains { $0.node == index } }) {
            for end in [0, 1] where links[link].ends[end].node == index {
                links[link].isOpen[end] = false
            }
            cut(link)
        }
    }

    mutating func pass(_ milliseconds: Int64) {
        now = now.advanced(byMilliseconds: milliseconds)
        for index in nodes.indices {
            guard let wake = nodes[index].wake, wake <= now else { continue }
            nodes[index].wake = nil
            handle(.timeout(wallMilliseconds: wall), at: index)
        }
    }

    // MARK: Performing

    private mutating func handle(_ input: ReplicaInput, at index: Int) {
        nodes[index].replica.handle(input, now: now)
        while let output = nodes[index].replica.nextOutput() {
            perform(output, at: index)
        }
    }

    private mutating func perform(_ output: ReplicaOutput, at index: Int) {
        switch output {
        case .send(let id, let message): send(message, on: id)
        case .push(let id, let entries): send(.push(nodes[index].log.push(entries)), on: id)
        case .persist, .read: nodes[index].work.append(output)
        case .close(let id, let fault):
            if let fault, fault.code.isViolation { violations.append(fault) }
            close(id, fault)
        case .wake(let moment): nodes[index].wake = moment
        }
    }

    private func place(of id: LinkID) -> (link: Int, end: Int)? {
        for (link, candidate) in links.enumerated() {
            if let end = candidate.ends.firstIndex(where: { $0.id == id }) { return (link, end) }
        }
        return nil
    }

    private mutating func send(_ message: Message, on id: LinkID) {
        guard let (link, end) = place(of: id) else { return }
        links[link].underWay[1 - end].append(message)
    }

    /// This end is done; the other one hears the Fault, if there is one, behind all that was sent.
    private mutating func close(_ id: LinkID, _ fault: Fault?) {
        guard let (link, end) = place(of: id) else { return }
        links[link].isOpen[end] = false
        if let fault { links[link].underWay[1 - end].append(.fault(fault)) }
        if !links[link].isOpen[1 - end] { links.remove(at: link) }
    }
}

// MARK: Healing

extension ToyAlliance {
    /// No more faults: every pair has a connection, and everything under way arrives.
    ///
    /// Returns false if it goes on without end.
    mutating func heal() -> Bool {
        for _ in 0..<40 {
            for from in nodes.indices {
                for to in nodes.indices where to > from {
                    if nodes[from].replica.used[nodes[to].code] == nil { connect(from, to) }
                }
            }
            guard settle() else { return false }
            if isCaughtUp { return true }
            pass(1_000)
        }
        return isCaughtUp
    }

    /// Delivers and works until nothing is left to do.
    private mutating func settle() -> Bool {
        for _ in 0..<200_000 {
            let isBusy =
                nodes.contains { !$0.work.isEmpty }
                || links.contains { $0.underWay.contains { !$0.isEmpty } }
            guard isBusy else { return true }
            if Bool.random(using: &random) { deliver() } else { work() }
        }
        return false
    }

    private var isCaughtUp: Bool {
        nodes.allSatisfy { $0.replica.peers.allSatisfy(\.isCaughtUp) }
    }

    /// Every node has exactly what every other wrote for it, to the last leaf, and nothing else.
    func expectConverged(_ comment: Comment) {
        for node in nodes {
            for writer in nodes where writer.code != node.code {
                let written = writer.log.feeds.values.filter {
                    $0.identity.member == writer.code && $0.identity.audience.includes(node.code)
                }
                let stored = node.log.feeds.values.filter { $0.identity.member == writer.code }
                #expect(stored.count == written.count, comment)
                for feed in written {
                    #expect(
                        node.log.feeds[feed.digest]?.entries.map(\.leaf)
                            == feed.entries.map(\.leaf),
                        comment
                    )
                }
            }
        }
        #expect(violations.isEmpty, comment)
    }
}
