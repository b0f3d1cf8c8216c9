package import AllianceModel
package import ReplicationCore

/// What a node has of the records that it and one other member may both see, as digests.
///
/// Records fall into 256 buckets by the first byte of their key's SHA-256. A bucket's digest is
/// chained over its records in key order, SHA-256(previous, key, state digest), so that a comparison
/// of millions of records keeps 256 digests in memory and goes down only where they differ.
package struct RecordComparison {
    package static let bucketCount = 256
    private static let page = 1_000

    private let reader: any StoreReading
    private let folding: RecordFolding
    private let me: MemberCode
    private let peer: MemberCode
    private let hash: HashFunction
    private let isStopped: @Sendable () -> Bool

    /// `isStopped`: asked between pages; where it is true, what is being read ends with
    /// `StoreError.stopped`.
    package init(
        reader: any StoreReading,
        folding: RecordFolding,
        me: MemberCode,
        peer: MemberCode,
        hash: @escaping HashFunction,
        isStopped: @escaping @Sendable () -> Bool = { false }
    ) {
        self.reader = reader
        self.folding = folding
        self.me = me
        self.peer = peer
        self.hash = hash
        self.isStopped = isStopped
    }

    package struct Buckets: Hashable, Sendable {
        /// 256 of them; a bucket without records has the digest of no bytes.
        package var digests: [Digest]
        package var records: Int
        /// SHA-256 over the digests.
        package var digest: Digest
    }

    package func buckets() throws(StoreError) -> Buckets {
        let empty = hash(UnsafeRawBufferPointer(start: nil, count: 0))
        var digests = [Digest](repeating: empty, count: Self.bucketCount)
        var count = 0
        try forEach { bucket, record throws(StoreError) in
            count += 1
            let chained = digests[bucket].bytes + record.key + record.digest.bytes
            digests[bucket] = chained.withUnsafeBytes { hash($0) }
        }
        let all = digests.flatMap(\.bytes)
        return Buckets(
            digests: digests,
            records: count,
            digest: all.withUnsafeBytes { hash($0) }
        )
    }

    /// The records of one bucket, in key order.
    package func records(inBucket bucket: UInt8) throws(StoreError) -> [Checked.Record] {
        var records: [Checked.Record] = []
        try forEach { of, record throws(StoreError) in
            if of == Int(bucket) { records.append(record) }
        }
        return records
    }

    private func forEach(
        _ body: (_ bucket: Int, _ record: Checked.Record) throws(StoreError) -> Void
    ) throws(StoreError) {
        var last: RecordKey?
        while true {
            if isStopped() { throw .stopped }
            let page = try reader.records(after: last, limit: Self.page)
            for stored in page {
                let (state, definition) = try folding.state(of: stored)
                let scopes = commonScopes(state, definition)
                guard !scopes.isEmpty else { continue }
                let key = stored.key.encoded
                let digest = state.digest(scopes: scopes, definition: definition, hash: hash)
                let bucket = Int(key.withUnsafeBytes { hash($0) }.bytes[0])
                try body(bucket, Checked.Record(key: key, digest: digest))
            }
            guard page.count == Self.page else { return }
            last = page.last?.key
        }
    }

    /// The scopes of a record that both members see.
    private func commonScopes(_ state: RecordState, _ definition: ItemDefinition) -> Set<Scope> {
        var scopes: Set<Scope> = []
        if state.isWritten(.alliance, definition) { scopes.insert(.alliance) }
        let parties = state.parties(definition)
        if state.isWritten(.parties, definition), parties.contains(me),
            parties.contains(peer)
        {
            scopes.insert(.parties)
        }
        return scopes
    }
}
