import AllianceFiles
import AllianceModel
import Foundation
import Logging
import NodeRuntime
import NodeStore
import ReplicationCore
import SecureTransport
import ServiceLifecycle
import Synchronization
import Testing

/// Members with real certificates, real stores and real sockets on loopback, in one process.
struct TestAlliance {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    let folder: URL
    let roster: Roster
    private let ports: [MemberCode: Int]

    init(_ codes: [String]) throws {
        folder = FileManager.default.temporaryDirectory
            .appending(path: "citysync-nodes-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Self.ca(["init", "--dir", folder.path, "--trust-domain", "test.example"])
        var ports: [MemberCode: Int] = [:]
        var members: [RosterMember] = []
        for code in codes {
            let member = try #require(MemberCode(code))
            let port = try Self.freePort()
            ports[member] = port
            members.append(
                RosterMember(
                    code: member,
                    names: LocalizedName(zh: Text("城市\(code)"), en: Text("City \(code)")),
                    address: "127.0.0.1:\(port)"
                )
            )
            let place = folder.appending(path: code).path
            try Self.ca(["request", code, "--out", place, "--trust-domain", "test.example"])
            try Self.ca([
                "issue", code, "--dir", folder.path, "--request", "\(place)/node.csr",
                "--out", "\(place)/node.pem",
            ])
        }
        try Self.ca(["crl", "--dir", folder.path, "--out", "\(folder.path)/ca.crl"])
        self.ports = ports
        roster = try Roster(
            alliance: "test",
            trustDomain: "test.example",
            agreement: .all,
            members: members
        )
    }

    func remove() {
        try? FileManager.default.removeItem(at: folder)
    }

    /// `roster`: another than the alliance's.
    func start(
        _ code: String,
        roster other: Roster? = nil,
        comparison: ComparisonSettings = .standard,
        clocks: NodeClocks = NodeClocks()
    ) async throws -> RunningNode {
        let place = folder.appending(path: code).path
        let port = try #require(MemberCode(code).flatMap { ports[$0] })
        let configuration = try NodeConfiguration.parse(
            """
            member: "\(code)"
            data: \(place)/data
            alliance: alliance.yaml
            peers:
              listen: "127.0.0.1:\(port)"
              certificate: \(place)/node.pem
              key: \(place)/node.key
              authority: \(folder.path)/ca.pem
              revocations: \(folder.path)/ca.crl
            """,
            file: "\(place)/node.yaml"
        )
        var logger = Logger(label: code)
        logger.logLevel = .error
        let node = try await Node.start(
            configuration,
            roster: other ?? roster,
            comparison: comparison,
            clocks: clocks,
            logger: logger
        )
        return RunningNode(node)
    }

    func dataFolder(_ code: String) -> String { folder.appending(path: "\(code)/data").path }

    /// A new certificate under a new key, in place of the present one.
    func renew(_ code: String) throws {
        let place = folder.appending(path: code).path
        let fresh = folder.appending(path: "\(code)-new").path
        try Self.ca(["request", code, "--out", fresh, "--trust-domain", "test.example"])
        try Self.ca([
            "issue", code, "--dir", folder.path, "--request", "\(fresh)/node.csr",
            "--out", "\(fresh)/node.pem",
        ])
        for name in ["node.key", "node.pem"] {
            try FileManager.default.removeItem(atPath: "\(place)/\(name)")
            try FileManager.default.moveItem(
                atPath: "\(fresh)/\(name)",
                toPath: "\(place)/\(name)"
            )
        }
    }

    func revoke(_ code: String) throws {
        try Self.ca(["revoke", code, "--dir", folder.path])
        try Self.ca(["crl", "--dir", folder.path, "--out", "\(folder.path)/ca.crl"])
    }

    private static func ca(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = root.appending(path: "Certs/ca")
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["CITYSYNC_CA_PASSPHRASE": "for tests only"]
        ) { $1 }
        process.standardOutput = FileHandle.nullDevice
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        let said = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(String(decoding: said, as: UTF8.self))")
    }

    /// Given out one after another, below the range of outgoing connections: a node that is down for
    /// a moment finds its port free when it comes back.
    private static let nextPort = Atomic(10_000 + Int(getpid()) * 89 % 4_000)

    private static func freePort() throws -> Int {
        for _ in 0..<1_000 {
            let port = nextPort.add(1, ordering: .relaxed).newValue
            if isFree(port) { return port }
        }
        throw NoPort()
    }

    private struct NoPort: Error {}

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

/// A node with the task that runs it.
struct RunningNode {
    let node: Node
    private let group: ServiceGroup
    private let task: Task<Void, any Error>

    init(_ node: Node) {
        self.node = node
        let group = ServiceGroup(services: [node], logger: Logger(label: "group"))
        self.group = group
        task = Task { try await group.run() }
    }

    func stop() async throws {
        await group.triggerGracefulShutdown()
        try await task.value
    }

    /// Looks again and again until it holds, for at most that long.
    func eventually(
        _ what: String,
        seconds: Double = 120,
        _ holds: (Node) async throws -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < deadline {
            if try await holds(node) { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("not within \(seconds) s: \(what)")
    }
}

/// Runs while a file is not where it belongs.
func withFileGone(_ path: String, _ body: () async throws -> Void) async throws {
    try FileManager.default.moveItem(atPath: path, toPath: path + ".gone")
    try await body()
    try FileManager.default.moveItem(atPath: path + ".gone", toPath: path)
}
