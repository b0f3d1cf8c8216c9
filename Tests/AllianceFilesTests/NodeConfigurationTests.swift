import AllianceFiles
import AllianceModel
import Testing

@Suite struct NodeConfigurationTests {
    private static let smallest = """
        member: 350100
        alliance: alliance.yaml
        peers: { certificate: node.pem, key: keys/node.key, authority: /etc/ca.pem, revocations: ca.crl }
        """

    private static let full = """
        member: "350100"
        data: state
        alliance: alliance.yaml
        peers:
          listen: "127.0.0.1:0"
          certificate: node.pem
          key: node.key
          authority: ca.pem
          revocations: ca.crl
          addresses: { "350300": "10.1.2.3:7420", 350700: nanping.example:7420 }
        api: { listen: "[::1]:7421", socket: api.sock, tokens: tokens.yaml, hosts: [citysync.example] }
        limits: { frameBytes: 4194304, clockAheadSeconds: 30 }
        log: { format: json, level: debug }
        """

    private func errors(_ text: String, _ environment: [String: String] = [:]) -> [String] {
        do {
            _ = try NodeConfiguration.parse(text, file: "n.yaml", environment: environment)
            return []
        } catch {
            return error.errors.map(\.description)
        }
    }

    @Test func `what is left out has its default`() throws {
        let configuration = try NodeConfiguration.parse(Self.smallest, file: "n.yaml")
        #expect(configuration.member.string == "350100")
        #expect(configuration.data == "/var/lib/citysync")
        #expect(configuration.peers.listen.description == "0.0.0.0:7420")
        #expect(configuration.peers.addresses.isEmpty)
        #expect(configuration.api.listen.description == "127.0.0.1:7421")
        #expect(configuration.api.socket == "/run/citysync/api.sock")
        #expect(configuration.api.tokens == nil)
        #expect(configuration.api.hosts.isEmpty)
        #expect(configuration.limits.frameBytes == 8_388_608)
        #expect(configuration.limits.clockAheadSeconds == 60)
        #expect(configuration.log.format == .text)
        #expect(configuration.log.level == .info)
    }

