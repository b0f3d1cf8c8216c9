import Glibc
import Synchronization

/// TCP ports of loopback on which nobody listens.
///
/// Below the range from which the system takes the ports of outgoing connections: a node that is
/// down for a moment must find its port free when it comes back.
package enum FreePorts {
    private static let range = 15_000..<32_000
    /// Where the search goes on; each process begins elsewhere.
    private static let next = Mutex(range.lowerBound + Int(getpid()) * 97 % range.count)

    /// A port that this process has not been given before, as long as there are any.
    package static func take() -> Int {
        next.withLock { next in
            for _ in range {
                next = next + 1 < range.upperBound ? next + 1 : range.lowerBound
                if isFree(next) { return next }
            }
            return next
        }
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
