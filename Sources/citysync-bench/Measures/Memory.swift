import ClusterHarness
import Foundation

/// Peak resident memory of both nodes while records pass from A to B.
enum Memory {
    static func measure(_ plan: Plan) async throws -> [ReportLine] {
        let rounds = try await plan.rounds { _ in
            try await Pair.with { pair in
                await pair.b.stop()
                try await Loading.importing(plan.records, into: pair)
                // What A took for the import is not what is measured.
                await pair.a.stop()
                try await pair.a.start()
                try await pair.b.start()
                try await pair.waitUntilPassed()
                return (peakMebibytes(pair.a), peakMebibytes(pair.b))
            }
        }
        return [
            ReportLine("memory-sender", rounds.map(\.0), "MiB", plan),
            ReportLine("memory-receiver", rounds.map(\.1), "MiB", plan),
        ]
    }

    private static func peakMebibytes(_ node: NodeProcess) -> Double {
        guard let pid = node.process?.pid,
            let text = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
            let kibibytes = Double(line.split(separator: " ").dropFirst().first ?? "")
        else { return 0 }
        return kibibytes / 1_024
    }
}
