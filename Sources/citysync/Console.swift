import Foundation

/// Where a command writes, and what it knows of its surroundings.
///
/// A task-local value, so that tests run commands side by side and read what each printed.
struct Console: Sendable {
    var write: @Sendable (String) -> Void
    var writeError: @Sendable (String) -> Void
    var environment: [String: String]
    var outputIsTerminal: Bool
    var errorIsTerminal: Bool

    @TaskLocal static var current = Console.process

    static var process: Console {
        Console(
            write: { put($0, to: STDOUT_FILENO) },
            writeError: { put($0, to: STDERR_FILENO) },
            environment: ProcessInfo.processInfo.environment,
            outputIsTerminal: isatty(STDOUT_FILENO) == 1,
            errorIsTerminal: isatty(STDERR_FILENO) == 1
        )
    }

    /// https://no-color.org: present and not empty means no colour, whatever its value.
    var ink: Ink {
        Ink(enabled: outputIsTerminal && (environment["NO_COLOR"] ?? "").isEmpty)
    }

    /// A line that the next one overwrites; only for a person who watches.
    func progress(_ text: String) {
        guard errorIsTerminal else { return }
        writeError("\r\u{1b}[K" + text)
    }

    func endProgress() {
        guard errorIsTerminal else { return }
        writeError("\r\u{1b}[K")
    }

    /// Writes all of `text`.
    ///
    /// A reader that went away ends the program, as it does every filter.
    private static func put(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.write(descriptor, $0.baseAddress, $0.count)
            }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                exit(Failure.exitNotDone)
            }
        }
    }
}
