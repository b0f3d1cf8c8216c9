import AllianceFiles
import AllianceModel
import Foundation
import HTTPTypes
import Logging
@testable import NodeAPI
import NodeRuntime
import ServiceLifecycle
import Synchronization
import Testing

/// The whole service on real sockets, talked to in plain HTTP.
struct DoorsTests {
    /// A directory of its own for each test.
    private struct Scratch: ~Copyable {
        let path: String

        init() throws {
            path = FileManager.default.temporaryDirectory.appending(path: "cs-\(UUID())").path
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: false
            )
        }

        deinit {
            do {
                try FileManager.default.removeItem(atPath: path)
            } catch {
                Issue.record(error)
            }
        }
    }

    private static func configuration(
        _ directory: String,
        listen: String = "127.0.0.1:0",
        socket: String = "run/api.sock"
    ) throws -> NodeConfiguration.API {
        try NodeConfiguration.parse(
            """
            member: "350100"
            alliance: alliance.yaml
            peers: { listen: "127.0.0.1:0", certificate: c, key: k, authority: a, revocations: r }
            api: { listen: "\(listen)", socket: "\(directory)/\(socket)" }
            """,
            file: "node.yaml"
        ).api
    }

    /// Runs the service until `body` is done.
    private static func serving(
        _ configuration: NodeConfiguration.API,
        drain: Duration = .seconds(5),
        _ body: @Sendable (_ port: Int, _ api: NodeAPI) async throws -> Void
    ) async throws {
        let (addresses, listening) = AsyncStream.makeStream(of: NodeAPI.Address.self)
        let api = try NodeAPI(
            FakeNode(),
            configuration,
            tokens: Tokens.file,
            logger: Harness.quiet,
            drain: drain,
            onListening: { listening.yield($0) }
        )
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: [api], logger: Harness.quiet)
        )
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { listening.finish() }
                try await group.run()
            }
            var port: Int?
            var doors = 0
            for await address in addresses {
                doors += 1
                if case .tcp(let found) = address { port = found }
                if doors == 2 { break }
            }
            if let port {
                try await body(port, api)
                await group.triggerGracefulShutdown()
            }
            try await tasks.waitForAll()
        }
    }

    /// One request on a fresh connection; the answer as text.
    private static func ask(_ target: Target, _ head: String) async throws -> String {
        // Not on the cooperative pool: the server under test needs its few threads.
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Result { try exchange(target, head) })
            }
        }
    }

    private static func exchange(_ target: Target, _ head: String) throws -> String {
        let descriptor = try target.connected()
        defer { close(descriptor) }
        let request = Bytes("\(head)\r\nConnection: close\r\n\r\n".utf8)
        #expect(write(descriptor, request, request.count) == request.count)
        var answer = Bytes()
        var part = Bytes(repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &part, part.count)
            guard count > 0 else { break }
            answer += part[..<count]
        }
        return String(decoding: answer, as: UTF8.self)
    }

    /// What comes on a fresh connection, part by part, until the other side closes it.
    private static func parts(of target: Target, _ head: String) throws -> AsyncStream<String> {
        let descriptor = try target.connected()
        let request = Bytes("\(head)\r\nConnection: close\r\n\r\n".utf8)
        #expect(write(descriptor, request, request.count) == request.count)
        let (stream, parts) = AsyncStream.makeStream(of: String.self)
        DispatchQueue.global().async {
            var part = Bytes(repeating: 0, count: 4_096)
            while true {
                let count = read(descriptor, &part, part.count)
                guard count > 0 else { break }
                parts.yield(String(decoding: part[..<count], as: UTF8.self))
            }
            close(descriptor)
            parts.finish()
        }
        return stream
    }

    private enum Target {
        case port(Int)
        case socket(String)

        func connected() throws -> Int32 {
            switch self {
            case .port(let port):
                var address = sockaddr_in()
                address.sin_family = sa_family_t(AF_INET)
                address.sin_port = in_port_t(UInt16(port).bigEndian)
                address.sin_addr.s_addr = inet_addr("127.0.0.1")
                return try Target.connect(AF_INET, &address)
            case .socket(let path):
                var address = sockaddr_un()
                address.sun_family = sa_family_t(AF_UNIX)
                withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
                return try Target.connect(AF_UNIX, &address)
            }
        }

        private static func connect<Address>(
            _ family: Int32,
            _ address: inout Address
        ) throws -> Int32 {
            let descriptor = Glibc.socket(family, Int32(SOCK_STREAM.rawValue), 0)
            let size = socklen_t(MemoryLayout<Address>.size)
            let result = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.connect(descriptor, $0, size)
                }
            }
            try #require(result == 0, "\(String(cString: strerror(errno)))")
            return descriptor
        }
    }

    private static func mode(_ path: String) throws -> Int {
        let facts = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(facts[.posixPermissions] as? Int)
    }

    @Test
    func `both doors serve, each by its own rule`() async throws {
        let scratch = try Scratch()
        let configuration = try DoorsTests.configuration(scratch.path)
        try await DoorsTests.serving(configuration) { port, api in
            let socket = Target.socket(configuration.socket)
            #expect(try DoorsTests.mode(configuration.socket) & 0o077 == 0)
            #expect(
                try DoorsTests.mode((configuration.socket as NSString).deletingLastPathComponent)
                    == 0o700
            )

            let open = try await DoorsTests.ask(
                .port(port),
                "GET /healthz HTTP/1.1\r\nHost: localhost"
            )
            #expect(open.hasPrefix("HTTP/1.1 200"))
            let refused = try await DoorsTests.ask(
                .port(port),
                "GET /v1/status HTTP/1.1\r\nHost: localhost"
            )
            #expect(refused.hasPrefix("HTTP/1.1 401"))
            let foreign = try await DoorsTests.ask(
                .port(port),
                "GET /healthz HTTP/1.1\r\nHost: evil.example"
            )
            #expect(foreign.hasPrefix("HTTP/1.1 403"))
            let bearer =
                "GET /v1/status HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(Tokens.operator)"
            #expect(try await DoorsTests.ask(.port(port), bearer).hasPrefix("HTTP/1.1 200"))

            let body = #"{"item":"NOTICE","fields":{"text":"x"}}"#
            let post = "POST /v1/records HTTP/1.1\r\nHost: x\r\nContent-Type: application/json"
            let made = try await DoorsTests.ask(
                socket,
                "\(post)\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
            )
            #expect(made.hasPrefix("HTTP/1.1 201"), "\(made)")
            // The audit names the user at the other end of the socket, as the kernel knows them.
            let audit = try await DoorsTests.ask(socket, "GET /v1/audit HTTP/1.1\r\nHost: x")
            #expect(audit.contains("\"actor\":\"socket:\(NSUserName())\""), "\(audit)")

            api.reload(TokensFile(entries: []))
            #expect(try await DoorsTests.ask(.port(port), bearer).hasPrefix("HTTP/1.1 401"))
        }
        #expect(!FileManager.default.fileExists(atPath: configuration.socket))
    }

    @Test
    func `a dead node's socket refuses nobody, a living one's is not taken over`() async throws {
        let scratch = try Scratch()
        let configuration = try DoorsTests.configuration(scratch.path, socket: "api.sock")
        let dead = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) {
            $0.copyBytes(from: configuration.socket.utf8)
        }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(dead, $0, size) }
        }
        #expect(bound == 0)
        close(dead)
        try await DoorsTests.serving(configuration) { _, _ in
            let error = await #expect(throws: NodeStartError.self) {
                try await DoorsTests.serving(configuration) { _, _ in }
            }
            #expect(error?.reason.contains("another process listens") == true)
            let answer = try await DoorsTests.ask(
                .socket(configuration.socket),
                "GET /healthz HTTP/1.1\r\nHost: x"
            )
            #expect(answer.hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test
    func `a file that is no socket, or a port in use, stops the start with one message`()
        async throws
    {
        let scratch = try Scratch()
        let configuration = try DoorsTests.configuration(scratch.path, socket: "api.sock")
        #expect(FileManager.default.createFile(atPath: configuration.socket, contents: Data()))
        let error = await #expect(throws: NodeStartError.self) {
            try await DoorsTests.serving(configuration) { _, _ in }
        }
        #expect(error?.reason.contains("no socket") == true)

        let first = try DoorsTests.configuration(scratch.path, socket: "first.sock")
        let path = scratch.path
        try await DoorsTests.serving(first) { port, _ in
            let second = try DoorsTests.configuration(
                path,
                listen: "127.0.0.1:\(port)",
                socket: "second.sock"
            )
            let error = await #expect(throws: NodeStartError.self) {
                try await DoorsTests.serving(second) { _, _ in }
            }
            #expect(error?.reason.contains("Address already in use") == true)
            #expect(error?.remedy.isEmpty == false)
        }
    }

    @Test
    func `a client that neither goes on nor leaves does not keep the node from stopping`()
        async throws
    {
        let scratch = try Scratch()
        let configuration = try DoorsTests.configuration(scratch.path, socket: "api.sock")
        let descriptors = Mutex<[Int32]>([])
        try await DoorsTests.serving(configuration, drain: .milliseconds(100)) { port, _ in
            let heads = [
                "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "POST /v1/records HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{",
                "POST /v1/records:import HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{}\n",
                "GET /v1/changes?wait=60 HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /",
            ]
            for head in heads {
                for target in [Target.socket(configuration.socket), .port(port)] {
                    let descriptor = try target.connected()
                    descriptors.withLock { $0.append(descriptor) }
                    #expect(write(descriptor, head, head.utf8.count) == head.utf8.count)
                }
            }
            // Until this one is answered the others were accepted.
            let last = "GET /healthz HTTP/1.1\r\nHost: localhost"
            _ = try await DoorsTests.ask(.socket(configuration.socket), last)
            _ = try await DoorsTests.ask(.port(port), last)
        }
        descriptors.withLock { $0 }.forEach { close($0) }
    }

    @Test
    func `a stream of changes ends in order when the node stops`() async throws {
        let scratch = try Scratch()
        let configuration = try DoorsTests.configuration(scratch.path, socket: "api.sock")
        let (beginnings, begun) = AsyncStream.makeStream(of: Void.self)
        let told = Mutex<Task<String, Never>?>(nil)
        try await DoorsTests.serving(configuration, drain: .seconds(60)) { _, _ in
            let parts = try DoorsTests.parts(
                of: .socket(configuration.socket),
                "GET /v1/changes HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream"
            )
            let task = Task {
                var text = ""
                for await part in parts {
                    text += part
                    if text.contains("retry:") { begun.yield() }
                }
                begun.finish()
                return text
            }
            told.withLock { $0 = task }
            for await _ in beginnings { break }
        }
        let text = await told.withLock { $0 }?.value ?? ""
        #expect(text.hasPrefix("HTTP/1.1 200") && text.contains("retry: 2000\n\n"))
        // The last chunk: it was not cut off.
        #expect(text.hasSuffix("0\r\n\r\n"))
    }

    @Test
    func `a tokens file that others can read, or that is none, is refused`() throws {
        let scratch = try Scratch()
        let path = "\(scratch.path)/tokens.yaml"
        #expect(throws: NodeStartError.self) { try NodeTokens.load(path) }
        #expect(try NodeTokens.load(nil) == TokensFile(entries: []))
        let text = Data(Tokens.file.text.utf8)
        let made = FileManager.default.createFile(
            atPath: path,
            contents: text,
            attributes: [.posixPermissions: 0o644]
        )
        #expect(made)
        let open = #expect(throws: NodeStartError.self) { try NodeTokens.load(path) }
        #expect(open?.remedy == "chmod 600 \(path)")
        #expect(chmod(path, 0o600) == 0)
        #expect(try NodeTokens.load(path) == Tokens.file)
        try Data("tokens:\n  - { id: x }\n".utf8).write(to: URL(filePath: path))
        #expect(chmod(path, 0o600) == 0)
        let broken = #expect(throws: NodeStartError.self) { try NodeTokens.load(path) }
        #expect(broken?.reason.hasPrefix("\(path):2:") == true)
    }
}
