import AllianceModel
import HTTPTypes
@testable import NodeAPI
import Testing

/// A small generator, so that a failure is a seed.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

struct HostileTests {
    private static let seeds = [
        #"{"item":"GJJ-07","home":"350300","parties":["350128"],"fields":{"applicantId":"x","materials":["a"],"count":-1e9,"seen":"2026-02-28T08:00:00+08:00"},"id":"0192f0c4-7abc-7def-8123-456789abcdef"}"#,
        #"{"fields":{"materials":{"add":["\ud83d\ude00"],"remove":[]},"urgent":true,"due":null}}"#,
        #"{"to":"checked","holder":"350300","fields":{"monthlyRent":"12.30"}}"#,
        #"{"item":"X","version":1,"name":{"zh":"x","en":"x"},"fields":{"a":{"type":"set","of":"text","merge":"union","authority":["350100"],"scope":"parties"}}}"#,
        #"{"digest":"0000000000000000000000000000000000000000000000000000000000000000"}"#,
    ]

    /// Random bytes, or a good body with a few bytes changed, cut or doubled.
    private static func body(_ random: inout SplitMix64) -> Bytes {
        if Int.random(in: 0..<5, using: &random) == 0 {
            return (0..<Int.random(in: 0..<200, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
        }
        var bytes = Bytes(seeds[Int.random(in: 0..<seeds.count, using: &random)].utf8)
        for _ in 0..<Int.random(in: 0..<4, using: &random) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: index)
            case 2: bytes.insert(contentsOf: bytes[index...].prefix(9), at: index)
            default: bytes.insert(contentsOf: #"[{"\u0000":1e999}]"#.utf8, at: index)
            }
        }
        return bytes
    }

    @Test(arguments: [Harness.router: 9_000, .live: 1_000])
    func `of 10,000 bodies none is answered with a 5xx`(harness: Harness, count: Int) async throws {
        try await harness.serving { client in
            let made = try await client.makeCase()
            let targets: [(HTTPRequest.Method, String)] = [
                (.post, "/v1/records"), (.patch, "/v1/records/\(made.id)"),
                (.post, "/v1/records/\(made.id)/transition"), (.post, "/v1/records:import"),
                (.post, "/v1/items"), (.post, "/v1/items/NOTICE/1/approval"),
            ]
            var random = SplitMix64(state: 20_260_701)
            for round in 0..<count {
                let bytes = HostileTests.body(&random)
                let (method, path) = targets[round % targets.count]
                let reply = try await client.ask(method, path, bytes: bytes)
                #expect((200..<500).contains(reply.status), "round \(round): \(reply.text)")
                let isImport = path.hasSuffix("import")
                if isImport { #expect(!reply.text.contains("\"status\":5"), "round \(round)") }
            }
        }
    }

    @Test
    func `random targets are answered, never with a 5xx`() async throws {
        try await Harness.router.serving { client in
            var random = SplitMix64(state: 7)
            let parts = [
                "/", "v1", "records", "%", "%00", "%ff", "?", "&", "=", "limit", "..", ":import",
                "\u{e9}", "+",
            ]
            for _ in 0..<2_000 {
                let path =
                    "/"
                    + (0..<Int.random(in: 0..<8, using: &random)).map { _ in
                        parts[Int.random(in: 0..<parts.count, using: &random)]
                    }.joined()
                let reply = try await client.ask(.get, path)
                #expect((200..<500).contains(reply.status), "\(path): \(reply.text)")
            }
        }
    }
}
