import AllianceModel
import NodeStore
import ReplicationCore
import ReplicationWire

/// Connections: dialled, late, stalled, broken.
extension Simulation {
    private func isBlocked(from: Int, to: Int) -> Bool {
        (blocked[Direction(from: from, to: to)] ?? 0) > 0
    }

    func delay(from: Int, to: Int) -> Int64 {
        let least = latency[Direction(from: from, to: to)] ?? 20
        return (least + random.between(0, least)) * nodes[from].slowness
    }

    // MARK: Dialling

    func scheduleDial(_ node: SimulatedNode, _ peer: Int, after milliseconds: Int64) {
        node.dials[peer]?.next = now + milliseconds
        queue.add(
            .dial(node: node.index, peer: peer, process: node.process),
            at: now + milliseconds
        )
    }

    private func hasLink(_ node: Int, _ peer: Int) -> Bool {
        links.values.contains { link in
            link.ends.contains { $0.node == node && $0.isOpen }
                && link.ends.contains { $0.node == peer }
        }
    }

    func dial(_ node: SimulatedNode, to peer: SimulatedNode, _ process: Int) {
        guard node.process == process, node.isUp, node.dials[peer.index]?.next == now else {
            return
        }
        node.dials[peer.index]?.next = nil
        guard !hasLink(node.index, peer.index) else { return }
        let there = delay(from: node.index, to: peer.index)
        let back = delay(from: peer.index, to: node.index)
        guard peer.isUp, !isBlocked(from: node.index, to: peer.index),
            !isBlocked(from: peer.index, to: node.index)
        else {
            dialFailed(node, peer.index, after: peer.isUp ? 3_000 : there + back)
            return
        }
        queue.add(
            .connect(
                from: node.index,
                to: peer.index,
                processes: [node.process, peer.process]
            ),
            at: now + there + back
        )
    }

    private func dialFailed(_ node: SimulatedNode, _ peer: Int, after milliseconds: Int64) {
        let pause = node.dials[peer]?.schedule.ended(
            reachedHeads: false,
            random: node.source.random.next()
        )
        scheduleDial(node, peer, after: milliseconds + (pause ?? 0))
    }

    func connect(_ node: SimulatedNode, _ peer: SimulatedNode, _ processes: [Int]) {
        guard node.isUp, node.process == processes[0] else { return }
        guard peer.isUp, peer.process == processes[1] else {
            dialFailed(node, peer.index, after: 0)
            return
        }
        lastLink += 1
        let number = lastLink
        let limits = WireLimits()
        links[number] = Link(
            number: number,
            ends: [node, peer].map {
                Link.End(
                    node: $0.index,
                    process: $0.process,
                    decoder: FrameDecoder(limits)
                )
            }
        )
        trace.note(
            now,
            10,
            UInt64(number),
            text: "\(name(node)) connects to \(name(peer)): link \(number)"
        )
        for (end, (mine, other)) in [(node, peer), (peer, node)].enumerated() {
            tell(
                mine,
                .connected(
                    Link.id(number, end: end),
                    peer: other.member,
                    dialled: end == 0,
                    wallMilliseconds: mine.clock.wallMilliseconds(now)
                )
            )
        }
    }

    // MARK: Sending

    func send(_ message: Message, on id: LinkID, from node: SimulatedNode) {
        let bytes = Wire.encode(message)
        guard !bytes.isEmpty else { return }
        if case .ack(let ack) = message {
            for stored in ack.stored { node.say(stored.feed, stored.upTo) }
        }
        send(frame: bytes, on: id, from: node, text: message.words)
    }

    func push(
        _ entries: ReadEntries,
        _ feeds: [FeedIdentity],
        on id: LinkID,
        from node: SimulatedNode
    ) {
        let heads = entries.parts.indices.map { index in
            let part = entries.parts[index]
            node.say(part.feed, part.last)
            // A relay shows the head that it was shown.
            return part.head
                ?? Keys.sign(
                    FeedHead(feed: part.feed, size: part.last, root: part.root),
                    alliance: roster.alliance,
                    for: node.member
                )
        }
        let bytes = PushEncoder.encode(entries, of: feeds, heads: heads)
        send(frame: bytes, on: id, from: node, text: "push \(entries.items.count) entries")
    }

