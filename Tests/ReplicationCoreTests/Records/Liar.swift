import AllianceModel
import Testing

@testable import ReplicationCore

/// A member that signs what no honest node would write: without authority, on old turns, with false
/// contexts, backdated, under numbers used before.
struct Liar {
    let me: Writer
    private let definition: ItemDefinition
    private let key: RecordKey
    private let members: [MemberCode]
    private var written: [City.Entry] = []

    init(
        _ definition: ItemDefinition,
        _ me: Writer,
        _ key: RecordKey,
        _ members: [MemberCode]
    ) {
        self.definition = definition
        self.me = me
        self.key = key
        self.members = members
    }

    mutating func lie(after entries: [City.Entry], _ random: inout SplitMix) -> City.Entry {
        let names =
            definition.fields.map(\.name).filter { $0 != "note" } + SystemField.all
            + ["first", "first", "amount", "handled", SystemField.stage, SystemField.turn]
        let name = names[Int.random(in: 0..<names.count, using: &random)]
        let scope = definition.scope(of: name) ?? .alliance
        let audience: Audience = scope == .alliance ? .alliance : .members(members)
        let number = number(of: name, &random)
        let context = context(of: name, in: entries, below: number, &random)
        let write = Write(
            field: name,
            dot: Dot(writer: me, number: number),
            context: context,
            lost: lost(context, &random),
            ground: ground(of: name, in: entries, &random),
            requestID: Bool.random(using: &random) ? Bytes(repeating: 1, count: 16) : nil,
            value: ValueCoding.encode(value(of: name, in: entries, &random))[...]
        )
        let milliseconds = UInt64.random(in: 900...1_200, using: &random)
        let entry = City.Entry(
            changeset: Changeset(
                timestamp: CaseSamples.time(milliseconds),
                key: key,
                header: nil,
                writes: [write]
            ),
            audience: audience,
            writer: me,
            sequence: written.sequence(after: me, audience)
        )
        written.append(entry)
        return entry
    }

    /// Mostly the next one; sometimes one used before.
    private func number(of name: Text, _ random: inout SplitMix) -> UInt64 {
        let used = written.flatMap(\.changeset.writes).filter { $0.field == name }
            .map(\.dot.number)
        let next = (used.max() ?? 0) + 1
        let isTwice = Int.random(in: 0..<6, using: &random) == 0
        return isTwice ? used.randomElement(using: &random) ?? next : next
    }

    /// Some of what there is, whether it saw it or not.
    private func context(
        of name: Text,
        in entries: [City.Entry],
        below number: UInt64,
        _ random: inout SplitMix
    ) -> CausalContext {
        var context = CausalContext()
        for write in entries.flatMap(\.changeset.writes)
        where write.field == name && Int.random(in: 0..<3, using: &random) == 0 {
            context.insert(write.dot)
        }
        guard context.number(of: me) >= number else { return context }
        return CausalContext(sorted: context.entries.filter { $0.writer != me }) ?? CausalContext()
    }

    private func lost(_ context: CausalContext, _ random: inout SplitMix) -> [Dot] {
        context.entries.filter { _ in Int.random(in: 0..<4, using: &random) == 0 }
            .map { Dot(writer: $0.writer, number: $0.number) }
    }

    private func ground(
        of name: Text,
        in entries: [City.Entry],
        _ random: inout SplitMix
    ) -> Dot? {
        let authority = definition.field(name)?.authority
        guard
            authority == .holder || authority == .handling || name == SystemField.turn
                || name == SystemField.stage
        else { return nil }
        let field = authority == .handling ? SystemField.handling : SystemField.turn
        let dots = entries.flatMap(\.changeset.writes).filter { $0.field == field }.map(\.dot)
        return Int.random(in: 0..<4, using: &random) == 0
            ? nil : dots.randomElement(using: &random)
    }

    private func value(
        of name: Text,
        in entries: [City.Entry],
        _ random: inout SplitMix
    ) -> WriteValue {
        let member = FieldValue.member(members[Int.random(in: 0..<members.count, using: &random)])
        switch name {
        case SystemField.parties: return .elements(add: [member], remove: [])
        case SystemField.turn, SystemField.handling: return .single(member)
        case SystemField.stage:
            let stage = definition.workflow?.stages.randomElement(using: &random)
            return .single(.text(stage ?? "accepted"))
        case SystemField.delete:
            let writes = entries.flatMap(\.changeset.writes)
            let sights = Set(writes.map(\.field)).sorted().compactMap { field -> FieldSight? in
                var seen = CausalContext()
                for write in writes where write.field == field { seen.insert(write.dot) }
                return seen.isEmpty ? nil : FieldSight(field: field, seen: seen)
            }
            return .deletion(sights)
        default: break
        }
        guard let field = definition.field(name) else { return .single(member) }
        let value = WildSamples.value(of: field, &random)
        switch field.merge {
        case .union: return .elements(add: [], remove: [value])
        case .once where Bool.random(using: &random): return .ruling(value)
        default: return .single(value)
        }
    }
}
