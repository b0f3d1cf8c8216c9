import AllianceModel
import Foundation
import NodeStore
import ReplicationCore
import ReplicationWire
import SecureTransport
import Synchronization
import Testing

/// One city's ledger over a real store, and what reaches it from the others, as a test says.
final class LedgerCity {
    static let start: Int64 = 1_780_000_000_000

    let member: MemberCode
    let folder: TemporaryFolder
    let keys: KnownKeys
    private(set) var ledger: Ledger<SQLiteStore>
    private(set) var last: Committed?
    var wall = LedgerCity.start
    /// Of its folder.
    private var data = "data"
    private var path: String { "\(folder.path)/\(data)" }

    /// Keys of approvals whose certificates are here.
    final class KnownKeys: Sendable {
        private let refused = Mutex<Set<MemberCode>>([])

        func refuse(_ member: MemberCode) { refused.withLock { _ = $0.insert(member) } }
        func allow(_ member: MemberCode) { refused.withLock { _ = $0.remove(member) } }
        func has(_ member: MemberCode) -> Bool { refused.withLock { !$0.contains(member) } }
    }

    static let roster: Roster = {
        let codes = ["350100", "350300", "350700"]
        let members = codes.map {
            RosterMember(
                code: NodeStoreTests.member($0),
                names: LocalizedName(zh: Text("城市\($0)"), en: Text("City \($0)"))
            )
        }
        do {
            return try Roster(
                alliance: "test",
                trustDomain: "test.example",
                agreement: .all,
                members: members
            )
        } catch {
            fatalError("\(error)")
        }
    }()

    /// Its incarnation is its code's number, if not given.
    init(_ code: String, incarnation: UInt64? = nil) throws {
        member = NodeStoreTests.member(code)
        folder = try TemporaryFolder()
        keys = KnownKeys()
        ledger = try Self.open(
            member,
            "\(folder.path)/\(data)",
            keys,
            incarnation ?? UInt64(code) ?? 1,
            wall: Self.start
        )
    }

    private static func open(
        _ member: MemberCode,
        _ folder: String,
        _ keys: KnownKeys,
        _ incarnation: UInt64,
        wall: Int64
    ) throws -> Ledger<SQLiteStore> {
        let store = try SQLiteStore(DataFolder(folder), storeSettings(member))
        return try Ledger(
            store: store,
            settings: LedgerSettings(
                member: member,
                incarnation: Incarnation(rawValue: incarnation),
                roster: roster,
                rosterDigest: RosterCoding.digest(roster, SHA256.function),
                clockBoundMilliseconds: 60_000,
                hash: SHA256.function,
                authenticate: { message, key in HMACSHA256(key: key).tag(message) },
                random: { SecureRandom.bytes($0) },
                sign: { (SHA256.hash($0), Bytes(repeating: 7, count: 64)) },
                isSigned: { _, member, _, _ in keys.has(member) }
            ),
            wallMilliseconds: wall
        )
    }

    private static func storeSettings(_ member: MemberCode) -> StoreSettings {
        StoreSettings(
            hash: SHA256.function,
            random: { SecureRandom.bytes($0) },
            terms: terms(member)
        )
    }

    /// The terms that a node lists records by, under the definitions that the store has.
    private static func terms(_ member: MemberCode) -> IndexTermsFunction {
        { stored, reader throws(StoreError) in
            var agreement = AgreementState(
                roster: roster,
                rosterDigest: RosterCoding.digest(roster, SHA256.function)
            )
            for (proposal, timestamp) in try reader.proposals() {
                agreement.insert(proposal, at: timestamp)
            }
            let folding = RecordFolding(reader: reader, agreement: agreement)
            let (state, definition) = try folding.state(of: stored)
            let view = RecordView(state, definition, viewer: member)
            return IndexTerms(
                item: state.header.item,
                home: state.header.home,
                stage: view.stage,
                holder: view.holder,
                subject: view.subject,
                uniques: view.uniques(hash: SHA256.function),
                isDeleted: view.isDeleted,
                updated: state.updated.milliseconds
            )
        }
    }

    /// A copy of the data, as a backup made at this moment.
    func copied(to name: String = "copy.sqlite") throws -> String {
        let copy = "\(folder.path)/\(name)"
        _ = try StoreBackup.make(
            of: "\(path)/citysync.sqlite",
            to: copy,
            Self.storeSettings(member),
            ledger.settings
        )
        return copy
    }

