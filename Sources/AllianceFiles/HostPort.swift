import AllianceModel

/// Where a server listens or is reached: a host name or address, and a TCP port.
package struct HostPort: Hashable, Sendable, CustomStringConvertible {
    /// A name, an IPv4 address, or an IPv6 address without brackets.
    package let host: String
    /// 0 to 65535; 0 only to listen on, for any free port.
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// `name:port`, `1.2.3.4:port` or `[::1]:port`.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy(HostPort.isDigit),
            let port = UInt16(digits)
        else { return nil }
        let host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            let address = String(host.dropFirst().dropLast())
            guard InternetAddress.isVersion6(address) else { return nil }
            self.init(host: address, port: Int(port))
        } else {
            guard HostPort.isHost(host) else { return nil }
            self.init(host: String(host), port: Int(port))
        }
    }

    /// Whether only this machine reaches it: 127.0.0.0/8, ::1 or localhost.
    package var isLoopback: Bool {
        host == "localhost" || host == "::1"
            || (host.hasPrefix("127.") && InternetAddress.isVersion4(host))
    }

    package var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// A dotted name or an IPv4 address; what ends in a number must be an address.
    private static func isHost(_ text: Substring) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        guard text.utf8.count <= 253, let last = labels.last, !last.isEmpty else { return false }
        if last.utf8.allSatisfy(isDigit) { return InternetAddress.isVersion4(String(text)) }
        return labels.allSatisfy {
            $0.wholeMatch(of: /[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?/) != nil
        }
    }
}
