import Foundation
import Testing

/// The few rules of the house that a machine can hold.
struct TidyTests {
    private static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private struct Source {
        var path: String
        var lines: [Substring]
    }

    /// Files below a folder with that extension; generated code left out.
    private static func sources(_ folder: String, _ kind: String = "swift") throws -> [Source] {
        let base = root.appending(path: folder)
        guard let walk = FileManager.default.enumerator(atPath: base.path) else { return [] }
        var sources: [Source] = []
        while let name = walk.nextObject() as? String {
            guard name.hasSuffix(".\(kind)"), !name.contains("Generated/") else { continue }
            let text = try String(contentsOf: base.appending(path: name), encoding: .utf8)
            sources.append(
                Source(
                    path: "\(folder)/\(name)",
                    lines: text.split(separator: "\n", omittingEmptySubsequences: false)
                )
            )
        }
        return sources.sorted { $0.path < $1.path }
    }

    @Test(arguments: [("Sources", 500), ("Tests", 800)])
    func `no file is longer than the house allows`(folder: String, lines: Int) throws {
        let sources = try Self.sources(folder)
        #expect(!sources.isEmpty)
        for source in sources {
            #expect(source.lines.count <= lines + 1, "\(source.path)")
        }
    }

    /// A room and the rooms it may see: arrows point one way.
    private static let arrows: [(room: String, sees: Set<String>)] = [
        ("AllianceModel", []),
        ("ReplicationCore", ["AllianceModel"]),
        ("AllianceFiles", ["AllianceModel"]),
        ("ReplicationWire", ["AllianceModel", "ReplicationCore"]),
        ("NodeStore", ["AllianceModel", "ReplicationCore", "ReplicationWire"]),
        ("SecureTransport", ["AllianceModel", "COpenSSL"]),
        (
            "NodeRuntime",
            [
                "AllianceModel", "AllianceFiles", "ReplicationCore", "ReplicationWire",
                "NodeStore", "SecureTransport",
            ]
        ),
        (
            "NodeAPI",
            [
                "AllianceModel", "AllianceFiles", "ReplicationCore", "NodeStore",
                "SecureTransport", "NodeRuntime",
            ]
        ),
        ("ClusterChecker", ["AllianceModel"]),
        ("ClusterHarness", []),
    ]

    private static func imports(_ source: Source) -> [String] {
        source.lines.compactMap { line in
            let words = line.split(separator: " ")
            guard let at = words.firstIndex(of: "import"), at <= 1, at + 1 < words.count else {
                return nil
            }
            return String(words[at + 1])
        }
    }

    @Test(arguments: arrows.map(\.room))
    func `arrows between rooms point one way`(room: String) throws {
        let rooms = Set(Self.arrows.map(\.room)).union(["COpenSSL"])
        let sees = Self.arrows.first { $0.room == room }?.sees ?? []
        let sources = try Self.sources("Sources/\(room)")
        #expect(!sources.isEmpty)
        for source in sources {
            let seen = Set(Self.imports(source)).intersection(rooms)
            #expect(seen.isSubset(of: sees), "\(source.path) imports \(seen.subtracting(sees))")
        }
    }

    /// What decides takes time, randomness and bytes as arguments.
    @Test(arguments: ["AllianceModel", "ReplicationCore", "ReplicationWire"])
    func `what decides does nothing`(room: String) throws {
        let banned = [
            "Date()", "ContinuousClock", "SuspendingClock", "Task {", "Task.", " async ", "await ",
            "UUID()", ".shuffled()", ".random(", "import Foundation", "import NIO",
            "import Logging",
            "import Dispatch", "Float", "Double",
        ]
        for source in try Self.sources("Sources/\(room)") {
            for (number, line) in source.lines.enumerated() where !Self.isComment(line) {
                // Generated messages hold bytes as `Data`, which is a value and no more.
                if line == "import FoundationEssentials", room == "ReplicationWire" { continue }
                for word in banned where line.contains(word) {
                    Issue.record("\(source.path):\(number + 1) uses \(word)")
                }
            }
        }
    }

    @Test func `nothing is left to be done, forced or swallowed`() throws {
        let banned = ["TODO", "FIXME", "try!", "catch {}", "as! "]
        for source in try Self.sources("Sources") {
            for (number, line) in source.lines.enumerated() {
                for word in banned where line.contains(word) {
                    Issue.record("\(source.path):\(number + 1) holds \(word)")
                }
            }
        }
    }

    @Test func `links in the documents lead somewhere`() throws {
        let pages =
            try Self.sources("docs", "md")
            + Self.sources("", "md").filter {
                $0.path == "/README.md"
            }
        #expect(!pages.isEmpty)
        let link = /\]\(([^)#\s]+)[^)]*\)/
        for page in pages {
            let folder = Self.root.appending(path: page.path).deletingLastPathComponent()
            for line in page.lines {
                for match in line.matches(of: link) where !match.1.contains("://") {
                    let target = folder.appending(path: String(match.1)).standardizedFileURL
                    #expect(
                        FileManager.default.fileExists(atPath: target.path),
                        "\(page.path) links to \(match.1)"
                    )
                }
            }
        }
    }

    private static func isComment(_ line: Substring) -> Bool {
        line.drop { $0 == " " }.hasPrefix("//")
    }
}
