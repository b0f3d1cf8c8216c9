import ArgumentParser
import ClusterHarness
import Foundation

/// Measures real nodes over mutual TLS on loopback.
@main
struct CitySyncBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "citysync-bench",
        abstract: "Measures real CitySync nodes on this machine.",
        discussion: """
            Starts node processes of the same build on loopback, loads them, and prints one JSON line \
            a figure: the median of its rounds beside a raw limit of the machine measured in the same \
            run, so that figures of noisy machines can be compared as ratios. Progress goes to \
            standard error.

            Use a release build: swift build -c release --product citysync-bench
            """,
        version: "1.0.0"
    )

    enum Figure: String, CaseIterable, ExpressibleByArgument {
        case catchup, backlog, latency, ingest, storm, reads, idle, wire, memory, all
    }

    @Argument(help: "What to measure.")
    var figure: Figure

    @Option(help: "Records that pass from one node to the other.")
    var records = 100_000

    @Option(help: "Rounds; the median counts.")
    var rounds = 3

    @Option(help: "How long each round of latency, ingest, reads and idle lasts, in seconds.")
    var seconds = 10

    func validate() throws {
        guard records >= 1_000 else { throw ValidationError("--records is at least 1000") }
        guard rounds >= 1 else { throw ValidationError("--rounds is at least 1") }
        guard seconds >= 1 else { throw ValidationError("--seconds is at least 1") }
    }

    func run() async throws {
        let plan = Plan(
            records: records,
            rounds: rounds,
            seconds: seconds,
            command: CommandLine.arguments.dropFirst().joined(separator: " ")
        )
        let figures = figure == .all ? Figure.allCases.filter { $0 != .all } : [figure]
        var failures = 0
        for figure in figures {
            Progress.say("\(figure.rawValue)")
            do {
                for line in try await Self.measure(figure, plan) {
                    print(line.json)
                    if let lack = Floor.lack(of: line) { Progress.say("  \(lack)") }
                }
            } catch {
                // The figures that follow are measured all the same.
                Progress.say("  \(figure.rawValue) could not be measured: \(error)")
                failures += 1
            }
            // A pipe's reader has each figure as soon as it is known.
            fflush(nil)
        }
        guard failures == 0 else { throw ExitCode.failure }
    }

    private static func measure(_ figure: Figure, _ plan: Plan) async throws -> [ReportLine] {
        switch figure {
        case .catchup: try await Catchup.measure(plan, .imported)
        case .backlog: try await Catchup.measure(plan, .single)
        case .latency: try await Latency.measure(plan)
        case .ingest: try await Ingest.measure(plan)
        case .storm: try await Storm.measure(plan)
        case .reads: try await Reads.measure(plan)
        case .idle: try await Idle.measure(plan)
        case .wire: try await Wire.measure(plan)
        case .memory: try await Memory.measure(plan)
        case .all: []
        }
    }
}

/// What was asked of every figure.
struct Plan: Sendable {
    var records: Int
    var rounds: Int
    var seconds: Int
    /// The arguments, repeated in every line.
    var command: String

    /// Runs the rounds one after another.
    func rounds<Value>(_ round: (Int) async throws -> Value) async throws -> [Value] {
        var values: [Value] = []
        for number in 1...rounds {
            values.append(try await round(number))
            Progress.say("  round \(number) of \(rounds): \(values[number - 1])")
        }
        return values
    }
}

enum Progress {
    static func say(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }
}
