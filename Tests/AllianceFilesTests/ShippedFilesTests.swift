import AllianceFiles
import AllianceModel
import Foundation
import Testing

/// The files that are shipped are read by the code that is shipped.
@Suite struct ShippedFilesTests {
    private static let deploy = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Deploy")

    private func text(_ path: String) throws -> String {
        try String(contentsOf: Self.deploy.appending(path: path), encoding: .utf8)
    }

    private func demoItems() throws -> [ItemDefinition] {
        let folder = Self.deploy.appending(path: "demo/items")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map {
            try ItemFile.load(path: folder.appending(path: $0).path)
        }
    }

    @Test func `the demonstration has eleven valid items`() throws {
        let items = try demoItems()
        #expect(items.map(\.item.string) == (1...11).map { "GJJ-\($0 < 10 ? "0" : "")\($0)" })
        #expect(Set(items.map(\.name)).count == 11)
        #expect(items.flatMap { $0.problems() }.isEmpty)
    }

    @Test func `each demonstration item has what the demonstration writes`() throws {
        for item in try demoItems() {
            let required = item.fields.filter(\.isRequired).map(\.name)
            #expect(required == ["applicantId", "applicantName"], "\(item.item)")
            #expect(item.field("amount")?.type == .decimal(scale: 2, unit: "CNY"))
            #expect(item.field("materials")?.merge == .union)
            #expect(item.fields.filter { $0.scope == .private }.map(\.name) == ["note"])
            let workflow = try #require(item.workflow)
            #expect(workflow.stages == ["accepted", "checked", "decided", "closed"])
            #expect(workflow.transitions.filter(\.hand).map(\.from) == ["accepted"])
        }
    }

    @Test func `the example item is valid`() throws {
        let item = try ItemFile.parse(text("examples/rent-withdrawal.yaml"), file: "rent.yaml")
        #expect(item.problems().isEmpty)
    }

    @Test func `every default that the example configuration shows is the default`() throws {
        let example = try text("examples/node.yaml")
        let shown = try NodeConfiguration.parse(example, file: "/etc/citysync/node.yaml")
        let bare = try NodeConfiguration.parse(
            """
            member: "350100"
            alliance: alliance.yaml
            peers: { certificate: node.pem, key: node.key, authority: ca.pem, revocations: ca.crl }
            api: { tokens: tokens.yaml }
            """,
            file: "/etc/citysync/node.yaml"
        )
        #expect(shown == bare)
    }

    @Test func `the example alliance is that of the demonstration's members`() throws {
        let roster = try AllianceFile.parse(text("examples/alliance.yaml"), file: "alliance.yaml")
        #expect(
            roster.members.map(\.code.string) == ["350100", "350128", "350300", "350700", "350900"]
        )
    }

    @Test func `a node's configuration is loaded with its roster, and must be in it`() throws {
        let path = Self.deploy.appending(path: "examples/node.yaml").path
        let (configuration, roster) = try NodeConfiguration.loadWithRoster(
            path: path,
            environment: [:]
        )
        #expect(roster.contains(configuration.member))
        let failure = #expect(throws: FileErrors.self) {
            try NodeConfiguration.loadWithRoster(
                path: path,
                environment: [
                    "CITYSYNC_MEMBER": "350200", "CITYSYNC_PEERS_ADDRESSES": "350400=10.0.0.1:1",
                ]
            )
        }
        #expect(failure?.errors.map(\.key) == ["member", "peers.addresses.350400"])
    }
}
