import ArgumentParser
import NIOCore

struct VerifyCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Compares what this node and its peers hold in common.",
        discussion: """
            Both sides count and hash the records that both are entitled to. Equal digests mean equal \
            records. Exit status: 0 all equal, 1 otherwise, also when a peer could not be compared.

            Examples:
              citysync verify
              citysync verify --peer 350300 -o json
            """
    )

    @Option(help: ArgumentHelp("Only with this peer, by its member code.", valueName: "C"))
    var peer: String?

    @OptionGroup var options: GlobalOptions

    func perform(_ node: NodeClient, _ console: Console) async throws {
        var peers = peer.map { [$0] } ?? []
        if peer == nil {
            peers = try StatusDocument(try await node.get(["status"]).body).peers.map(\.member)
        }
        var comparisons: [Comparison] = []
        for (index, member) in peers.enumerated() {
            console.progress(
                "comparing with \(Escaping.shown(member)), \(index + 1) of \(peers.count)"
            )
            comparisons.append(try await compare(member, node))
        }
        console.endProgress()
        show(comparisons, console)
        guard comparisons.allSatisfy(\.isEqual) else { throw Failure.silent(Failure.exitNotDone) }
    }

    /// What came of one comparison: the node's document, or why there is none.
    private struct Comparison {
        var member: String
        var document: JSON?
        var body: [UInt8] = []
        var refusal: Problem?

        var isEqual: Bool { document?["equal"]?.boolean == true }
    }

    private func compare(_ member: String, _ node: NodeClient) async throws -> Comparison {
        do {
            let answer = try await node.get(
                ["verify"],
                query: [("member", member)],
                timeout: .minutes(10)
            )
            guard let document = JSON(answer.body) else {
                throw Failure.notDone("The answer is no comparison.")
            }
            return Comparison(member: member, document: document, body: answer.body)
        } catch Failure.refused(let problem) where peer == nil {
            // One city that is away does not hide how the others are.
            return Comparison(member: member, refusal: problem)
        }
    }

    private func show(_ comparisons: [Comparison], _ console: Console) {
        if options.output == .json {
            if peer != nil, let only = comparisons.first { return write(only.body, console) }
            let documents = comparisons.map { comparison in
                comparison.document
                    ?? .object([
                        "member": .string(comparison.member), "equal": .null,
                        "code": comparison.refusal?.code.map(JSON.string) ?? .null,
                    ])
            }
            return console.write(JSON.object(["verify": .array(documents)]).text + "\n")
        }
        var listing = Listing(columns: [
            .init(title: "PEER", key: "member"), .init(title: "EQUAL", key: "equal"),
            .init(title: "RECORDS", key: "records"), .init(title: "DIGEST", key: "digest"),
            .init(title: "DIFFERING", key: "differing"),
        ])
        listing.rows = comparisons.map(row)
        console.write(listing.text(options.output, ink: console.ink))
        guard options.output != .tsv else { return }
        for comparison in comparisons {
            for entry in comparison.document?["differing"]?.array ?? [] {
                let words = [
                    comparison.member, entry["record"]?.plainText, entry["reason"]?.plainText,
                ]
                console.write(
                    "  " + Escaping.shown(words.compactMap { $0 }.joined(separator: "  ")) + "\n"
                )
            }
        }
    }

    /// Why there is nothing to compare with.
    private func problem(of comparison: Comparison) -> String? {
        comparison.refusal.map { $0.code ?? "HTTP \($0.status)" }
            ?? comparison.document?["problem"]?.string
    }

    private func row(_ comparison: Comparison) -> [Listing.Cell] {
        let document = comparison.document
        let digest = document?["digest"]?.string
        let shown = digest.map { options.output == .wide ? $0 : String($0.prefix(16)) }
        return [
            .init(comparison.member),
            document?["equal"]?.boolean.map {
                .init($0 ? "yes" : "NO", exact: $0 ? "true" : "false", colour: $0 ? .green : .red)
            } ?? .init("?"),
            .init(document?["records"]?.integer.map { String($0) } ?? "?"),
            shown.map { .init($0, exact: digest) } ?? .init("?"),
            problem(of: comparison).map { .init($0, colour: .red) }
                ?? .init(document?["differing"]?.array.map { String($0.count) } ?? "?"),
        ]
    }
}
