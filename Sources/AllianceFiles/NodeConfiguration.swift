package import AllianceModel

/// How one node runs: node.yaml, overridden by the environment.
///
/// Paths are resolved against the folder of node.yaml.
package struct NodeConfiguration: Hashable, Sendable {
    package let member: MemberCode
    /// The folder of all that is durable but configuration and keys.
    package let data: String
    /// The file of the first roster.
    package let alliance: String
    package let peers: Peers
    package let api: API
    package let limits: Limits
    package let log: Log

    /// The alliance's side of the node.
    package struct Peers: Hashable, Sendable {
        package let listen: HostPort
        package let certificate: String
        package let key: String
        /// One or, during a change, two CA certificates.
        package let authority: String
        package let revocations: String
        /// Where to dial a member, in place of the roster's address.
        package let addresses: [MemberCode: HostPort]
    }

    /// The city's side of the node.
    package struct API: Hashable, Sendable {
        /// Loopback only.
        package let listen: HostPort
        package let socket: String
        /// Nil: no token is known, and only the socket lets anyone in.
        package let tokens: String?
        /// Values of `Host` taken beside those of loopback.
        package let hosts: [String]
    }

    package struct Limits: Hashable, Sendable {
        /// Of one frame between peers.
        package let frameBytes: Int
        /// How far a received entry may be ahead of this node's clock before it is held.
        package let clockAheadSeconds: Int
    }

    package struct Log: Hashable, Sendable {
        package let format: LogFormat
        package let level: LogLevel
    }
}

package enum LogFormat: String, Hashable, Sendable, CaseIterable {
    case text
    case json
}

/// The levels of swift-log, whose names these are.
package enum LogLevel: String, Hashable, Sendable, CaseIterable {
    case trace
    case debug
    case info
    case notice
    case warning
    case error
    case critical
}

extension NodeConfiguration {
    package static let dataDefault = "/var/lib/citysync"
    package static let peersListenDefault = HostPort(host: "0.0.0.0", port: 7420)
    package static let apiListenDefault = HostPort(host: "127.0.0.1", port: 7421)
    package static let apiSocketDefault = "/run/citysync/api.sock"
    package static let frameBytesDefault = 8_388_608
    package static let frameBytesRange: ClosedRange<Int64> = 1_048_576...67_108_864
    package static let clockAheadSecondsDefault = 60
    package static let clockAheadSecondsRange: ClosedRange<Int64> = 1...3_600
    /// Of a Unix socket's path, with its terminating NUL (`sun_path`).
    package static let socketBytesMaximum = 108

    /// Reads node.yaml and the variables that override it.
    package static func load(
        path: String,
        environment: [String: String]
    ) throws(FileErrors) -> NodeConfiguration {
        try parse(TextFile.read(path), file: path, environment: environment)
    }

    /// The same with the first roster that it names, in which this member and those with an address
    /// of their own must be.
    package static func loadWithRoster(
        path: String,
        environment: [String: String]
    ) throws(FileErrors) -> (configuration: NodeConfiguration, roster: Roster) {
        let configuration = try load(path: path, environment: environment)
        let roster = try AllianceFile.load(path: configuration.alliance)
        let strangers = ([configuration.member] + configuration.peers.addresses.keys.sorted())
            .filter { !roster.contains($0) }
        guard strangers.isEmpty else {
            throw FileErrors(
                strangers.map { code in
                    FileError(
                        file: path,
                        key: code == configuration.member ? "member" : "peers.addresses.\(code)",
                        reason: "\(code) is not a member in \(configuration.alliance)",
                        remedy: "use the code of a member of \(roster.alliance)"
                    )
                }
            )
        }
        return (configuration, roster)
    }

    package static func parse(
        _ text: String,
        file: String,
        environment: [String: String] = [:]
    ) throws(FileErrors) -> NodeConfiguration {
        var reading = FileReading()
        let root = reading.overlay(environment, on: try SourceNode.yaml(text, file: file))
        let configuration = reading.configuration(root, file: file)
        if let failure = reading.failure { throw failure }
        guard let configuration else { preconditionFailure("no configuration and no error") }
        return configuration
    }
}