    private func send(frame: [UInt8], on id: LinkID, from node: SimulatedNode, text: String) {
        let (number, end) = Link.place(of: id)
        guard let link = links[number], link.ends[end].isOpen,
            link.ends[end].process == node.process
        else { return }
        checkPrivacy(of: frame, from: node)
        trace.note(
            now,
            11,
            UInt64(number),
            UInt64(end),
            UInt64(frame.count),
            text: "\(name(node)) sends on \(number): \(text), \(frame.count) bytes"
        )
        send(.frame(frame), on: number, to: 1 - end)
    }

    /// Puts something under way to an end.
    func send(_ flight: Link.Flight, on number: Int, to end: Int, notBefore earliest: Int64 = 0) {
        guard let link = links[number], link.ends[end].isOpen else {
            drop(number)
            return
        }
        let target = link.ends[end].node
        let source = link.ends[1 - end].node
        let arrival = max(
            link.ends[end].lastArrival,
            earliest,
            now + delay(from: source, to: target)
        )
        links[number]?.ends[end].lastArrival = arrival
        links[number]?.ends[end].incoming.append(flight)
        queue.add(.arrive(link: number, end: end), at: arrival)
    }

    // MARK: Arriving

    func arrive(_ number: Int, _ end: Int) {
        guard let link = links[number], !link.ends[end].incoming.isEmpty else { return }
        guard !isBlocked(from: link.ends[1 - end].node, to: link.ends[end].node) else {
            // It waits, as a stream's bytes do; see `cure`.
            return
        }
        guard let flight = links[number]?.ends[end].incoming.removeFirst() else { return }
        guard link.ends[end].isOpen else { return }
        let node = nodes[link.ends[end].node]
        switch flight {
        case .frame(let bytes): receive(bytes, number, end, node)
        case .end: disconnect(number, end, node, fault: nil)
        }
    }

    /// What a blocked direction held back goes on.
    func resume(from: Int, to: Int) {
        for number in links.keys.sorted() {
            guard let link = links[number] else { continue }
            for end in [0, 1]
            where link.ends[end].node == to && link.ends[1 - end].node == from {
                let start = now + delay(from: from, to: to)
                links[number]?.ends[end].lastArrival = start
                for _ in link.ends[end].incoming {
                    queue.add(.arrive(link: number, end: end), at: start)
                }
            }
        }
    }

    private func receive(_ bytes: [UInt8], _ number: Int, _ end: Int, _ node: SimulatedNode) {
        let id = Link.id(number, end: end)
        var messages: [Message] = []
        var fault: Fault?
        do throws(Fault) {
            var chunk = bytes[...]
            while let frame = try links[number]?.ends[end].decoder.next(from: &chunk) {
                let message = try Wire.decode(frame, hash: Hashing.sha256)
                if case .hello = message { links[number]?.ends[end].decoder.phase = .open }
                if case .push(let push) = message { try verify(push) }
                if case .proved(let proved) = message { try verify(proved) }
                messages.append(message)
            }
        } catch {
            fault = error
        }
        for message in messages {
            trace.note(
                now,
                12,
                UInt64(number),
                UInt64(end),
                text: "\(name(node)) receives on \(number): \(message.words)"
            )
            if case .check = message { continue }
            if case .checked = message { continue }
            tell(
                node,
                .received(id, message, wallMilliseconds: node.clock.wallMilliseconds(now))
            )
        }
        if let fault { close(id, fault, at: node) }
    }

    private func verify(_ push: Push) throws(Fault) {
        for part in push.parts where !Keys.isGenuine(part, alliance: roster.alliance) {
            throw Fault(
                .signatureInvalid,
                "a head of \(part.identity.member) is not signed by a key of that member"
            )
        }
    }

