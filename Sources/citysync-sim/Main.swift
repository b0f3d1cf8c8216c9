import ArgumentParser
import ClusterSimulation

#if canImport(Glibc)
import Glibc
#endif

@main
struct SimulatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "citysync-sim",
        abstract: "Runs whole alliances from seeds and judges what came of them.",
        subcommands: [RunCommand.self, ReplayCommand.self],
        defaultSubcommand: RunCommand.self
    )
}

/// Writes a line at once: what a run that never ends has said is not to be lost.
func say(_ line: String) {
    print(line)
    fflush(nil)
}
