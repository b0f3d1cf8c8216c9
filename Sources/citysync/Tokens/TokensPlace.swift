import AllianceFiles
import ArgumentParser
import Foundation

/// Where the tokens file is: named itself, or by the node's configuration.
struct TokensPlace: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The node's configuration; its api.tokens names the file.",
            valueName: "node.yaml"
        ),
        completion: .file()
    )
    var config: String?

    @Option(help: ArgumentHelp("The tokens file itself.", valueName: "F"), completion: .file())
    var file: String?

    func validate() throws {
        if (config == nil) == (file == nil) {
            throw ValidationError("Give either --config node.yaml or --file tokens.yaml.")
        }
    }

    /// As the node finds it: the environment wins, and a relative path is relative to the file that
    /// names it.
    func path(_ console: Console) throws(Failure) -> String {
        if let file { return file }
        if let path = console.environment["CITYSYNC_API_TOKENS"], !path.isEmpty { return path }
        let config = config ?? ""
        let text = String(decoding: try InputBytes.whole(config), as: UTF8.self)
        let shown = Escaping.shown(config)
        let named: String?
        do {
            named = try TokensFile.path(inConfiguration: text, file: config)
        } catch {
            throw .notDone("\(shown) is not readable.\n\(Escaping.lines("\(error)"))")
        }
        guard let named else {
            throw .notDone(
                "\(shown) has no api.tokens.\n  Do: add it, or name the file with --file."
            )
        }
        guard !named.hasPrefix("/"), let slash = config.lastIndex(of: "/") else { return named }
        return config[...slash] + named
    }
}
