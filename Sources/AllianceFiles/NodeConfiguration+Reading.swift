import AllianceModel

extension FileReading {
    mutating func configuration(_ root: SourceNode, file: String) -> NodeConfiguration? {
        let keys = ["member", "data", "alliance", "peers", "api", "limits", "log"]
        guard let mapping = mapping(root, "", keys: keys) else { return nil }
        let member = required("member", of: mapping) { $0.member($1, $2) }
        let data = optional("data", of: mapping) { $0.path($1, $2, namedIn: file) }
        let alliance = required("alliance", of: mapping) { $0.path($1, $2, namedIn: file) }
        let peers = required("peers", of: mapping) { $0.peers($1, $2, file: file) }
        let api = api(section("api", of: mapping), "api", file: file)
        let limits = limits(section("limits", of: mapping), "limits")
        let log = log(section("log", of: mapping), "log")
        guard let member, let alliance, let peers, let api, let limits, let log else { return nil }
        return NodeConfiguration(
            member: member,
            data: data ?? NodeConfiguration.dataDefault,
            alliance: alliance,
            peers: peers,
            api: api,
            limits: limits,
            log: log
        )
    }

    /// A section that may be left out: every key of it has a default.
    private func section(_ key: String, of mapping: SourceMapping) -> SourceNode {
        mapping[key] ?? SourceNode(content: .mapping([]), place: mapping.place)
    }

    /// A path, resolved against the folder of `file`.
    private mutating func path(_ node: SourceNode, _ path: String, namedIn file: String) -> String?
    {
        guard let string = string(node, path) else { return nil }
        guard !string.isEmpty else {
            refuse(path, at: node.place, "is empty", "name a path")
            return nil
        }
        return FilePath.resolve(string, namedIn: file)
    }

    private mutating func peers(
        _ node: SourceNode,
        _ path: String,
        file: String
    ) -> NodeConfiguration.Peers? {
        let keys = ["listen", "certificate", "key", "authority", "revocations", "addresses"]
        guard let mapping = mapping(node, path, keys: keys) else { return nil }
        let listen = optional("listen", of: mapping) { $0.hostPort($1, $2) }
        let files = ["certificate", "key", "authority", "revocations"].compactMap { key in
            required(key, of: mapping) { $0.path($1, $2, namedIn: file) }
        }
        let addresses = optional("addresses", of: mapping) { $0.addresses($1, $2) }
        guard files.count == 4 else { return nil }
        return NodeConfiguration.Peers(
            listen: listen ?? NodeConfiguration.peersListenDefault,
            certificate: files[0],
            key: files[1],
            authority: files[2],
            revocations: files[3],
            addresses: addresses ?? [:]
        )
    }

    private mutating func addresses(_ node: SourceNode, _ path: String) -> [MemberCode: HostPort]? {
        guard let entries = entries(node, path) else { return nil }
        var addresses: [MemberCode: HostPort] = [:]
        for entry in entries {
            let path = "\(path).\(entry.key)"
            let key = SourceNode(content: .scalar(entry.key, .quoted), place: entry.place)
            guard let code = member(key, path), let address = remoteAddress(entry.value, path)
            else { continue }
            addresses[code] = address
        }
        return addresses
    }

    private mutating func api(
        _ node: SourceNode,
        _ path: String,
        file: String
    ) -> NodeConfiguration.API? {
        let keys = ["listen", "socket", "tokens", "hosts"]
        guard let mapping = mapping(node, path, keys: keys) else { return nil }
        let listen = optional("listen", of: mapping) { $0.loopback($1, $2) }
        let socket = optional("socket", of: mapping) { $0.socket($1, $2, namedIn: file) }
        let tokens = optional("tokens", of: mapping) { $0.path($1, $2, namedIn: file) }
        let hosts = optional("hosts", of: mapping) { $0.hosts($1, $2) }
        return NodeConfiguration.API(
            listen: listen ?? NodeConfiguration.apiListenDefault,
            socket: socket ?? NodeConfiguration.apiSocketDefault,
            tokens: tokens,
            hosts: hosts ?? []
        )
    }

    private mutating func loopback(_ node: SourceNode, _ path: String) -> HostPort? {
        guard let address = hostPort(node, path) else { return nil }
        guard address.isLoopback else {
            refuse(
                path,
                at: node.place,
                "\(address) is not a loopback address",
                "listen on 127.0.0.1 or [::1], and put a reverse proxy with TLS before it"
            )
            return nil
        }
        return address
    }

    private mutating func socket(
        _ node: SourceNode,
        _ path: String,
        namedIn file: String
    ) -> String? {
        guard let socket = self.path(node, path, namedIn: file) else { return nil }
        guard socket.utf8.count < NodeConfiguration.socketBytesMaximum else {
            refuse(
                path,
                at: node.place,
                "is longer than \(NodeConfiguration.socketBytesMaximum - 1) bytes: \(socket)",
                "use a shorter path; the system takes no longer one for a socket"
            )
            return nil
        }
        return socket
    }

    private mutating func hosts(_ node: SourceNode, _ path: String) -> [String]? {
        guard let nodes = sequence(node, path) else { return nil }
        return nodes.enumerated().compactMap { index, node in
            let path = "\(path)[\(index)]"
            guard let host = string(node, path) else { return nil }
            guard HostPort(host) != nil || HostPort("\(host):0") != nil else {
                refuse(
                    path,
                    at: node.place,
                    "\(host) is not a host",
                    "write what the Host header holds, such as citysync.example"
                )
                return nil
            }
            return host
        }
    }

    private mutating func limits(_ node: SourceNode, _ path: String) -> NodeConfiguration.Limits? {
        guard let mapping = mapping(node, path, keys: ["frameBytes", "clockAheadSeconds"]) else {
            return nil
        }
        let frameBytes = optional("frameBytes", of: mapping) {
            $0.integer($1, $2, in: NodeConfiguration.frameBytesRange)
        }
        let clockAheadSeconds = optional("clockAheadSeconds", of: mapping) {
            $0.integer($1, $2, in: NodeConfiguration.clockAheadSecondsRange)
        }
        return NodeConfiguration.Limits(
            frameBytes: frameBytes.map { Int($0) } ?? NodeConfiguration.frameBytesDefault,
            clockAheadSeconds: clockAheadSeconds.map { Int($0) }
                ?? NodeConfiguration.clockAheadSecondsDefault
        )
    }

    private mutating func log(_ node: SourceNode, _ path: String) -> NodeConfiguration.Log? {
        guard let mapping = mapping(node, path, keys: ["format", "level"]) else { return nil }
        let format = optional("format", of: mapping) { reading, node, path in
            reading.choice(node, path, of: LogFormat.allCases, named: \.rawValue)
        }
        let level = optional("level", of: mapping) { reading, node, path in
            reading.choice(node, path, of: LogLevel.allCases, named: \.rawValue)
        }
        return NodeConfiguration.Log(format: format ?? .text, level: level ?? .info)
    }
}
