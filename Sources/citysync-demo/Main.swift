import ClusterHarness
import Foundation

/// Shows an alliance of five cities at work; `--check` compares nodes that run already.
@main
enum Main {
    private static let usage = """
        citysync-demo                    five cities on this machine: agree, share, cut off, heal, kill
        citysync-demo --check SOCKET...  compares the nodes behind these API sockets; exits 1 if they
                                         differ or cannot be compared

        DEMO_HOLD=1       leaves the cities up at the end until interrupted
        CITYSYNC_KEEP=1   leaves the folders behind
        """

    static func main() async {
        let arguments = CommandLine.arguments.dropFirst()
        switch arguments.first {
        case nil: exit(await demo())
        case "--check": exit(await check(Array(arguments.dropFirst())))
        case "--help", "-h": print(usage)
        case "--version": print("citysync-demo 1.0.0")
        default:
            Screen.complain("unknown argument\n\n\(usage)")
            exit(64)
        }
    }

    private static func demo() async -> Int32 {
        let screen = Screen()
        do {
            return try await Interruption().race {
                try await withCluster(started: false) { cluster in
                    try await Demo(cluster, screen).run()
                }
            }
        } catch is Interruption.Interrupted {
            Screen.complain("interrupted")
            return 130
        } catch {
            Screen.complain("the demo failed: \(error)")
            return 1
        }
    }

    private static func check(_ sockets: [String]) async -> Int32 {
        guard sockets.count > 1 else {
            Screen.complain("--check wants two sockets or more\n\n\(usage)")
            return 64
        }
        do {
            let convergence = try await Convergence.measure(sockets.map { NodeClient(socket: $0) })
            return Screen().show(convergence) ? 0 : 1
        } catch {
            Screen.complain("cannot ask: \(error)")
            return 1
        }
    }
}
