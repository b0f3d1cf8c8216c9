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
        // It drives nodes' insides and asks the checker, which knows none of them.
        (
            "ClusterSimulation",
            [
                "AllianceModel", "ClusterChecker", "COpenSSL", "NodeStore", "ReplicationCore",
                "ReplicationWire",
            ]
        ),
        ("ClusterHarness", []),
        ("citysyncd", ["AllianceModel", "AllianceFiles", "NodeRuntime", "NodeAPI"]),
        // It asks a node over its API; only to restore a backup, while no node runs, it opens a store.
        ("citysync", ["AllianceModel", "AllianceFiles", "NodeStore", "SecureTransport"]),
        ("citysync-demo", ["ClusterHarness"]),
        ("citysync-bench", ["ClusterHarness"]),
        ("citysync-sim", ["ClusterSimulation"]),
    ]

    private static func imports(_ source: Source) -> [String] {
        source.lines.compactMap { line in
            // Attributes and an access level may stand before it: `@testable import NodeStore`.
            line.firstMatch(of: /^(?:@\w+(?:\(\w+\))? +)*(?:[a-z]+ +)?import +(\w+)/).map {
                String($0.1)
            }
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

    /// A mistake in the core must not be repeated in what judges it.
    @Test func `the checker shares nothing with what it judges`() throws {
        let sources = try Self.sources("Sources/ClusterChecker")
        #expect(sources.contains { $0.path.hasSuffix("Model/Model.swift") })
        for source in sources {
            let imports = Set(Self.imports(source))
            #expect(imports.isSubset(of: ["AllianceModel"]), "\(source.path) imports \(imports)")
        }
        let package = try String(
            contentsOf: Self.root.appending(path: "Package.swift"),
            encoding: .utf8
        )
        #expect(package.contains(#"room("ClusterChecker", ["AllianceModel"])"#))
    }

    @Test func `every room has its arrows`() throws {
        let folders = try FileManager.default.contentsOfDirectory(
            atPath: Self.root.appending(path: "Sources").path
        )
        let rooms = folders.filter { !$0.hasPrefix(".") && $0 != "COpenSSL" }
        #expect(rooms.sorted() == Self.arrows.map(\.room).sorted())
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
        let banned = ["TODO", "FIXME", "try!", "as! "]
        for source in try Self.sources("Sources") + Self.sources("Tests")
        where source.path != "Tests/TidyTests/TidyTests.swift" {
            for (number, line) in source.lines.enumerated() {
                for word in banned where line.contains(word) {
                    Issue.record("\(source.path):\(number + 1) holds \(word)")
                }
                let next = number + 1 < source.lines.count ? source.lines[number + 1] : ""
                if (String(line) + next).contains(/catch[^{]*\{ *\}/) {
                    Issue.record("\(source.path):\(number + 1) swallows an error")
                }
            }
        }
    }

    @Test func `every table is strict and every column is explained`() throws {
        let schema = try Self.sources("Sources/NodeStore/SQL", "sql")
        #expect(!schema.isEmpty)
        for source in schema {
            var isInTable = false
            for (number, line) in source.lines.enumerated() {
                let place = "\(source.path):\(number + 1)"
                if line.hasPrefix("CREATE TABLE") {
                    isInTable = true
                } else if isInTable, line.hasPrefix(")") {
                    #expect(line.contains("STRICT"), "\(place)")
                    isInTable = false
                } else if isInTable, line.contains(/^ +[a-z]/) {
                    #expect(line.contains(" -- "), "\(place)")
                }
            }
        }
    }

    /// The pages below docs/, and the README.
    private static func pages() throws -> [Source] {
        let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
        let lines = readme.split(separator: "\n", omittingEmptySubsequences: false)
        return try sources("docs", "md") + [Source(path: "README.md", lines: lines)]
    }

    @Test func `every page is in the index`() throws {
        let pages = try Self.pages()
        let index = try #require(pages.first { $0.path == "docs/README.md" })
        let text = index.lines.joined(separator: "\n")
        for page in pages where page.path.hasPrefix("docs/") && page.path != index.path {
            #expect(text.contains("(\(page.path.dropFirst("docs/".count)))"), "\(page.path)")
        }
    }

    @Test func `decisions are numbered without a gap and say why`() throws {
        let records = try Self.sources("docs/decisions", "md")
        #expect(!records.isEmpty)
        for (number, record) in records.enumerated() {
            let text = record.lines.joined(separator: "\n")
            let name = record.path.dropFirst("docs/decisions/".count)
            #expect(Int(name.prefix(4)) == number + 1, "\(record.path)")
            #expect(text.hasPrefix("# \(number + 1). "), "\(record.path)")
            for part in ["**Context.**", "**Decision.**", "**Consequences.**"] {
                #expect(text.contains(part), "\(record.path) lacks \(part)")
            }
        }
    }

    @Test func `links in the documents lead somewhere`() throws {
        let pages = try Self.pages()
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
