import AllianceModel
import Testing

@testable import ReplicationCore

@Suite struct FeedIdentityTests {
    private static let fuzhou = MemberCode("350100")
    private static let putian = MemberCode("350300-07")

    private func identity(
        _ audience: Audience,
        _ deliveryClass: DeliveryClass = .normal
    )
        throws -> FeedIdentity
    {
        FeedIdentity(
            writer: Writer(
                member: try #require(Self.fuzhou),
                incarnation: Incarnation(rawValue: 0x0102_0304_0506_0708)
            ),
            audience: audience,
            deliveryClass: deliveryClass,
            roster: TestHash.sha256(Bytes("roster".utf8))
        )
    }

    private func audiences() throws -> [Audience] {
        let members = [try #require(Self.fuzhou), try #require(Self.putian)]
        return [.private, .alliance, .members(members), .members([members[0]])]
    }

    /// The golden vector of docs/protocol.md.
    @Test func `the layout is the one in the protocol's table`() throws {
        let members = Audience.members([
            try #require(Self.fuzhou), try #require(Self.putian),
        ])
        let identity = try identity(members, .urgent)
        let roster = TestHash.sha256(Bytes("roster".utf8)).hex
        let encoded =
            "00000006" + "333530313030"
            + "00000008" + "0102030405060708"
            + "00000012" + "01" + "06333530313030" + "093335303330302d3037"
            + "00000001" + "01"
            + "00000020" + roster
        #expect(Hexadecimal.encode(identity.encoded) == encoded)
        let digested = "0000000d" + Hexadecimal.encode(Bytes("citysync feed".utf8)) + encoded
        let bytes = try #require(Hexadecimal.decode(digested))
        #expect(identity.digest(hash: TestHash.sha256) == TestHash.sha256(bytes))
    }

    @Test func `an identity survives its encoding`() throws {
        for audience in try audiences() {
            for deliveryClass in DeliveryClass.allCases {
                let identity = try identity(audience, deliveryClass)
                #expect(FeedIdentity(encoded: identity.encoded) == identity)
                #expect(Audience(encoded: audience.encoded) == audience)
            }
        }
    }

    @Test func `identities that differ in anything have different digests`() throws {
        var identities: [FeedIdentity] = []
        for audience in try audiences() {
            for deliveryClass in DeliveryClass.allCases {
                var identity = try identity(audience, deliveryClass)
                identities.append(identity)
                identity.writer.incarnation = Incarnation(rawValue: 7)
                identities.append(identity)
                identity.roster = TestHash.sha256([])
                identities.append(identity)
            }
        }
        let digests = Set(identities.map { $0.digest(hash: TestHash.sha256) })
        #expect(digests.count == identities.count)
    }

    @Test func `an identity cut short at any byte is none`() throws {
        for audience in try audiences() {
            let encoded = try identity(audience).encoded
            for count in 0..<encoded.count {
                #expect(FeedIdentity(encoded: encoded.prefix(count)) == nil)
            }
            #expect(FeedIdentity(encoded: encoded + [0]) == nil)
        }
    }

    @Test func `a flipped bit gives another identity or none`() throws {
        for audience in try audiences() {
            let identity = try identity(audience)
            let encoded = identity.encoded
            for bit in 0..<(encoded.count * 8) {
                var flipped = encoded
                flipped[bit / 8] ^= 1 << UInt8(bit % 8)
                if let other = FeedIdentity(encoded: flipped) {
                    #expect(other != identity)
                    #expect(other.encoded == flipped)
                }
            }
        }
    }

    @Test func `members unsorted, twice, none, or without the writer are refused`() throws {
        let fuzhou = try #require(Self.fuzhou)
        let putian = try #require(Self.putian)
        for members in [[putian, fuzhou], [fuzhou, fuzhou], []] {
            let identity = try identity(.members(members))
            #expect(!identity.isCanonical)
            #expect(FeedIdentity(encoded: identity.encoded) == nil)
        }
        let foreign = try identity(.members([putian]))
        #expect(!foreign.isCanonical)
        #expect(FeedIdentity(encoded: foreign.encoded) == nil)
    }

    @Test func `a length beyond the end is refused, not read`() {
        #expect(FeedIdentity(encoded: [0xff, 0xff, 0xff, 0xff]) == nil)
        #expect(Audience(encoded: [1, 255]) == nil)
        #expect(Audience(encoded: [3]) == nil)
        #expect(Audience(encoded: Bytes()) == nil)
    }

    @Test func `what is signed names everything, each part with its length`() throws {
        let fuzhou = try #require(Self.fuzhou)
        let feed = TestHash.sha256([1])
        let root = TestHash.sha256([2])
        let head = FeedHead(feed: feed, size: 5, root: root)
        let common = "00000001" + "01" + "00000001" + "61" + "00000006" + "333530313030"
        #expect(
            Hexadecimal.encode(head.signedBytes(alliance: "a", member: fuzhou))
                == "0000000d" + Hexadecimal.encode(Bytes("citysync head".utf8)) + common
                + "00000020" + feed.hex + "00000008" + "0000000000000005" + "00000020" + root.hex
        )
        #expect(
            Hexadecimal.encode(
                Approval.signedBytes(alliance: "a", member: fuzhou, proposal: root)
            ) == "00000011" + Hexadecimal.encode(Bytes("citysync approval".utf8)) + common
                + "00000020" + root.hex
        )
    }
}
