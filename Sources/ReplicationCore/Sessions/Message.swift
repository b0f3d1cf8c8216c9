package import AllianceModel

/// What two sessions say to each other, decoded.
///
/// The bytes are ReplicationWire's.
package enum Message: Hashable, Sendable {
    case hello(Hello)
    case ping(Ping)
    case have(Have)
    case want(Want)
    case push(Push)
    case ack(Ack)
    /// Asks for what the receiver holds of some records.
    case ask(Ask)
    /// Asks where an entry stands under a signed head.
    case prove(Prove)
    case proved(Proved)
    /// Asks for digests of what both may see; answered outside the replica, which ignores it.
    case check(Check)
    case checked(Checked)
    case fault(Fault)
    /// Of a later version: ignored, as the negotiated version allows.
    case unknown
}

package struct Hello: Hashable, Sendable {
    package var alliance: Text
    /// Digest of the alliance's first roster; another one is refused (`roster_differs`).
    package var firstRoster: Digest
    package var presentRoster: Digest
    package var member: MemberCode
    package var incarnation: Incarnation
    /// The protocol versions spoken, lowest and highest; the highest common one is used.
    package var versions: ClosedRange<UInt32>
    /// Names of capabilities, sorted.
    ///
    /// One that starts with `!` must be known to the other side.
    package var features: [Text]
    /// Wall clock, milliseconds since 1970 UTC.
    package var clock: Int64
    /// Certificate chain in DER, the member's own first.
    package var certificates: [Bytes]
    /// The software's version, for people.
    package var software: Text

    package init(
        alliance: Text,
        firstRoster: Digest,
        presentRoster: Digest,
        member: MemberCode,
        incarnation: Incarnation,
        versions: ClosedRange<UInt32>,
        features: [Text],
        clock: Int64,
        certificates: [Bytes],
        software: Text
    ) {
        self.alliance = alliance
        self.firstRoster = firstRoster
        self.presentRoster = presentRoster
        self.member = member
        self.incarnation = incarnation
        self.versions = versions
        self.features = features
        self.clock = clock
        self.certificates = certificates
        self.software = software
    }
}

package struct Ping: Hashable, Sendable {
    /// Wall clock of the sender, milliseconds since 1970 UTC.
    package var clock: Int64
    /// SHA-256 over (feed digest, size, root), in order of feed digest, of all feeds that the sender
    /// has and whose audience includes both.
    package var common: Digest
    /// True if the receiver is to answer with a Ping of its own.
    package var wantsAnswer: Bool

    package init(clock: Int64, common: Digest, wantsAnswer: Bool) {
        self.clock = clock
        self.common = common
        self.wantsAnswer = wantsAnswer
    }
}

/// What the sender has below one node of the tree member / incarnation / feed, of what both may
/// see.
///
/// It is the complete list of that node's children: what is not in it the sender does not have.
package enum Have: Hashable, Sendable {
    /// The digest of each member's feeds, sorted by member.
    case members([Group<MemberCode>])
    /// The digest of each incarnation's feeds of one member.
    case incarnations(of: MemberCode, [Group<Incarnation>])
    /// The feeds of one incarnation, sorted by digest.
    case feeds(of: Writer, [FeedSize])

    package struct Group<Name: Hashable & Sendable>: Hashable, Sendable {
        package var name: Name
        package var digest: Digest

        package init(name: Name, digest: Digest) {
            self.name = name
            self.digest = digest
        }
    }

    package struct FeedSize: Hashable, Sendable {
        package var identity: FeedIdentity
        package var size: UInt64
        package var root: Digest

        package init(identity: FeedIdentity, size: UInt64, root: Digest) {
            self.identity = identity
            self.size = size
            self.root = root
        }
    }
}

/// Asks for a feed from one sequence on: one of the receiver's own that goes on beyond a gap, or any
/// that the receiver has named.
package struct Want: Hashable, Sendable {
    package var feed: Digest
    /// The first sequence wanted; at least 1.
    package var from: UInt64

    package init(feed: Digest, from: UInt64) {
        self.feed = feed
        self.from = from
    }
}

