import AllianceModel
import ReplicationCore
import ReplicationWire
import Testing

@Suite struct WireVersionTests {
    @Test(arguments: [
        (UInt32(1)...1, UInt32(1)...1, UInt32(1)),
        (1...3, 2...5, 3),
        (2...5, 1...3, 3),
        (1...9, 4...4, 4),
    ])
    func `the highest common version is picked, from either side`(
        ours: ClosedRange<UInt32>,
        theirs: ClosedRange<UInt32>,
        common: UInt32
    ) throws {
        #expect(try WireVersion.highestCommon(ours, with: theirs) == common)
        #expect(try WireVersion.highestCommon(theirs, with: ours) == common)
    }

    @Test func `without a common version the refusal says who must be upgraded`() {
        let newer = #expect(throws: Fault.self) {
            try WireVersion.highestCommon(1...2, with: 3...4)
        }
        #expect(newer?.code == .versionUnsupported)
        #expect(
            newer?.text == "the peer speaks versions 3 to 4, this node 1 to 2: upgrade this node"
        )
        let older = #expect(throws: Fault.self) {
            try WireVersion.highestCommon(3...3, with: 1...1)
        }
        #expect(older?.text == "the peer speaks versions 1, this node 3: upgrade the peer")
    }

    @Test func `features that must be known are named when they are not`() throws {
        try WireVersion.check(["!carry", "bundles"], known: ["!carry"])
        let fault = #expect(throws: Fault.self) {
            try WireVersion.check(["!carry", "!lookup", "bundles"], known: [])
        }
        #expect(fault?.code == .featureMissing)
        #expect(fault?.text.contains("!carry, !lookup") == true)
    }

    @Test func `this release speaks and knows what it says`() throws {
        #expect(try WireVersion.highestCommon(with: WireVersion.supported) == 1)
        try WireVersion.check(WireVersion.features)
    }
}
