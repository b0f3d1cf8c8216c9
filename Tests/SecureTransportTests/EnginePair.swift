import AllianceModel
import SecureTransport

extension TLSEngine {
    func feed(_ bytes: Bytes) {
        bytes.withUnsafeBytes { receive($0) }
    }

    func takeOutput() -> Bytes {
        let count = outputByteCount
        return Bytes(unsafeUninitializedCapacity: count) { buffer, filled in
            filled = readOutput(into: UnsafeMutableRawBufferPointer(buffer))
        }
    }

    func takePlaintext() -> Bytes {
        var all: Bytes = []
        while true {
            let piece = Bytes(unsafeUninitializedCapacity: 5_000) { buffer, filled in
                filled = read(into: UnsafeMutableRawBufferPointer(buffer))
            }
            guard !piece.isEmpty else { return all }
            all += piece
        }
    }

    @discardableResult
    func send(_ bytes: Bytes) -> Bool {
        bytes.withUnsafeBytes { write($0) }
    }

    var refusal: RefusalReason? {
        if case .closed(.refused(let reason)) = state { reason } else { nil }
    }

    var peer: PeerIdentity? {
        if case .open(let peer) = state { peer } else { nil }
    }
}

/// Two engines in memory; each says hello as soon as it is open, as a node does.
struct EnginePair {
    static let hello = Bytes("hello from one node to another".utf8)
    /// Inside the validity of all good certificates and lists of the test alliance.
    static var now: Int64 { WallClock.seconds }

    let client: TLSEngine
    let server: TLSEngine
    private(set) var clientReceived: Bytes = []
    private(set) var serverReceived: Bytes = []
    private var clientHasSent = false
    private var serverHasSent = false

    init(
        client: Credentials,
        server: Credentials,
        expecting: String = "350300",
        now: Int64 = EnginePair.now
    ) throws {
        self.client = try TLSEngine(
            credentials: client,
            policy: .roster(expecting: expecting),
            nowUnixSeconds: now
        )
        self.server = try TLSEngine(
            credentials: server,
            policy: .roster(),
            nowUnixSeconds: now
        )
    }

    /// Carries bytes to and fro until nothing moves.
    mutating func run() {
        client.start()
        while true {
            let up = client.takeOutput()
            let down = server.takeOutput()
            guard !up.isEmpty || !down.isEmpty else { return }
            server.feed(up)
            client.feed(down)
            if client.peer != nil, !clientHasSent { clientHasSent = client.send(Self.hello) }
            if server.peer != nil, !serverHasSent { serverHasSent = server.send(Self.hello) }
            serverReceived += server.takePlaintext()
            clientReceived += client.takePlaintext()
        }
    }
}

/// One engine against a peer that keeps no rules.
struct RawPair {
    let engine: TLSEngine
    let raw: RawPeer
    private(set) var received: Bytes = []

    mutating func run() {
        engine.start()
        raw.advance(sending: EnginePair.hello)
        while true {
            let up = engine.takeOutput()
            let down = raw.takeOutput()
            guard !up.isEmpty || !down.isEmpty else { return }
            raw.feed(up)
            engine.feed(down)
            raw.advance(sending: EnginePair.hello)
            received += engine.takePlaintext()
        }
    }
}
