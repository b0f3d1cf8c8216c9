import ClusterChecker
import ClusterHarness
import Foundation
import Testing

/// SIGKILL under load: whatever was acknowledged is there afterwards, once, at every city entitled.
@Suite(.tags(.slow))
struct KillTests {
    @Test(.timeLimit(.minutes(8)))
    func `nothing acknowledged is lost in 50 kills and 10,000 writes`() async throws {
        let seed = SeededGenerator.seed(for: "kill -9")
        try await withTestCluster(Member.five) { cluster in
            try await cluster.agree([TestItems.notice, TestItems.file])
            let sites = cluster.nodes.map { Workload.Site(member: $0.member, client: $0.client) }
            let workload = Workload(sites)
            let killing = Killing(cluster, workload, seed: seed)
            // With two nodes down at once nine writers go on.
            try await workload.run(writersPerSite: 3, seed: seed) { try await killing.run() }
            #expect(workload.unexpected == [])
            try await cluster.waitUntilCaughtUp(within: .seconds(90))
            let findings = try await workload.judge()
            #expect(
                findings.isEmpty,
                "CITYSYNC_SEED=\(seed), \(findings.count) in all: \(findings.prefix(10))"
            )
            let convergence = try await Convergence.measure(cluster.clients)
            #expect(convergence.differences == [], "CITYSYNC_SEED=\(seed)")
            #expect(workload.acknowledgedCount >= 10_000)
            let report = await killing.report
            print(
                "kill -9: \(report), \(workload.acknowledgedCount) writes acknowledged, "
                    + "\(workload.unknownCount) left open"
            )
        }
    }
}

extension Tag {
    @Tag static var slow: Self
}

/// Kills nodes at moments drawn from a seed and starts them again.
actor Killing {
    private enum Moment: CaseIterable {
        /// Amid its work.
        case working
        /// Before it takes writes.
        case starting
        /// While a long import is under way.
        case importing
        /// Behind, and just receiving what it missed.
        case catchingUp
    }

    /// Of a kill, of one or two, and a start after it.
    private static let cyclesMinimum = 50
    private static let writesMinimum = 10_000

    private let cluster: Cluster
    private let workload: Workload
    private var random: SeededGenerator
    private var kills: [Member: Int] = [:]
    private var moments: [String: Int] = [:]
    private var killsAndStarts = 0
    private var killsOfTwo = 0

    init(_ cluster: Cluster, _ workload: Workload, seed: UInt64) {
        self.cluster = cluster
        self.workload = workload
        random = SeededGenerator(seed: seed)
    }

    var report: String {
        let all = kills.values.reduce(0, +)
        let each = kills.sorted { $0.key.code < $1.key.code }.map {
            "\($0.key.english) \($0.value)"
        }
        let kinds = moments.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        return "\(killsAndStarts) cycles, \(all) kills (\(each.joined(separator: ", ")); "
            + "\(kinds.joined(separator: ", ")); two at once \(killsOfTwo))"
    }

    func run() async throws {
        var cycle = 0
        var isDone = false
        while !isDone, !workload.hasStopped {
            let moment = Moment.allCases[cycle % Moment.allCases.count]
            // Every node in turn, so that each is killed; now and then another with it.
            let first = cluster.nodes[cycle / 2 % cluster.nodes.count]
            var victims = [first]
            if cycle % 5 == 4,
                let other = cluster.nodes.filter({ $0 !== first }).randomElement(using: &random)
            {
                victims.append(other)
                killsOfTwo += 1
            }
            try await self.cycle(moment, victims)
            moments["\(moment)", default: 0] += 1
            cycle += 1
            isDone =
                killsAndStarts >= Killing.cyclesMinimum
                && workload.acknowledgedCount >= Killing.writesMinimum
        }
    }

    private func cycle(_ moment: Moment, _ victims: [NodeProcess]) async throws {
        switch moment {
        case .working:
            try await pause(upTo: 200)
            await kill(victims)
        case .starting:
            await kill(victims)
            for victim in victims { try victim.launch() }
            try await pause(upTo: 300)
            await kill(victims)
        case .importing:
            let seed = random.next()
            let site = Workload.Site(member: victims[0].member, client: victims[0].client)
            let writer = Writer("import-\(seed)", at: site, of: workload, seed: seed)
            async let imported: Void = writer.importLines(150)
            try await pause(upTo: 60)
            await kill(victims)
            for victim in victims { try await victim.start() }
            return try await imported
        case .catchingUp:
            await kill(victims)
            let count = workload.acknowledgedCount
            // Waiting for the other cities to get ahead, unless the workload has ended.
            while workload.acknowledgedCount < count + 60, !workload.hasStopped {
                try await Task.sleep(for: .milliseconds(5))
            }
            for victim in victims { try await victim.start() }
            try await pause(upTo: 100)
            await kill(victims)
        }
        for victim in victims { try await victim.start() }
    }

    private func kill(_ victims: [NodeProcess]) async {
        killsAndStarts += 1
        for victim in victims {
            victim.process?.send(signal: SIGKILL)
            kills[victim.member, default: 0] += 1
        }
        for victim in victims { _ = await victim.process?.waitForExit() }
    }

    private func pause(upTo milliseconds: Int) async throws {
        let drawn = Int.random(in: 0...milliseconds, using: &random)
        try await Task.sleep(for: .milliseconds(drawn))
    }
}
