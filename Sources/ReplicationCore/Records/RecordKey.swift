package import AllianceModel

/// A record's printed name: its origin and a UUIDv7 (RFC 9562, section 5.7).
package struct RecordIdentifier: Hashable, Comparable, Sendable {
    package var origin: MemberCode
    package var uuid: UUIDBytes

    package init(origin: MemberCode, uuid: UUIDBytes) {
        self.origin = origin
        self.uuid = uuid
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.origin, left.uuid) < (right.origin, right.uuid)
    }
}

/// What never changes of a record.
package struct RecordHeader: Hashable, Sendable {
    /// The item's code, a label: the definition's digest is the identity.
    package var item: Text
    package var definition: Digest
    /// Whose jurisdiction the record is.
    package var home: MemberCode

    package init(item: Text, definition: Digest, home: MemberCode) {
        self.item = item
        self.definition = definition
        self.home = home
    }
}

/// What changesets name a record by: (origin, UUIDv7, first 16 bytes of the header's SHA-256).
///
/// Two headers under one identifier are two records.
package struct RecordKey: Hashable, Comparable, Sendable {
    package var identifier: RecordIdentifier
    package var headerDigest: UUIDBytes

    package var origin: MemberCode { identifier.origin }

    package init(identifier: RecordIdentifier, headerDigest: UUIDBytes) {
        self.identifier = identifier
        self.headerDigest = headerDigest
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.identifier, left.headerDigest) < (right.identifier, right.headerDigest)
    }
}
