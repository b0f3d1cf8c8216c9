import AllianceModel
import FoundationEssentials
import ReplicationCore
import SwiftProtobuf

extension SchemaHave {
    init(_ have: Have) {
        self.init()
        switch have {
        case .members(let groups):
            members = Members(groups)
        case .incarnations(let member, let groups):
            incarnations = Incarnations(member, groups)
        case .feeds(let writer, let sizes):
            feeds = Feeds(writer, sizes)
        }
    }

    func message(_ hash: HashFunction) throws(Misfit) -> Have? {
        switch level {
        case .members(let members): try members.message()
        case .incarnations(let incarnations): try incarnations.message()
        case .feeds(let feeds): try feeds.message(hash)
        case nil: nil
        }
    }
}

extension SchemaHave.Members {
    init(_ groups: [Have.Group<MemberCode>]) {
        self.init()
        self.groups = groups.map { group in
            var schema = SchemaHave.MemberGroup()
            schema.member = group.name.string
            schema.digest = group.digest.data
            return schema
        }
    }

    func message() throws(Misfit) -> Have {
        let groups = try groups.mapped { group throws(Misfit) in
            Have.Group(
                name: try MemberCode(group.member, "member"),
                digest: try Digest(group.digest, "digest")
            )
        }
        try checkAscending(groups.lazy.map(\.name), "groups")
        return .members(groups)
    }
}

extension SchemaHave.Incarnations {
    init(_ member: MemberCode, _ groups: [Have.Group<Incarnation>]) {
        self.init()
        self.member = member.string
        self.groups = groups.map { group in
            var schema = SchemaHave.IncarnationGroup()
            schema.incarnation = group.name.rawValue
            schema.digest = group.digest.data
            return schema
        }
    }

    func message() throws(Misfit) -> Have {
        let groups = try groups.mapped { group throws(Misfit) in
            Have.Group(
                name: Incarnation(rawValue: group.incarnation),
                digest: try Digest(group.digest, "digest")
            )
        }
        try checkAscending(groups.lazy.map(\.name), "groups")
        return .incarnations(of: try MemberCode(member, "member"), groups)
    }
}

extension SchemaHave.Feeds {
    init(_ writer: Writer, _ sizes: [Have.FeedSize]) {
        self.init()
        member = writer.member.string
        incarnation = writer.incarnation.rawValue
        feeds = sizes.map { size in
            var schema = SchemaHave.FeedSize()
            schema.identity = SchemaFeedIdentity(size.identity)
            schema.size = size.size
            schema.root = size.root.data
            return schema
        }
    }

    /// The feeds must stand in the order of their digests, which only `hash` can tell.
    func message(_ hash: HashFunction) throws(Misfit) -> Have {
        let writer = Writer(
            member: try MemberCode(member, "member"),
            incarnation: Incarnation(rawValue: incarnation)
        )
        let sizes = try feeds.mapped { feed throws(Misfit) in
            let identity = try feed.identity.model()
            try check(identity.writer == writer, "a feed of another writer")
            return Have.FeedSize(
                identity: identity,
                size: try checkedSequence(feed.size, "size"),
                root: try Digest(feed.root, "root")
            )
        }
        try checkAscending(sizes.map { $0.identity.digest(hash: hash) }, "feeds")
        return .feeds(of: writer, sizes)
    }
}

/// A size or a sequence: from 1, and small enough to be added to.
func checkedSequence(_ number: UInt64, _ field: String) throws(Misfit) -> UInt64 {
    try check((1...WireLimits.sequence).contains(number), "\(field) is out of range")
    return number
}

extension SchemaFeedIdentity {
    init(_ identity: FeedIdentity) {
        self.init()
        member = identity.member.string
        incarnation = identity.writer.incarnation.rawValue
        switch identity.audience {
        case .private: audience = .private
        case .members(let codes):
            audience = .members
            members = codes.map(\.string)
        case .alliance: audience = .alliance
        }
        deliveryClass = SchemaDeliveryClass(identity.deliveryClass)
        roster = identity.roster.data
    }

    func model() throws(Misfit) -> FeedIdentity {
        let identity = FeedIdentity(
            writer: Writer(
                member: try MemberCode(member, "identity.member"),
                incarnation: Incarnation(rawValue: incarnation)
            ),
            audience: try audienceModel(),
            deliveryClass: try deliveryClass.model(),
            roster: try Digest(roster, "identity.roster")
        )
        try check(identity.isCanonical, "a feed's audience is not sorted, or lacks its writer")
        return identity
    }

    private func audienceModel() throws(Misfit) -> Audience {
        if audience != .members {
            try check(members.isEmpty, "members of an audience that lists none")
        }
        switch audience {
        case .private: return .private
        case .members:
            try checkLimit(members.count, Audience.memberCountMaximum, "audience")
            let codes = try members.mapped { code throws(Misfit) in
                try MemberCode(code, "audience")
            }
            return .members(codes)
        case .alliance: return .alliance
        case .unspecified: throw .malformed("no audience")
        case .UNRECOGNIZED: throw .unknown("an unknown audience")
        }
    }
}
