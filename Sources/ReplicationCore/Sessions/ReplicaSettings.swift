package import AllianceModel

/// What a replica is told at its start: who it is, with whom, and every limit.
package struct ReplicaSettings: Hashable, Sendable {
    package var member: MemberCode
    /// The present one; changed by `.incarnationBegun` only.
    package var incarnation: Incarnation
    package var roster: Roster
    /// Digest of the alliance's first roster.
    package var firstRoster: Digest
    package var presentRoster: Digest
    /// The software's version, for people.
    package var software: Text
    /// For Hello, in DER: this member's present certificate and its chain, then earlier ones.
    package var certificates: [Bytes]

    package var versions: ClosedRange<UInt32> = 1...1
    /// Capabilities, sorted; `!` before what the other side has to know.
    package var features: [Text] = []

    /// Pushed and not acknowledged per session, in bytes; the protocol's own figures, since a
    /// receiver ends a session that exceeds twice as much.
    package var urgentWindowBytes = 1 << 20
    package var normalWindowBytes = 4 << 20
    /// About how much one read, hence one frame, holds.
    package var frameBytes = 128 << 10
    package var framesInFlightMaximum = 256
    /// Feeds in one frame.
    package var partsMaximum = 1_024
    /// Feeds asked of the store in one read.
    package var rangesMaximum = 1_024
    package var feedsPerAuthorMaximum = 100_000
    /// Feeds named to one peer within ten seconds, a defence against being asked over and over.
    package var listedMaximum = 400_000
    package var sessionsPerPeerMaximum = 4
    /// Requests to send again that a peer may make without acknowledging anything.
    package var wantsMaximum = 64

    /// Held of one author: beyond either, only that author is slowed.
    package var heldPerAuthorMaximum: UInt64 = 100_000
    package var heldBytesPerAuthorMaximum: UInt64 = 256 << 20
    /// Feeds wanted of one peer at once; less than the half of `wantsMaximum`.
    package var asksMaximum = 24
    /// Records that a peer may ask for within ten seconds.
    package var askedMaximum = 10_000
    /// Feeds whose histories are searched for a fork at once, with one peer.
    package var searchesMaximum = 8

    package var helloTimeoutMilliseconds: Int64 = 10_000
    /// Silence after which a Ping is sent.
    package var idleMilliseconds: Int64 = 15_000
    /// The one of the higher code waits this much longer, so that one Ping serves both.
    package var idleGraceMilliseconds: Int64 = 2_000
    package var answerTimeoutMilliseconds: Int64 = 30_000
    package var acknowledgementTimeoutMilliseconds: Int64 = 10_000
    /// After which the comparison of heads is begun again while it has led to nothing; doubles up
    /// to `idleMilliseconds`.
    package var surveyRetryMilliseconds: Int64 = 1_000
    /// Between two comparisons with a peer that is heard all the time.
    package var comparingMilliseconds: Int64 = 15_000
    /// Between two looks at what a peer has of a third member that is connected here itself.
    package var followingMilliseconds: Int64 = 30_000
    /// How long a peer has for each path of a disputed feed.
    package var proofMilliseconds: Int64 = 5_000
    /// How long a feed's own member has for what another one has named.
    package var relayMilliseconds: Int64 = 5_000

    package init(
        member: MemberCode,
        incarnation: Incarnation,
        roster: Roster,
        firstRoster: Digest,
        presentRoster: Digest,
        software: Text,
        certificates: [Bytes] = []
    ) {
        self.member = member
        self.incarnation = incarnation
        self.roster = roster
        self.firstRoster = firstRoster
        self.presentRoster = presentRoster
        self.software = software
        self.certificates = certificates
    }

    func windowBytes(_ deliveryClass: DeliveryClass) -> Int {
        switch deliveryClass {
        case .normal: normalWindowBytes
        case .urgent: urgentWindowBytes
        }
    }
}