    /// As after a restore: a new process under a new incarnation, on what the copy has.
    func putBack(_ copy: String, incarnation: UInt64) throws {
        data = "restored"
        let restored = try DataFolder(path)
        restored.unlock()
        try FileManager.default.copyItem(
            atPath: copy,
            toPath: "\(path)/citysync.sqlite"
        )
        ledger = try Self.open(member, path, keys, incarnation, wall: wall)
    }

    /// As after a kill: a new process under a new incarnation, on what was committed.
    func restart(incarnation: UInt64) throws {
        ledger.store.folder.unlock()
        ledger = try Self.open(member, path, keys, incarnation, wall: wall)
    }

    /// A second machine on a copy of this one's disk, both starting anew under one incarnation, as
    /// after a copy of the running one.
    func clone(incarnation: UInt64) throws -> LedgerCity {
        ledger.store.folder.unlock()
        let copy = try LedgerCity(copyOf: self, incarnation: incarnation)
        ledger = try Self.open(member, path, keys, incarnation, wall: wall)
        return copy
    }

    private init(copyOf other: LedgerCity, incarnation: UInt64) throws {
        member = other.member
        keys = other.keys
        wall = other.wall
        folder = try TemporaryFolder()
        let path = "\(folder.path)/data"
        let files = try FileManager.default.contentsOfDirectory(atPath: "\(other.folder.path)/data")
        _ = try DataFolder("\(folder.path)/data").unlock()
        for name in files where name.hasPrefix("citysync.sqlite") {
            try FileManager.default.copyItem(
                atPath: "\(other.folder.path)/data/\(name)",
                toPath: "\(folder.path)/data/\(name)"
            )
        }
        ledger = try Self.open(member, path, keys, incarnation, wall: wall)
    }

    /// Another incarnation in the same process.
    func renew(incarnation: UInt64) throws {
        try ledger.renew(Incarnation(rawValue: incarnation), wallMilliseconds: wall)
    }

    @discardableResult
    func commit<Value>(
        _ body: (inout Ledger<SQLiteStore>) throws(StoreError) -> Value
    ) throws -> Value {
        try ledger.begin()
        let value = try body(&ledger)
        last = try ledger.commit()
        return value
    }

    // MARK: Writing

    func create(
        _ fields: [FieldRequest],
        home: String? = nil,
        parties: [String] = [],
        under definition: Digest,
        uuid: UUIDBytes? = nil,
        caller: Caller = .test(201)
    ) throws -> Result<WriteAnswer, Refusal> {
        let wall = wall
        let creation = Creation(
            definition: definition,
            home: home.map { NodeStoreTests.member($0) },
            parties: parties.map { NodeStoreTests.member($0) },
            uuid: uuid,
            request: ChangeRequest(fields: fields)
        )
        return try commit { ledger throws(StoreError) in
            try ledger.create(creation, caller, wallMilliseconds: wall)
        }
    }

    func change(
        _ id: RecordIdentifier,
        _ fields: [FieldRequest] = [],
        stage: Text? = nil,
        holder: MemberCode? = nil,
        token: String? = nil,
        caller: Caller = .test(200)
    ) throws -> Result<WriteAnswer, Refusal> {
        let wall = wall
        let request = ChangeRequest(fields: fields, stage: stage, holder: holder)
        return try commit { ledger throws(StoreError) in
            try ledger.change(id, request, token: token, caller, wallMilliseconds: wall)
        }
    }

    func delete(_ id: RecordIdentifier) throws -> Result<WriteAnswer, Refusal> {
        let wall = wall
        return try commit { ledger throws(StoreError) in
            try ledger.change(
                id,
                ChangeRequest(fields: [], isDeletion: true),
                token: nil,
                .test(200),
                wallMilliseconds: wall
            )
        }
    }

    func propose(
        _ definition: ItemDefinition,
        _ caller: Caller = .test(201)
    ) throws -> Result<VoteAnswer, Refusal> {
        let wall = wall
        return try commit { ledger throws(StoreError) in
            try ledger.propose(definition, caller, wallMilliseconds: wall)
        }
    }

    func approve(
        _ proposal: Digest,
        _ caller: Caller = .test(200)
    ) throws -> Result<VoteAnswer, Refusal> {
        let wall = wall
        return try commit { ledger throws(StoreError) in
            try ledger.approve(
                item: LedgerItem.code,
                version: 1,
                proposal: proposal,
                caller,
                wallMilliseconds: wall
            )
        }
    }

    // MARK: Receiving

