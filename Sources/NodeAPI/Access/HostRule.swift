/// Which Hosts and Origins a request over TCP may name: a page in a browser on the same machine could
/// otherwise reach the node under any name that resolves to it (DNS rebinding).
package struct HostRule: Hashable, Sendable {
    /// Names of `api.hosts`, in lower case, each a host or a host and port.
    private let hosts: Set<String>

    package init(hosts: [String]) {
        self.hosts = Set(hosts.map { $0.lowercased() })
    }

    /// `authority`: the request's Host, with or without a port.
    package func allows(host authority: String?) -> Bool {
        guard let authority = authority?.lowercased(), let host = HostRule.host(of: authority)
        else { return false }
        return HostRule.isLoopback(host) || hosts.contains(host) || hosts.contains(authority)
    }

    /// No Origin, the request's own Host, or one of `api.hosts`.
    package func allows(origin: String?, host authority: String?) -> Bool {
        guard let origin = origin?.lowercased() else { return true }
        guard let scheme = ["http://", "https://"].first(where: origin.hasPrefix) else {
            return false
        }
        let named = String(origin.dropFirst(scheme.count))
        if named == authority?.lowercased() { return true }
        guard let host = HostRule.host(of: named) else { return false }
        return hosts.contains(host) || hosts.contains(named)
    }

    /// The host of `host`, `host:port`, `[address]` or `[address]:port`; nil for anything else.
    private static func host(of authority: String) -> String? {
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            let rest = authority[authority.index(after: end)...]
            return rest.isEmpty || isPort(rest) ? String(authority[...end]) : nil
        }
        let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
        guard let host = parts.first, !host.isEmpty, parts.count <= 2 else { return nil }
        return parts.count == 1 || isPort(":" + parts[1]) ? String(host) : nil
    }

    private static func isPort(_ text: some StringProtocol) -> Bool {
        text.hasPrefix(":") && UInt16(text.dropFirst()) != nil
    }

    private static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "[::1]" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
