import AllianceModel
import NodeStore
import ReplicationCore
import ReplicationWire

/// An entry that no honest node would make, appended to the liar's own feed as if it came from there.
///
/// Its own node takes it in as every other does; so what it says afterwards is in order by the
/// protocol, and a lie by its content alone.
final class ForgedWork: EngineWork, @unchecked Sendable {
    let identity: FeedIdentity
    private let bytes: [EntryBytes]
    private let alliance: Text
    private(set) var tip: FeedTip?

    init(_ bytes: [EntryBytes], in identity: FeedIdentity, alliance: Text) {
        self.bytes = bytes
        self.identity = identity
        self.alliance = alliance
    }

    var count: Int { 0 }

    func run(
        _ ledger: inout Ledger<SQLiteStore>,
        wallMilliseconds: Int64
    ) throws(StoreError) {
        let feed = identity.digest(hash: Hashing.sha256)
        var frontier = ledger.tip(of: feed)?.frontier ?? MerkleFrontier()
        let first = frontier.size + 1
        var items: [Push.Item] = []
        for entry in bytes {
            let leaf = EntryCoding.leaf(of: entry, hash: Hashing.sha256)
            frontier.append(leaf, hash: Hashing.sha256)
            items.append(
                Push.Item(
                    part: 0,
                    bytes: entry,
                    leaf: leaf,
                    content: EntryContent(
                        entry,
                        writer: identity.writer,
                        hash: Hashing.sha256
                    )
                )
            )
        }
        let head = FeedHead(
            feed: feed,
            size: frontier.size,
            root: frontier.root(hash: Hashing.sha256)
        )
        let part = ReceivedBatch.Part(
            identity: identity,
            feed: feed,
            first: first,
            frontier: frontier,
            head: Keys.sign(head, alliance: alliance, for: identity.member)
        )
        let batch = ReceivedBatch(number: 0, parts: [part], items: items)
        try ledger.receive(batch, wallMilliseconds: wallMilliseconds)
        tip = ledger.tip(of: feed)
    }

    /// The simulation looks at the tip itself.
    func finish(_ error: StoreError?) {}
}
