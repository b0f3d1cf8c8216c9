import AllianceModel
import FoundationEssentials
import ReplicationCore
import ReplicationWire
import SwiftProtobuf
import Testing

/// What a message may not say: one rule broken at a time, by way of the generated code.
@Suite struct MessageRefusalTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var code: FaultCode
        var change: @Sendable (inout SchemaFrame) -> Void

        init(
            _ description: String,
            _ code: FaultCode = .frameMalformed,
            _ change: @escaping @Sendable (inout SchemaFrame) -> Void
        ) {
            testDescription = description
            self.code = code
            self.change = change
        }
    }

    private func refuse(_ message: ReplicationCore.Message, _ broken: Case) throws {
        var frame = try SchemaFrame(serializedBytes: Samples.frame(message))
        let before = frame
        broken.change(&frame)
        #expect(frame != before)
        let bytes: Bytes = try frame.serializedBytes()
        let fault = #expect(throws: Fault.self) { try Wire.decode(bytes, hash: Samples.hash) }
        #expect(fault?.code == broken.code, "\(fault?.text ?? "")")
    }

    static let hello: [Case] = [
        Case("alliance is no name") { $0.hello.alliance = "a b" },
        Case("alliance is empty") { $0.hello.alliance = "" },
        Case("first roster is 31 bytes") { $0.hello.firstRoster.removeLast() },
        Case("present roster is 33 bytes") { $0.hello.presentRoster.append(0) },
        Case("member is no code") { $0.hello.member = "035010" },
        Case("versions from 0") { $0.hello.versionLowest = 0 },
        Case("versions upside down") { $0.hello.versionLowest = 3 },
        Case("features unsorted") { $0.hello.features = ["b", "a"] },
        Case("a feature twice") { $0.hello.features = ["a", "a"] },
        Case("a feature without name") { $0.hello.features = [""] },
        Case("a long feature") { $0.hello.features = [String(repeating: "a", count: 65)] },
        Case("a NUL") { $0.hello.software = "1\0" },
        Case("software of many bytes") { $0.hello.software = String(repeating: "1", count: 129) },
        Case("clock beyond year 9999") { $0.hello.clock = .max },
        Case("clock before year 0") { $0.hello.clock = .min },
        Case("many features", .limitExceeded) {
            $0.hello.features = (100..<165).map { "f\($0)" }
        },
        Case("many certificates", .limitExceeded) {
            $0.hello.certificates = Array(repeating: Data([1]), count: 17)
        },
        Case("a large certificate", .limitExceeded) {
            $0.hello.certificates = [Data(count: 16 << 10 + 1)]
        },
        Case("a hello beyond 64 KiB", .limitExceeded) {
            $0.hello.certificates = Array(repeating: Data(count: 16 << 10), count: 5)
        },
    ]

    @Test(arguments: hello)
    func `a hello is refused`(broken: Case) throws {
        try refuse(.hello(try Samples.hello()), broken)
    }

    static let others: [(String, Case)] = [
        ("ping", Case("common is 16 bytes") { $0.ping.common = Data(count: 16) }),
        ("ping", Case("no clock of this world") { $0.ping.clock = .max }),
        (
            "ping",
            Case("a ping of 9 KiB", .limitExceeded) { $0.ping.common = Data(count: 9 << 10) }
        ),
        ("want", Case("from 0") { $0.want.from = 0 }),
        ("want", Case("from beyond any sequence") { $0.want.from = .max }),
        ("want", Case("no feed") { $0.want.feed = Data() }),
        ("ack", Case("stored beyond any sequence") { $0.ack.stored[0].upTo = .max }),
        ("ack", Case("held beyond any count") { $0.ack.held = .max }),
        ("ack", Case("no feed") { $0.ack.stored[0].feed = Data() }),
        (
            "ack",
            Case("many feeds", .limitExceeded) {
                $0.ack.stored = Array(repeating: SchemaAck.Stored(), count: 65_537)
            }
        ),
        ("have members", Case("unsorted") { $0.have.members.groups.reverse() }),
        ("have members", Case("twice") { $0.have.members.groups[1] = $0.have.members.groups[0] }),
        ("have members", Case("no code") { $0.have.members.groups[0].member = "1" }),
        ("have members", Case("no digest") { $0.have.members.groups[0].digest = Data() }),
        (
            "have members",
            Case("many members", .limitExceeded) {
                $0.have.members.groups = Array(repeating: SchemaHave.MemberGroup(), count: 65_537)
            }
        ),
        ("have incarnations", Case("unsorted") { $0.have.incarnations.groups.reverse() }),
        ("have incarnations", Case("no member") { $0.have.incarnations.member = "" }),
        ("have feeds", Case("unsorted") { $0.have.feeds.feeds.reverse() }),
        ("have feeds", Case("empty feed") { $0.have.feeds.feeds[0].size = 0 }),
        ("have feeds", Case("endless feed") { $0.have.feeds.feeds[0].size = 1 << 62 + 1 }),
        ("have feeds", Case("another member's") { $0.have.feeds.member = "350300" }),
        ("have feeds", Case("another incarnation's") { $0.have.feeds.incarnation = 1 }),
        ("check", Case("bucket 256") { $0.check.bucket = 256 }),
        ("buckets", Case("255 buckets") { $0.checked.buckets.digests.removeLast() }),
        (
            "buckets",
            Case("257 buckets", .limitExceeded) {
                $0.checked.buckets.digests.append(Data(count: 32))
            }
        ),
        ("records", Case("no key") { $0.checked.records.records[0].key = Data() }),
        ("records", Case("a long key") { $0.checked.records.records[0].key = Data(count: 65) }),
        (
            "records",
            Case("a key twice") {
                $0.checked.records.records.append($0.checked.records.records[0])
            }
        ),
        (
            "records",
            Case("many records", .limitExceeded) {
                $0.checked.records.records = Array(
                    repeating: SchemaChecked.Record(),
                    count: 100_001
                )
            }
        ),
        (
            "fault",
            Case("a long text", .limitExceeded) {
                $0.fault.text = String(repeating: "a", count: 1_025)
            }
        ),
    ]

    @Test(arguments: others)
    func `another message is refused`(name: String, broken: Case) throws {
        let sample = try #require(try Samples.messages().first { $0.name == name })
        try refuse(sample.message, broken)
    }

    static let identities: [Case] = [
        Case("unsorted audience") { $0.push.parts[1].identity.members.reverse() },
        Case("a member twice") { $0.push.parts[1].identity.members.append("350300-07") },
        Case("audience without its writer") { $0.push.parts[1].identity.members.removeFirst() },
        Case("audience of nobody") { $0.push.parts[1].identity.members = [] },
        Case("members of the alliance") { $0.push.parts[1].identity.audience = .alliance },
        Case("no audience") { $0.push.parts[0].identity.audience = .unspecified },
        Case("unknown audience") { $0.push.parts[0].identity.audience = .UNRECOGNIZED(9) },
        Case("no class") { $0.push.parts[0].identity.deliveryClass = .unspecified },
        Case("unknown class") { $0.push.parts[0].identity.deliveryClass = .UNRECOGNIZED(9) },
        Case("no roster") { $0.push.parts[0].identity.roster = Data() },
        Case("no member") { $0.push.parts[0].identity.member = "" },
        Case("more than a roster of members", .limitExceeded) {
            $0.push.parts[1].identity.members = (100_000..<101_025).map(String.init)
        },
        Case("a part of 65 KiB", .limitExceeded) {
            $0.push.parts[0].signature = Data(count: 66_560)
        },
    ]

    static let pushes: [Case] =
        identities + [
            Case("first is 0") { $0.push.parts[0].first = 0 },
            Case("size is 0") { $0.push.parts[0].size = 0 },
            Case("size beyond any sequence") { $0.push.parts[0].size = .max },
            Case("no root") { $0.push.parts[0].root = Data() },
            Case("no key") { $0.push.parts[0].key = Data() },
            Case("signature of 63 bytes") { $0.push.parts[0].signature.removeLast() },
            Case("a feed in two parts") { $0.push.parts[1] = $0.push.parts[0] },
            Case("a part without entries") { $0.push.items.remove(at: 1) },
            Case("no entries") { $0.push.items = [] },
            Case("no parts") { $0.push.parts = [] },
            Case("an entry of no part") { $0.push.items[0].part = 2 },
            Case("a salt of 15 bytes") { $0.push.items[0].salt.removeLast() },
            Case("no salt") { $0.push.items[0].salt = Data() },
            Case("many parts", .limitExceeded) {
                $0.push.parts = Array(repeating: SchemaPush.Part(), count: 1_025)
            },
            Case("many entries", .limitExceeded) {
                $0.push.items = Array(repeating: SchemaPush.Item(), count: 16_385)
            },
        ]

    @Test(arguments: pushes)
    func `a push is refused`(broken: Case) throws {
        try refuse(.push(try Samples.push()), broken)
    }

    @Test(
        arguments: [
            [0x12, 0x00, 0x12, 0x00],  // Two pings.
            [0x12, 0x00, 0x22, 0x00],  // A ping and a want.
            [0x10, 0x01],  // A ping that is a number.
            [0x12, 0x05, 0x00],  // Cut short.
            [0x13, 0x14],  // A group.
            [0x02, 0x00],  // Field 0.
            [0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],  // 2^64 - 1 bytes.
            [0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],  // 70 bits.
            [0x1a, 0x04, 0x0a, 0x00, 0x0a, 0x00],  // A Have of two levels.
            [0x5a, 0x04, 0x12, 0x00, 0x1a, 0x00],  // A Checked of two contents.
            [0x1a, 0x02, 0x08, 0x01],  // A level that is a number.
            [0x1a, 0x02, 0x0a, 0x05],  // A level cut short.
        ] as [Bytes]
    )
    func `a frame against the layout is malformed`(frame: Bytes) {
        let fault = #expect(throws: Fault.self) { try Wire.decode(frame, hash: Samples.hash) }
        #expect(fault?.code == .frameMalformed)
    }
}
