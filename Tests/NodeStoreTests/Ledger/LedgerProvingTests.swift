import AllianceModel
import NodeStore
import ReplicationCore
import SecureTransport
import Testing

/// Where an entry stands in a feed, as a node shows it to a peer.
@Suite struct LedgerProvingTests {
    private func paths(
        of tip: FeedTip,
        in city: LedgerCity
    ) throws -> [Proved?] {
        try (0...tip.size + 1).map { sequence in
            try city.ledger.proved(Prove(feed: tip.digest, sequence: sequence))
        }
    }

    @Test func `a path to the entry of any sequence is shown by its member and by who has it`()
        throws
    {
        let alliance = try LedgerAlliance()
        let (fuzhou, putian) = (alliance.fuzhou, alliance.putian)
        for number in 0..<9 {
            let fields = [FieldRequest.set("applicant", Text("\(number)"))]
            _ = try fuzhou.create(fields, home: "350300", under: alliance.definition).get()
        }
        try putian.takeAll(from: fuzhou)
        let tips = fuzhou.ledger.tips.filter { tip in
            tip.size > 1 && putian.ledger.tip(of: tip.digest)?.size == tip.size
        }
        #expect(!tips.isEmpty)
        for tip in tips {
            let own = try paths(of: tip, in: fuzhou)
            let others = try paths(of: tip, in: putian)
            for paths in [own, others] {
                #expect(paths.first == .some(nil) && paths.last == .some(nil))
                for (sequence, proved) in paths.enumerated().dropFirst().dropLast() {
                    let proved = try #require(proved)
                    #expect(proved.isSound(hash: SHA256.function))
                    #expect(proved.sequence == UInt64(sequence))
                    #expect(proved.member == fuzhou.member)
                    #expect(proved.feed == tip.digest)
                    #expect(proved.head.head.size == tip.size)
                }
            }
            #expect(own.map { $0?.leaf } == others.map { $0?.leaf })
        }
        let unknown = Prove(feed: SHA256.hash([1]), sequence: 1)
        #expect(try fuzhou.ledger.proved(unknown) == nil)
    }
}
