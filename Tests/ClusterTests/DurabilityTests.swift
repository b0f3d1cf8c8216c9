import AllianceModel
import ClusterChecker
import ClusterHarness
import Foundation
import Testing

/// What an acknowledgement costs and what it is worth, seen from the system calls.
struct DurabilityTests {
    /// Calls of fdatasync and fsync while a node starts, takes `writes` one after the other, and
    /// stops.
    private func syncs(of node: NodeProcess, writes: Int) async throws -> Int {
        let counts = "\(node.place.folder)/counts-\(writes)"
        try await node.start(
            wrapper: ["strace", "-D", "-f", "-c", "-e", "trace=fdatasync,fsync", "-o", counts]
        )
        for number in 0..<writes {
            _ = try await node.client.create("T-NOTICE", fields: ["mark": .string("\(number)")])
        }
        #expect(await node.stop() == .code(0))
        var sum = 0
        try await waitUntil("strace has written its counts") {
            let text = FileManager.default.contents(atPath: counts).map {
                String(decoding: $0, as: UTF8.self)
            }
            guard let text, text.contains("total") else { return "not yet" }
            sum = text.split(separator: "\n").reduce(0) { sum, line in
                let words = line.split(separator: " ")
                guard let name = words.last, ["fsync", "fdatasync"].contains(name) else {
                    return sum
                }
                return sum + (Int(words[3]) ?? 0)
            }
            return nil
        }
        return sum
    }

    @Test func `every acknowledged write of one client has its own fdatasync`() async throws {
        try await withTestCluster([.fuzhou]) { cluster in
            try await cluster.agree([TestItems.notice])
            let node = cluster.node(.fuzhou)
            #expect(await node.stop() == .code(0))
            let idle = try await syncs(of: node, writes: 0)
            let busy = try await syncs(of: node, writes: 100)
            #expect(busy - idle >= 100, "\(idle) without writes, \(busy) with 100")
        }
    }
}