    private func verify(_ proved: Proved) throws(Fault) {
        guard Keys.isGenuine(proved.head, of: proved.member, alliance: roster.alliance) else {
            throw Fault(
                .signatureInvalid,
                "a head of \(proved.member) is not signed by a key of that member"
            )
        }
    }

    // MARK: Ending

    /// This end says why, if there is a reason, and is done.
    func close(_ id: LinkID, _ fault: Fault?, at node: SimulatedNode) {
        let (number, end) = Link.place(of: id)
        guard let link = links[number], link.ends[end].isOpen,
            link.ends[end].process == node.process
        else { return }
        if let fault {
            noteFault(fault, node, number)
            send(.frame(Wire.encode(.fault(fault))), on: number, to: 1 - end)
        }
        send(.end, on: number, to: 1 - end)
        disconnect(number, end, node, fault: fault)
    }

    private func noteFault(_ fault: Fault, _ node: SimulatedNode, _ number: Int) {
        trace.note(
            now,
            13,
            UInt64(node.index),
            text: "\(name(node)) ends link \(number): \(fault.code.rawValue), \(fault.text)"
        )
        if fault.code.isViolation { violated(fault, node, number) }
    }

    /// Both ends hear that a connection is gone, each when it learns of it.
    func breakLink(_ number: Int) {
        guard let link = links[number] else { return }
        trace.note(now, 14, UInt64(number), text: "link \(number) breaks")
        for end in [0, 1] where link.ends[end].isOpen {
            links[number]?.ends[end].incoming = []
            send(.end, on: number, to: end)
        }
    }

    private func disconnect(_ number: Int, _ end: Int, _ node: SimulatedNode, fault: Fault?) {
        guard let link = links[number], link.ends[end].isOpen else { return }
        links[number]?.ends[end].isOpen = false
        links[number]?.ends[end].incoming = []
        drop(number)
        guard node.isUp, link.ends[end].process == node.process else { return }
        let peer = link.ends[1 - end].node
        let reached = node.engine?.replica.status(of: nodes[peer].member)?.reachedHeads ?? false
        tell(node, .disconnected(Link.id(number, end: end)))
        guard node.isUp, node.dials[peer] != nil, node.dials[peer]?.next == nil else { return }
        let pause = node.dials[peer]?.schedule.ended(
            reachedHeads: reached,
            fault: fault,
            random: node.source.random.next()
        )
        scheduleDial(node, peer, after: (pause ?? 0) + 1)
    }

    /// Forgets a connection that no end listens to any more.
    private func drop(_ number: Int) {
        guard let link = links[number], !link.ends.contains(where: \.isOpen) else { return }
        links[number] = nil
    }
}

extension Message {
    /// Its kind and size, for a trace.
    var words: String {
        switch self {
        case .hello: "hello"
        case .ping(let ping): ping.wantsAnswer ? "ping" : "ping, an answer"
        case .have(.members(let groups)): "have of \(groups.count) members"
        case .have(.incarnations(let of, let groups)): "have of \(of), \(groups.count) incarnations"
        case .have(.feeds(let of, let feeds)): "have of \(of.member), \(feeds.count) feeds"
        case .want(let want): "want \(want.feed.short) from \(want.from)"
        case .push(let push): "push of \(push.items.count) entries in \(push.parts.count) feeds"
        case .ack(let ack): "ack of \(ack.stored.count) feeds, \(ack.held) held"
        case .ask(let ask): "ask for \(ask.records.count) records"
        case .prove(let prove): "prove \(prove.feed.short) at \(prove.sequence)"
        case .proved(let proved): "proved \(proved.feed.short) at \(proved.sequence)"
        case .check: "check"
        case .checked: "checked"
        case .fault(let fault): "fault \(fault.code.rawValue)"
        case .unknown: "unknown"
        }
    }
}
