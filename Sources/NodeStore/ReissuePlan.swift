package import AllianceModel
package import ReplicationCore

/// One write of this member that a fork made void, and what became of it when it was to be issued
/// again.
package struct Reissue: Hashable, Sendable {
    /// Why a write is not issued again.
    package enum Reason: String, Hashable, Sendable, CaseIterable {
        /// The record shows it anyway.
        case sameValue = "same_value"
        /// It was issued again before.
        case issuedBefore = "issued_before"
        /// A later write of the same member on the fork replaced it; that one is issued.
        case replaced
        /// A later valid write stands, or one that the field's rule prefers.
        case superseded
        /// Other values stand under review that it had not seen: somebody has to choose.
        case needsDecision = "needs_decision"
        /// It would be refused now; the detail says why.
        case refused
    }

    package enum Outcome: Hashable, Sendable {
        case issued
        /// Of a trial run: it would be issued now.
        case wouldBeIssued
        case skipped(Reason, detail: String)
    }

    package var record: RecordIdentifier
    package var field: Text
    package var dot: Dot
    package var timestamp: HybridTimestamp
    package var outcome: Outcome

    package init(
        record: RecordIdentifier,
        field: Text,
        dot: Dot,
        timestamp: HybridTimestamp,
        outcome: Outcome
    ) {
        self.record = record
        self.field = field
        self.dot = dot
        self.timestamp = timestamp
        self.outcome = outcome
    }
}

/// What of a record's forked writes is to be issued again, as the record is now.
///
/// A write is issued again as long as nothing that counts came after it: the fork is undone, and
/// nobody's later work with it.
struct ReissuePlan {
    private let lines: [HistoryLine]
    private let view: RecordView
    private let me: MemberCode

    /// `lines`: the record's history, oldest first.
    init(_ lines: [HistoryLine], _ view: RecordView, me: MemberCode) {
        self.lines = lines
        self.view = view
        self.me = me
    }

    struct Skip: Error {
        var reason: Reissue.Reason
        var detail: String
    }

    /// The own forked writes, oldest first; what moved a case at one moment is one change.
    var changes: [[HistoryLine]] {
        var changes: [[HistoryLine]] = []
        for line in lines where isOwnForked(line) {
            if line.isMove, let last = changes.last?.first, last.isMove,
                last.timestamp == line.timestamp, last.dot.writer == line.dot.writer
            {
                changes[changes.count - 1].append(line)
            } else {
                changes.append([line])
            }
        }
        return changes
    }

    private func isOwnForked(_ line: HistoryLine) -> Bool {
        line.verdict == .forked && line.dot.writer.member == me
    }

    // MARK: One change

    func request(for change: [HistoryLine]) throws(Skip) -> ChangeRequest {
        guard let line = change.first else { throw Skip(.superseded, "there is nothing to write") }
        switch line.field {
        case SystemField.turn, SystemField.stage: return try move(change)
        case SystemField.delete: return try deletion(line)
        default:
            return ChangeRequest(fields: [
                FieldRequest(name: line.field, change: try fieldChange(line))
            ])
        }
    }

    private func fieldChange(_ line: HistoryLine) throws(Skip) -> FieldChange {
        let merge = view.definition.field(line.field)?.merge
        switch (merge, line.value) {
        case (.sum, .single(let amount)): return .add(amount)
        case (_, .elements(let add, let remove)): return try elements(line, add, remove)
        case (.once, .ruling(let value)): return .rule(try single(line, value))
        case (_, .single(let value)): return .set(try single(line, value))
        default: throw Skip(.refused, "nobody has what was written any more")
        }
    }

    // MARK: Single values

