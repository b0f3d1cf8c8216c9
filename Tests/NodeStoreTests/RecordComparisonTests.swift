import AllianceModel
import ReplicationCore
import Testing

@testable import NodeStore

/// What two members' answers to a check say of each other.
struct RecordComparisonTests {
    private func record(_ number: UInt64, _ state: String) -> Checked.Record {
        Checked.Record(key: key(number).encoded, digest: digest(state))
    }

    @Test func `what is alike is no difference`() {
        let records = [record(1, "a"), record(2, "b")]
        #expect(RecordComparison.differences(records, records) == [])
        #expect(RecordComparison.differences([], []) == [])
    }

    @Test func `each record that is not alike is named with what is wrong, in key order`() {
        let here = [record(4, "same"), record(3, "ours"), record(1, "only here")]
        let there = [record(2, "only there"), record(3, "theirs"), record(4, "same")]
        let expected: [RecordComparison.Difference] = [
            .init(key: key(1), reason: .missingThere),
            .init(key: key(2), reason: .missingHere),
            .init(key: key(3), reason: .differs),
        ].sorted { $0.key < $1.key }
        #expect(RecordComparison.differences(here, there) == expected)
    }

    @Test func `only what the peer may have more of is asked for`() {
        let wanted = RecordComparison.Difference.Reason.allCases.filter {
            RecordComparison.Difference(key: key(1), reason: $0).isWanted
        }
        #expect(wanted == [.missingHere, .differs])
    }

    @Test func `a key that cannot be read is nothing to ask for`() {
        let broken = Checked.Record(key: [1, 2, 3], digest: digest("x"))
        #expect(RecordComparison.differences([], [broken]) == [])
    }

    @Test func `the buckets that differ are told by their numbers, the last included`() {
        let here = [Digest](repeating: digest("empty"), count: RecordComparison.bucketCount)
        var there = here
        there[0] = digest("first")
        there[255] = digest("last")
        #expect(RecordComparison.differingBuckets(here, there) == [0, 255])
        #expect(RecordComparison.differingBuckets(here, here) == [])
    }

    @Test(arguments: [0, 255, 257])
    func `an answer of another number of buckets is none`(count: Int) {
        let here = [Digest](repeating: digest("empty"), count: RecordComparison.bucketCount)
        let there = [Digest](repeating: digest("empty"), count: count)
        #expect(RecordComparison.differingBuckets(here, there) == nil)
    }
}
