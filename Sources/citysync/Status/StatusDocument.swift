import Foundation

/// The answer of `GET /v1/status` and of `citysync status -o json`.
///
/// What the node does not know is nil here and `?` on the screen. Members of later versions are
/// ignored.
struct StatusDocument: Decodable, Hashable, Sendable {
    static let schema = "citysync.status/1"

    struct Name: Decodable, Hashable, Sendable {
        var zh: String?
        var en: String?

        /// The Chinese name, which the counters know; else the English one.
        var short: String { zh ?? en ?? "" }
        var long: String { [zh, en].compactMap { $0 }.joined(separator: " ") }
    }

    struct Node: Decodable, Hashable, Sendable {
        var member: String
        var name: Name?
        var version: String?
        var incarnation: JSON?
        var upSeconds: Double?
    }

    struct Alliance: Decodable, Hashable, Sendable {
        var name: String
        /// The roster's digest, hexadecimal.
        var roster: String?
        var members: Int?
        var itemsEffective: Int?
    }

    struct Health: Decodable, Hashable, Sendable {
        var state: HealthState
        var findings: [Finding]
    }

    struct Finding: Decodable, Hashable, Sendable {
        /// `critical` or `warning`.
        var severity: String
        var code: String
        /// The member or record it is about.
        var subject: String?
        var text: String?
        var remedy: String?
    }

    struct Lag: Decodable, Hashable, Sendable {
        var count: Int?
        var oldestSeconds: Double?
    }

    struct Reason: Decodable, Hashable, Sendable {
        var code: String?
        /// The member who must act.
        var owner: String?
        var nextTrySeconds: Double?
    }

    struct Peer: Decodable, Hashable, Sendable {
        var member: String
        var name: Name?
        /// `current behind connecting unreachable refused incompatible`.
        var state: String
        var toSend: Lag?
        var toApply: Lag?
        var lastOkSeconds: Double?
        var skewMilliseconds: Double?
        var certificateDays: Double?
        var reason: Reason?
        var address: String?
        var version: String?

        /// Nothing waits in either direction, and we know that.
        var isCaughtUp: Bool {
            state == "current" && toSend?.count == 0 && toApply?.count == 0
        }
    }

    var schema: String
    var node: Node?
    var alliance: Alliance?
    var health: Health
    var peers: [Peer]
}

enum HealthState: String, Decodable, Sendable {
    case ok, warning, critical, unknown

    /// The status that `citysync status` ends with.
    var exitStatus: Int32 {
        switch self {
        case .ok: 0
        case .warning: 1
        case .critical: 2
        case .unknown: Failure.exitCannotAsk
        }
    }

    /// As the HEALTH line has it.
    var word: String { rawValue.uppercased() }
}

extension StatusDocument {
    /// Throws `notDone` for bytes that are no document of this schema.
    init(_ bytes: [UInt8]) throws(Failure) {
        do {
            self = try JSONDecoder().decode(StatusDocument.self, from: Data(bytes))
        } catch {
            throw .notDone("The answer is no \(StatusDocument.schema) document.")
        }
        guard schema == StatusDocument.schema else {
            throw .notDone(
                """
                The node speaks \(Escaping.shown(schema)), this program \(StatusDocument.schema).
                  Do: use the citysync that came with the node.
                """
            )
        }
    }

    /// What there is to say when the node cannot be asked: nothing is known.
    static func unasked(endpoint: String, reason: String) -> StatusDocument {
        let parts = reason.components(separatedBy: "\n  Do: ")
        return StatusDocument(
            schema: schema,
            node: nil,
            alliance: nil,
            health: Health(
                state: .unknown,
                findings: [
                    Finding(
                        severity: "critical",
                        code: "node",
                        subject: endpoint,
                        text: parts[0],
                        remedy: parts.count > 1 ? parts[1] : nil
                    )
                ]
            ),
            peers: []
        )
    }

    /// The document for programs, of a node that could not be asked.
    var unaskedJSON: JSON {
        .object([
            "schema": .string(schema), "node": .null, "alliance": .null, "peers": .array([]),
            "health": .object([
                "state": .string(health.state.rawValue),
                "findings": .array(
                    health.findings.map { finding in
                        .object([
                            "severity": .string(finding.severity), "code": .string(finding.code),
                            "subject": finding.subject.map(JSON.string) ?? .null,
                            "text": finding.text.map(JSON.string) ?? .null,
                            "remedy": finding.remedy.map(JSON.string) ?? .null,
                        ])
                    }
                ),
            ]),
        ])
    }
}
