import ArgumentParser

struct ItemsDiffCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Shows how two versions of an item differ, field by field.",
        discussion: """
            Compared is what they mean, not how they are written. Without the second version it is the \
            one that the node answers with: the effective one where there is.

            Examples:
              citysync items diff GJJ-07 1 2
              citysync items diff GJJ-07 1 -o json
            """
    )

    @Argument(help: ArgumentHelp("The item's code.", valueName: "CODE"))
    var code: String

    @Argument(help: ArgumentHelp("The version to compare.", valueName: "FROM"))
    var from: Int

    @Argument(help: ArgumentHelp("The version to compare it with.", valueName: "TO"))
    var to: Int?

    @OptionGroup var options: GlobalOptions

    func perform(_ node: NodeClient, _ console: Console) async throws {
        let old = try ItemDocument(try await node.get(["items", code, String(from)]))
        let path = ["items", code] + (to.map { [String($0)] } ?? [])
        let new = try ItemDocument(try await node.get(path))
        guard let before = old.definition, let after = new.definition else {
            throw Failure.notDone("The node does not tell the definitions.")
        }
        let changes = DefinitionDifference(from: before, to: after).changes
        if options.output == .json {
            let document = JSON.object([
                "item": .string(code), "from": .string(old.version), "to": .string(new.version),
                "changes": .array(
                    changes.map { change in
                        .object([
                            "path": .string(change.path), "from": change.from ?? .null,
                            "to": change.to ?? .null,
                        ])
                    }
                ),
            ])
            return console.write(document.text + "\n")
        }
        var listing = Listing(columns: [
            .init(title: "WHAT", key: "path"), .init(title: "VERSION \(old.version)", key: "from"),
            .init(title: "VERSION \(new.version)", key: "to"),
        ])
        listing.rows = changes.map { change in
            [
                .init(change.path), ItemsDiffCommand.cell(change.from, .red),
                ItemsDiffCommand.cell(change.to, .green),
            ]
        }
        if changes.isEmpty, options.output != .tsv {
            return console.write(
                "Version \(old.version) and version \(new.version) mean the same.\n"
            )
        }
        console.write(listing.text(options.output, ink: console.ink))
    }

    private static func cell(_ value: JSON?, _ colour: Ink.Colour) -> Listing.Cell {
        value.map { .init(words($0), exact: $0.text, colour: colour) } ?? .absent
    }

    /// A whole field or transition as its attributes, one after the other.
    private static func words(_ value: JSON) -> String {
        if let members = value.object {
            return members.sorted { $0.key < $1.key }
                .map { $0.value == .boolean(true) ? $0.key : "\($0.key) \(words($0.value))" }
                .joined(separator: ", ")
        }
        return value.array?.map(\.plainText).joined(separator: " ") ?? value.plainText
    }
}
