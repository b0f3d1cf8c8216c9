import AllianceModel
import NodeRuntime
import ReplicationCore
import Testing

/// Two nodes whose certificates are good and who cannot work with each other.
struct IncompatibleTests {
    @Test func `who is refused at every Hello has been out of reach since the first`() async throws
    {
        let alliance = try TestAlliance(["350100", "350300"])
        defer { alliance.remove() }
        let roster = alliance.roster
        let renamed = try Roster(
            alliance: roster.alliance,
            trustDomain: roster.trustDomain,
            agreement: roster.agreement,
            members: roster.members.map { member in
                RosterMember(
                    code: member.code,
                    names: LocalizedName(zh: member.names.zh, en: "Renamed"),
                    address: member.address
                )
            }
        )
        let nodes = [
            try await alliance.start("350100"),
            try await alliance.start("350300", roster: renamed),
        ]
        for running in nodes {
            let start = try #require(await running.node.observe().links[0].unreachableSince)
            var seen: Set<UInt64> = []
            try await running.eventually("several connections have been refused") { node in
                let link = await node.observe().links[0]
                #expect(!link.session.isConnected)
                // To the reading of two clocks.
                #expect(link.unreachableSince.map { abs($0 - start) < 1_000 } == true)
                seen.insert(link.bytesReceived)
                return seen.count >= 4 && link.state == .incompatible
            }
            let link = await running.node.observe().links[0]
            #expect(link.reason == "roster_differs")
        }
        for running in nodes { try await running.stop() }
    }
}
