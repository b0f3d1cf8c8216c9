package import ReplicationCore

/// The answer of `GET /v1/status`, which the CLI prints as `status -o json`: schema
/// `citysync.status/1`.
///
/// What the node does not know is nil here and null in JSON, never 0; every key is always there.
package struct StatusDocument: Hashable, Sendable, Codable {
    package static let schema = "citysync.status/1"

    package struct Name: Hashable, Sendable, Codable {
        package var zh: String
        package var en: String
    }

    package struct Node: Hashable, Sendable, Codable {
        package var member: String
        package var name: Name
        /// Of the software.
        package var version: String
        /// Sixteen hexadecimal digits.
        package var incarnation: String
        package var upSeconds: Int64
    }

    package struct Alliance: Hashable, Sendable, Codable {
        package var name: String
        /// The roster's digest, 64 hexadecimal digits.
        package var roster: String
        package var members: Int
        package var itemsEffective: Int
    }

    package enum Severity: String, Hashable, Sendable, Codable, CaseIterable {
        /// Worth knowing; no reason to call the node unhealthy.
        case info
        case warning, critical
    }

    package enum HealthState: String, Hashable, Sendable, Codable, CaseIterable {
        case ok, warning, critical
        /// Only said by who could not ask a node.
        case unknown
    }

    /// One thing that somebody has to look at.
    package struct Finding: Hashable, Sendable, Codable {
        package var severity: Severity
        /// Stable: `store`, `clock`, `own_clock_doubtful`, `clock_ahead`, `disk`, `held`,
        /// `held_resting`, `certificate`, `revocations`, `peer`, `skew`, `slowed`, `slowing`,
        /// `records_differ`, `conflicts`, `void`, `fork`, `approved_twice`, `regained`, `gone`.
        package var code: String
        /// The member or record it is about.
        package var subject: String
        package var text: String
        /// What to do, or where it stopped.
        package var remedy: String
    }

    package struct Health: Hashable, Sendable, Codable {
        /// The worst finding's severity; what is only worth knowing leaves it ok.
        package var state: HealthState
        /// The worst first.
        package var findings: [Finding]
    }

    /// How far one side is behind the other.
    package struct Lag: Hashable, Sendable, Codable {
        package var count: UInt64?
        /// Age of the oldest changeset counted; nil if none or unknown.
        package var oldestSeconds: Int64?
    }

    package struct Reason: Hashable, Sendable, Codable {
        package var code: String
        /// The member who must act, if one must.
        package var owner: String?
        package var nextTrySeconds: Int64?
    }

    package struct Peer: Hashable, Sendable, Codable {
        package var member: String
        package var name: Name
        package var state: PeerStatus.State
        /// Ours that the peer has not acknowledged as applied.
        package var toSend: Lag
        /// The peer's that it has announced and we have not applied.
        package var toApply: Lag
        package var lastOkSeconds: Int64?
        /// The peer's clock minus ours.
        package var skewMilliseconds: Int64?
        /// Whole days; negative once it has expired.
        package var certificateDays: Int64?
        package var reason: Reason?
    }

    package var schema = StatusDocument.schema
    package var node: Node?
    package var alliance: Alliance?
    package var health: Health
    /// All peers, sorted by member.
    package var peers: [Peer]
}

// Synthesised encoding would leave nil out; null is part of the contract.

extension StatusDocument.Lag {
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(count, forKey: .count)
        try container.encode(oldestSeconds, forKey: .oldestSeconds)
    }
}

extension StatusDocument.Reason {
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(code, forKey: .code)
        try container.encode(owner, forKey: .owner)
        try container.encode(nextTrySeconds, forKey: .nextTrySeconds)
    }
}

extension StatusDocument.Peer {
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(member, forKey: .member)
        try container.encode(name, forKey: .name)
        try container.encode(state, forKey: .state)
        try container.encode(toSend, forKey: .toSend)
        try container.encode(toApply, forKey: .toApply)
        try container.encode(lastOkSeconds, forKey: .lastOkSeconds)
        try container.encode(skewMilliseconds, forKey: .skewMilliseconds)
        try container.encode(certificateDays, forKey: .certificateDays)
        try container.encode(reason, forKey: .reason)
    }
}

extension StatusDocument {
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(schema, forKey: .schema)
        try container.encode(node, forKey: .node)
        try container.encode(alliance, forKey: .alliance)
        try container.encode(health, forKey: .health)
        try container.encode(peers, forKey: .peers)
    }
}

extension PeerStatus.State: Codable {}
