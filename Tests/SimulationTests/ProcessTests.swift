import ClusterSimulation
import Foundation
import Testing

/// The program: two processes with one seed tell the same story, to the last byte.
struct ProcessTests {
    private static func program() -> String? {
        let own = Bundle.main.bundlePath
        let running = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let folders = [
            ProcessInfo.processInfo.environment["CITYSYNC_BIN"], own,
            running.map { ($0 as NSString).deletingLastPathComponent }, "\(root)/.build/debug",
        ]
        return folders.compactMap { $0.map { "\($0)/citysync-sim" } }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    private func output(_ arguments: [String]) throws -> (text: Data, status: Int32) {
        let process = Process()
        process.executableURL = URL(filePath: try #require(Self.program()))
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let text = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (text, process.terminationStatus)
    }

    @Test
    func `one plan in two processes gives the same trace`() throws {
        var plan = SimulationPlan(seed: 21, members: 3...3)
        plan.events = plan.events.enumerated().filter { $0.offset.isMultiple(of: 8) }
            .map(\.element)
        let path = "\(NSTemporaryDirectory())/citysync-plan-\(UUID().uuidString)"
        try plan.text.write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let first = try output(["replay", path])
        let second = try output(["replay", path])
        #expect(first.text == second.text)
        #expect(first.text.count > 10_000)
        #expect(first.status == 0, "\(String(decoding: first.text.suffix(500), as: UTF8.self))")
    }

    @Test(arguments: [["--members", "3..1"], ["replay", "/nowhere"], ["--seeds", "many"]])
    func `nonsense is refused`(arguments: [String]) throws {
        #expect(try output(arguments).status != 0)
    }
}
