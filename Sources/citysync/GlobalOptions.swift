import ArgumentParser

enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case table, wide, json, tsv
}

/// What every command that asks a node takes, before or after its name.
struct GlobalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The node's API: http://HOST:PORT, https://HOST or unix:PATH.",
            discussion: "Else CITYSYNC_API, else unix:\(Endpoint.defaultSocket).",
            valueName: "URL|unix:PATH"
        )
    )
    var api: String?

    @Option(
        help: ArgumentHelp(
            "The file with the token for an API over TCP; only its owner may read it.",
            discussion: "Else CITYSYNC_TOKEN_FILE. The local socket needs none.",
            valueName: "F"
        )
    )
    var tokenFile: String?

    @Option(name: [.short, .long], help: "How to print: table, wide (more columns), json or tsv.")
    var output: OutputFormat = .table

    func endpoint(_ console: Console) throws(Failure) -> Endpoint {
        try Endpoint(text: api ?? console.environment["CITYSYNC_API"].flatMap(nonEmpty))
    }

    func tokenPath(_ console: Console) -> String? {
        tokenFile ?? console.environment["CITYSYNC_TOKEN_FILE"].flatMap(nonEmpty)
    }

    private func nonEmpty(_ text: String) -> String? { text.isEmpty ? nil : text }
}
