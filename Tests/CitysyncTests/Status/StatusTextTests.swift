import Testing

@testable import citysync

/// The layout that the interface page fixes, and what becomes of it at its edges.
struct StatusTextTests {
    private func text(
        _ json: String,
        _ format: OutputFormat = .table,
        all: Bool = false,
        ink: Ink = .none
    ) throws -> String {
        StatusText(format: format, showsAll: all, ink: ink).text(try Samples.document(json))
    }

    @Test func `the sample of the interface page comes out to the character`() throws {
        #expect(try text(Samples.status) == Samples.statusTable)
    }

    @Test func `colours change nothing but colours`() throws {
        let coloured = try text(Samples.status, ink: Ink(enabled: true))
        #expect(coloured.contains("\u{1b}[31mCRITICAL\u{1b}[0m"))
        let plain = coloured.replacing(#/\u{1b}\[[0-9]+m/#, with: "")
        #expect(plain == Samples.statusTable)
    }

    @Test func `a healthy node has no counts of findings`() throws {
        let lines = try text(Samples.status()).split(separator: "\n")
        #expect(lines[1] == "HEALTH OK")
    }

    @Test func `a single finding is counted in the singular`() throws {
        let json = Samples.status(health: "warning").replacing(
            #""findings":[]"#,
            with:
                #""findings":[{"severity":"warning","code":"disk","subject":null,"text":"is full","remedy":null}]"#
        )
        let lines = try text(json).split(separator: "\n")
        #expect(lines[1] == "HEALTH WARNING  1 warning")
        #expect(lines[2] == " WARN disk is full")
    }

    @Test func `unknown is a question mark and never 0`() throws {
        let json = Samples.status(peers: [("350300", "connecting", nil, nil)])
            .replacing(
                #""lastOkSeconds":3,"skewMilliseconds":-4,"certificateDays":90"#,
                with: #""lastOkSeconds":null"#
            )
        let row = try #require(try text(json).split(separator: "\n").last)
        #expect(
            row.split(separator: " ") == [
                "350300", "莆田", "connecting", "?", "?", "?", "?", "?", "-",
            ]
        )
    }

    @Test func `what the node calls unknown is no zero in its head either`() throws {
        let json = """
            {"schema":"citysync.status/1","node":null,"alliance":{"name":"a"},
             "health":{"state":"unknown","findings":[]},"peers":[]}
            """
        let head = try #require(try text(json).split(separator: "\n").first)
        #expect(head == "ALLIANCE a  roster ? (? members)  items ? effective  NODE ?")
    }

    private func many(_ count: Int, unknown: Bool = false) -> String {
        var peers = (0..<count).map {
            ("3501\(10 + $0)", "current", Int?(0), unknown && $0 == 3 ? nil : Int?(0))
        }
        peers.append(("350900", "behind", 4, 0))
        return Samples.status(
            peers: peers.map { (member: $0.0, state: $0.1, send: $0.2, apply: $0.3) }
        )
    }

    @Test func `ten current peers are listed and eleven become one line`() throws {
        #expect(try text(many(10)).split(separator: "\n").count == 2 + 1 + 11)
        let folded = try text(many(11)).split(separator: "\n")
        #expect(folded.count == 2 + 1 + 2)
        #expect(
            folded[3].split(separator: " ").prefix(8)
                == ["11", "peers", "current", "0", "0", "3s", "-4ms", "90d"]
        )
        #expect(folded[4].hasPrefix("350900"))
        #expect(try text(many(11), all: true).split(separator: "\n").count == 2 + 1 + 12)
        #expect(try text(many(11), .tsv).split(separator: "\n").count == 1 + 12)
    }

    @Test func `one unknown count makes the sum of the folded line unknown`() throws {
        let row = try text(many(11, unknown: true)).split(separator: "\n")[3]
        #expect(row.split(separator: " ")[3...4] == ["0", "?"])
    }

    @Test func `tab-separated rows hold exact numbers`() throws {
        let lines = try text(Samples.status, .tsv).split(separator: "\n").map {
            $0.split(separator: "\t", omittingEmptySubsequences: false)
        }
        #expect(Set(lines.map(\.count)) == [lines[0].count])
        let row = Dictionary(uniqueKeysWithValues: zip(lines[0], lines[3]))
        #expect(row["member"] == "350700")
        #expect(row["to_send"] == "1204")
        #expect(row["to_send_oldest_seconds"] == "21600")
        #expect(row["to_apply"] == "?")
        #expect(row["reason"] == "connect_timeout")
        #expect(row["next_try_seconds"] == "40")
    }

    @Test func `wide shows both names and the whole digest`() throws {
        let wide = try text(Samples.status, .wide)
        #expect(wide.contains("roster 3f9a2c5511aa (5 members)"))
        #expect(wide.contains("宁德 Ningde"))
        #expect(wide.contains("350100.0192f0c4-7abc-7def-8123-456789abcdef bankAccount"))
    }

    @Test func `text of other members cannot move the cursor`() throws {
        let evil = #"\u001b[2J\u202enimda"#
        let json = Samples.status.replacing("宁德", with: evil)
            .replacing("unreachable for 6h", with: "x\\ny\(evil)")
        let shown = try text(json)
        #expect(!shown.unicodeScalars.contains("\u{1b}"))
        #expect(!shown.unicodeScalars.contains("\u{202e}"))
        #expect(shown.contains("350700 x\\ny\\u{1b}[2J\\u{202e}nimda"))
        #expect(
            shown.split(separator: "\n").count == Samples.statusTable.split(separator: "\n").count
        )
    }

    @Test(arguments: [
        (#"{"schema":"citysync.status/2","health":{"state":"ok","findings":[]},"peers":[]}"#),
        (#"{"schema":"citysync.status/1","peers":[]}"#), "", "[]", "<html>",
    ])
    func `what is no document of this schema is refused`(_ body: String) {
        #expect(throws: Failure.self) { try Samples.document(body) }
    }

    @Test func `members of later versions are ignored`() throws {
        let json = Samples.status().replacing(
            #""peers":[]"#,
            with: #""peers":[],"moon":{"phase":1}"#
        )
        #expect(try Samples.document(json).health.state == .ok)
    }
}
