import AllianceModel
import ClusterChecker
import ClusterHarness
import Foundation
import Synchronization

/// Writers at every site, and the ledger of what they were told.
final class Workload: Sendable {
    struct Site: Sendable {
        var member: Member
        var client: NodeClient
    }

    let sites: [Site]
    private let ledger = Mutex(
        AcknowledgedLedger(markField: "mark", privateFields: ["note"])
    )
    private let isStopped = Mutex(false)
    private let failures = Mutex<[String]>([])

    init(_ sites: [Site]) { self.sites = sites }

    var acknowledgedCount: Int { ledger.withLock { $0.acknowledgedCount } }
    var unknownCount: Int { ledger.withLock { $0.unknownCount } }
    /// Answers that a writer did not expect.
    var unexpected: [String] { failures.withLock { $0 } }

    func stop() { isStopped.withLock { $0 = true } }
    var hasStopped: Bool { isStopped.withLock { $0 } }

    func note(_ body: (inout AcknowledgedLedger) -> Void) {
        ledger.withLock { body(&$0) }
    }

    func fail(_ text: String) {
        failures.withLock { $0.append(text) }
        stop()
    }

    /// Runs `count` writers at every site beside `body`, and stops them when it has ended.
    func run(
        writersPerSite count: Int,
        seed: UInt64,
        beside body: @Sendable @escaping () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var seeds = SeededGenerator(seed: seed)
            for site in sites {
                for number in 0..<count {
                    // Drawn, not counted: seeds a multiple apart give one sequence, shifted.
                    let own = seeds.next()
                    let name = "\(site.member.code)-\(number)"
                    let writer = Writer(name, at: site, of: self, seed: own)
                    group.addTask { await writer.run() }
                }
            }
            group.addTask {
                defer { self.stop() }
                try await body()
            }
            try await group.waitForAll()
        }
    }

    /// What the ledger finds wrong with what the sites show now.
    func judge() async throws -> [Finding] {
        var observations: [Observation] = []
        for site in sites {
            observations.append(try await Workload.observe(site))
        }
        return ledger.withLock { $0.judge(observations) }
    }

    private static func observe(_ site: Site) async throws -> Observation {
        let rows = try await site.client.records()
        let records = rows.map { row in
            var fields: [Text: Observation.Value] = [:]
            for (name, value) in row["fields"].members {
                switch value {
                case .array(let elements):
                    fields[Text(name)] = .set(elements.compactMap { $0.string.map { Text($0) } })
                default:
                    fields[Text(name)] = .single(value.string.map { Text($0) })
                }
            }
            return Observation.Record(id: Text(row["id"].string ?? ""), fields: fields)
        }
        return Observation(city: try code(site.member), records: records)
    }

    static func code(_ member: Member) throws -> MemberCode {
        struct NoCode: Error {}
        guard let code = MemberCode(member.code) else { throw NoCode() }
        return code
    }
}

extension SeededGenerator {
    /// A UUIDv7 (RFC 9562, section 5.7) of the present.
    mutating func uuid7() -> String {
        let now = UInt64(Date().timeIntervalSince1970 * 1_000)
        let head = now << 16 | 0x7000 | next() & 0x0fff
        let tail = next() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
        let digits = hexadecimal(head) + hexadecimal(tail)
        let parts = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { range in
            String(Array(digits)[range])
        }
        return parts.joined(separator: "-")
    }

    private func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
