import Glibc
import NodeRuntime

/// The file of the Unix socket and the directory it stands in.
struct APISocket {
    let path: String

    private var directory: String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Makes the directory, 0700, and removes what a dead node left behind.
    ///
    /// Throws when the file is no socket, or somebody still listens on it.
    func prepare() throws(NodeStartError) {
        if mkdir(directory, 0o700) != 0, errno != EEXIST {
            throw NodeStartError(
                "\(directory): the directory of api.socket cannot be made: \(APISocket.lastError)",
                remedy: "make it for the node's user, or set api.socket to another path"
            )
        }
        var facts = stat()
        guard lstat(path, &facts) == 0 else { return }
        guard facts.st_mode & S_IFMT == S_IFSOCK else {
            throw NodeStartError(
                "\(path): there is a file that is no socket",
                remedy: "move it away, or set api.socket to another path"
            )
        }
        guard !isAnswered else {
            throw NodeStartError(
                "\(path): another process listens on this socket",
                remedy: "end that process, or set api.socket to another path"
            )
        }
        guard unlink(path) == 0 else {
            throw NodeStartError(
                "\(path): a dead node's socket cannot be removed: \(APISocket.lastError)",
                remedy: "remove it, or set api.socket to another path"
            )
        }
    }

    func remove() {
        // A file that is gone already is as good.
        _ = unlink(path)
    }

    private static var lastError: String { String(cString: strerror(errno)) }

    /// Whether somebody accepts connections on it.
    private var isAnswered: Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { buffer in
            guard path.utf8.count < buffer.count else { return false }
            buffer.copyBytes(from: path.utf8)
            return true
        }
        guard fits else { return false }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                connect(descriptor, address, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }
}
