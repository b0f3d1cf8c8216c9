import ArgumentParser
import NIOCore

struct WaitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Waits until this node and its peers have everything of each other.",
        discussion: """
            Caught up: the peer is current and both counts are 0; an unknown count is not 0. A local \
            write is counted before its answer is sent, so that a wait after a write covers that write.

            Exit status: 0 caught up, 1 not within the time (standard error names who is not), 3 the \
            node could not be asked.

            Examples:
              citysync wait --caught-up --timeout 60
              citysync wait --caught-up --peer 350300
            """
    )

    @Flag(help: "What to wait for; required.")
    var caughtUp = false

    @Option(help: ArgumentHelp("Only this peer, by its member code.", valueName: "C"))
    var peer: String?

    @Option(
        help: ArgumentHelp("Give up after S seconds; without it, wait for ever.", valueName: "S")
    )
    var timeout: Double?

    @OptionGroup var options: GlobalOptions

    private static let intervalSeconds = 0.25

    func validate() throws {
        guard caughtUp else { throw ValidationError("Say what to wait for: --caught-up.") }
        if let timeout, !(timeout >= 0 && timeout <= 1e9) {
            throw ValidationError("--timeout takes seconds, 0 or more.")
        }
    }

    func run() async throws {
        let console = Console.current
        let started = ContinuousClock.now
        // With a limit a node that is still starting is waited for; without one that would be a
        // hang that nobody understands.
        var sample: StatusSample
        repeat {
            sample = await StatusSample.take(options, timeout: requestTimeout(since: started))
            let behind = try self.behind(sample)
            if sample.failure == nil && behind.isEmpty {
                console.endProgress()
                report(sample, behind: [], since: started, console)
                return
            }
            if let failure = sample.failure, timeout == nil { throw failure }
            console.progress(progress(sample, behind: behind, since: started))
        } while try await pause(since: started)
        console.endProgress()
        if let failure = sample.failure { throw failure }
        let behind = try self.behind(sample)
        report(sample, behind: behind, since: started, console)
        throw Failure.notDone(
            "Not caught up within \(Spans.fine(timeout)):\n"
                + behind.map(WaitCommand.line).joined(separator: "\n")
        )
    }

    private func behind(_ sample: StatusSample) throws -> [StatusDocument.Peer] {
        guard sample.failure == nil else { return [] }
        var peers = sample.document.peers
        if let peer {
            peers = peers.filter { $0.member == peer }
            guard !peers.isEmpty else {
                throw Failure.notDone(
                    "\(Escaping.shown(peer)) is no peer of this node.\n  Do: see citysync peers."
                )
            }
        }
        return peers.filter { !$0.isCaughtUp }
    }

    private static func line(_ peer: StatusDocument.Peer) -> String {
        let name = [peer.member, peer.name?.short ?? ""].filter { !$0.isEmpty }.joined(
            separator: " "
        )
        let counts = [peer.toSend, peer.toApply].map { $0?.count.map(String.init) ?? "?" }
        var text = "  \(name) \(peer.state), to send \(counts[0]), to apply \(counts[1])"
        if let code = peer.reason?.code { text += ", \(code)" }
        return Escaping.shown(text)
    }

    private func elapsed(since started: ContinuousClock.Instant) -> Double {
        started.duration(to: .now) / .seconds(1)
    }

    private func requestTimeout(since started: ContinuousClock.Instant) -> TimeAmount {
        guard let timeout else { return .seconds(10) }
        let left = min(10, max(1, timeout - elapsed(since: started)))
        return .milliseconds(Int64(left * 1000))
    }

    /// False when the time is over.
    private func pause(since started: ContinuousClock.Instant) async throws -> Bool {
        var seconds = WaitCommand.intervalSeconds
        if let timeout {
            let left = timeout - elapsed(since: started)
            if left <= 0 { return false }
            seconds = min(seconds, left)
        }
        try await Task.sleep(for: .seconds(seconds))
        return true
    }

    private func progress(
        _ sample: StatusSample,
        behind: [StatusDocument.Peer],
        since started: ContinuousClock.Instant
    ) -> String {
        let span = Spans.fine(elapsed(since: started))
        guard sample.failure == nil else { return "\(span): the node cannot be asked yet" }
        let names = behind.prefix(5).map(\.member).joined(separator: " ")
        return Escaping.shown("\(span): \(behind.count) not caught up: \(names)")
    }

    private func report(
        _ sample: StatusSample,
        behind: [StatusDocument.Peer],
        since started: ContinuousClock.Instant,
        _ console: Console
    ) {
        let seconds = elapsed(since: started)
        switch options.output {
        case .json:
            let document = JSON.object([
                "caughtUp": .boolean(behind.isEmpty),
                "waitedSeconds": .fraction(seconds),
                "behind": .array(behind.map { .string($0.member) }),
            ])
            console.write(document.text + "\n")
        case .tsv: console.write("caught_up\twaited_seconds\n\(behind.isEmpty)\t\(seconds)\n")
        case .table, .wide:
            let count = peer == nil ? sample.document.peers.count : 1
            guard behind.isEmpty else { return }
            console.write(
                "caught up with \(count) \(count == 1 ? "peer" : "peers") after \(Spans.fine(seconds))\n"
            )
        }
    }
}
