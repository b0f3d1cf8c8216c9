import AllianceModel
import ClusterChecker
import NodeStore
import ReplicationCore
import ReplicationWire

/// What must hold at the end, and some of it always.
extension Simulation {
    // MARK: Always

    /// No frame carries a private value, whomever it is for.
    func checkPrivacy(of frame: [UInt8], from node: SimulatedNode) {
        guard frame.firstOffset(of: Array(ValueMaker.privateMark.utf8)) != nil else { return }
        find(.leaked, "\(name(node)) sends a private value")
    }

    /// What a node said to be durable is there when it starts again.
    func checkSaid(_ node: SimulatedNode) {
        for (feed, size) in node.said.sorted(by: { $0.key < $1.key }) {
            let found = node.engine?.ledger.tip(of: feed)?.size ?? 0
            guard found < size else { continue }
            find(
                .broken,
                "\(name(node)) said \(size) entries of a feed before they were durable, and has \(found)"
            )
        }
    }

    /// An honest peer ended a session over a violation.
    func violated(_ fault: Fault, _ node: SimulatedNode, _ number: Int) {
        guard let link = links[number] else { return }
        // Of a liar anything may come, and what two twins say does not fit together.
        for end in link.ends where isLiar(nodes[end.node].member) || isTwinned(nodes[end.node]) {
            return
        }
        find(.violation, "\(name(node)) ends a session: \(fault.code.rawValue), \(fault.text)")
    }

    private func isTwinned(_ node: SimulatedNode) -> Bool {
        nodes.contains { $0.isClone && $0.member == node.member }
    }

    // MARK: Feeds

    /// Whether everybody has every feed that is for it, as long as anybody.
    func hasSameFeeds() -> Bool {
        var tips: [Digest: FeedTip] = [:]
        for node in nodes where !node.isClone {
            for tip in node.engine?.ledger.tips ?? []
            where !isForked(tip) && tip.size > tips[tip.digest]?.size ?? 0 {
                tips[tip.digest] = tip
            }
        }
        for (digest, tip) in tips {
            for node in nodes
            where tip.identity.audience.includes(node.member) && !isLiar(node.member)
                && !node.isClone
            {
                let own = node.engine?.ledger.tip(of: digest)
                guard own?.frontier == tip.frontier else { return false }
            }
        }
        return true
    }

    /// Whether its writer's machine ran twice: each node may have another branch.
    private func isForked(_ tip: FeedTip) -> Bool {
        forkedIncarnations.contains(tip.identity.writer.incarnation)
    }

    // MARK: The end

    func judge() {
        excuseTwins()
        do throws(StoreError) {
            var logs: [[EntryPlace: EntryContent]] = []
            for node in nodes { logs.append(try log(of: node)) }
            try checkStores()
            checkTimestamps(logs)
            checkAcknowledged(logs)
            checkPlaces(logs)
            try checkResting()
            try checkDigests()
            try checkModel()
        } catch {
            find(.broken, "a store cannot be read at the end: \(error)")
        }
    }

    /// Of a run that did not come to its end: whether something acknowledged is gone.
    func judgeLosses() {
        do throws(StoreError) {
            var logs: [[EntryPlace: EntryContent]] = []
            for node in nodes { logs.append(try log(of: node)) }
            checkAcknowledged(logs)
        } catch {
            find(.broken, "a store cannot be read at the end: \(error)")
        }
    }

    private func log(
        of node: SimulatedNode
    ) throws(StoreError) -> [EntryPlace: EntryContent] {
        guard let ledger = node.engine?.ledger else { return [:] }
        var log: [EntryPlace: EntryContent] = [:]
        for tip in ledger.tips {
            let entries = try ledger.store.entries(
                [FeedRange(feed: tip.digest, from: 1)],
                tip.identity.deliveryClass,
                bytesMaximum: .max
            )
            for (index, item) in entries.items.enumerated() {
                let place = EntryPlace(feed: tip.digest, sequence: UInt64(index + 1))
                log[place] = EntryContent(
                    item.bytes,
                    writer: tip.identity.writer,
                    hash: Hashing.sha256
                )
            }
            if UInt64(entries.items.count) != tip.size {
                find(
                    .broken,
                    "\(name(node)) has \(entries.items.count) of \(tip.size) entries of a feed"
                )
            }
        }
        return log
    }

