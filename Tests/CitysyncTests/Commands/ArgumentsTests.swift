import ArgumentParser
import Testing

@testable import citysync

struct ArgumentsTests {
    @Test(arguments: [
        ["frob"], ["status", "--watch", "0"], ["status", "--watch", "x"], ["status", "extra"],
        ["wait"], ["wait", "--caught-up", "--timeout", "-1"], ["-o", "yaml", "status"],
        ["items"], ["items", "show"], ["items", "approve", "X"], ["items", "approve", "X", "two"],
        ["items", "approve", "X", "1", "--digest", "abc"], ["items", "diff", "X"],
        ["records", "get"], ["records", "create"], ["records", "update", "ID"],
        ["records", "create", "--item", "X", "--file", "f"],
        ["records", "create", "--item", "X", "--field", "a"],
        ["records", "create", "--item", "X", "--idempotency-key", ""],
        ["records", "create", "--item", "X", "--idempotency-key", "平"],
        ["records", "transition", "ID"], ["records", "list", "--limit", "0"],
        ["records", "list", "--limit", "1001"], ["records", "history"], ["records", "explain"],
        ["records", "delete"], ["records", "export", "--limit", "9"],
        ["records", "receipts", "ID"],
        ["conflicts", "show"], ["conflicts", "resolve", "c-1"],
        ["conflicts", "resolve", "c-1", "--choose", "0", "--value", "x"],
        ["conflicts", "resolve", "c-1", "--choose", "first"],
        ["conflicts", "resolve", "c-1", "--json", "{"],
        ["held", "retry"], ["held", "retry", "x"], ["backup"], ["backup", "a", "b"],
        ["restore", "a"], ["restore", "--config", "node.yaml"], ["doctor", "node.yaml"],
        ["token", "new", "--name", "a", "--role", "reader"],
        ["token", "new", "--file", "f", "--role", "reader"],
        ["token", "new", "--file", "f", "--name", "a", "--role", "root"],
        ["token", "new", "--file", "f", "--name", "", "--role", "reader"],
        ["token", "new", "--file", "f", "--name", "a", "--role", "reader", "--expires", "soon"],
        ["token", "list", "--file", "f", "--config", "g"], ["token", "revoke", "--file", "f"],
        ["conflicts"], ["held"], ["lookup"], ["receipt"],
        ["bundle"],
    ])
    func `wrong usage is 64 and says so on standard error`(_ arguments: [String]) async {
        let run = await CommandRun(arguments)
        // A group of commands without one of them prints its help.
        if [["items"], ["conflicts"], ["held"]].contains(arguments) {
            #expect(run.status == 0)
            return
        }
        #expect(run.status == 64)
        #expect(!run.errors.isEmpty)
        #expect(run.output.isEmpty)
    }

    /// Every command, by the words that call it.
    private static func commands(
        _ type: any ParsableCommand.Type = Citysync.self,
        _ words: [String] = []
    ) -> [(words: [String], type: any ParsableCommand.Type)] {
        [(words, type)]
            + type.configuration.subcommands.flatMap { command in
                commands(command, words + [command.configuration.commandName ?? ""])
            }
    }

    @Test func `the commands are those of this release`() {
        let names = ArgumentsTests.commands().filter { $0.type.configuration.subcommands.isEmpty }
            .map { $0.words.joined(separator: " ") }
        #expect(
            names == [
                "status", "wait", "peers", "items list", "items show", "items propose",
                "items approve", "items diff",
                "records get", "records list", "records create", "records update",
                "records transition", "records delete", "records history", "records explain",
                "records import", "records export",
                "conflicts list", "conflicts show", "conflicts resolve", "conflicts reissue",
                "held list", "held retry",
                "verify", "members list", "audit", "token new", "token list", "token revoke",
                "backup", "restore", "doctor",
            ]
        )
    }

    @Test func `every command has its help, with an example where it does something`() async {
        for (words, type) in ArgumentsTests.commands() {
            #expect(!type.configuration.abstract.isEmpty, "\(words)")
            let run = await CommandRun(words + ["--help"])
            #expect(run.status == 0)
            #expect(run.output.contains("USAGE: citysync"))
            if type.configuration.subcommands.isEmpty {
                #expect(
                    type.configuration.discussion.contains(
                        "citysync \(words.joined(separator: " "))"
                    )
                )
            }
        }
    }

    @Test func `no help and no remedy names a command that is absent`() async throws {
        let groups = Set(ArgumentsTests.commands().compactMap(\.words.first))
        var texts: [String] = []
        for (words, _) in ArgumentsTests.commands() {
            texts.append(await CommandRun(words + ["--help"]).output)
        }
        for code in [
            "token_missing", "token_invalid", "role_insufficient", "host_refused", "route_unknown",
            "record_unknown", "item_unknown", "item_not_effective", "member_unknown",
            "token_unknown",
            "key_reused", "already_set", "conflict_unknown", "held_unknown", "transition_refused",
            "too_many", "store_stopped", "clock_beyond_bound",
        ] {
            texts.append(Problem(status: 400, code: code).message)
        }
        for text in texts {
            for match in text.replacing("\n", with: " ").matches(of: #/citysync ([a-z]+) /#) {
                let word = String(match.output.1)
                let isProse = ["and", "that", "node", "does", "help"].contains(word)
                #expect(isProse || groups.contains(word), "citysync \(word)")
            }
        }
    }

    @Test func `the version is that of the release`() async {
        let run = await CommandRun(["--version"])
        #expect(run.output == "citysync 1.0.0\n")
        #expect(run.status == 0)
    }
}
