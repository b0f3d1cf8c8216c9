import AllianceModel
import ClusterChecker
import ClusterHarness
import Foundation
import NIOCore

/// One client of one site, sending one write after the other.
///
/// A write without an answer is mostly sent again with the same idempotency key until it has one;
/// some stay open, as when the client itself is gone.
final class Writer {
    private let name: String
    private let site: Workload.Site
    private let workload: Workload
    private var random: SeededGenerator
    private var count = 0
    /// Marks and ids of own records, and how they are to be written to.
    private var records: [(mark: String, id: String)] = []

    init(_ name: String, at site: Workload.Site, of workload: Workload, seed: UInt64) {
        self.name = name
        self.site = site
        self.workload = workload
        random = SeededGenerator(seed: seed)
    }

    private enum Sent<Value> {
        case acknowledged(Value)
        case refused
        case unknown
        /// The workload ended before anything was sent.
        case nothing
    }

    func run() async {
        while !workload.hasStopped {
            do {
                switch Int.random(in: 0..<100, using: &random) {
                case 0..<35: try await create()
                case 35..<60: try await patch()
                case 60..<80: try await add()
                default: try await importLines(Int.random(in: 2...20, using: &random))
                }
            } catch {
                workload.fail("\(name): \(error)")
            }
        }
    }

    // MARK: Writes

    private func nextMark() -> String {
        count += 1
        return "\(name)-\(count)"
    }

    /// A creation: what to send, and who sees it.
    private struct Creation {
        var mark: String
        var body: JSON
        var phone: String
        var audience: Set<MemberCode>
    }

    private func makeCreation() throws -> Creation {
        let mark = nextMark()
        let phone = "\(mark)/0"
        let fields: JSON = ["mark": .string(mark), "phone": .string(phone)]
        let others = workload.sites.map(\.member).filter { $0 != site.member }
        let home = others.randomElement(using: &random)
        let isCase = home != nil && Int.random(in: 0..<100, using: &random) < 70
        var body: JSON = ["item": isCase ? "T-CASE" : "T-NOTICE", "fields": fields]
        var audience = Set(try workload.sites.map { try Workload.code($0.member) })
        if isCase, let home {
            body["home"] = .string(home.code)
            audience = [try Workload.code(site.member), try Workload.code(home)]
        }
        return Creation(mark: mark, body: body, phone: phone, audience: audience)
    }

    private func note(_ creation: Creation, _ outcome: WriteOutcome) throws {
        let city = try Workload.code(site.member)
        workload.note {
            $0.create(
                Text(creation.mark),
                at: city,
                audience: creation.audience,
                fields: ["phone": Text(creation.phone)],
                outcome: outcome
            )
        }
    }

    private func create() async throws {
        let creation = try makeCreation()
        var request = try NodeClient.Request("POST", "/v1/records", creation.body)
        request.idempotencyKey = creation.mark
        switch await send(request) {
        case .acknowledged(let reply):
            try note(creation, .acknowledged)
            records.append((creation.mark, try reply.json["id"].string ?? ""))
        case .unknown: try note(creation, .unknown)
        case .refused: try note(creation, .refused)
        case .nothing: break
        }
    }

    private func patch() async throws {
        guard let record = records.randomElement(using: &random) else { return }
        count += 1
        let value = "\(record.mark)/\(count)"
        let fields: JSON = ["phone": .string(value)]
        try await write(.latest, record, "phone", value, fields)
    }

    private func add() async throws {
        guard let record = records.randomElement(using: &random) else { return }
        count += 1
        let value = "\(record.mark)+\(count)"
        let fields: JSON = ["materials": ["add": [.string(value)]]]
        try await write(.addition, record, "materials", value, fields)
    }

    private func write(
        _ kind: LedgerWrite.Kind,
        _ record: (mark: String, id: String),
        _ field: Text,
        _ value: String,
        _ fields: JSON
    ) async throws {
        let path = "/v1/records/\(record.id)"
        var request = try NodeClient.Request("PATCH", path, ["fields": fields])
        request.idempotencyKey = value
        let outcome: WriteOutcome
        switch await send(request) {
        case .acknowledged: outcome = .acknowledged
        case .refused: outcome = .refused
        case .unknown: outcome = .unknown
        case .nothing: return
        }
        let write = LedgerWrite(
            record: Text(record.mark),
            kind: kind,
            field: field,
            value: Text(value),
            city: try Workload.code(site.member),
            outcome: outcome
        )
        workload.note { $0.note(write) }
    }

    /// Lines with ids of their own: the same import sent again makes nothing twice.
    func importLines(_ lineCount: Int) async throws {
        var creations: [Creation] = []
        var body = ""
        for _ in 0..<lineCount {
            var creation = try makeCreation()
            creation.body["id"] = .string(random.uuid7())
            body += String(decoding: try creation.body.bytes, as: UTF8.self) + "\n"
            creations.append(creation)
        }
        var request = try NodeClient.Request("POST", "/v1/records:import")
        request.body = .init(string: body)
        request.mediaType = "application/x-ndjson"
        switch await send(request) {
        case .acknowledged(let reply):
            let answers = try reply.text.split(separator: "\n")
                .map { try JSON(parsing: Array($0.utf8)) }
            guard answers.count == creations.count else {
                return workload.fail("\(name): \(answers.count) answers to \(lineCount) lines")
            }
            for (creation, answer) in zip(creations, answers) {
                // A node that stops refuses the lines that it has not carried out.
                if answer["code"] == "store_stopped" {
                    try note(creation, .refused)
                    continue
                }
                guard answer["status"].integer == 201 else {
                    return workload.fail("\(name): import line \(answer)")
                }
                try note(creation, .acknowledged)
                records.append((creation.mark, answer["id"].string ?? ""))
            }
        case .unknown: for creation in creations { try note(creation, .unknown) }
        case .refused: for creation in creations { try note(creation, .refused) }
        case .nothing: break
        }
    }

    // MARK: Sending

    /// Until there is an answer; now and then a lost answer stays lost.
    private func send(_ request: NodeClient.Request) async -> Sent<NodeClient.Reply> {
        var hasBeenSent = false
        while true {
            do {
                let reply = try await site.client.send(request)
                if reply.isSuccess { return .acknowledged(reply) }
                // A 503 with a listed code stores nothing; other 5xx leave it open.
                guard reply.status >= 500 else {
                    workload.fail("\(name): \(request.method) \(reply.status) \(reply.text)")
                    return hasBeenSent ? .unknown : .refused
                }
                if reply.status != 503 { hasBeenSent = true }
            } catch NodeClient.Failure.notConnected {
                // Nothing was sent this time.
            } catch {
                hasBeenSent = true
                let staysLost = Int.random(in: 0..<4, using: &random) == 0
                if staysLost { return .unknown }
            }
            if workload.hasStopped { return hasBeenSent ? .unknown : .nothing }
            // Waiting for a process to come back; there is no event to wait for.
            try? await Task.sleep(for: .milliseconds(10))
        }
    }
}
