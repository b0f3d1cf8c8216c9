import AllianceFiles
import Foundation
import SecureTransport
import Testing

@testable import citysync

struct TokenCommandsTests {
    private func new(_ path: String, _ name: String, _ more: [String] = []) async -> CommandRun {
        await CommandRun(
            ["token", "new", "--file", path, "--name", name, "--role", "clerk"] + more
        )
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test func `a token is printed alone, kept as a hash, and can be revoked`() async throws {
        try await withFolder { folder in
            let path = "\(folder)/tokens.yaml"
            let made = await new(path, "counter 1", ["--expires", "2999-01-01"])
            #expect(made.status == 0, "\(made.errors)")
            let token = String(try #require(made.output.split(separator: "\n").last))
            #expect(made.output == token + "\n")
            #expect(token.wholeMatch(of: #/cs_[a-z0-9]+_[A-Za-z0-9_-]{43}/#) != nil)
            #expect(made.errors.contains("SIGHUP"))
            #expect(try mode(path) == 0o600)
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(!text.contains(token.suffix(43)))
            let entry = try #require(try TokensFile.parse(text, file: path).entries.first)
            #expect(entry.sha256 == SHA256.hash(Array(token.utf8)))
            let list = await CommandRun(["token", "list", "--file", path])
            #expect(list.output.contains("counter 1  clerk  2999-01-01T00:00:00.000Z  valid"))
            let revoked = await CommandRun(["token", "revoke", entry.id, "--file", path])
            #expect(revoked.status == 0)
            #expect(try TokensFileEdit.read(path).entries.isEmpty)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["tokens.yaml"])
        }
    }

    @Test func `a configuration names the file, relative to itself, and the environment wins`()
        async throws
    {
        try await withFolder { folder in
            try store(
                "api: { tokens: secret/t.yaml }\nmember: \"350100\"\n",
                at: "\(folder)/node.yaml"
            )
            try FileManager.default.createDirectory(
                atPath: "\(folder)/secret",
                withIntermediateDirectories: false
            )
            let arguments = [
                "token", "new", "--config", "\(folder)/node.yaml", "--name", "a", "--role",
                "reader",
            ]
            #expect(await CommandRun(arguments).status == 0)
            #expect(try TokensFileEdit.read("\(folder)/secret/t.yaml").entries.map(\.name) == ["a"])
            let environment = ["CITYSYNC_API_TOKENS": "\(folder)/other.yaml"]
            #expect(await CommandRun(arguments, environment: environment).status == 0)
            #expect(try TokensFileEdit.read("\(folder)/other.yaml").entries.map(\.name) == ["a"])
            try store("api: {}\n", at: "\(folder)/node.yaml")
            let none = await CommandRun(arguments)
            #expect(none.status == 1)
            #expect(none.errors.contains("api.tokens"))
        }
    }

    @Test func `a link stays a link to the file that is changed`() async throws {
        try await withFolder { folder in
            #expect(await new("\(folder)/real.yaml", "a").status == 0)
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder)/link.yaml",
                withDestinationPath: "real.yaml"
            )
            #expect(await new("\(folder)/link.yaml", "b").status == 0)
            #expect(
                try TokensFileEdit.read("\(folder)/real.yaml").entries.map(\.name) == ["a", "b"]
            )
        }
    }

    @Test func `a name is used once, an expiry lies ahead, and a token to revoke is there`()
        async throws
    {
        try await withFolder { folder in
            let path = "\(folder)/tokens.yaml"
            #expect(await CommandRun(["token", "revoke", "k3f9", "--file", path]).status == 1)
            #expect(!FileManager.default.fileExists(atPath: path))
            #expect(await new(path, "a").status == 0)
            let before = try String(contentsOfFile: path, encoding: .utf8)
            #expect(await new(path, "a").status == 1)
            #expect(await new(path, "b", ["--expires", "2001-01-01"]).status == 64)
            #expect(await CommandRun(["token", "revoke", "nobody", "--file", path]).status == 1)
            #expect(try String(contentsOfFile: path, encoding: .utf8) == before)
        }
    }

    @Test func `a file that is damaged or open to others is left as it is`() async throws {
        try await withFolder { folder in
            let path = "\(folder)/tokens.yaml"
            for (text, mode) in [("tokens: [", 0o600), ("tokens: []\n", 0o644)] {
                try store(text, at: path, mode: mode)
                let run = await new(path, "a")
                #expect(run.status == 1)
                #expect(run.output.isEmpty)
                #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
            }
        }
    }

    @Test func `edits side by side lose nothing, and a reader never sees half a file`() async throws
    {
        try await withFolder { folder in
            let path = "\(folder)/tokens.yaml"
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        let run = await self.new(path, "counter \(number)")
                        #expect(run.status == 0, "\(run.errors)")
                    }
                    group.addTask {
                        // Absent, before or after a change: all are whole.
                        _ = try TokensFileEdit.read(path)
                    }
                }
                try await group.waitForAll()
            }
            let entries = try TokensFileEdit.read(path).entries
            #expect(Set(entries.map(\.name)) == Set((0..<20).map { "counter \($0)" }))
            #expect(Set(entries.map(\.id)).count == 20)
        }
    }
}
