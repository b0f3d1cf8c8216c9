package import AllianceModel
import SwiftProtobuf

/// Rosters as bytes; layout: `Roster` in citysync.proto.
///
/// Members are sorted by code, names are
/// part of it, addresses are not: a city that moves its node is still the same alliance.
package enum RosterCoding {
    package static func encode(_ roster: Roster) -> Bytes {
        var schema = SchemaRoster()
        schema.alliance = roster.alliance.string
        schema.trustDomain = roster.trustDomain.string
        switch roster.agreement {
        case .all: schema.agreement = .all
        case .majority: schema.agreement = .majority
        case .atLeast(let number):
            schema.agreement = .atLeast
            schema.atLeast = UInt32(clamping: number)
        }
        schema.members = roster.members.map { member in
            var schema = SchemaRosterMember()
            schema.code = member.code.string
            schema.name = SchemaLocalizedName(member.names)
            return schema
        }
        return schema.encoded()
    }

    /// What Hello compares (`roster_differs`), and what feeds and proposals name a roster by.
    package static func digest(_ roster: Roster, _ hash: HashFunction) -> Digest {
        encode(roster).withUnsafeBytes { hash($0) }
    }
}
