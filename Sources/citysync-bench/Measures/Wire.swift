import ClusterHarness

/// TCP payload per record when many pass at once, TLS and acknowledgements included.
enum Wire {
    static func measure(_ plan: Plan) async throws -> [ReportLine] {
        let rounds = try await plan.rounds { _ in
            try await Pair.with(counted: true) { pair in
                await pair.b.stop()
                try await Loading.importing(plan.records, into: pair)
                let before = pair.cluster.links.bytesPassed
                try await pair.b.start()
                try await pair.waitUntilPassed()
                return Double(pair.cluster.links.bytesPassed - before) / Double(plan.records)
            }
        }
        let json = Double(Workload.body(1, home: .putian).utf8.count)
        return [ReportLine("wire", rounds, "bytes/record", rawLimit: json, plan)]
    }
}
