import Testing

@testable import citysync

struct ItemsDiffTests {
    private static func item(_ version: Int, _ definition: String) -> String {
        #"{"item":"GJJ-07","version":\#(version),"state":"agreed","definition":\#(definition),"proposals":[]}"#
    }

    private static let first = item(
        1,
        """
        {"item":"GJJ-07","version":1,"name":{"zh":"租赁","en":"Rent"},"effective":null,"class":"normal",
         "unique":["a","b"],"workflow":{"stages":["accepted","closed"],
          "transitions":[{"from":"accepted","to":"closed","by":"holder","hand":false}]},
         "fields":{"note":{"type":"text","maximum":40,"merge":"latest","authority":["350300","350100"],
                           "scope":"parties","required":false},
                   "gone":{"type":"integer","merge":"latest","authority":"any","scope":"alliance"}}}
        """
    )

    /// The same in another order, and with what changed.
    private static let second = item(
        2,
        """
        {"version":2,"item":"GJJ-07","class":"urgent","name":{"en":"Rent","zh":"租房"},
         "unique":["b","a"],"workflow":{"transitions":[
           {"hand":true,"from":"accepted","by":"holder","to":"closed"},
           {"from":"closed","to":"accepted","by":"home","hand":false}],
          "stages":["accepted","closed"]},
         "fields":{"new":{"type":"counter","merge":"sum","limit":5,"authority":"any","scope":"alliance"},
                   "note":{"scope":"parties","merge":"latest","authority":["350100","350300"],
                           "maximum":60,"type":"text","sensitive":true}}}
        """
    )

    private func run(_ arguments: String...) async throws -> CommandRun {
        try await StubNode.serving { request in
            switch request.uri {
            case "/v1/items/GJJ-07/1": .json(ItemsDiffTests.first)
            case "/v1/items/GJJ-07/2", "/v1/items/GJJ-07": .json(ItemsDiffTests.second)
            default: .problem(404, "item_unknown")
            }
        } _: { node in
            await CommandRun(["--api", node.api, "items", "diff", "GJJ-07"] + arguments)
        }
    }

    @Test func `versions are compared by what they mean, wide characters in line`() async throws {
        for arguments in [["1", "2"], ["1"]] {
            let table = try await StubNode.serving { request in
                request.uri == "/v1/items/GJJ-07/1"
                    ? .json(ItemsDiffTests.first) : .json(ItemsDiffTests.second)
            } _: { node in
                await CommandRun(["--api", node.api, "items", "diff", "GJJ-07"] + arguments)
            }
            #expect(
                table.output == """
                    WHAT                            VERSION 1                                                  VERSION 2
                    class                           normal                                                     urgent
                    fields.gone                     authority any, merge latest, scope alliance, type integer  -
                    fields.new                      -                                                          authority any, limit 5, merge sum, scope alliance, type counter
                    fields.note.maximum             40                                                         60
                    fields.note.sensitive           -                                                          true
                    name.zh                         租赁                                                       租房
                    workflow.accepted->closed.hand  -                                                          true
                    workflow.closed->accepted       -                                                          by home

                    """
            )
            #expect(table.status == 0)
        }
    }

    @Test func `the same backwards, for programs, and with itself`() async throws {
        let json = try await run("2", "1", "-o", "json")
        let document = try #require(JSON(Array(json.output.utf8)))
        #expect(document["from"]?.string == "2" && document["to"]?.string == "1")
        let change = document["changes"]?.array?.first {
            $0["path"]?.string == "fields.note.maximum"
        }
        #expect(change?["from"]?.integer == 60 && change?["to"]?.integer == 40)
        let same = try await run("2", "2")
        #expect(same.output == "Version 2 and version 2 mean the same.\n")
        let tsv = try await run("1", "1", "-o", "tsv")
        #expect(tsv.output == "path\tfrom\tto\n")
        let missing = try await run("1", "9")
        #expect(missing.status == 1 && missing.errors.contains("item_unknown"))
    }
}
