import Foundation
package import Glibc
import Synchronization

/// A program that this one started.
///
/// It has its own process group, so that an interrupt from the terminal reaches only the harness,
/// which then ends its children in order. Whatever happens to the harness, `Guard` ends them.
package final class ChildProcess: Sendable {
    package enum Exit: Hashable, Sendable {
        case code(Int32)
        case signal(Int32)
    }

    /// What the child reads or writes; descriptors stay open here.
    package enum Stream: Sendable {
        case null
        /// Read from its beginning, or appended to (made with mode 0600).
        case file(String)
        case descriptor(Int32)
    }

    package struct SpawnFailure: Error, CustomStringConvertible {
        package var program: String
        package var code: Int32
        package var description: String {
            "cannot start \(program): \(String(cString: strerror(code)))"
        }
    }

    private struct State {
        var exit: Exit?
        var waiting: [CheckedContinuation<Exit, Never>] = []
    }

    package let pid: pid_t
    private let state = Mutex(State())

    /// `arguments` without the program's own name; `environment` is all that the child gets.
    package init(
        _ program: String,
        _ arguments: [String],
        environment: [String: String],
        input: Stream = .null,
        output: Stream = .null,
        errors: Stream = .null
    ) throws(SpawnFailure) {
        // There before the first child, which therefore does not inherit its pipe half made.
        let watchdog = Guard.shared
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        ChildProcess.add(input, as: STDIN_FILENO, to: &actions)
        ChildProcess.add(output, as: STDOUT_FILENO, to: &actions)
        ChildProcess.add(errors, as: STDERR_FILENO, to: &actions)
        ChildProcess.closeRest(&actions)
        ChildProcess.setCleanSignals(&attributes)

        var pid: pid_t = 0
        let code = ChildProcess.withPointers([program] + arguments) { arguments in
            let pairs = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            return ChildProcess.withPointers(pairs) { environment in
                posix_spawnp(&pid, program, &actions, &attributes, arguments, environment)
            }
        }
        guard code == 0 else { throw SpawnFailure(program: program, code: code) }
        self.pid = pid
        watchdog.watch(pid)
        var thread = pthread_t()
        // The thread holds the child until it has ended.
        let context = Unmanaged.passRetained(self).toOpaque()
        pthread_create(
            &thread,
            nil,
            { context in
                guard let context else { return nil }
                Unmanaged<ChildProcess>.fromOpaque(context).takeRetainedValue().reap()
                return nil
            },
            context
        )
        pthread_detach(thread)
    }

    /// How it ended; nil while it runs.
    package var exit: Exit? { state.withLock { $0.exit } }

    package func waitForExit() async -> Exit {
        await withCheckedContinuation { continuation in
            let exit = state.withLock { state in
                if state.exit == nil { state.waiting.append(continuation) }
                return state.exit
            }
            if let exit { continuation.resume(returning: exit) }
        }
    }

    /// Does nothing once it has ended: the number may then be another's.
    package func send(signal: Int32) {
        state.withLock { state in
            if state.exit == nil { _ = kill(pid, signal) }
        }
    }

    /// Reaches what the child itself started, too.
    package func sendToGroup(signal: Int32) {
        state.withLock { state in
            if state.exit == nil { _ = kill(-pid, signal) }
        }
    }

    private func reap() {
        var seen = siginfo_t()
        // Left to be collected under the lock, so that its number is not free before `exit` is set.
        while waitid(P_PID, id_t(pid), &seen, WEXITED | WNOWAIT) == -1, errno == EINTR {}
        var status: Int32 = 0
        let (exit, waiting) = state.withLock { state in
            while waitpid(pid, &status, 0) == -1, errno == EINTR {}
            let exit: Exit =
                status & 0x7f == 0 ? .code(status >> 8 & 0xff) : .signal(status & 0x7f)
            state.exit = exit
            Guard.shared.forget(pid)
            defer { state.waiting = [] }
            return (exit, state.waiting)
        }
        for continuation in waiting { continuation.resume(returning: exit) }
    }
}

extension ChildProcess {
    private static func add(
        _ stream: Stream,
        as descriptor: Int32,
        to actions: inout posix_spawn_file_actions_t
    ) {
        let isInput = descriptor == STDIN_FILENO
        let flags = isInput ? O_RDONLY : O_WRONLY | O_CREAT | O_APPEND
        switch stream {
        case .null:
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", flags, 0)
        case .file(let path):
            posix_spawn_file_actions_addopen(&actions, descriptor, path, flags, 0o600)
        case .descriptor(let source):
            posix_spawn_file_actions_adddup2(&actions, source, descriptor)
        }
    }

    /// The child inherits nothing else: a listening socket of ours that it held open would keep the
    /// port taken after we have closed it.
    static func closeRest(_ actions: inout posix_spawn_file_actions_t) {
        let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        // Other threads go on opening some meanwhile.
        let end = (open.compactMap { Int32($0) }.max() ?? 0) + 128
        for descriptor in (STDERR_FILENO + 1)..<end {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
    }

    /// The child begins with no signal blocked or ignored, whatever this process does with its own.
    private static func setCleanSignals(_ attributes: inout posix_spawnattr_t) {
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
        posix_spawnattr_setflags(&attributes, Int16(flags))
    }

    private static func withPointers<Result>(
        _ strings: [String],
        _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let pointers = strings.map { strdup($0) }
        defer { for pointer in pointers { free(pointer) } }
        return body(pointers + [nil])
    }
}
