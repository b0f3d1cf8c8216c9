import ArgumentParser
import Foundation
import NIOCore
import NIOHTTP1

struct BackupCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Has the node write a verified copy of its store, while it serves.",
        discussion: """
            FILE is on the node's machine, written by the node's user, and must not be there yet; it \
            appears once it is whole and verified. Configuration and keys are not in it: keep copies of \
            them too. citysync restore puts it back.

            Example:
              citysync backup /var/backups/citysync/2026-07-01.sqlite
            """
    )

    @Argument(help: ArgumentHelp("The file to write.", valueName: "FILE"), completion: .file())
    var file: String

    @OptionGroup var writing: WriteOptions
    @OptionGroup var options: GlobalOptions

    func perform(_ node: NodeClient, _ console: Console) async throws {
        let path =
            file.hasPrefix("/") ? file : FileManager.default.currentDirectoryPath + "/" + file
        console.progress("the node writes and verifies the copy")
        let answer = try await write(
            .POST,
            ["backup"],
            .object(["file": .string(path)]),
            writing,
            node,
            timeout: .hours(12)
        )
        console.endProgress()
        guard options.output != .json else { return write(answer.body, console) }
        let document = JSON(answer.body)
        var listing = Listing(columns: [
            .init(title: "FILE", key: "file"), .init(title: "BYTES", key: "bytes"),
            .init(title: "POSITION", key: "position"), .init(title: "TOOK", key: "milliseconds"),
        ])
        let milliseconds = document?["milliseconds"]?.integer
        listing.rows = [
            [
                .init(document?["file"]?.string ?? path),
                .init(document?["bytes"]?.plainText ?? "?"),
                .init(document?["position"]?.plainText ?? "?"),
                .init(
                    Spans.fine(milliseconds.map { Double($0) / 1_000 }),
                    exact: milliseconds.map(String.init) ?? ""
                ),
            ]
        ]
        console.write(listing.text(options.output, ink: console.ink))
    }
}