    /// The independent model, from what everybody has, finds nothing wrong with what anybody shows.
    private func checkModel() throws(StoreError) {
        var observations: [ModelObservation] = []
        var keys: [RecordKey: ModelKey] = [:]
        for node in nodes where !node.isClone {
            guard let ledger = node.engine?.ledger else { continue }
            let observation = try Observation(node, ledger).model(
                isHonest: !isLiar(node.member)
            )
            for key in observation.records.keys {
                keys[key.core(Hashing.sha256)] = key
            }
            observations.append(observation)
        }
        count(observations)
        func model(_ write: Acknowledged.Write) -> ModelAcknowledgement? {
            keys[write.key].map { key in
                ModelAcknowledgement(
                    record: key,
                    write: ModelWriteID(field: write.field, dot: ModelDot(write.dot))
                )
            }
        }
        let run = ModelRun(
            observations: observations,
            acknowledged: Set(
                acknowledged.writes.filter { !isLiar($0.member) }.compactMap(model)
            ),
            excused: Set(acknowledged.excused.keys.compactMap(model)),
            twinned: Set(nodes.filter(\.isClone).map(\.member)),
            halved: Set(
                nodes.filter(\.isClone).flatMap { clone in
                    forkedIncarnations.map { incarnation in
                        ModelWriter(Writer(member: clone.member, incarnation: incarnation))
                    }
                }
            ),
            named: acknowledged.named.reduce(into: [:]) { named, entry in
                if let key = keys[entry.key] { named[key] = entry.value }
            }
        )
        checkRepeated(observations, keys)
        let findings = run.findings().filter {
            !isOwnWord($0) && !isOnlyForLiar($0)
        }
        for finding in findings.prefix(5) { find(.wrong, finding.description) }
    }

    /// An addition that was sent again, to a node that knew nothing of the first, bears the same
    /// request id: so the two count once.
    private func checkRepeated(
        _ observations: [ModelObservation],
        _ keys: [RecordKey: ModelKey]
    ) {
        for (addition, dots) in acknowledged.additions
        where dots.count > 1 && !isLiar(addition.member) {
            guard let key = keys[addition.record] else { continue }
            let ids = dots.compactMap { dot in
                observations.lazy.compactMap { observation in
                    observation.records[key]?.received.first {
                        $0.field == addition.field && $0.dot == ModelDot(dot)
                    }
                }
                .first.map(\.requestID)
            }
            guard Set(ids).count > 1 || ids.contains(nil) else { continue }
            find(
                .wrong,
                "\(addition.member) counts an addition to \(addition.field) of "
                    + "\(addition.record.identifier) twice: it was sent again after a restore"
            )
        }
    }

    /// An author has its own words, also where it is no party: the audience of what it writes includes
    /// it.
    private func isOwnWord(_ finding: ModelFinding) -> Bool {
        finding.kind == .leaked && !finding.dots.isEmpty
            && finding.dots.allSatisfy { [$0.member] == finding.members }
    }

    /// Whether nobody but the liar is entitled to what is said to be lost.
    private func isOnlyForLiar(_ finding: ModelFinding) -> Bool {
        plan.liar != nil && finding.kind == .lost && finding.members.isEmpty
    }

    /// What came of concurrency, for the coverage.
    private func count(_ observations: [ModelObservation]) {
        for observation in observations {
            for sight in observation.records.values {
                for verdict in sight.shown.verdicts.values where verdict != .valid {
                    coverage.count(.verdict, verdict.rawValue)
                }
                for conflict in sight.shown.conflicts {
                    let merge = conflict.field.flatMap { sight.record.definition.field($0) }?.merge
                    coverage.count(
                        .merge,
                        "\(conflict.name) \(merge?.name ?? conflict.field?.string ?? "record")"
                    )
                }
                if sight.shown.isDeleted { coverage.count(.merge, "deleted") }
            }
        }
    }

    /// The deep check that a node offers its operator finds nothing.
    private func checkStores() throws(StoreError) {
        for node in nodes {
            let found = try node.engine?.ledger.verify() ?? []
            if let first = found.first { find(.broken, "\(name(node)): \(first)") }
        }
    }

    /// Timestamps rise strictly within each feed.
    private func checkTimestamps(_ logs: [[EntryPlace: EntryContent]]) {
        for (node, log) in zip(nodes, logs) where !isLiar(node.member) {
            for (place, content) in log where !isLie(place, node) {
                let next = EntryPlace(feed: place.feed, sequence: place.sequence + 1)
                guard let later = log[next]?.time, let time = content.time, later <= time else {
                    continue
                }
                find(.broken, "\(name(node)) has a feed in which time stands still")
            }
        }
    }

