import Testing

@testable import citysync

struct ProgressWatchTests {
    private func sample(_ send: Int?, _ state: String = "behind") throws -> StatusDocument {
        try Samples.document(Samples.status(peers: [("350300", state, send, 0)]))
    }

    @Test func `counts that stand still while something is behind are named with their time`()
        throws
    {
        var watch = ProgressWatch()
        #expect(watch.sampled(try sample(5), nowSeconds: 0) == nil)
        #expect(watch.sampled(try sample(5), nowSeconds: 2) == "no progress for 2s")
        #expect(watch.sampled(try sample(5), nowSeconds: 130) == "no progress for 2m10s")
        #expect(watch.sampled(try sample(4), nowSeconds: 132) == nil)
        #expect(watch.sampled(try sample(4), nowSeconds: 134) == "no progress for 2s")
    }

    @Test func `a peer whose counts are unknown is behind as well`() throws {
        var watch = ProgressWatch()
        #expect(watch.sampled(try sample(nil, "unreachable"), nowSeconds: 0) == nil)
        #expect(
            watch.sampled(try sample(nil, "unreachable"), nowSeconds: 9) == "no progress for 9s"
        )
    }

    @Test func `nothing is said while all are caught up`() throws {
        var watch = ProgressWatch()
        #expect(watch.sampled(try sample(0, "current"), nowSeconds: 0) == nil)
        #expect(watch.sampled(try sample(0, "current"), nowSeconds: 60) == nil)
        // What waits from now on counts from now on.
        #expect(watch.sampled(try sample(1), nowSeconds: 61) == nil)
        #expect(watch.sampled(try sample(1), nowSeconds: 64) == "no progress for 3s")
    }
}
