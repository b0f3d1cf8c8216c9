package import AllianceModel

/// One entry of a feed as it travels and is stored: four byte strings, never re-encoded, so that
/// signatures hold and fields of later versions survive.
///
/// | part    | content                                                              |
/// |---------|----------------------------------------------------------------------|
/// | opening | kind, timestamp; of a changeset the record's key and perhaps header   |
/// | writes  | for each write: field, dot, context, lost, ground, request id         |
/// | salt    | 16 random bytes, so that an erased body cannot be guessed from a hash |
/// | body    | the values, in the order of the writes; or a statement; or a `Carried` |
///
/// Leaf = SHA-256(0x00, opening, SHA-256(writes), SHA-256(salt, body)).
package struct EntryBytes: Hashable, Sendable {
    package var opening: ArraySlice<UInt8>
    package var writes: ArraySlice<UInt8>
    package var salt: ArraySlice<UInt8>
    package var body: ArraySlice<UInt8>

    package init(
        opening: ArraySlice<UInt8>,
        writes: ArraySlice<UInt8>,
        salt: ArraySlice<UInt8>,
        body: ArraySlice<UInt8>
    ) {
        self.opening = opening
        self.writes = writes
        self.salt = salt
        self.body = body
    }

    /// Bytes of the four parts together.
    package var count: Int { opening.count + writes.count + salt.count + body.count }
}

/// What an entry says.
package enum EntryContent: Hashable, Sendable {
    case changeset(Changeset)
    /// Another member's changeset with its proof, under the timestamp of who carries it.
    case carried(Carried, timestamp: HybridTimestamp)
    case statement(Statement, timestamp: HybridTimestamp)
    /// Of a kind that this version does not know: kept, held as `feature_unknown`.
    case unknown(kind: UInt64, timestamp: HybridTimestamp)
    /// Genuine bytes that do not decode: kept, held as `malformed`.
    case malformed(reason: String)
}

/// One member's atomic change of one record for one audience.
package struct Changeset: Hashable, Sendable {
    package var timestamp: HybridTimestamp
    package var key: RecordKey
    /// Present if this is the origin's first changeset of the record in its feed.
    package var header: RecordHeader?
    /// At least one; at most 1,024; each field once.
    package var writes: [Write]

    package init(
        timestamp: HybridTimestamp,
        key: RecordKey,
        header: RecordHeader?,
        writes: [Write]
    ) {
        self.timestamp = timestamp
        self.key = key
        self.header = header
        self.writes = writes
    }
}

/// A value for one field, with what its writer stood on.
package struct Write: Hashable, Sendable {
    /// A field of the definition, or one of `@parties`, `@turn`, `@stage`, `@handling`, `@delete`.
    package var field: Text
    package var dot: Dot
    /// The writes to this field that the writer had applied.
    package var context: CausalContext
    /// What the writer saw standing but not shown, sorted; all of it in `context`.
    package var lost: [Dot]
    /// The turn (or handling assignment) that the authority rests on; nil for the first turn, for
    /// home's handling by default and where authority rests on neither.
    package var ground: Dot?
    /// 16 bytes, if the client gave an idempotency key.
    package var requestID: Bytes?
    /// The encoded value (see `ValueCoding`), opaque here.
    package var value: ArraySlice<UInt8>

    package init(
        field: Text,
        dot: Dot,
        context: CausalContext,
        lost: [Dot],
        ground: Dot?,
        requestID: Bytes?,
        value: ArraySlice<UInt8>
    ) {
        self.field = field
        self.dot = dot
        self.context = context
        self.lost = lost
        self.ground = ground
        self.requestID = requestID
        self.value = value
    }
}
