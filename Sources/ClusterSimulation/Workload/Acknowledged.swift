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

    /// An addition that was asked for under an idempotency key.
    struct Addition: Hashable {
        let member: MemberCode
        let key: String
        /// Which secret the store had: request ids are made with it.
        let secret: UInt64
        let record: RecordKey
        let field: Text
    }

    /// In the order of their answers.
    private(set) var writes: [Write] = []
    private var known: Set<Write> = []
    /// Those that nobody can have any more, and why that is no fault of the node's.
    private(set) var excused: [Write: String] = [:]
    /// For each member and key the record that was answered with.
    private var answers: [String: RecordIdentifier] = [:]
    /// Where each write of this alliance's nodes stands that may be acknowledged.
    private var places: [Write: EntryPlace] = [:]
    /// Members whose memory of keys was set back.
    private var restored: Set<MemberCode> = []

    mutating func insert(_ write: Write) {
        guard known.insert(write).inserted else { return }
        writes.append(write)
    }

    /// Whom each record's additions ever named, as they were committed: also those of a disk that is
    /// lost, since what was carried to them by then is there.
    private(set) var named: [RecordKey: Set<MemberCode>] = [:]

    mutating func name(_ members: Set<MemberCode>, in record: RecordKey) {
        named[record, default: []].formUnion(members)
    }

    /// Every dot under which an addition was written: several only where a disk was set back.
    private(set) var additions: [(addition: Addition, dots: [Dot])] = []

    /// True if it was written before, by an earlier incarnation.
    mutating func note(_ addition: Addition, _ dot: Dot) -> Bool {
        guard let index = additions.firstIndex(where: { $0.addition == addition }) else {
            additions.append((addition, [dot]))
            return false
        }
        guard !additions[index].dots.contains(dot) else { return false }
        additions[index].dots.append(dot)
        return true
    }

    mutating func excuse(_ write: Write, _ reason: String) { excused[write] = reason }

    mutating func place(_ write: Write, at place: EntryPlace) { places[write] = place }

    /// After disks were lost: nobody can be asked for what is on none that is left.
    mutating func excuse(beyond sizes: [[Digest: UInt64]], _ reason: String) {
        for write in writes where excused[write] == nil {
            guard let place = places[write] else { continue }
            if sizes.allSatisfy({ ($0[place.feed] ?? 0) < place.sequence }) {
                excused[write] = reason
            }
        }
    }

    /// What one incarnation writes from now on may be void, whatever was answered.
    mutating func excuse(_ incarnation: Incarnation, _ reason: String) {
        for write in writes where write.dot.writer.incarnation == incarnation {
            excused[write] = reason
        }
    }

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