    private func single(_ line: HistoryLine, _ value: FieldValue?) throws(Skip) -> FieldValue? {
        let valid = lines.filter { $0.field == line.field && $0.verdict == nil }
        let standing = valid.filter(\.isStanding)
        let unseen = standing.filter { !line.seen.contains($0.dot) }
        let shown = standing.filter(\.isShown).compactMap { $0.value?.plain }
        let isLast = !lines.contains { other in
            isOwnForked(other) && other.field == line.field
                && (other.timestamp, other.dot) > (line.timestamp, line.dot)
        }
        if !shown.isEmpty, shown.allSatisfy({ $0 == value }) {
            throw Skip(.sameValue, "the record shows this value")
        }
        switch view.definition.field(line.field)?.merge {
        case .maximum, .minimum:
            if !isGreatest(value, among: shown, line.field) {
                throw Skip(.superseded, "the rule of the field prefers the value that is shown")
            }
        case .once where !line.isRuling:
            guard standing.isEmpty else {
                throw Skip(.superseded, "the field is set, and is set once")
            }
        case .review where !unseen.isEmpty:
            throw Skip(.needsDecision, "values stand under review that it had not seen")
        default: break
        }
        guard isLast else {
            throw Skip(.replaced, "a later write of this member on the fork replaced it")
        }
        let isCovered = valid.contains { $0.seen.contains(line.dot) }
        guard !isCovered, !unseen.contains(where: { $0.timestamp > line.timestamp }) else {
            throw Skip(.superseded, "a later valid write of this field stands")
        }
        return value
    }

    /// Whether a field that keeps its greatest, or least, value would show this one.
    private func isGreatest(
        _ value: FieldValue?,
        among shown: [FieldValue?],
        _ field: Text
    ) -> Bool {
        guard let value else { return shown.isEmpty }
        let others = shown.compactMap(\.self)
        if case .maximum = view.definition.field(field)?.merge {
            return others.allSatisfy { $0 < value }
        }
        return others.allSatisfy { value < $0 }
    }

    // MARK: Sets

    /// What is not there is added, and of what is there removed what the writer had seen.
    private func elements(
        _ line: HistoryLine,
        _ add: [FieldValue],
        _ remove: [FieldValue]
    ) throws(Skip) -> FieldChange {
        let present = view.state.field(line.field)?.elements ?? []
        let added = add.filter { !present.contains($0) }
        let removed = remove.filter { element in
            present.contains(element)
                && lines.filter { $0.field == line.field && $0.isStanding && $0.adds(element) }
                    .allSatisfy { line.seen.contains($0.dot) }
        }
        guard !added.isEmpty || !removed.isEmpty else {
            throw Skip(.sameValue, "the set is as this write would leave it")
        }
        return .elements(add: added, remove: removed)
    }

    // MARK: Moves and deletion

    private func move(_ change: [HistoryLine]) throws(Skip) -> ChangeRequest {
        var request = ChangeRequest(fields: [])
        for line in change {
            switch line.value {
            case .single(.member(let holder)): request.holder = holder
            case .single(.text(let stage)): request.stage = stage
            default: break
            }
        }
        if request.stage == view.stage { request.stage = nil }
        // A turn stands on the one that it follows: after another one it would claw the case back.
        guard change.allSatisfy({ $0.ground == view.custody.ground }) else {
            throw Skip(.superseded, "the case has moved on since")
        }
        if request.holder == view.holder { request.holder = nil }
        guard request.stage != nil || request.holder != nil else {
            throw Skip(.sameValue, "the case is there")
        }
        return request
    }

    private func deletion(_ line: HistoryLine) throws(Skip) -> ChangeRequest {
        guard !view.isDeleted else { throw Skip(.sameValue, "the record is deleted") }
        let later = lines.contains { $0.verdict == nil && $0.timestamp > line.timestamp }
        guard !later else { throw Skip(.superseded, "the record was written to since") }
        return ChangeRequest(fields: [], isDeletion: true)
    }
}

extension ReissuePlan.Skip {
    fileprivate init(_ reason: Reissue.Reason, _ detail: String) {
        self.init(reason: reason, detail: detail)
    }
}

extension HistoryLine {
    fileprivate var isMove: Bool { field == SystemField.turn || field == SystemField.stage }

    fileprivate func adds(_ element: FieldValue) -> Bool {
        guard case .elements(let add, _) = value else { return false }
        return add.contains(element)
    }
}
