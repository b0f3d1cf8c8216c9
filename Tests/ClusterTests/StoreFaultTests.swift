import AllianceModel
import ClusterChecker
import ClusterHarness
import Foundation
import NIOCore
import Testing

/// System calls of the store that fail, once or for ever.
@Suite(.tags(.slow))
struct StoreFaultTests {
    struct Fault: Sendable, CustomStringConvertible {
        var call: String
        var error: String
        /// strace's `when`: which of the calls fail.
        var when: String
        var description: String { "\(call) \(error) \(when)" }
    }

    /// Moments from before the first write to deep in the work; `+` is for ever.
    private static let moments = ["1+", "2", "3+", "5", "9+", "17", "33+", "50"]

    /// Every way in which the store changes its files, and how it comes by them.
    static let faults: [Fault] =
        ["fdatasync", "pwrite64"].flatMap { call in
            ["EIO", "ENOSPC"].flatMap { error in
                moments.map { Fault(call: call, error: error, when: $0) }
            }
        }
        + ["EIO", "ENOSPC"].flatMap { error in
            // The shared memory is cut when it is made, the database at the end of a checkpoint.
            ["1", "1+", "2+"].map { Fault(call: "ftruncate", error: error, when: $0) }
        } + [
            Fault(call: "openat", error: "EIO", when: "1+"),
            Fault(call: "openat", error: "ENOSPC", when: "2+"),
            Fault(call: "openat", error: "EIO", when: "3+"),
            Fault(call: "openat", error: "EACCES", when: "1"),
        ]

    @Test func `no failing call of the store loses what was acknowledged or leaves it unsaid`()
        async throws
    {
        #expect(StoreFaultTests.faults.count >= 30)
        try await withTestCluster([.fuzhou]) { cluster in
            try await cluster.agree([TestItems.notice])
            let node = cluster.node(.fuzhou)
            let workload = Workload([.init(member: .fuzhou, client: node.client)])
            var hits = 0
            var met: Set<String> = []
            for (number, fault) in StoreFaultTests.faults.enumerated() {
                await node.stop()
                if try await suffer(fault, number, node, workload) {
                    hits += 1
                    met.insert(fault.call)
                }
                // Started again without faults it takes writes: nothing is half made.
                try await node.start()
                let findings = try await workload.judge()
                #expect(findings.isEmpty, "\(fault): \(findings.prefix(5))")
                _ = try await write("after \(number)", count: 1, node, workload)
            }
            print("failing system calls: \(hits) of \(StoreFaultTests.faults.count) were met")
            #expect(hits >= 30)
            #expect(met == Set(StoreFaultTests.faults.map(\.call)))
        }
    }

    /// Returns whether the fault was met.
    private func suffer(
        _ fault: Fault,
        _ number: Int,
        _ node: NodeProcess,
        _ workload: Workload
    ) async throws -> Bool {
        let trace = "\(node.place.folder)/trace-\(number)"
        let before = node.log().utf8.count
        let process = try node.launch(wrapper: wrapper(fault, trace, node.place))
        var isReady = false
        try await waitUntil("\(fault): it is ready, or has given up") {
            if process.exit != nil { return nil }
            let reply = try await node.client.send(try NodeClient.Request("GET", "/readyz"))
            isReady = reply.status == 200
            return [200, 503].contains(reply.status) ? nil : "readyz \(reply.status)"
        }
        let hasFailed = isReady ? try await write("\(number)", count: 70, node, workload) : true
        let exit = await node.stop()
        let met = try await injections(in: trace)
        let said = String(decoding: node.log().utf8.dropFirst(before), as: UTF8.self)
        if hasFailed {
            #expect(met > 0, "\(fault): failed without a fault: \(said.suffix(400))")
            #expect(exit != .code(0), "\(fault)")
            guard case .code = exit else {
                Issue.record("\(fault): \(String(describing: exit)): \(said.suffix(600))")
                return true
            }
            let isSaid = said.split(separator: "\n").contains { line in
                line.contains("ERROR") || line.contains("CRITICAL") || line.hasPrefix("citysyncd:")
            }
            #expect(isSaid, "\(fault): \(said.suffix(600))")
        } else {
            #expect(exit == .code(0), "\(fault): \(said.suffix(600))")
        }
        return met > 0
    }

    /// Only calls on the store's own files fail.
    private func wrapper(_ fault: Fault, _ trace: String, _ place: NodePlace) -> [String] {
        let files = ["", "-wal", "-shm"].flatMap { ["-P", place.database + $0] }
        return ["strace", "-D", "-f", "-o", trace, "-e", "trace=\(fault.call)"] + files
            + ["-e", "inject=\(fault.call):error=\(fault.error):when=\(fault.when)"]
    }

    /// Writes until some fail; returns whether any did.
    private func write(
        _ name: String,
        count: Int,
        _ node: NodeProcess,
        _ workload: Workload
    ) async throws -> Bool {
        let city = try Workload.code(.fuzhou)
        var failures = 0
        for place in 0..<count where failures < 3 {
            let mark = "\(name)-\(place)"
            var request = try NodeClient.Request(
                "POST",
                "/v1/records",
                ["item": "T-NOTICE", "fields": ["mark": .string(mark)]]
            )
            request.limit = .seconds(10)
            let outcome: WriteOutcome
            do {
                let reply = try await node.client.send(request)
                switch reply.status {
                case 201: outcome = .acknowledged
                // With a listed code: nothing of it is stored or ever will be.
                case 503: outcome = .refused
                default: outcome = .unknown
                }
            } catch NodeClient.Failure.notConnected {
                outcome = .refused
            } catch {
                outcome = .unknown
            }
            if outcome != .acknowledged { failures += 1 }
            workload.note {
                $0.create(Text(mark), at: city, audience: [city], outcome: outcome)
            }
        }
        return failures > 0
    }

    private func injections(in trace: String) async throws -> Int {
        var count = 0
        try await waitUntil("strace has written its trace") {
            guard let bytes = FileManager.default.contents(atPath: trace) else { return "no file" }
            let text = String(decoding: bytes, as: UTF8.self)
            count = text.components(separatedBy: "(INJECTED)").count - 1
            return text.contains("+++") ? nil : "not at its end"
        }
        return count
    }
}
