import Foundation
import Testing

@testable import citysync

struct ItemsCommandsTests {
    private static let file = """
        item: GJJ-07
        version: 1
        name: { zh: 租赁商品房提取, en: Withdrawal for rent }
        fields:
          note: { type: text, merge: latest, authority: any, scope: private }
        """

    @Test func `items are listed with their approvals`() async throws {
        try await StubNode.serving({ _ in .json(#"{"items":[\#(Samples.item)],"next":null}"#) }) {
            node in
            let run = await CommandRun(node, "items", "list")
            let lines = run.output.split(separator: "\n")
            #expect(lines.count == 2)
            #expect(
                lines[1].split(separator: " ")
                    == ["GJJ-07", "1", "租赁商品房提取", "effective", "1", "-", "ab12cd34ef56"]
            )
            #expect(
                await CommandRun(node, "items", "list", "-o", "tsv").output.contains(
                    "\tab12cd34ef56ab12\n"
                )
            )
        }
    }

    @Test func `an item shows its fields, moves and proposals`() async throws {
        try await StubNode.serving({ _ in .json(Samples.item) }) { node in
            let run = await CommandRun(node, "items", "show", "GJJ-07", "1")
            #expect(node.received.map(\.uri) == ["/v1/items/GJJ-07/1"])
            for part in [
                "GJJ-07 version 1 租赁商品房提取  effective",
                "accepted -> closed by holder, may hand over",
                "77aa77aa77aa77aa proposed by 350100, approved by 350100", "set (of text)",
                "350100 350300", "as soon as agreed",
            ] {
                #expect(run.output.contains(part), "\(part)")
            }
            _ = await CommandRun(node, "items", "show", "../x")
            #expect(node.received.last?.uri == "/v1/items/..%2Fx")
        }
    }

    @Test func `a file is proposed as JSON with the same keys`() async throws {
        try await withFolder { folder in
            try store(ItemsCommandsTests.file, at: "\(folder)/i.yaml")
            try await StubNode.serving({ _ in .json(Samples.item, status: 201) }) { node in
                let run = await CommandRun(node, "items", "propose", "\(folder)/i.yaml")
                #expect(run.status == 0, "\(run.errors)")
                let request = try #require(node.received.first)
                #expect(request.line == "POST /v1/items")
                #expect(request.headers["content-type"] == "application/json")
                let body = try #require(JSON(Array(request.body.utf8)))
                #expect(body["item"] == .string("GJJ-07"))
                #expect(body["fields"]?["note"]?["scope"] == .string("private"))
            }
        }
    }

    @Test func `a bad file is not sent, and its line is named`() async throws {
        try await withFolder { folder in
            let text = ItemsCommandsTests.file.replacing("merge:", with: "murge:")
            try store(text, at: "\(folder)/i.yaml")
            try await StubNode.serving({ _ in .json(Samples.item) }) { node in
                let run = await CommandRun(node, "items", "propose", "\(folder)/i.yaml")
                #expect(run.status == 1)
                #expect(run.errors.contains("i.yaml:5:"))
                #expect(run.errors.contains("murge"))
                #expect(node.received.isEmpty)
                #expect(await CommandRun(node, "items", "propose", "\(folder)/absent").status == 1)
            }
        }
    }

    private func item(proposals: [String]) -> String {
        let list = proposals.map { #"{"digest":"\#($0)","proposer":"350100","approvals":[]}"# }
        let start = Samples.item.range(of: #""proposals""#)?.lowerBound ?? Samples.item.endIndex
        return Samples.item[..<start] + #""proposals":[\#(list.joined(separator: ","))]}"#
    }

    @Test func `the one proposal is shown and approved by its digest`() async throws {
        try await StubNode.serving({ _ in .json(Samples.item) }) { node in
            let run = await CommandRun(node, "items", "approve", "GJJ-07", "1")
            #expect(run.status == 0)
            #expect(
                run.output.hasPrefix(
                    "Approving proposal 77aa77aa77aa77aa:\nGJJ-07 version 1 租赁商品房提取"
                )
            )
            #expect(run.output.contains("materials    set (of text)"))
            #expect(
                node.received.map(\.line) == [
                    "GET /v1/items/GJJ-07/1", "POST /v1/items/GJJ-07/1/approval",
                ]
            )
            #expect(node.received.last?.body == #"{"digest":"77aa77aa77aa77aa"}"#)
        }
    }

    @Test(arguments: [
        ([], [], false), (["aaaaaa11", "bbbbbb22"], [], false),
        (["aaaaaa11", "bbbbbb22"], ["--digest", "bbbbbb"], true),
        (["aaaaaa11", "bbbbbb22"], ["--digest", "AAAAAA11"], true),
        (["aaaaaa11", "aaaaaa12"], ["--digest", "aaaaaa"], false),
        (["aaaaaa11"], ["--digest", "cccccc"], false),
    ])
    func `what is approved has to be one proposal`(
        _ proposals: [String],
        _ options: [String],
        _ isApproved: Bool
    ) async throws {
        let body = item(proposals: proposals)
        try await StubNode.serving({ _ in .json(body) }) { node in
            let run = await CommandRun(
                ["--api", node.api, "items", "approve", "GJJ-07", "1"] + options
            )
            #expect(run.status == (isApproved ? 0 : 1))
            #expect(node.received.contains { $0.method == "POST" } == isApproved)
            if !isApproved {
                #expect(proposals.allSatisfy(run.errors.contains))
            }
        }
    }

    @Test func `a rival proposal is shown with its own fields`() async throws {
        let rival = #"{"name":{"zh":"另一个","en":"Other"},"fields":{"rivalField":{"type":"date"}}}"#
        let body = Samples.item.replacing(
            #""proposals":["#,
            with: """
                "proposals":[{"digest":"99bb99bb","definitionDigest":"11cc","proposer":"350300",\
                "approvals":[],"definition":\(rival)},
                """
        )
        try await StubNode.serving({ _ in .json(body) }) { node in
            let arguments = ["items", "approve", "GJJ-07", "1", "--digest", "99bb99"]
            let run = await CommandRun(["--api", node.api] + arguments)
            #expect(run.output.contains("GJJ-07 version 1 另一个"))
            #expect(run.output.contains("rivalField"))
            #expect(!run.output.contains("materials"))
            #expect(node.received.last?.body == #"{"digest":"99bb99bb"}"#)
        }
    }
}
