import AllianceModel
import ReplicationCore

// How values of the core stand in columns; see the comments in SQL/.

extension Audience {
    /// `private`, `alliance`, or codes with one space between.
    var stored: String {
        switch self {
        case .private: "private"
        case .alliance: "alliance"
        case .members(let members): members.map(\.string).joined(separator: " ")
        }
    }

    init?(stored: String) {
        switch stored {
        case "private": self = .private
        case "alliance": self = .alliance
        default:
            let codes = stored.split(separator: " ", omittingEmptySubsequences: false)
            let members = codes.compactMap { MemberCode(utf8: $0.utf8) }
            guard members.count == codes.count else { return nil }
            self = .members(members)
        }
    }
}

extension Connection {
    func digest(_ statement: Statement, _ column: Int32) throws(StoreError) -> Digest {
        let raw = statement.raw(column)
        guard raw.count == Digest.byteCount else {
            throw damage("a digest of \(raw.count) bytes is stored")
        }
        return Digest(raw)
    }

    func optionalDigest(_ statement: Statement, _ column: Int32) throws(StoreError) -> Digest? {
        statement.isNull(column) ? nil : try digest(statement, column)
    }

    func member(_ statement: Statement, _ column: Int32) throws(StoreError) -> MemberCode {
        guard let code = MemberCode(utf8: statement.raw(column)) else {
            throw damage("a member code that is none is stored")
        }
        return code
    }

    func text(_ statement: Statement, _ column: Int32) throws(StoreError) -> Text {
        guard let text = Text(validating: statement.raw(column)) else {
            throw damage("a text that is not UTF-8 is stored")
        }
        return text
    }

    func key(_ statement: Statement, _ column: Int32) throws(StoreError) -> RecordKey {
        guard let key = RecordKey(encoded: statement.bytes(column)) else {
            throw damage("a record key that is none is stored")
        }
        return key
    }

    func frontier(
        _ statement: Statement,
        _ column: Int32,
        size: UInt64
    )
        throws(StoreError) -> MerkleFrontier
    {
        guard let frontier = MerkleFrontier(encoded: statement.raw(column)), frontier.size == size
        else { throw damage("the frontier of a feed at \(size) entries does not decode") }
        return frontier
    }

    /// The four parts of an entry in consecutive columns, as slices of one array.
    func entryBytes(_ statement: Statement, from column: Int32) -> EntryBytes {
        let parts = (
            statement.raw(column), statement.raw(column + 1),
            statement.raw(column + 2), statement.raw(column + 3)
        )
        let first = parts.0.count
        let second = first + parts.1.count
        let third = second + parts.2.count
        let fourth = third + parts.3.count
        let bytes = Bytes(unsafeUninitializedCapacity: fourth) { buffer, count in
            let raw = UnsafeMutableRawBufferPointer(buffer)
            UnsafeMutableRawBufferPointer(rebasing: raw[..<first]).copyMemory(from: parts.0)
            UnsafeMutableRawBufferPointer(rebasing: raw[first..<second]).copyMemory(from: parts.1)
            UnsafeMutableRawBufferPointer(rebasing: raw[second..<third]).copyMemory(from: parts.2)
            UnsafeMutableRawBufferPointer(rebasing: raw[third..<fourth]).copyMemory(from: parts.3)
            count = fourth
        }
        return EntryBytes(
            opening: bytes[..<first],
            writes: bytes[first..<second],
            salt: bytes[second..<third],
            body: bytes[third...]
        )
    }
}
