/// Where a node's API is.
enum Endpoint: Hashable, Sendable {
    case unix(path: String)
    /// `base` has scheme, host and port, and no slash at its end.
    case tcp(base: String, isLoopback: Bool, isEncrypted: Bool)

    static let defaultSocket = "/run/citysync/api.sock"

    /// Reads `unix:PATH`, a path from the root, `http://HOST[:PORT]` or `https://HOST[:PORT]`; nil is
    /// the local socket.
    init(text: String?) throws(Failure) {
        guard let text else {
            self = .unix(path: Endpoint.defaultSocket)
            return
        }
        if text.hasPrefix("unix:") || text.hasPrefix("/") {
            let path = text.hasPrefix("/") ? text : String(text.dropFirst(5))
            guard !path.isEmpty else { throw Endpoint.refusal(text) }
            self = .unix(path: path)
            return
        }
        for scheme in ["http://", "https://"] where text.hasPrefix(scheme) {
            var rest = text.dropFirst(scheme.count)
            if rest.hasSuffix("/") { rest.removeLast() }
            guard !rest.isEmpty, !rest.contains(where: { "/?#@ ".contains($0) }) else { break }
            self = .tcp(
                base: scheme + rest,
                isLoopback: Endpoint.isLoopback(String(rest)),
                isEncrypted: scheme == "https://"
            )
            return
        }
        throw Endpoint.refusal(text)
    }

    private static func refusal(_ text: String) -> Failure {
        .usage(
            "--api \(Escaping.shown(text)): expected http://HOST:PORT, https://HOST or unix:PATH."
        )
    }

    private static func isLoopback(_ authority: String) -> Bool {
        if authority.hasPrefix("[") { return authority.hasPrefix("[::1]") }
        let host = authority.split(separator: ":", omittingEmptySubsequences: false)[0]
        return host == "localhost" || host.hasPrefix("127.")
    }

    /// As the user would write it.
    var text: String {
        switch self {
        case .unix(let path): "unix:\(path)"
        case .tcp(let base, _, _): base
        }
    }

    /// The URL of a request.
    ///
    /// async-http-client carries a socket's path as the percent-encoded host
    /// of an `http+unix` URL.
    func url(_ pathAndQuery: String) -> String {
        switch self {
        case .unix(let path): "http+unix://\(PercentEncoding.component(path))\(pathAndQuery)"
        case .tcp(let base, _, _): base + pathAndQuery
        }
    }
}

/// RFC 3986, section 2.1.
enum PercentEncoding {
    /// `text` with everything but unreserved characters encoded, so that no value can end the
    /// component it stands in.
    static func component(_ text: String) -> String {
        text.utf8.reduce(into: "") { result, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += byte < 16 ? "%0\(digits)" : "%\(digits)"
            }
        }
    }

    /// `?a=1&b=2` of the items that have a value; empty when none has.
    static func query(_ items: [(String, String?)]) -> String {
        let pairs = items.compactMap { name, value in
            value.map { "\(component(name))=\(component($0))" }
        }
        return pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
    }
}
