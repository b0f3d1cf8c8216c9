import AllianceModel
import ReplicationWire
import SwiftProtobuf
import Testing

@Suite struct RosterCodingTests {
    static func roster(
        _ agreement: AgreementRule = .all,
        reversed: Bool = false,
        address: String? = nil,
        english: Text = "Fuzhou"
    ) throws -> Roster {
        let members = [
            RosterMember(
                code: try Samples.member("350100"),
                names: LocalizedName(zh: "福州", en: english),
                address: address
            ),
            RosterMember(
                code: try Samples.member("350300"),
                names: LocalizedName(zh: "莆田", en: "Putian")
            ),
        ]
        return try Roster(
            alliance: "fuzhou-metro",
            trustDomain: "fuzhou-metro.example",
            agreement: agreement,
            members: reversed ? members.reversed() : members
        )
    }

    @Test func `order and addresses leave no trace in the digest`() throws {
        let digest = RosterCoding.digest(try Self.roster(), Samples.hash)
        let others = try [Self.roster(reversed: true), Self.roster(address: "10.1.2.3:7420")]
        for other in others { #expect(RosterCoding.digest(other, Samples.hash) == digest) }
        #expect(digest == SHA256.hash(RosterCoding.encode(try Self.roster())))
    }

    @Test func `names and the rule are part of it`() throws {
        let digests = try [
            Self.roster(), Self.roster(english: "Foochow"), Self.roster(.majority),
            Self.roster(.atLeast(2)),
        ].map { RosterCoding.digest($0, Samples.hash) }
        #expect(Set(digests).count == digests.count)
    }

    @Test func `the layout is the protocol's`() throws {
        let schema = try SchemaRoster(
            serializedBytes: RosterCoding.encode(try Self.roster(.atLeast(2)))
        )
        #expect(schema.alliance == "fuzhou-metro")
        #expect(schema.trustDomain == "fuzhou-metro.example")
        #expect(schema.agreement == .atLeast)
        #expect(schema.atLeast == 2)
        #expect(schema.members.map(\.code) == ["350100", "350300"])
        #expect(schema.members.map(\.name.zh) == ["福州", "莆田"])
        #expect(schema.members.map(\.name.en) == ["Fuzhou", "Putian"])
    }
}
