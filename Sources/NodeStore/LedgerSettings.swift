package import AllianceModel
package import ReplicationCore

/// What a ledger must be told; everything that it cannot compute is an argument.
package struct LedgerSettings: Sendable {
    package var member: MemberCode
    /// Drawn at this start.
    package var incarnation: Incarnation
    package var roster: Roster
    package var rosterDigest: Digest
    /// How far ahead of the wall clock a timestamp may be, in milliseconds.
    package var clockBoundMilliseconds: Int64
    package var hash: HashFunction
    /// HMAC-SHA-256 of a message under a key.
    package var authenticate: @Sendable (_ message: Bytes, _ key: Bytes) -> Digest
    /// That many random bytes.
    package var random: @Sendable (Int) -> Bytes
    /// Signs with the member's key: SHA-256 of the certificate, and raw r || s; nil if it cannot.
    package var sign: @Sendable (Bytes) -> (key: Digest, signature: Bytes)?
    /// True if the message was signed (raw r || s) by that member with the key whose certificate has
    /// this SHA-256; false also where that certificate is not known here.
    package var isSigned:
        @Sendable (_ message: Bytes, _ member: MemberCode, _ key: Digest, _ signature: Bytes) ->
            Bool

    package init(
        member: MemberCode,
        incarnation: Incarnation,
        roster: Roster,
        rosterDigest: Digest,
        clockBoundMilliseconds: Int64,
        hash: @escaping HashFunction,
        authenticate: @escaping @Sendable (_ message: Bytes, _ key: Bytes) -> Digest,
        random: @escaping @Sendable (Int) -> Bytes,
        sign: @escaping @Sendable (Bytes) -> (key: Digest, signature: Bytes)?,
        isSigned:
            @escaping @Sendable (
                _ message: Bytes, _ member: MemberCode, _ key: Digest, _ signature: Bytes
            ) -> Bool
    ) {
        self.member = member
        self.incarnation = incarnation
        self.roster = roster
        self.rosterDigest = rosterDigest
        self.clockBoundMilliseconds = clockBoundMilliseconds
        self.hash = hash
        self.authenticate = authenticate
        self.random = random
        self.sign = sign
        self.isSigned = isSigned
    }
}

/// What a commit made durable, for whoever tells the peers and the readers.
package struct Committed: Sendable {
    /// Own feeds that grew, in the order of their first append.
    package var tips: [FeedTip]
    /// Authors of whom more or fewer changesets are held now.
    package var held: [MemberCode: HeldSummary]
    package var agreementChanged: Bool
    package var factsChanged: Bool
    /// Entries of this member's earlier feeds that came back from a peer: they had been lost here.
    package var regained: Int
    /// The last position in the log.
    package var position: LogPosition

    package init(
        tips: [FeedTip],
        held: [MemberCode: HeldSummary],
        agreementChanged: Bool,
        factsChanged: Bool = false,
        regained: Int = 0,
        position: LogPosition
    ) {
        self.tips = tips
        self.held = held
        self.agreementChanged = agreementChanged
        self.factsChanged = factsChanged
        self.regained = regained
        self.position = position
    }
}