    /// Feeds of another city that this one may see and has not whole.
    func awaited(of author: MemberCode? = nil, from other: LedgerCity) -> [FeedTip] {
        other.ledger.tips.filter { tip in
            tip.identity.member == author ?? other.member && tip.identity.audience.includes(member)
                && (ledger.tip(of: tip.digest)?.size ?? 0) < tip.size
        }
    }

    /// Takes in the next entries of some feeds, in one commit.
    func take(
        _ feeds: [(tip: FeedTip, count: Int)],
        from other: LedgerCity,
        altering: (EntryContent) -> EntryContent = { $0 }
    ) throws {
        let batches = try feeds.map { feed in
            try batch(feed.tip, feed.count, from: other, altering)
        }
        let wall = wall
        try commit { ledger throws(StoreError) in
            for batch in batches { try ledger.receive(batch, wallMilliseconds: wall) }
        }
    }

    /// Takes in all there is of another city, in the order of its feeds' digests.
    ///
    /// `author`: whose feeds, if not that city's own.
    func takeAll(of author: MemberCode? = nil, from other: LedgerCity) throws {
        while true {
            let feeds = awaited(of: author, from: other)
            guard !feeds.isEmpty else { return }
            try take(feeds.map { ($0, 1_000) }, from: other)
        }
    }

    private func batch(
        _ tip: FeedTip,
        _ count: Int,
        from other: LedgerCity,
        _ altering: (EntryContent) -> EntryContent
    ) throws -> ReceivedBatch {
        var frontier = ledger.tip(of: tip.digest)?.frontier ?? MerkleFrontier()
        let first = frontier.size + 1
        let read = try other.ledger.store.entries(
            [FeedRange(feed: tip.digest, from: first)],
            tip.identity.deliveryClass,
            bytesMaximum: 1 << 20
        )
        let items = read.items.prefix(count).map { item in
            Push.Item(
                part: 0,
                bytes: item.bytes,
                leaf: EntryCoding.leaf(of: item.bytes, hash: SHA256.function),
                content: altering(
                    EntryContent(item.bytes, writer: tip.identity.writer, hash: SHA256.function)
                )
            )
        }
        for item in items { frontier.append(item.leaf, hash: SHA256.function) }
        let head = FeedHead(
            feed: tip.digest,
            size: frontier.size,
            root: frontier.root(hash: SHA256.function)
        )
        let part = ReceivedBatch.Part(
            identity: tip.identity,
            feed: tip.digest,
            first: first,
            frontier: frontier,
            head: SignedHead(head: head, key: tip.digest, signature: Bytes(repeating: 7, count: 64))
        )
        return ReceivedBatch(number: 1, parts: [part], items: items)
    }

    func releaseDue(limit: Int = 1_000) throws {
        let wall = wall
        try commit { ledger throws(StoreError) in
            try ledger.releaseDue(wallMilliseconds: wall, limit: limit)
        }
    }

    // MARK: Looking

    func view(_ id: RecordIdentifier) throws -> RecordView? {
        guard let stored = try ledger.store.record(id) else { return nil }
        let (state, definition) = try folding.state(of: stored)
        return RecordView(state, definition)
    }

    func value(_ name: Text, of id: RecordIdentifier) throws -> FieldValue? {
        let view = try view(id)
        return view.flatMap { view in
            view.definition.field(name).flatMap { view.value(of: $0) }
        }
    }

    /// Lets the list index follow to the end.
    func project() throws {
        while try ledger.store.projectIndexes(limit: 100) {}
    }

    /// Open conflicts between records.
    func between(_ kind: ConflictKind) throws -> [ConflictListing.Found] {
        let page = try ConflictListing(ledger.store, folding, viewer: member).page(
            kind: kind,
            includesClosed: false,
            cursor: nil,
            limit: 100
        )
        return try #require(page).found
    }

    var held: [HeldEntry] {
        get throws { try ledger.store.held(after: 0, limit: 1_000) }
    }

    func buckets(with other: LedgerCity) throws -> RecordComparison.Buckets {
        try RecordComparison(
            reader: ledger.store,
            folding: folding,
            me: member,
            peer: other.member,
            hash: SHA256.function
        ).buckets()
    }

    var folding: RecordFolding {
        RecordFolding(reader: ledger.store, agreement: ledger.agreement, facts: ledger.facts)
    }
}

extension Caller {
    static func test(_ status: Int, key: String? = nil, request: String = "request") -> Caller {
        Caller(
            actor: "test",
            route: "TEST /",
            idempotencyKey: key,
            request: SHA256.hash(Bytes(request.utf8)),
            status: status
        )
    }
}
