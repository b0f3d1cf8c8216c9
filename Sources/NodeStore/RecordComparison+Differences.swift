package import AllianceModel
package import ReplicationCore

/// What two members' answers about the same records say of each other: a pure function, so that a
/// node and a simulator judge alike.
extension RecordComparison {
    package struct Difference: Hashable, Sendable {
        package enum Reason: String, Hashable, Sendable, CaseIterable {
            case missingHere = "missing_here"
            case missingThere = "missing_there"
            /// Both have it, and not the same of it.
            case differs
        }

        package var key: RecordKey
        package var reason: Reason

        package init(key: RecordKey, reason: Reason) {
            self.key = key
            self.reason = reason
        }

        /// True if the peer may hold something of the record that this node lacks: it is to be asked
        /// to carry it here.
        package var isWanted: Bool { reason != .missingThere }
    }

    /// Numbers of the buckets that are not alike, in order.
    ///
    /// Nil if the answer does not have as many as there are: it is none.
    package static func differingBuckets(_ here: [Digest], _ there: [Digest]) -> [UInt8]? {
        guard here.count == bucketCount, there.count == bucketCount else { return nil }
        return here.indices.filter { here[$0] != there[$0] }.map { UInt8($0) }
    }

    /// The records of a bucket that are not alike, in the order of their keys.
    ///
    /// Keys that cannot be read, which only a peer can send, are left out; of a key that comes twice
    /// the first counts.
    package static func differences(
        _ here: [Checked.Record],
        _ there: [Checked.Record]
    ) -> [Difference] {
        let ours = Dictionary(here.map { ($0.key, $0.digest) }) { first, _ in first }
        let theirs = Dictionary(there.map { ($0.key, $0.digest) }) { first, _ in first }
        let keys = Set(ours.keys).union(theirs.keys).compactMap { RecordKey(encoded: $0) }.sorted()
        return keys.compactMap { key in
            switch (ours[key.encoded], theirs[key.encoded]) {
            case (nil, _): return Difference(key: key, reason: .missingHere)
            case (_, nil): return Difference(key: key, reason: .missingThere)
            case (let here, let there):
                return here == there ? nil : Difference(key: key, reason: .differs)
            }
        }
    }
}
