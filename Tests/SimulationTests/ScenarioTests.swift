import ClusterSimulation
import Foundation
import Testing

/// What was found once is told again, step by step.
struct ScenarioTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Scenarios")

    private static var names: [String] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return all.filter { $0.hasSuffix(".scenario") }.sorted()
    }

    @Test(arguments: names)
    func `a recorded scenario goes as it says`(name: String) throws {
        let text = try String(contentsOf: Self.folder.appending(path: name), encoding: .utf8)
        let run = try ScenarioRun(Scenario(text: text))
        try run.run()
        #expect(run.findings == [])
    }

    @Test
    func `there are scenarios`() {
        #expect(Self.names.count >= 4)
    }

    @Test(arguments: [
        "members 1", "item T", "item T plain note", "item T plain note:latest:nobody:parties",
        "item T plain note:best:any:parties",
    ])
    func `what is no scenario is refused`(text: String) {
        #expect(throws: ScenarioError.self) { try Scenario(text: text) }
    }

    @Test(arguments: [
        "item T plain note:latest:any:alliance\ncreate r by a note=x\nexpect r at a note=y",
        "item T plain note:latest:home:alliance\ncreate r by a\nrefused write r by a note=x",
        "item T plain note:latest:any:alliance\nwrite r by a note=x",
        "item T plain note:latest:any:alliance\ndance r by a",
        "fail a dance 3", "fail a read", "invert a heads", "invert a nothing.there",
        "invert a approvals.here", "invert a approvals.member",
    ])
    func `what goes otherwise than it says is told`(text: String) throws {
        let run = try ScenarioRun(Scenario(text: text))
        #expect(throws: ScenarioError.self) { try run.run() }
    }
}
