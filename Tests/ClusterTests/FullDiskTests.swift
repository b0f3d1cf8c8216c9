import AllianceModel
import ClusterChecker
import ClusterHarness
import Foundation
import Glibc
import NIOCore
import Testing

/// A disk that is full, or cannot be written: a small file system of its own, which only root can
/// mount.
@Suite(.enabled(if: getuid() == 0, "mounting a tmpfs needs root"))
struct FullDiskTests {
    /// Puts a tmpfs under the node's data folder while `body` runs.
    private func withDisk(
        _ size: String,
        under node: NodeProcess,
        _ body: () async throws -> Void
    ) async throws {
        let path = node.place.data
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let options = "size=\(size),mode=0700"
        try await Command("mount", ["-t", "tmpfs", "-o", options, "tmpfs", path]).succeed()
        do {
            try await body()
        } catch {
            await node.kill()
            try await Command("umount", [path]).run()
            throw error
        }
        await node.kill()
        try await Command("umount", [path]).succeed()
    }

    private func remount(_ node: NodeProcess, _ options: String) async throws {
        try await Command("mount", ["-o", "remount,\(options)", node.place.data]).succeed()
    }

    @Test func `a full disk is said once, stops writes, and loses nothing acknowledged`()
        async throws
    {
        try await withTestCluster([.fuzhou], started: false) { cluster in
            let node = cluster.node(.fuzhou)
            try await withDisk("6m", under: node) {
                try await node.start()
                try await cluster.agree([TestItems.notice])
                let city = try Workload.code(.fuzhou)
                let workload = Workload([.init(member: .fuzhou, client: node.client)])
                let before = node.log().utf8.count
                var failure: String?
                for number in 0..<2_000 where failure == nil {
                    let mark = "\(number)"
                    let fields: JSON = [
                        "mark": .string(mark),
                        "phone": .string(String(repeating: "x", count: 30_000)),
                    ]
                    var outcome = WriteOutcome.acknowledged
                    do {
                        _ = try await node.client.create("T-NOTICE", fields: fields)
                    } catch NodeClient.Failure.refused(let reply) where reply.status == 503 {
                        (failure, outcome) = (reply.text, .refused)
                    }
                    workload.note { ledger in
                        ledger.create(
                            Text(mark),
                            at: city,
                            audience: [city],
                            fields: ["phone": Text(String(repeating: "x", count: 30_000))],
                            outcome: outcome
                        )
                    }
                }
                #expect(failure?.contains("store_stopped") == true, "\(failure ?? "never full")")
                let ready = try await node.client.send(try NodeClient.Request("GET", "/readyz"))
                #expect(ready.status == 503)
                let said = String(decoding: node.log().utf8.dropFirst(before), as: UTF8.self)
                let messages = said.split(separator: "\n").filter {
                    $0.contains(" ERROR ") || $0.contains(" CRITICAL ")
                }
                #expect(messages.count == 1, "\(messages)")
                let exit = await node.stop()
                #expect(exit != .code(0))
                // With room again it starts and has everything.
                try await remount(node, "size=64m")
                try await node.start()
                let findings = try await workload.judge()
                #expect(findings.isEmpty, "\(findings.prefix(3))")
                _ = try await node.client.create("T-NOTICE", fields: ["mark": "after"])
            }
        }
    }

    @Test func `a disk that cannot be written, and one too small to begin, refuse the start`()
        async throws
    {
        try await withTestCluster([.fuzhou], started: false) { cluster in
            let node = cluster.node(.fuzhou)
            try await withDisk("64m", under: node) {
                try await remount(node, "ro")
                let exit = try await node.launch().waitForExit()
                #expect(exit == .code(1), "\(exit)")
                #expect(node.log().contains("data"), "\(node.log())")
                #expect(node.log().split(separator: "\n").count { $0.hasPrefix("citysyncd:") } == 1)
            }
            try await withDisk("16k", under: node) {
                let exit = try await node.launch().waitForExit()
                #expect(exit == .code(1), "\(exit)")
            }
            // Nothing is left that a start with enough room would stumble over.
            try await node.start()
        }
    }
}
