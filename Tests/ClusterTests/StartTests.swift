import ClusterHarness
import Foundation
import Testing

/// A node that cannot start says why, once, and leaves nothing half made.
struct StartTests {
    /// Runs the daemon to its end, and expects one message and an exit code that is not 0.
    private func expectRefusal(
        _ node: NodeProcess,
        naming words: [String],
        environment: [String: String] = [:],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let before = node.log().utf8.count
        let process = try node.launch(environment: environment)
        let late = Task {
            try await Task.sleep(for: .seconds(20))
            process.send(signal: 9)
        }
        let exit = await process.waitForExit()
        late.cancel()
        let said = String(decoding: node.log().utf8.dropFirst(before), as: UTF8.self)
        guard case .code(let code) = exit, code != 0 else {
            Issue.record("\(exit): \(said)", sourceLocation: sourceLocation)
            return
        }
        for word in words {
            #expect(said.contains(word), "\(said)", sourceLocation: sourceLocation)
        }
        let messages = said.split(separator: "\n").filter { line in
            line.hasPrefix("citysyncd:") || line.contains(" ERROR ") || line.contains(" CRITICAL ")
        }
        #expect(messages.count == 1, "\(said)", sourceLocation: sourceLocation)
        #expect(!said.contains("Fatal error"), "\(said)", sourceLocation: sourceLocation)
    }

    /// Rewrites a file, keeping its mode.
    private func edit(_ path: String, _ change: (String) -> String) throws {
        let bytes = try #require(FileManager.default.contents(atPath: path))
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        try #require(
            FileManager.default.createFile(
                atPath: path,
                contents: Data(change(String(decoding: bytes, as: UTF8.self)).utf8),
                attributes: [.posixPermissions: attributes[.posixPermissions] ?? 0o600]
            )
        )
    }

    @Test func `an unknown key is refused with file, line and key`() async throws {
        try await withTestCluster([.fuzhou], started: false) { cluster in
            let node = cluster.node(.fuzhou)
            let good = try #require(FileManager.default.contents(atPath: node.place.configuration))
            try edit(node.place.configuration) { $0 + "limtis: {}\n" }
            try await expectRefusal(node, naming: ["node.yaml", "limtis", "limits"])
            #expect(!FileManager.default.fileExists(atPath: node.place.data))
            try good.write(to: URL(filePath: node.place.configuration))
            try await node.start()
        }
    }

    @Test func `a wrong value in the environment is refused by its name`() async throws {
        try await withTestCluster([.fuzhou], started: false) { cluster in
            let node = cluster.node(.fuzhou)
            try await expectRefusal(
                node,
                naming: ["CITYSYNC_LIMITS_FRAME_BYTES"],
                environment: ["CITYSYNC_LIMITS_FRAME_BYTES": "many"]
            )
        }
    }

    @Test func `a member that the roster lacks is refused`() async throws {
        try await withTestCluster([.fuzhou], started: false) { cluster in
            let node = cluster.node(.fuzhou)
            try await expectRefusal(
                node,
                naming: ["350300"],
                environment: ["CITYSYNC_MEMBER": "350300"]
            )
        }
    }

    @Test(arguments: ["node.pem", "node.key", "ca.pem", "ca.crl", "../alliance.yaml"])
    func `a missing file is refused by its name`(file: String) async throws {
        try await withTestCluster([.fuzhou], started: false) { cluster in
            let node = cluster.node(.fuzhou)
            try FileManager.default.removeItem(atPath: "\(node.place.folder)/\(file)")
            let name = file.split(separator: "/").last.map(String.init) ?? file
            try await expectRefusal(node, naming: [name])
        }
    }

    @Test func `a key that others can read is refused`() async throws {
        try await withTestCluster([.fuzhou], started: false) { cluster in
            let node = cluster.node(.fuzhou)
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o644],
                ofItemAtPath: node.place.key
            )
            try await expectRefusal(node, naming: ["node.key"])
        }
    }

    @Test func `another member's certificate is refused`() async throws {
        try await withTestCluster(started: false) { cluster in
            let (node, other) = (cluster.node(.fuzhou), cluster.node(.putian))
            for path in [
                (other.place.certificate, node.place.certificate),
                (other.place.key, node.place.key),
            ] {
                try FileManager.default.removeItem(atPath: path.1)
                try FileManager.default.copyItem(atPath: path.0, toPath: path.1)
            }
            try await expectRefusal(node, naming: ["350300"])
        }
    }

    @Test(arguments: ["peers", "api"])
    func `a port in use is refused by its number`(side: String) async throws {
        try await withTestCluster(started: false) { cluster in
            try await cluster.node(.putian).start()
            let node = cluster.node(.fuzhou)
            let taken = cluster.node(.putian).place
            let port = side == "peers" ? taken.peerPort : taken.apiPort
            let name = side == "peers" ? "CITYSYNC_PEERS_LISTEN" : "CITYSYNC_API_LISTEN"
            try await expectRefusal(
                node,
                naming: ["\(port)"],
                environment: [name: "127.0.0.1:\(port)"]
            )
            // The other was not disturbed, and this one starts once its own port is asked for.
            #expect(try await cluster.client(.putian).isReady())
            try await node.start()
        }
    }

    @Test func `a data folder that cannot be made is refused by its name`() async throws {
        try await withTestCluster([.fuzhou], started: false) { cluster in
            let node = cluster.node(.fuzhou)
            // A file in the way: root's rights do not help either.
            try Data("x".utf8).write(to: URL(filePath: node.place.data))
            try await expectRefusal(node, naming: ["data"])
        }
    }

    @Test func `a damaged database and one of a newer version are refused and not changed`()
        async throws
    {
        try await withTestCluster([.fuzhou]) { cluster in
            let node = cluster.node(.fuzhou)
            await node.stop()
            let path = node.place.database
            let good = try #require(FileManager.default.contents(atPath: path))
            var damaged = good
            damaged.replaceSubrange(0..<16, with: Data(repeating: 0x41, count: 16))
            try damaged.write(to: URL(filePath: path))
            try await expectRefusal(node, naming: ["citysync.sqlite"])
            #expect(FileManager.default.contents(atPath: path) == damaged)
            try good.write(to: URL(filePath: path))
            try await Command("sqlite3", [path, "PRAGMA user_version = 9999"]).succeed()
            let newer = FileManager.default.contents(atPath: path)
            try await expectRefusal(node, naming: ["citysync.sqlite"])
            #expect(FileManager.default.contents(atPath: path) == newer)
            try good.write(to: URL(filePath: path))
            try await node.start()
        }
    }
}
