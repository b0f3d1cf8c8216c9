import AllianceModel
import NodeStore
import ReplicationCore

/// Every write that some node acknowledged: what must not be lost.
struct Acknowledged {
    struct Write: Hashable {
        let member: MemberCode
        let key: RecordKey
        let field: Text
        let dot: Dot
    }

    /// In the order of their answers.
    private(set) var writes: [Write] = []
    private var known: Set<Write> = []
    /// Those that nobody can have any more, and why that is no fault of the node's.
    private(set) var excused: [Write: String] = [:]
    /// For each member and key the record that was answered with.
    private var answers: [String: RecordIdentifier] = [:]
    /// Members whose memory of keys was set back.
    private var restored: Set<MemberCode> = []

    mutating func insert(_ write: Write) {
        guard known.insert(write).inserted else { return }
        writes.append(write)
    }

    mutating func excuse(_ write: Write, _ reason: String) { excused[write] = reason }

    /// False if the same key was answered with another record before.
    mutating func note(_ id: RecordIdentifier, of key: String, by member: MemberCode) -> Bool {
        let name = "\(member) \(key)"
        guard let earlier = answers[name], !restored.contains(member) else {
            answers[name] = id
            return true
        }
        return earlier == id
    }

    mutating func setBack(_ member: MemberCode) { restored.insert(member) }
}