    @Test func `every key is read, and paths are relative to the file`() throws {
        let configuration = try NodeConfiguration.parse(Self.full, file: "/etc/citysync/n.yaml")
        #expect(configuration.data == "/etc/citysync/state")
        #expect(configuration.alliance == "/etc/citysync/alliance.yaml")
        #expect(configuration.peers.listen == HostPort(host: "127.0.0.1", port: 0))
        #expect(configuration.peers.certificate == "/etc/citysync/node.pem")
        #expect(configuration.peers.key == "/etc/citysync/node.key")
        #expect(configuration.peers.authority == "/etc/citysync/ca.pem")
        #expect(configuration.peers.revocations == "/etc/citysync/ca.crl")
        let putian = try #require(MemberCode("350300"))
        let nanping = try #require(MemberCode("350700"))
        #expect(
            configuration.peers.addresses == [
                putian: HostPort(host: "10.1.2.3", port: 7420),
                nanping: HostPort(host: "nanping.example", port: 7420),
            ]
        )
        #expect(configuration.api.listen == HostPort(host: "::1", port: 7421))
        #expect(configuration.api.socket == "/etc/citysync/api.sock")
        #expect(configuration.api.tokens == "/etc/citysync/tokens.yaml")
        #expect(configuration.api.hosts == ["citysync.example"])
        #expect(configuration.limits.frameBytes == 4_194_304)
        #expect(configuration.limits.clockAheadSeconds == 30)
        #expect(configuration.log.format == .json)
        #expect(configuration.log.level == .debug)
    }

    @Test(arguments: [
        ("n.yaml", "keys/node.key", "/etc/ca.pem"), ("./n.yaml", "./keys/node.key", "/etc/ca.pem"),
        ("a/b/n.yaml", "a/b/keys/node.key", "/etc/ca.pem"),
        ("/n.yaml", "/keys/node.key", "/etc/ca.pem"),
    ])
    func `a path is resolved against the folder of the file`(
        file: String,
        key: String,
        authority: String
    ) throws {
        let configuration = try NodeConfiguration.parse(Self.smallest, file: file)
        #expect(configuration.peers.key == key)
        #expect(configuration.peers.authority == authority)
    }

    @Test func `a variable wins over the file, for every key`() throws {
        let environment = [
            "CITYSYNC_MEMBER": "350700", "CITYSYNC_DATA": "/srv/d", "CITYSYNC_ALLIANCE": "b.yaml",
            "CITYSYNC_PEERS_LISTEN": "0.0.0.0:1", "CITYSYNC_PEERS_CERTIFICATE": "/c",
            "CITYSYNC_PEERS_KEY": "/k", "CITYSYNC_PEERS_AUTHORITY": "/a",
            "CITYSYNC_PEERS_REVOCATIONS": "/r",
            "CITYSYNC_PEERS_ADDRESSES": "350300=[::1]:2,350900=ningde.example:3",
            "CITYSYNC_API_LISTEN": "127.0.0.1:4", "CITYSYNC_API_SOCKET": "/s",
            "CITYSYNC_API_TOKENS": "/t", "CITYSYNC_API_HOSTS": "a.example,b.example",
            "CITYSYNC_LIMITS_FRAME_BYTES": "2097152",
            "CITYSYNC_LIMITS_CLOCK_AHEAD_SECONDS": "5", "CITYSYNC_LOG_FORMAT": "json",
            "CITYSYNC_LOG_LEVEL": "trace",
        ]
        #expect(Set(NodeConfiguration.environmentVariables) == Set(environment.keys))
        // On a file that says otherwise, and on one that says nothing, to the same end.
        for text in [Self.full, Self.smallest, ""] {
            let configuration = try NodeConfiguration.parse(
                text,
                file: "/e/n.yaml",
                environment: environment
            )
            #expect(configuration.member.string == "350700")
            #expect(configuration.data == "/srv/d")
            #expect(configuration.alliance == "/e/b.yaml")
            #expect(configuration.peers.listen.description == "0.0.0.0:1")
            let peers = configuration.peers
            #expect(
                [peers.certificate, peers.key, peers.authority, peers.revocations]
                    == ["/c", "/k", "/a", "/r"]
            )
            let addresses = peers.addresses.map { "\($0.key) \($0.value)" }.sorted()
            #expect(addresses == ["350300 [::1]:2", "350900 ningde.example:3"])
            #expect(configuration.api.listen.description == "127.0.0.1:4")
            #expect(configuration.api.socket == "/s")
            #expect(configuration.api.tokens == "/t")
            #expect(configuration.api.hosts == ["a.example", "b.example"])
            #expect(configuration.limits.frameBytes == 2_097_152)
            #expect(configuration.limits.clockAheadSeconds == 5)
            #expect(configuration.log.format == .json)
            #expect(configuration.log.level == .trace)
        }
    }

    @Test(arguments: [
        (
            "member: 350100", "member: 35010",
            "n.yaml:1:9: member: 35010 is not a member code; use six digits of GB/T 2260, optionally '-' and up to 16 letters or digits"
        ),
        (
            "member: 350100", "membre: 350100",
            "n.yaml:1:1: membre: is not a known key; did you mean member?"
        ),
        ("key: keys/node.key, ", "", "n.yaml:3:8: peers.key: is missing; add key"),
        ("key: keys/node.key", "key: []", "n.yaml:3:38: peers.key: is a list; write text"),
        ("key: keys/node.key", "key: \"\"", "n.yaml:3:38: peers.key: is empty; name a path"),
    ])
    func `an error in the file names its place`(
        replaced: String,
        replacement: String,
        expected: String
    ) {
        let text = Self.smallest.split(separator: replaced, omittingEmptySubsequences: false)
            .joined(separator: replacement)
        let found = errors(text)
        #expect(found.contains(expected), "\(found)")
    }

    @Test(arguments: [
        (
            "api: { listen: \"0.0.0.0:7421\" }",
            "n.yaml:4:16: api.listen: 0.0.0.0:7421 is not a loopback address; listen on 127.0.0.1 or [::1], and put a reverse proxy with TLS before it"
        ),
        (
            "limits: { frameBytes: 5 }",
            "n.yaml:4:23: limits.frameBytes: is not a whole number from 1048576 to 67108864; write decimal digits without quotes"
        ),
        (
            "limits: { frame: 5 }",
            "n.yaml:4:11: limits.frame: is not a known key; use one of frameBytes, clockAheadSeconds"
        ),
        (
            "log: { level: inof }",
            "n.yaml:4:15: log.level: inof is not taken here; use one of trace, debug, info, notice, warning, error, critical; did you mean info?"
        ),
        ("log: loud", "n.yaml:4:6: log: is a single value; write a mapping: key: value"),
        (
            "api: { hosts: [\"a b\"] }",
            "n.yaml:4:16: api.hosts[0]: a b is not a host; write what the Host header holds, such as citysync.example"
        ),
        (
            "api: { socket: \(String(repeating: "s", count: 108)) }",
            "n.yaml:4:16: api.socket: is longer than 107 bytes: \(String(repeating: "s", count: 108)); use a shorter path; the system takes no longer one for a socket"
        ),
    ])
    func `an error in an optional section names its place`(line: String, expected: String) {
        #expect(errors(Self.smallest + "\n" + line) == [expected])
    }

    @Test(arguments: [
        (
            ["CITYSYNC_PEERS_LISTEN": "7420"],
            "CITYSYNC_PEERS_LISTEN: peers.listen: 7420 is not an address; write host:port, such as 127.0.0.1:7420 or [::1]:7420"
        ),
        (
            ["CITYSYNC_API_LISTEN": "10.0.0.1:1"],
            "CITYSYNC_API_LISTEN: api.listen: 10.0.0.1:1 is not a loopback address; listen on 127.0.0.1 or [::1], and put a reverse proxy with TLS before it"
        ),
        (
            ["CITYSYNC_PEERS_ADDRESSES": "350300"],
            "CITYSYNC_PEERS_ADDRESSES: peers.addresses: is not a list of pairs with different keys; write 350300=10.1.2.3:7420,350700=10.1.2.7:7420"
        ),
        (
            ["CITYSYNC_LOG_LEVLE": "info"],
            "CITYSYNC_LOG_LEVLE: stands for no key; did you mean CITYSYNC_LOG_LEVEL?"
        ),
    ])
    func `an error in a variable names the variable`(
        environment: [String: String],
        expected: String
    ) {
        #expect(errors(Self.smallest, environment) == [expected])
    }

    @Test func `variables of other programs are let be`() {
        let environment = [
            "CITYSYNC_API": "unix:/x", "CITYSYNC_TOKEN_FILE": "t", "CITYSYNC_CA_PASSPHRASE": "p",
            "PATH": "/bin",
        ]
        #expect(errors(Self.smallest, environment) == [])
    }

    @Test func `a file that cannot be read says why`() {
        let failure = #expect(throws: FileErrors.self) {
            try NodeConfiguration.load(path: "/nonexistent/node.yaml", environment: [:])
        }
        #expect(
            failure?.description
                == "/nonexistent/node.yaml: cannot be read: No such file or directory; "
                + "create it, or correct its path and permissions"
        )
        let folder = #expect(throws: FileErrors.self) {
            try NodeConfiguration.load(path: "/", environment: [:])
        }
        #expect(folder?.description == "/: is not a file; name a regular file")
    }
}