    /// What was acknowledged is in its writer's log, and applied.
    private func checkAcknowledged(_ logs: [[EntryPlace: EntryContent]]) {
        for (node, log) in zip(nodes, logs) where !node.isClone && !isLiar(node.member) {
            var dots: Set<Acknowledged.Write> = []
            for content in log.values {
                guard case .changeset(let changeset) = content else { continue }
                for write in changeset.writes {
                    dots.insert(
                        Acknowledged.Write(
                            member: write.dot.writer.member,
                            key: changeset.key,
                            field: write.field,
                            dot: write.dot
                        )
                    )
                }
            }
            for write in acknowledged.writes
            where write.member == node.member && !dots.contains(write)
                && acknowledged.excused[write] == nil
            {
                find(
                    .lost,
                    "\(name(node)) acknowledged write \(write.dot.number) to \(write.field) of "
                        + "\(write.key.identifier) and has it no more"
                )
            }
        }
    }

    /// No value is on a disk that it is not for.
    private func checkPlaces(_ logs: [[EntryPlace: EntryContent]]) {
        let parties = everParties(logs)
        for node in nodes where !isLiar(node.member) {
            node.disk.forEachContent { content in
                for owner in content.tags(after: ValueMaker.privateMark)
                where owner != node.member.string && isMember(owner) && !isLiar(owner) {
                    find(.leaked, "\(name(node)) has a private value of \(owner)")
                }
                for record in content.tags(after: ValueMaker.partiesMark)
                where parties[record]?.contains(node.member) == false {
                    find(.leaked, "\(name(node)) has a value of \(record), of which it is no party")
                }
            }
        }
    }

    private func isLiar(_ code: String) -> Bool {
        plan.liar.map { roster.members[$0].code.string == code } ?? false
    }

    /// Whether an entry stands in a feed of the liar's.
    private func isLie(_ place: EntryPlace, _ node: SimulatedNode) -> Bool {
        guard plan.liar != nil,
            let writer = node.engine?.ledger.tip(of: place.feed)?.identity.member
        else { return false }
        return isLiar(writer)
    }

    private func isMember(_ code: String) -> Bool {
        roster.members.contains { $0.code.string == code }
    }

    /// Of each record by its printed id, everybody who ever was added, with home and origin, and who
    /// wrote in it: an author has its own words.
    private func everParties(
        _ logs: [[EntryPlace: EntryContent]]
    ) -> [String: Set<MemberCode>] {
        var parties: [String: Set<MemberCode>] = [:]
        for content in logs.lazy.flatMap(\.values) {
            guard let changeset = content.changeset else { continue }
            let id = "\(changeset.key.identifier)"
            parties[id, default: []].insert(changeset.key.origin)
            if let header = changeset.header { parties[id, default: []].insert(header.home) }
            for write in changeset.writes {
                parties[id, default: []].insert(write.dot.writer.member)
                parties[id, default: []].formUnion(write.parties)
            }
        }
        for (key, named) in acknowledged.named {
            parties["\(key.identifier)"]?.formUnion(named)
        }
        // Also where the log is of a machine that is off by now.
        for write in acknowledged.writes {
            parties["\(write.key.identifier)"]?.insert(write.member)
        }
        return parties
    }
}

extension Write {
    /// The members that it adds to a record's parties.
    var parties: Set<MemberCode> {
        guard field == SystemField.parties,
            case .elements(let added, _) = ValueCoding.decode(value)
        else { return [] }
        return Set(
            added.compactMap { element in
                if case .member(let member) = element { member } else { nil }
            }
        )
    }
}

extension EntryContent {
    /// The changeset in it, also one that is carried.
    fileprivate var changeset: Changeset? {
        switch self {
        case .changeset(let changeset): return changeset
        case .carried(let carried, timestamp: _):
            if case .changeset(let changeset)? = carried.entry { return changeset }
            return nil
        case .statement, .unknown, .malformed: return nil
        }
    }

    /// Nil if it does not tell.
    fileprivate var time: HybridTimestamp? {
        switch self {
        case .changeset(let changeset): changeset.timestamp
        case .statement(_, let timestamp), .unknown(_, let timestamp),
            .carried(_, let timestamp):
            timestamp
        case .malformed: nil
        }
    }
}
