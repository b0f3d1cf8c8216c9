import Glibc
import NIOCore
import Synchronization

/// The users at the other end of the Unix socket's connections, asked of the kernel once for each.
final class PeerUsers: Sendable {
    /// `struct ucred` of `SO_PEERCRED` (unix(7)).
    private struct Credentials: Sendable {
        var process: pid_t = 0
        var user: uid_t = 0
        var group: gid_t = 0
    }

    private let names = Mutex<[ObjectIdentifier: String]>([:])

    /// The user's name, or number if it has none here; `?` where the channel cannot tell.
    func name(on channel: any Channel) async -> String {
        let key = ObjectIdentifier(channel)
        if let known = names.withLock({ $0[key] }) { return known }
        let name = await PeerUsers.ask(channel)
        names.withLock { $0[key] = name }
        // The object's identity may be another connection's once this one is gone.
        channel.closeFuture.whenComplete { [self] _ in
            names.withLock { _ = $0.removeValue(forKey: key) }
        }
        return name
    }

    private static func ask(_ channel: any Channel) async -> String {
        guard let provider = channel as? any SocketOptionProvider else { return "?" }
        do {
            let credentials: Credentials = try await provider.unsafeGetSocketOption(
                level: NIOBSDSocket.OptionLevel(rawValue: SOL_SOCKET),
                name: NIOBSDSocket.Option(rawValue: SO_PEERCRED)
            ).get()
            return userName(credentials.user)
        } catch {
            return "?"
        }
    }

    private static func userName(_ user: uid_t) -> String {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 4_096)
        guard getpwuid_r(user, &entry, &buffer, buffer.count, &found) == 0, found != nil,
            let name = entry.pw_name
        else { return String(user) }
        return String(cString: name)
    }
}
