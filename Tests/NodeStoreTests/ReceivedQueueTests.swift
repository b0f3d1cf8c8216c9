import AllianceModel
import ReplicationCore
import Testing

@testable import NodeStore

/// Urgent batches overtake bulk; each class keeps its order.
struct ReceivedQueueTests {
    private func batch(_ number: UInt64, _ deliveryClass: DeliveryClass) throws -> ReceivedBatch {
        let identity = FeedIdentity(
            writer: Writer(
                member: try #require(MemberCode("350100")),
                incarnation: Incarnation(rawValue: 1)
            ),
            audience: .alliance,
            deliveryClass: deliveryClass,
            roster: Digest.zeroForTest
        )
        let feed = Digest.zeroForTest
        let head = FeedHead(feed: feed, size: 1, root: feed)
        return ReceivedBatch(
            number: number,
            parts: [
                ReceivedBatch.Part(
                    identity: identity,
                    feed: feed,
                    first: 1,
                    frontier: MerkleFrontier(),
                    head: SignedHead(head: head, key: feed, signature: [])
                )
            ],
            items: []
        )
    }

    @Test func `urgent comes before bulk that came earlier`() throws {
        var queue = ReceivedQueue()
        let link = LinkID(rawValue: 1)
        for (number, deliveryClass) in [
            (1, DeliveryClass.normal), (2, .normal), (3, .urgent), (4, .normal), (5, .urgent),
        ] {
            queue.add(try batch(UInt64(number), deliveryClass), from: link)
        }
        #expect(queue.next()?.batch.number == 3)
        queue.add(try batch(6, .urgent), from: link)
        #expect([queue.next(), queue.next()].map { $0?.batch.number } == [5, 6])
        #expect(queue.next()?.batch.number == 1)
        queue.add(try batch(7, .urgent), from: link)
        #expect([queue.next(), queue.next(), queue.next()].map { $0?.batch.number } == [7, 2, 4])
        #expect(queue.isEmpty)
        #expect(queue.next() == nil)
    }
}

extension Digest {
    fileprivate static var zeroForTest: Digest {
        Bytes(repeating: 0, count: 32).withUnsafeBytes { Digest($0) }
    }
}
