import ArgumentParser
import NIOCore

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows the health of the node and how far each peer is.",
        discussion: """
            Health first, with each finding and what to do about it, then one line for each peer. \
            TO-SEND: our changesets that the peer has not acknowledged as applied; TO-APPLY: those it \
            has announced and this node has not applied; each with the age of the oldest. Unknown is ?, \
            never 0. States: current behind connecting unreachable refused incompatible.

            Exit status: 0 healthy, 1 degraded, 2 critical, 3 the node cannot be asked, 64 wrong usage. \
            With -o json a valid document is printed even when the node is down.

            Examples:
              citysync status
              citysync status -o json | jq .health.state
              citysync status --watch 2
            """
    )

    @Option(
        help: ArgumentHelp("Show it again every S seconds until interrupted.", valueName: "S")
    )
    var watch: Double?

    @Flag(help: "One line for each peer, also when more than 10 are current.")
    var all = false

    @OptionGroup var options: GlobalOptions

    /// A node that does not answer this in time is not well.
    private static let timeout = TimeAmount.seconds(10)

    func validate() throws {
        if let watch, !(watch >= 0.1 && watch <= 86_400) {
            throw ValidationError("--watch takes from 0.1 to 86400 seconds.")
        }
    }

    func run() async throws {
        // Before anything is asked: wrong usage is not a node that is down.
        _ = try options.endpoint(Console.current)
        guard let watch else {
            let sample = await StatusSample.take(options, timeout: StatusCommand.timeout)
            try show(sample, Console.current)
            return
        }
        try await repeatedly(everySeconds: watch, Console.current)
    }

    private func show(_ sample: StatusSample, _ console: Console) throws {
        switch options.output {
        case .json: console.write(sample.json + "\n")
        case .table, .wide, .tsv:
            if let failure = sample.failure { throw failure }
            console.write(text(console).text(sample.document))
        }
        let status = sample.document.health.state.exitStatus
        guard status != 0 else { return }
        if let message = sample.failure?.message { console.writeError("citysync: \(message)\n") }
        throw Failure.silent(status)
    }

    private func text(_ console: Console) -> StatusText {
        StatusText(format: options.output, showsAll: all, ink: console.ink)
    }

    /// Only on a terminal is the screen wiped; elsewhere the samples follow each other.
    private func repeatedly(everySeconds seconds: Double, _ console: Console) async throws {
        let clock = ContinuousClock()
        let start = clock.now
        var progress = ProgressWatch()
        while true {
            let next = clock.now.advanced(by: .seconds(seconds))
            let sample = await StatusSample.take(options, timeout: StatusCommand.timeout)
            let elapsed = start.duration(to: clock.now) / .seconds(1)
            if options.output == .json {
                console.write(sample.json + "\n")
            } else {
                var screen = text(console).text(sample.document)
                if let note = progress.sampled(sample.document, nowSeconds: elapsed),
                    options.output != .tsv
                {
                    screen += console.ink(note, .yellow) + "\n"
                }
                console.write(
                    console.outputIsTerminal ? "\u{1b}[H\u{1b}[2J" + screen : screen + "\n"
                )
            }
            try await clock.sleep(until: next)
        }
    }
}

/// One answer to "how are you", or why there is none.
struct StatusSample: Sendable {
    var document: StatusDocument
    /// One line: the node's own document where there is one.
    var json: String
    var failure: Failure?

    static func take(_ options: GlobalOptions, timeout: TimeAmount) async -> StatusSample {
        do {
            return try await NodeClient.with(options) { try await take($0, timeout: timeout) }
        } catch {
            let failure = StatusSample.unasked(error)
            let document = StatusDocument.unasked(
                endpoint: (try? options.endpoint(Console.current))?.text ?? options.api ?? "",
                reason: failure.message ?? ""
            )
            return StatusSample(
                document: document,
                json: document.unaskedJSON.text,
                failure: failure
            )
        }
    }

    static func take(_ node: NodeClient, timeout: TimeAmount) async throws -> StatusSample {
        let answer = try await node.get(["status"], timeout: timeout)
        let document = try StatusDocument(answer.body)
        return StatusSample(document: document, json: oneLine(answer.body), failure: nil)
    }

    /// A line break in JSON can only stand between tokens, never within a string.
    private static func oneLine(_ body: [UInt8]) -> String {
        String(decoding: body.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }, as: UTF8.self)
    }

    /// For `status` a refusal, too, means that the node could not be asked.
    private static func unasked(_ error: any Error) -> Failure {
        switch error {
        case let failure as Failure: .cannotAsk(failure.message ?? "")
        default: .cannotAsk("The node cannot be asked: \(Escaping.shown("\(error)")).")
        }
    }
}
