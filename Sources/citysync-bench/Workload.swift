import ClusterHarness
import NIOCore

/// A record as cities have them: item, home and 8 fields with Chinese text and amounts, 400 to 500 bytes
/// as JSON.
enum Workload {
    static let item = "BENCH-01"

    static let definition: JSON = [
        "item": "BENCH-01", "version": 1,
        "name": ["zh": "异地购房提取", "en": "Withdrawal for a purchase in another city"],
        "subject": "applicantId",
        "fields": [
            "applicantId": field("text"), "applicantName": field("text"),
            "address": field("text"), "employer": field("text"), "bankAccount": field("text"),
            "amount": [
                "type": "decimal", "scale": 2, "unit": "CNY", "merge": "latest",
                "authority": "any", "scope": "parties",
            ],
            "submitted": field("date"), "remark": field("text"),
        ],
    ]

    private static func field(_ type: String) -> JSON {
        ["type": .string(type), "merge": "latest", "authority": "any", "scope": "parties"]
    }

    /// The body that creates the record of that number, kept at `home`.
    static func body(_ number: Int, home: Member) -> String {
        let digits = String(number)
        let padded = String(repeating: "0", count: max(0, 9 - digits.count)) + digits
        return """
            {"item":"\(item)","home":"\(home.code)","fields":{\
            "applicantId":"350102\(padded)","applicantName":"林\(padded)明",\
            "address":"福建省福州市鼓楼区东街口街道\(digits)号",\
            "employer":"福州市公共交通集团有限责任公司","bankAccount":"6222021402\(padded)",\
            "amount":"\(number % 90_000 + 1_000).50","submitted":"2026-07-01",\
            "remark":"购买首套自住住房，材料齐全，收受分离"}}
            """
    }
}

/// Two nodes that agreed the workload's item: A takes records in, B is their home.
struct Pair {
    let cluster: Cluster

    var a: NodeProcess { cluster.node(.fuzhou) }
    var b: NodeProcess { cluster.node(.putian) }

    /// Both started, agreed and current; `counted`: through proxies that count bytes.
    static func with<Value>(
        counted: Bool = false,
        _ body: (Pair) async throws -> Value
    ) async throws -> Value {
        var settings = Cluster.Settings(Member.two)
        settings.hasCuttableLinks = counted
        settings.logLevel = "warning"
        return try await withCluster(settings) { cluster in
            try await cluster.agree([Workload.definition])
            try await cluster.waitUntilCaughtUp()
            return try await body(Pair(cluster: cluster))
        }
    }

    /// Waits until B has everything that A has.
    func waitUntilPassed(within limit: Duration = .seconds(600)) async throws {
        let (ours, theirs) = (a.client, b.client)
        try await waitUntil("B has caught up", within: limit, every: .milliseconds(10)) {
            if let lacking = try await theirs.lackingToBeCaughtUp() { return lacking }
            return try await ours.lackingToBeCaughtUp()
        }
    }

    /// What A and B hold is the same, and as many records as were written: a speed of anything else
    /// is none.
    func checkEqual(_ records: Int) async throws {
        var request = try NodeClient.Request("GET", "/v1/verify?member=\(a.member.code)")
        request.limit = .minutes(5)
        let answer = try await b.client.succeed(request).json
        guard answer["equal"].bool == true, answer["records"].integer == records else {
            let text = String(decoding: try answer.bytes.prefix(1_000), as: UTF8.self)
            throw RawLimits.Failure(
                description: "\(records) records were written, but verify says \(text)"
            )
        }
    }

    /// Changesets of A that B has not acknowledged as applied.
    func behind() async throws -> Int {
        try await a.client.status()["peers"].elements
            .compactMap { $0["toSend"]["count"].integer }.reduce(0, +)
    }
}
