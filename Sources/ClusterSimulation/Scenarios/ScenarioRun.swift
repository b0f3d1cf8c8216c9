import AllianceModel
import NodeStore
import ReplicationCore

/// Tells a scenario to a simulation.
package final class ScenarioRun {
    private let scenario: Scenario
    private let simulation: Simulation
    private var records: [String: RecordIdentifier] = [:]
    private var random = SeededRandom(seed: 1)

    package var findings: [Finding] { simulation.findings }

    package init(_ scenario: Scenario, trace: ((String) -> Void)? = nil) throws {
        self.scenario = scenario
        let plan = SimulationPlan(
            seed: 1,
            memberCount: scenario.memberCount,
            syncs: true,
            faultMilliseconds: .max,
            events: []
        )
        simulation = try Simulation(plan, items: scenario.items, trace: trace)
    }

    /// Throws where the scenario and what happens part ways; findings are in `findings`.
    package func run() throws(ScenarioError) {
        simulation.begin()
        pass(3_000)
        for step in scenario.steps {
            guard simulation.findings.isEmpty else { return }
            try perform(step)
        }
    }

    private func pass(_ milliseconds: Int64) {
        let end = simulation.now + milliseconds
        while simulation.step(until: end) {}
        simulation.now = max(simulation.now, end)
    }

    private func perform(_ step: Scenario.Step) throws(ScenarioError) {
        if try performFault(step) { return }
        switch step.words[0] {
        case "wait":
            guard let milliseconds = step.words.dropFirst().first.flatMap(Int64.init) else {
                throw ScenarioError(step, "wants milliseconds")
            }
            pass(milliseconds)
        case "settle":
            simulation.heal(stepsMaximum: .max)
            simulation.isHealing = false
        case "expect": try expect(step)
        case "refused":
            let inner = Scenario.Step(line: step.line, words: Array(step.words.dropFirst()))
            guard case .failure = try ask(inner) else {
                throw ScenarioError(step, "was not refused")
            }
        default:
            switch try ask(step) {
            case .success(let answer):
                if step.words[0] == "create" {
                    records[step.words[1]] = answer.snapshot.state.key.identifier
                }
            case .failure(let refusal): throw ScenarioError(step, refusal.detail)
            }
        }
    }

    // MARK: Words

    private func node(_ word: String, _ step: Scenario.Step) throws(ScenarioError) -> SimulatedNode
    {
        guard word.count == 1, let letter = word.utf8.first else {
            throw ScenarioError(step, "\(word) is no member")
        }
        let index = Int(letter) - Int(UInt8(ascii: "a"))
        guard simulation.nodes.indices.contains(index) else {
            throw ScenarioError(step, "there is no member \(word)")
        }
        return simulation.nodes[index]
    }

    private func member(_ word: String, _ step: Scenario.Step) throws(ScenarioError) -> MemberCode {
        try node(word, step).member
    }

    private func record(_ step: Scenario.Step) throws(ScenarioError) -> RecordIdentifier {
        guard step.words.count > 1, let id = records[step.words[1]] else {
            throw ScenarioError(step, "names no record")
        }
        return id
    }

    /// `key=value` words.
    private func values(_ step: Scenario.Step) -> [(key: String, value: String)] {
        step.words.compactMap { word in
            guard let sign = word.firstIndex(of: "=") else { return nil }
            return (String(word[..<sign]), String(word[word.index(after: sign)...]))
        }
    }

    // MARK: Operations

    private func ask(_ step: Scenario.Step) throws(ScenarioError) -> Result<WriteAnswer, Refusal> {
        guard let place = step.words.firstIndex(of: "by"), place + 1 < step.words.count else {
            throw ScenarioError(step, "does not say by whom")
        }
        let node = try node(step.words[place + 1], step)
        guard node.isUp else { throw ScenarioError(step, "that node is down") }
        let rest = Array(step.words[(place + 2)...])
        let work = ClientWork(try request(step, node, rest))
        node.work.append(work)
        simulation.attend(node)
        guard case .write(let result) = work.answer else {
            throw ScenarioError(step, "was not answered")
        }
        return result
    }

    private func request(
        _ step: Scenario.Step,
        _ node: SimulatedNode,
        _ rest: [String]
    ) throws(ScenarioError) -> ClientRequest {
        let caller = simulation.caller(200, &random)
        if step.words[0] == "create" {
            return .create(try creation(step, node), caller)
        }
        let id = try record(step)
        var request = ChangeRequest(fields: [])
        switch step.words[0] {
        case "write", "rule":
            request.fields = try fields(step, id, node)
        case "parties":
            request.fields = [
                FieldRequest(name: SystemField.parties, change: try parties(rest, step))
            ]
        case "assign":
            var handler: MemberCode?
            if let word = rest.first { handler = try member(word, step) }
            request.fields = [
                FieldRequest(
                    name: SystemField.handling,
                    change: .set(handler.map { .member($0) })
                )
            ]
        case "move":
            request.stage = rest.first.map { Text($0) }
            if rest.count == 2 { request.holder = try member(rest[1], step) }
        case "hand": request.holder = try member(rest.first ?? "", step)
        case "delete": request.isDeletion = true
        default: throw ScenarioError(step, "is no step")
        }
        return .change(id, request, token: nil, caller)
    }

    private func creation(
        _ step: Scenario.Step,
        _ node: SimulatedNode
    ) throws(ScenarioError) -> Creation {
        guard let ledger = node.engine?.ledger else { throw ScenarioError(step, "is down") }
        var home: MemberCode?
        var parties: [MemberCode] = []
        var item = scenario.items.first?.item
        for (key, value) in values(step) {
            switch key {
            case "home": home = try member(value, step)
            case "item": item = Text(value)
            case "parties":
                for letter in value.split(separator: ",") {
                    parties.append(try member(String(letter), step))
                }
            default: break
            }
        }
        let wall = node.clock.wallMilliseconds(simulation.now)
        guard let item,
            let (definition, digest) = ledger.agreement.offered(item: item, at: wall)
        else { throw ScenarioError(step, "there is no such item here") }
        return Creation(
            definition: digest,
            home: home,
            parties: parties,
            uuid: nil,
            request: ChangeRequest(fields: try fields(step, definition))
        )
    }

    private func fields(
        _ step: Scenario.Step,
        _ id: RecordIdentifier,
        _ node: SimulatedNode
    ) throws(ScenarioError) -> [FieldRequest] {
        guard let view = view(of: id, at: node) else {
            throw ScenarioError(step, "the record is not there")
        }
        return try fields(step, view.definition)
    }

    private func fields(
        _ step: Scenario.Step,
        _ definition: ItemDefinition
    ) throws(ScenarioError) -> [FieldRequest] {
        var fields: [FieldRequest] = []
        for (key, value) in values(step) where !["home", "item", "parties"].contains(key) {
            guard let field = definition.field(Text(key)) else {
                throw ScenarioError(step, "\(key) is no field")
            }
            let change = try change(value, field, step)
            fields.append(FieldRequest(name: field.name, change: change))
        }
        return fields.sorted { $0.name < $1.name }
    }

    /// A set's elements are `+x,-y`; `null` clears.
    private func change(
        _ value: String,
        _ field: FieldDefinition,
        _ step: Scenario.Step
    ) throws(ScenarioError) -> FieldChange {
        switch field.type {
        case .set:
            var (add, remove): ([FieldValue], [FieldValue]) = ([], [])
            for word in value.split(separator: ",") {
                let element = FieldValue.text(Text(String(word.dropFirst())))
                if word.hasPrefix("-") { remove.append(element) } else { add.append(element) }
            }
            return .elements(add: add.sorted(), remove: remove.sorted())
        case .counter:
            guard let amount = Int64(value) else { throw ScenarioError(step, "no number") }
            return .add(.integer(amount))
        default:
            let single: FieldValue? =
                if value == "null" { nil } else if case .integer = field.type {
                    .integer(Int64(value) ?? 0)
                } else { .text(Text(value)) }
            return step.words[0] == "rule" ? .rule(single) : .set(single)
        }
    }

    private func parties(
        _ words: [String],
        _ step: Scenario.Step
    ) throws(ScenarioError) -> FieldChange {
        var (add, remove): ([FieldValue], [FieldValue]) = ([], [])
        for word in words {
            let member = FieldValue.member(try member(String(word.dropFirst()), step))
            if word.hasPrefix("-") { remove.append(member) } else { add.append(member) }
        }
        return .elements(add: add.sorted(), remove: remove.sorted())
    }

    // MARK: Expectations

    private func view(of id: RecordIdentifier, at node: SimulatedNode) -> RecordView? {
        guard let ledger = node.engine?.ledger else { return nil }
        do throws(StoreError) {
            guard let stored = try ledger.store.record(id) else { return nil }
            let folding = RecordFolding(
                reader: ledger.store,
                agreement: ledger.agreement,
                facts: ledger.facts
            )
            let (state, definition) = try folding.state(of: stored)
            return RecordView(state, definition)
        } catch {
            return nil
        }
    }

    /// `expect R at a field=value ...`; `expect R at a nothing`.
    private func expect(_ step: Scenario.Step) throws(ScenarioError) {
        let id = try record(step)
        guard let place = step.words.firstIndex(of: "at"), place + 1 < step.words.count else {
            throw ScenarioError(step, "does not say where")
        }
        let view = view(of: id, at: try node(step.words[place + 1], step))
        guard step.words.last != "nothing" else {
            if view != nil { throw ScenarioError(step, "it is there") }
            return
        }
        guard let view else { throw ScenarioError(step, "it is not there") }
        for (key, value) in values(step) {
            let shown = shown(key, view)
            guard shown == value else { throw ScenarioError(step, "\(key) shows \(shown)") }
        }
    }

    private func shown(_ key: String, _ view: RecordView) -> String {
        func letter(_ member: MemberCode?) -> String {
            guard let index = simulation.nodes.firstIndex(where: { $0.member == member }) else {
                return "nobody"
            }
            return String(decoding: [UInt8(ascii: "a") + UInt8(index)], as: UTF8.self)
        }
        switch key {
        case "stage": return view.stage?.string ?? "none"
        case "holder": return letter(view.holder)
        case "handler": return letter(view.handler)
        case "parties": return view.parties.map(letter).sorted().joined(separator: ",")
        case "deleted": return "\(view.isDeleted)"
        default:
            guard let field = view.definition.field(Text(key)) else { return "no field" }
            let values = view.values(of: field).flatMap { value in
                if case .set(let elements) = value { elements } else { [value] }
            }
            let words = values.filter { $0 != .cleared }.map { $0.text?.string ?? "?" }
            return words.isEmpty ? "null" : words.joined(separator: ",")
        }
    }

    // MARK: Faults

    /// False if it is no fault.
    private func performFault(_ step: Scenario.Step) throws(ScenarioError) -> Bool {
        let words = step.words
        switch words[0] {
        case "part", "join", "part-way":
            guard words.count == 3 else { throw ScenarioError(step, "wants two members") }
            let (one, two) = (try node(words[1], step), try node(words[2], step))
            let pairs = words[0] == "part-way" ? [(one, two)] : [(one, two), (two, one)]
            for (from, to) in pairs { connect(from, to, words[0] == "join") }
        case "kill", "power", "stop", "start", "backup", "restore", "empty", "clone", "twin",
            "off", "clock", "fail", "invert":
            guard words.count > 1 else { throw ScenarioError(step, "wants a member") }
            try performNodeFault(step, try node(words[1], step))
        default: return false
        }
        return true
    }

    private func connect(_ from: SimulatedNode, _ to: SimulatedNode, _ isJoined: Bool) {
        let direction = Simulation.Direction(from: from.index, to: to.index)
        simulation.blocked[direction] = isJoined ? 0 : 1
        if isJoined { simulation.resume(from: from.index, to: to.index) }
    }

    private func performNodeFault(
        _ step: Scenario.Step,
        _ node: SimulatedNode
    ) throws(ScenarioError) {
        switch step.words[0] {
        case "kill": simulation.crash(node, cutsPower: false, downFor: 500)
        case "power": simulation.crash(node, cutsPower: true, downFor: 500)
        case "stop":
            simulation.tell(node, .stopping)
            simulation.end(node, isSilent: false, downFor: nil)
        case "start": simulation.start(node)
        case "backup": simulation.backUp(node)
        case "restore":
            guard let backup = node.backups.last else {
                throw ScenarioError(step, "there is no backup")
            }
            simulation.crash(node, cutsPower: false, downFor: 500)
            simulation.setBack(node, to: backup)
        case "empty":
            simulation.crash(node, cutsPower: false, downFor: 500)
            simulation.setBack(node, to: .none)
        case "clone", "twin":
            guard simulation.copy(node, isTwin: step.words[0] == "twin", &random) else {
                throw ScenarioError(step, "cannot be copied")
            }
        case "off": simulation.switchOff(node)
        case "fail": try fail(step, node)
        case "invert":
            simulation.crash(node, cutsPower: false, downFor: 500)
            guard step.words.count == 3, node.disk.invert(step.words[2]) else {
                throw ScenarioError(step, "names no column with a value in it")
            }
            node.isSuspect = true
        default: node.clock.step(byMilliseconds: try number(step), at: simulation.now)
        }
    }

    private func number(_ step: Scenario.Step) throws(ScenarioError) -> Int64 {
        guard let number = step.words.last.flatMap({ Int64($0) }) else {
            throw ScenarioError(step, "wants a number")
        }
        return number
    }

    /// `fail a read 20`: twenty reads succeed, and the next one fails.
    private func fail(
        _ step: Scenario.Step,
        _ node: SimulatedNode
    ) throws(ScenarioError) {
        guard step.words.count == 4, let operation = DiskOperation(rawValue: step.words[2]),
            let after = Int(step.words[3]), after >= 0
        else { throw ScenarioError(step, "wants a disk's operation, and how many succeed") }
        node.disk.arm(
            ArmedFault(operation: operation, fault: .failure, after: after, isLasting: false)
        )
    }
}
