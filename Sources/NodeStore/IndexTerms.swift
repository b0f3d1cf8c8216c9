package import AllianceModel

/// What a list can be narrowed by, of one record as it is shown.
package struct IndexTerms: Hashable, Sendable {
    package var item: Text
    package var home: MemberCode
    /// Nil for a plain record.
    package var stage: Text?
    /// Nil for a plain record.
    package var holder: MemberCode?
    /// The subject field's value as its canonical text; nil if there is none.
    package var subject: Text?
    /// What only one open record should have, as digests: the values that are to be unique among the
    /// item's, the request that made it; empty if there are none, or the record is not open.
    package var uniques: [Digest]
    package var isDeleted: Bool
    /// The greatest timestamp applied, milliseconds since 1970 UTC.
    package var updated: Int64

    package init(
        item: Text,
        home: MemberCode,
        stage: Text?,
        holder: MemberCode?,
        subject: Text?,
        uniques: [Digest] = [],
        isDeleted: Bool = false,
        updated: Int64
    ) {
        self.item = item
        self.home = home
        self.stage = stage
        self.holder = holder
        self.subject = subject
        self.uniques = uniques
        self.isDeleted = isDeleted
        self.updated = updated
    }

    func match(_ query: RecordQuery) -> Bool {
        func holds<Value: Equatable>(_ wanted: Value?, _ value: Value?) -> Bool {
            wanted == nil || wanted == value
        }
        return holds(query.item, item) && holds(query.home, home) && holds(query.stage, stage)
            && holds(query.holder, holder) && holds(query.subject, subject)
            && query.updatedAfter.map { updated > $0 } ?? true
    }
}

/// Tells a record's terms as it is kept, with the connection to look feeds up on; nil if it is not
/// to be listed.
///
/// A pure function of the record: asked at the time of the list or before it.
package typealias IndexTermsFunction =
    @Sendable (StoredRecord, any StoreReading) throws(StoreError) -> IndexTerms?

/// What a store cannot compute itself.
package struct StoreSettings: Sendable {
    package var hash: HashFunction
    /// That many random bytes; asked for once, when the database is made.
    package var random: @Sendable (Int) -> Bytes
    package var terms: IndexTermsFunction

    package init(
        hash: @escaping HashFunction,
        random: @escaping @Sendable (Int) -> Bytes,
        terms: @escaping IndexTermsFunction
    ) {
        self.hash = hash
        self.random = random
        self.terms = terms
    }
}