/// Entries in the sender's local order, and one signed head for each feed in it, at the size right
/// after its last entry here.
///
/// Nothing is stored before its head verifies.
package struct Push: Hashable, Sendable {
    /// The feeds that the entries belong to, each with its head.
    package struct Part: Hashable, Sendable {
        package var identity: FeedIdentity
        /// Sequence of the feed's first entry in this frame; the others follow densely.
        package var first: UInt64
        package var head: SignedHead

        package init(identity: FeedIdentity, first: UInt64, head: SignedHead) {
            self.identity = identity
            self.first = first
            self.head = head
        }
    }

    package struct Item: Hashable, Sendable {
        /// Index into `parts`.
        package var part: Int
        package var bytes: EntryBytes
        /// The entry's leaf, computed by whoever decoded the frame.
        package var leaf: Digest
        package var content: EntryContent

        package init(part: Int, bytes: EntryBytes, leaf: Digest, content: EntryContent) {
            self.part = part
            self.bytes = bytes
            self.leaf = leaf
            self.content = content
        }
    }

    package var parts: [Part]
    package var items: [Item]
    /// Certificates (DER) of keys other than the sender's that signed what is in this frame, so that
    /// whoever never met their members can judge it; at most 64.
    package var certificates: [Bytes]
    /// Size of the frame on the wire in bytes, for flow control.
    package var frameBytes: Int

    package init(
        parts: [Part],
        items: [Item],
        certificates: [Bytes] = [],
        frameBytes: Int
    ) {
        self.parts = parts
        self.items = items
        self.certificates = certificates
        self.frameBytes = frameBytes
    }
}

/// How far the sender has stored, durably, what the receiver pushed.
package struct Ack: Hashable, Sendable {
    package struct Stored: Hashable, Sendable {
        package var feed: Digest
        /// Durably stored up to and including this sequence.
        package var upTo: UInt64

        package init(feed: Digest, upTo: UInt64) {
            self.feed = feed
            self.upTo = upTo
        }
    }

    package var stored: [Stored]
    /// How many changesets of the receiver's own feeds the sender holds, unapplied.
    package var held: UInt64
    /// Timestamp of the oldest of these; nil if none.
    package var oldestHeld: HybridTimestamp?
    /// True if the sender takes no more of the receiver's own feeds until it says otherwise: too much
    /// of them waits there.
    package var isFull: Bool

    package init(
        stored: [Stored],
        held: UInt64,
        oldestHeld: HybridTimestamp?,
        isFull: Bool = false
    ) {
        self.stored = stored
        self.held = held
        self.oldestHeld = oldestHeld
        self.isFull = isFull
    }
}

/// Why a session ends.
///
/// The raw value travels and is shown.
package enum FaultCode: String, Hashable, Sendable, CaseIterable {
    case versionUnsupported = "version_unsupported"
    case featureMissing = "feature_missing"
    case allianceDiffers = "alliance_differs"
    case rosterDiffers = "roster_differs"
    case memberDiffers = "member_differs"
    case frameMalformed = "frame_malformed"
    case frameTooLarge = "frame_too_large"
    case frameOutOfOrder = "frame_out_of_order"
    case limitExceeded = "limit_exceeded"
    case signatureInvalid = "signature_invalid"
    case headNotCovering = "head_not_covering"
    case headShrunken = "head_shrunken"
    case audienceExcludesReceiver = "audience_excludes_receiver"
    case feedForeign = "feed_foreign"
    /// A feed of the present incarnation is said to be other than its member made it.
    case feedForked = "feed_forked"
    case sequenceGap = "sequence_gap"
    case timeout
    case duplicateConnection = "duplicate_connection"
    case shuttingDown = "shutting_down"
    case storeStopped = "store_stopped"
}

package struct Fault: Error, Hashable, Sendable {
    package var code: FaultCode
    /// For people and logs: never a value of a record.
    package var text: String
    /// Milliseconds after which trying again makes sense; nil: the caller's own backoff.
    package var retryMilliseconds: Int64?

    package init(_ code: FaultCode, _ text: String, retryMilliseconds: Int64? = nil) {
        self.code = code
        self.text = text
        self.retryMilliseconds = retryMilliseconds
    }
}

/// Asks what the receiver has of the records that both may see.
package struct Check: Hashable, Sendable {
    /// Chosen by the asking side; the answer repeats it.
    package var number: UInt64
    /// Nil: the digest of every bucket; else the records of that one.
    package var bucket: UInt8?

    package init(number: UInt64, bucket: UInt8?) {
        self.number = number
        self.bucket = bucket
    }
}

/// What the sender has, asked for by a `Check`.
///
/// A record is in the bucket of the first byte of its key's SHA-256.
package struct Checked: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        /// For each of the 256 buckets the digest chained over its records in key order, and how
        /// many records there are in all.
        case buckets([Digest], records: UInt64)
        /// The bucket's records in key order: encoded key and state digest. At most 100,000.
        case records([Record])
    }

    package struct Record: Hashable, Sendable {
        package var key: Bytes
        package var digest: Digest

        package init(key: Bytes, digest: Digest) {
            self.key = key
            self.digest = digest
        }
    }

    package var number: UInt64
    package var content: Content

    package init(number: UInt64, content: Content) {
        self.number = number
        self.content = content
    }
}
