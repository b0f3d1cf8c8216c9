import AllianceModel
import NodeStore
import ReplicationCore
import SecureTransport
import Testing

@testable import NodeRuntime

struct HeldRowTests {
    private func row(nextTry: Int64?) throws -> HeldRow {
        let (author, writer) = (
            try #require(MemberCode("350100")), try #require(MemberCode("350300"))
        )
        let roster = try Roster(
            alliance: "test",
            trustDomain: "test.example",
            agreement: .all,
            members: [author, writer].map { member in
                RosterMember(
                    code: member,
                    names: LocalizedName(zh: "城市", en: "City"),
                    address: nil
                )
            }
        )
        let entry = HeldEntry(
            position: 7,
            reason: .predecessorMissing,
            detail: "write 1 of 350300 to a field",
            author: author,
            timestamp: HybridTimestamp(rawValue: 5),
            key: nil,
            definition: nil,
            since: 1_000,
            nextTry: nextTry,
            waitsFor: Writer(member: writer, incarnation: Incarnation(rawValue: 1))
        )
        return HeldRow(entry, AgreementState(roster: roster, rosterDigest: SHA256.hash([])))
    }

    @Test func `whose write is missing must act, then who sent what waits for it`() throws {
        let row = try row(nextTry: nil)
        #expect(row.owners.map(\.string) == ["350300", "350100"])
        #expect(row.detail == "write 1 of 350300 to a field")
    }

    @Test func `of what rests nobody must act, and the row says why`() throws {
        let row = try row(nextTry: 90_000)
        #expect(row.owners == [])
        #expect(row.detail.hasPrefix("write 1 of 350300 to a field; all who may have it"))
        #expect(row.nextTry == 90_000)
    }
}
