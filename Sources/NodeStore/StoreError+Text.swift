extension StoreError {
    /// What happened and where, in one line; never a value of a record.
    package var explanation: String {
        switch self {
        case .unopenable(let path, let reason): "\(path): cannot be opened: \(reason)"
        case .locked(let path, let pid):
            "\(path): in use by another node" + (pid.map { " (process \($0))" } ?? "")
        case .damaged(let path, let reason): "\(path): damaged: \(reason)"
        case .newer(let path, let schema, let known):
            "\(path): made by a later version (schema \(schema); this version knows \(known))"
        case .full(let path): "\(path): no space left on the disk"
        case .failed(let path, let code, let message):
            "\(path): the disk or SQLite failed (code \(code)): \(message)"
        case .stopped: "the store was stopped by an earlier error"
        }
    }

    /// What a person can do about it.
    package var remedy: String {
        switch self {
        case .unopenable: "make the folder readable and writable for the node's user"
        case .locked: "stop the other node, or give this one a data folder of its own"
        case .damaged:
            "nothing was changed; put a copy of the data folder from a backup in its place"
        case .newer: "nothing was changed; install the version that made it, or a later one"
        case .full: "free some space, then restart the node"
        case .failed, .stopped: "look at the disk and the system's log, then restart the node"
        }
    }
}
