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
        /// Older copies of its log, one of which a restart may find.
        var backups: [ToyLog] = []
        /// Gone for ever: it connects no more.
        var isGone = false
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
    /// Faults that say that somebody did not keep to the protocol.
    var violations: [Fault] = []
    /// Sessions that ended over somebody's silence.
    var timeouts = 0
    /// Whether nodes are restored from older copies of their logs.
    var hasBackups = false
    /// Whether a proof that is found is known to all at once.
    var spreadsProofs = false
    /// By the node that found it.
    var forks: [(node: Int, proof: ForkProof)] = []
    var suspicions: [(node: Int, head: SignedHead)] = []
    var unheard: [(node: Int, feed: Digest)] = []
    var asked: [(node: Int, peer: MemberCode, records: [RecordKey])] = []
    /// Pairs that cannot connect, the smaller index first.
    var cutPairs: Set<[Int]> = []
    /// Feeds that a node keeps to itself: it does not push them.
    var withheld: [Int: Set<Digest>] = [:]
    /// What a node makes of a frame before it is sent.
    var forge: [Int: @Sendable (Message) -> Message] = [:]

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
        case 97: pass(Int64.random(in: 0...4_000, using: &random))
        case 98: pass(Int64.random(in: 0...20_000, using: &random))
        default: try crash()
        }
    }

    mutating func write() {
        write(at: nodes.indices.randomElement(using: &random) ?? 0)
    }

    mutating func write(at index: Int) {
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
        append(Int.random(in: 1...4, using: &random), to: identity, at: index)
        if hasBackups, Int.random(in: 0..<12, using: &random) == 0 {
            nodes[index].backups.append(nodes[index].log)
        }
    }

    /// The node writes to one feed.
    mutating func append(_ count: Int, to identity: FeedIdentity, at index: Int) {
        let me = nodes[index].code
        var tip: FeedTip?
        for _ in 0..<count {
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
        if let fault = ToyAlliance.faultUnsigned(message) {
            violations.append(fault)
            close(id, fault)
            handle(.disconnected(id), at: node)
            return
        }
        handle(.received(id, message, wallMilliseconds: wall), at: node)
    }

    /// What whoever decodes a frame finds of its signatures.
    private static func faultUnsigned(_ message: Message) -> Fault? {
        let isSigned =
            switch message {
            case .push(let push):
                push.parts.allSatisfy { ToyLog.isSigned($0.head, by: $0.identity.member) }
            case .proved(let proved): ToyLog.isSigned(proved.head, by: proved.member)
            default: true
            }
        return isSigned ? nil : Fault(.signatureInvalid, "a head that is not its member's")
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
            let kept = withheld[index] ?? []
            let entries = nodes[index].log.read(
                deliveryClass,
                ranges.filter { !kept.contains($0.feed) },
                bytesMaximum: maximum
            )
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
        guard pair.count == 2, between < 4, mayConnect(pair[0], pair[1]) else { return }
        connect(pair[0], pair[1])
    }

    private func mayConnect(_ one: Int, _ other: Int) -> Bool {
        !nodes[one].isGone && !nodes[other].isGone && !cutPairs.contains([one, other].sorted())
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
        guard let index = nodes.indices.filter({ !nodes[$0].isGone }).randomElement(using: &random)
        else { return }
        let isRestored = hasBackups && Int.random(in: 0..<3, using: &random) == 0
        try restart(
            index,
            from: isRestored ? nodes[index].backups.randomElement(using: &random) : nil
        )
    }

    /// From that copy of its log, or from what it has.
    mutating func restart(_ index: Int, from backup: ToyLog? = nil) throws {
        if let backup { nodes[index].log = backup }
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
        dropLinks(of: index)
    }

    /// For ever.
    mutating func leave(_ index: Int) {
        nodes[index].isGone = true
        nodes[index].work = []
        nodes[index].wake = nil
        dropLinks(of: index)
    }

    /// Both ends hear of it.
    mutating func disconnect(_ index: Int) {
        while let link = links.firstIndex(where: { $0.ends.contains { $0.node == index } }) {
            cut(link)
        }
    }

    /// Only the other ends hear of it.
    private mutating func dropLinks(of index: Int) {
        while let link = links.firstIndex(where: { $0.ends.contains { $0.node == index } }) {
            for end in [0, 1] where links[link].ends[end].node == index {
                links[link].isOpen[end] = false
            }
            cut(link)
        }
    }

    mutating func pass(_ milliseconds: Int64) {
        now = now.advanced(byMilliseconds: milliseconds)
        for index in nodes.indices where !nodes[index].isGone {
            guard let wake = nodes[index].wake, wake <= now else { continue }
            nodes[index].wake = nil
            handle(.timeout(wallMilliseconds: wall), at: index)
        }
    }

    // MARK: Performing

    mutating func handle(_ input: ReplicaInput, at index: Int) {
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
            if let fault, fault.code == .timeout { timeouts += 1 }
            close(id, fault)
        case .wake(let moment): nodes[index].wake = moment
        case .prove(let id, let prove, let purpose):
            let proved = nodes[index].log.prove(prove, by: nodes[index].code)
            handle(.proven(id, prove, proved, purpose), at: index)
        case .asked(_, let peer, let records): asked.append((index, peer, records))
        case .forkSuspected(_, let head): suspicions.append((index, head))
        case .forkFound(let proof):
            forks.append((index, proof))
            if spreadsProofs { spread(proof) }
        case .forkUnheard(let feed): unheard.append((index, feed))
        }
    }

    /// As if the proof had come to every node in an alliance feed.
    private mutating func spread(_ proof: ForkProof) {
        for index in nodes.indices where !nodes[index].isGone {
            let entries = nodes[index].log.feeds[proof.feed]?.entries ?? []
            let before = Int(proof.sequence) - 1
            let prefix = before > 0 && entries.count >= before ? entries[before - 1].root : nil
            handle(
                .forked(ForkedFeed(feed: proof.feed, from: proof.sequence, prefix: prefix)),
                at: index
            )
        }
    }

    /// Another process under the same incarnation, on a copy of the log: a snapshot that was resumed.
    mutating func clone(_ index: Int) throws -> Int {
        var copy = nodes[index]
        copy.work = []
        copy.wake = nil
        copy.replica = try ToyAlliance.replica(
            copy.code,
            copy.log,
            incarnation: copy.incarnation,
            codes: codes
        )
        nodes.append(copy)
        cutPairs.insert([index, nodes.count - 1])
        return nodes.count - 1
    }

    private func place(of id: LinkID) -> (link: Int, end: Int)? {
        for (link, candidate) in links.enumerated() {
            if let end = candidate.ends.firstIndex(where: { $0.id == id }) { return (link, end) }
        }
        return nil
    }

    private mutating func send(_ message: Message, on id: LinkID) {
        guard let (link, end) = place(of: id) else { return }
        let forged = forge[links[link].ends[end].node]?(message) ?? message
        links[link].underWay[1 - end].append(forged)
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
    mutating func heal(seconds: Int = 120) -> Bool {
        for _ in 0..<seconds {
            reconnect()
            guard settle() else { return false }
            if isCaughtUp, differences.isEmpty { return true }
            pass(1_000)
        }
        return isCaughtUp && differences.isEmpty
    }

    /// Every pair that can has a connection.
    mutating func reconnect() {
        for from in nodes.indices {
            for to in nodes.indices where to > from && mayConnect(from, to) {
                if nodes[from].replica.used[nodes[to].code] == nil { connect(from, to) }
            }
        }
    }

    /// Time passes, a second at a time, with everything delivered.
    mutating func pass(seconds: Int) -> Bool {
        for _ in 0..<seconds {
            pass(1_000)
            guard settle() else { return false }
        }
        return true
    }

    /// Delivers and works until nothing is left to do.
    mutating func settle() -> Bool {
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
        nodes.indices.allSatisfy { index in
            nodes[index].isGone
                || nodes[index].replica.peers.allSatisfy { status in
                    let peer = codes.firstIndex(of: status.member) ?? index
                    return !mayConnect(index, peer) || status.isCaughtUp
                }
        }
    }

    /// Where the nodes that are there do not all have the same, to the last leaf, of every feed that
    /// any of them has, or have what is not for them.
    var differences: [String] {
        var longest: [Digest: [Digest]] = [:]
        for node in nodes where !node.isGone {
            for feed in node.log.feeds.values
            where feed.entries.count > longest[feed.digest]?.count ?? 0 {
                longest[feed.digest] = feed.entries.map(\.leaf)
            }
        }
        var found: [String] = []
        for node in nodes where !node.isGone {
            for other in nodes {
                for feed in other.log.feeds.values {
                    let isOwn = feed.identity.member == node.code
                    let isFor = feed.identity.audience.includes(node.code)
                    let stored = node.log.feeds[feed.digest]
                    if isFor {
                        guard let longest = longest[feed.digest] else { continue }
                        if stored?.entries.map(\.leaf) != longest {
                            found.append(
                                "\(node.code) has \(stored?.entries.count ?? 0) of "
                                    + "\(longest.count) of a feed of \(feed.identity.member)"
                            )
                        }
                    } else if !isOwn, stored != nil {
                        found.append("\(node.code) has a feed that is not for it")
                    }
                }
            }
        }
        return found
    }

    /// Every node has exactly what every other wrote for it, to the last leaf, and nothing else.
    func expectConverged(_ comment: Comment) {
        #expect(differences.isEmpty, comment)
        #expect(violations.isEmpty, comment)
        #expect(forks.isEmpty && suspicions.isEmpty, comment)
    }
}
