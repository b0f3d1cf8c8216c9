import ClusterHarness
import Foundation

/// The demonstration, step by step.
struct Demo {
    static let caseCount = 1_000
    /// The items that published sources name; the other seven take names of the national list.
    static let named = ["GJJ-01", "GJJ-02", "GJJ-03", "GJJ-04"]

    let cluster: Cluster
    let screen: Screen
    let diary = Diary()
    let lost = Member.nanping
    let killed = Member.ningde
    let watching = Member.fuzhou

    init(_ cluster: Cluster, _ screen: Screen) {
        self.cluster = cluster
        self.screen = screen
    }

    private var counter: Counter { Counter(cluster: cluster, diary: diary) }

    /// Returns the exit status: 0 only if everything converged.
    func run() async throws -> Int32 {
        screen.title("CitySync: five cities of the Fuzhou metropolitan area, on this machine")
        try await begin()
        let items = try await agree()
        let offices = Member.five.map { city in
            let office = BackOffice(member: city, client: cluster.client(city), diary: diary)
            return Task { await office.run() }
        }
        defer { for office in offices { office.cancel() } }
        let cases = Case.all(perPair: Demo.caseCount / 20, items: items)
        try await work(cases[0..<700])
        try await cutOff(cases[700..<900])
        try await kill(cases[900..<1_000])
        try await finish()
        let isEqual = try await compare()
        screen.blank()
        let status = try await cluster.node(watching).citysync(["status"])
        screen.raw("$ citysync status        (at \(watching.english))")
        screen.raw(status.outputText + status.errorText)
        let hasConverged = isEqual && status.exit == .code(0)
        screen.step(
            hasConverged
                ? "Every city agrees with every other about all that they share."
                : "NOT everything converged: see above."
        )
        if ProcessInfo.processInfo.environment["DEMO_HOLD"] == "1" { await hold() }
        return hasConverged ? 0 : 1
    }

    private func begin() async throws {
        screen.step(
            "A throw-away authority has issued five certificates, each city made its own key."
        )
        try await cluster.start()
        for node in cluster.nodes {
            let member = node.member
            screen.more("\(member.code)  \(member.chinese)  \(member.english)")
        }
        try await cluster.waitUntilCaughtUp()
        screen.step(
            "Five nodes run, each with its own database; every pair is connected (TLS 1.3)."
        )
    }

    private func agree() async throws -> [String] {
        let folder = cluster.installation.itemsFolder
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0.hasSuffix(".yaml") }.sorted()
        for (place, file) in files.enumerated() {
            let proposer = cluster.nodes[place % cluster.nodes.count]
            try await proposer.propose(file: "\(folder)/\(file)")
        }
        screen.step(
            "\(files.count) items proposed, by the cities in turn. Each city approves them:"
        )
        for node in cluster.nodes {
            try await waitUntil("\(node.member.english) sees the proposals") {
                let count = try await node.client.items().count
                return count == files.count ? nil : "it sees \(count)"
            }
            try await node.client.approveAll()
        }
        for node in cluster.nodes {
            try await waitUntil("\(node.member.english) offers the items") {
                let count = try await node.client.items().count {
                    $0["state"].string == "effective"
                }
                return count == files.count ? nil : "it offers \(count)"
            }
        }
        let items = try await cluster.nodes[0].client.items()
        for item in items {
            let code = item["item"].string ?? "?"
            let name = item["definition"]["name"]
            let isNamed = Demo.named.contains(code) ? "*" : " "
            screen.more("\(code) \(isNamed) \(name["zh"].string ?? "")  \(name["en"].string ?? "")")
        }
        screen.step("All agreed by all five, hence offered at every counter.")
        screen.more(
            "* the sources name these 4 of the 11; the others take names of the national list."
        )
        screen.more("  Fields, procedures, residents and cases are made up.")
        return items.compactMap { $0["item"].string }
    }

    private func work(_ cases: ArraySlice<Case>) async throws {
        screen.blank()
        try await counter.accept(cases)
        try await waitUntilDecided(cases.count)
        screen.step(
            "\(cases.count) residents' cases taken in at one city and decided by their home city,"
        )
        screen.more(
            "in all 20 ordered pairs of cities. A case stood at home " + typicalTime + " after"
        )
        screen.more("the counter was told that it is safely stored (the middle of all).")
    }

    private var typicalTime: String {
        let tenths = Int(diary.medianMilliseconds * 10)
        return "\(tenths / 10).\(tenths % 10) ms"
    }

    func waitUntilDecided(_ count: Int) async throws {
        try await waitUntil("\(count) cases are decided", within: .seconds(40)) {
            let decided = diary.decidedCount
            return decided >= count ? nil : "\(decided) are"
        }
    }
}
