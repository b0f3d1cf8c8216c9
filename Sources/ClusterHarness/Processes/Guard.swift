import Glibc
import Synchronization

/// A small shell process that outlives this one, however it ends, and then kills the children and
/// removes the temporary folders that are left.
///
/// It reads what there is from a pipe, whose end of file is the news that this process is gone.
package final class Guard: Sendable {
    package static let shared = Guard()

    private static let script = """
        trap '' INT TERM HUP
        pids= folders=
        while read -r word what; do
            case $word in
            watch) pids="$pids $what" ;;
            forget) rest=; for pid in $pids; do [ "$pid" = "$what" ] || rest="$rest $pid"; done
                pids=$rest ;;
            folder) folders="$folders $what" ;;
            esac
        done
        for pid in $pids; do kill -9 "$pid"; done 2>/dev/null
        for folder in $folders; do rm -rf "$folder"; done
        """

    private let pipe: Mutex<Int32>

    private init() {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { fatalError("pipe: errno \(errno)") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        signal(SIGPIPE, SIG_IGN)
        pipe = Mutex(ends[1])
        start(reading: ends[0])
        close(ends[0])
    }

    private func start(reading descriptor: Int32) {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_adddup2(&actions, descriptor, STDIN_FILENO)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        ChildProcess.closeRest(&actions)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        let words = ["sh", "-c", Guard.script].map { (word: String) in strdup(word) }
        defer { for word in words { free(word) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, "/bin/sh", &actions, &attributes, words + [nil], environ)
        guard code == 0 else { fatalError("cannot start /bin/sh: errno \(code)") }
    }

    func watch(_ pid: pid_t) { say("watch \(pid)") }
    func forget(_ pid: pid_t) { say("forget \(pid)") }

    /// The folder is removed when this process has ended; `path` has no spaces.
    func removeAtEnd(_ path: String) { say("folder \(path)") }

    private func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        pipe.withLock { descriptor in
            // A line is shorter than PIPE_BUF: it is written whole or not at all.
            while write(descriptor, bytes, bytes.count) == -1, errno == EINTR {}
        }
    }
}
