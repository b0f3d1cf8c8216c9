import AllianceModel
import NodeStore
import ReplicationCore
import ReplicationWire

/// A whole alliance in one thread: every node's engine, store and disk, the network and the clients,
/// driven by a plan and by nothing else.
///
/// First the plan's operations and faults happen; then everything heals, and all nodes must come to
/// the same in bounded virtual time.
package final class Simulation {
    enum Event {
        case planned(Int)
        /// The engine of a node is looked after.
        case attend(node: Int, process: Int)
        case dial(node: Int, peer: Int, process: Int)
        /// Both ends hear of a connection.
        case connect(from: Int, to: Int, processes: [Int])
        /// What is first under way to an end arrives.
        case arrive(link: Int, end: Int)
        case start(node: Int)
        case end(Ailment)
        /// Members look for something to approve.
        case vote
        /// What a fault brings with it that clients do.
        case operation(PlannedEvent)
    }

    /// What a fault leaves behind for a while.
    enum Ailment {
        case blocked(from: Int, to: Int)
        case slow(node: Int)
        case disk(node: Int)
        case clock(node: Int, byMilliseconds: Int64)
        case clone(node: Int)
    }

    package let plan: SimulationPlan
    package internal(set) var trace: Trace
    package internal(set) var coverage = Coverage()
    package internal(set) var findings: [Finding] = []
    /// Events handled.
    package internal(set) var steps = 0
    /// Virtual milliseconds since the start.
    package internal(set) var now: Int64 = 0

    var queue = EventQueue<Event>()
    var random: SeededRandom
    let roster: Roster
    let definitions: [ItemDefinition]
    var nodes: [SimulatedNode] = []
    var links: [Int: Link] = [:]
    var lastLink = 0
    /// How many partitions stand between two nodes, in that direction.
    var blocked: [Direction: Int] = [:]
    /// Virtual milliseconds that a frame takes at least.
    var latency: [Direction: Int64] = [:]
    var isHealing = false
    /// Incarnations that ran twice at once.
    var forkedIncarnations: Set<Incarnation> = []

    var clients = Clients()
    var acknowledged = Acknowledged()

    struct Direction: Hashable {
        var from: Int
        var to: Int
    }

    /// How long after the faults' end everything must have come to the same.
    package static let healingMilliseconds: Int64 = 30 * 60_000
    /// How long it has to stay quiet: of what third members have nodes hear every few seconds only.
    static let quietMilliseconds: Int64 = 16_000
    /// How often all members compare what they have once all is quiet: what one carries to another
    /// may be what that one has to carry on.
    static let comparisonsMaximum = 8

    package convenience init(
        _ plan: SimulationPlan,
        trace sink: ((String) -> Void)? = nil
    ) throws {
        try self.init(plan, items: nil, trace: sink)
    }

    /// With items of the caller's, or with drawn ones.
    init(
        _ plan: SimulationPlan,
        items: [ItemDefinition]?,
        trace sink: ((String) -> Void)?
    ) throws {
        self.plan = plan
        trace = Trace(sink: sink)
        var random = SeededRandom(seed: plan.seed)
        roster = try Simulation.roster(plan.memberCount, &random)
        let drawn = DefinitionMaker.definitions(roster, &random)
        definitions = items ?? drawn
        for (index, member) in roster.members.enumerated() {
            let disk = SimulatedDisk(
                sectorBytes: random.chance(500) ? 512 : 4_096,
                syncs: plan.syncs
            )
            nodes.append(
                SimulatedNode(
                    index: index,
                    roster: roster,
                    member: member.code,
                    random: random.split(),
                    disk: disk
                )
            )
        }
        self.random = random
        for from in nodes.indices {
            for to in nodes.indices where from != to {
                latency[Direction(from: from, to: to)] = self.random.between(1, 40)
            }
        }
    }

    private static func roster(_ count: Int, _ random: inout SeededRandom) throws -> Roster {
        let members = (0..<count).compactMap { index in
            MemberCode("35\(10 + index / 10)0\(index % 10)").map { code in
                RosterMember(
                    code: code,
                    names: LocalizedName(zh: Text("城市\(index)"), en: Text("City \(index)"))
                )
            }
        }
        return try Roster(
            alliance: "simulation",
            trustDomain: "simulation.example",
            agreement: random.chance(500) ? .all : .majority,
            members: members
        )
    }

    // MARK: Running

    /// Runs the plan to its end and judges what came of it; false if anything was found.
    package func run(stepsMaximum: Int = .max) -> Bool {
        begin()
        while steps < stepsMaximum, step(until: plan.faultMilliseconds) {}
        guard steps < stepsMaximum else { return findings.isEmpty }
        now = plan.faultMilliseconds
        if findings.isEmpty { heal(stepsMaximum: stepsMaximum) }
        return findings.isEmpty
    }

    func begin() {
        for (index, event) in plan.events.enumerated() {
            queue.add(.planned(index), at: event.at)
        }
        for node in nodes.indices { queue.add(.start(node: node), at: random.between(0, 200)) }
        queue.add(.vote, at: 400)
    }

    /// Handles the next event before that moment; false if there is none.
    func step(until end: Int64) -> Bool {
        guard findings.isEmpty, let time = queue.nextTime, time <= end,
            let (_, event) = queue.next()
        else { return false }
        now = max(now, time)
        steps += 1
        handle(event)
        return true
    }

    private func handle(_ event: Event) {
        switch event {
        case .planned(let index): perform(plan.events[index])
        case .attend(let index, let process):
            let node = nodes[index]
            guard node.process == process, node.attention == now else { return }
            node.attention = nil
            attend(node)
        case .dial(let node, let peer, let process): dial(nodes[node], to: nodes[peer], process)
        case .connect(let from, let to, let processes):
            connect(nodes[from], nodes[to], processes)
        case .arrive(let link, let end): arrive(link, end)
        case .start(let index): start(nodes[index])
        case .end(let ailment): cure(ailment)
        case .vote: vote()
        case .operation(let event): perform(event)
        }
    }

    func find(_ kind: Finding.Kind, _ text: String) {
        findings.append(Finding(kind: kind, text: text))
        trace.note(now, 0xf1, text: "FOUND \(kind.rawValue): \(text)")
    }
}

/// Something that must not be.
package struct Finding: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// An acknowledged write is nowhere.
        case lost
        /// A value is where nobody may see it.
        case leaked
        /// Two nodes that must agree do not.
        case differs
        /// A node shows what the independent model does not come to.
        case wrong
        /// What is held for ever, or not caught up.
        case stuck
        /// A store, a tree or a clock that contradicts itself.
        case broken
        /// A node or a peer did what the protocol forbids.
        case violation
    }

    package let kind: Kind
    package let text: String
}
