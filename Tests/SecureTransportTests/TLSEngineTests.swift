import AllianceModel
import SecureTransport
import Testing

struct TLSEngineTests {
    private let alliance: TestAlliance

    init() throws {
        alliance = try TestAlliance.shared.get()
    }

    private func pair() throws -> EnginePair {
        try EnginePair(
            client: alliance.credentials("350100"),
            server: alliance.credentials("350300")
        )
    }

    private func openPair() throws -> EnginePair {
        var pair = try pair()
        pair.run()
        try #require(pair.client.peer != nil && pair.server.peer != nil)
        return pair
    }

    @Test func `two members connect, know each other and exchange bytes both ways`() throws {
        let pair = try openPair()
        #expect(pair.client.peer?.member == MemberCode("350300"))
        #expect(pair.server.peer?.member == MemberCode("350100"))
        #expect(try pair.client.peer?.certificateDER == alliance.certificateDER("350300"))
        #expect(pair.clientReceived == EnginePair.hello)
        #expect(pair.serverReceived == EnginePair.hello)
    }

    @Test func `nothing can be written before the peer is judged`() throws {
        let pair = try pair()
        #expect(!pair.client.send([1]))
        #expect(!pair.server.send([1]))
        pair.client.start()
        #expect(!pair.client.send([1]))
    }

    @Test(arguments: [1, 16_383, 16_384, 16_385, 1_000_003])
    func `any number of bytes arrives whole`(count: Int) throws {
        let pair = try openPair()
        let sent = Bytes((0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        #expect(pair.client.send(sent))
        pair.server.feed(pair.client.takeOutput())
        #expect(pair.server.takePlaintext() == sent)
    }

    @Test func `full records are used: 22 bytes of overhead on each 16 KiB`() throws {
        let pair = try openPair()
        pair.client.send(Bytes(repeating: 1, count: 4 * TLSEngine.recordBytesMaximum))
        #expect(pair.client.outputByteCount == 4 * (TLSEngine.recordBytesMaximum + 22))
    }

    @Test func `ciphertext that comes byte by byte is the same`() throws {
        let pair = try pair()
        pair.client.start()
        var received: Bytes = []
        for _ in 0..<4 {
            for byte in pair.client.takeOutput() {
                pair.server.feed([byte])
                received += pair.server.takePlaintext()
            }
            if pair.client.peer != nil, received.isEmpty { pair.client.send(EnginePair.hello) }
            for byte in pair.server.takeOutput() { pair.client.feed([byte]) }
            if pair.client.peer != nil, received.isEmpty { pair.client.send(EnginePair.hello) }
        }
        #expect(received.starts(with: EnginePair.hello))
    }

    @Test func `an orderly close is seen as such by both`() throws {
        let pair = try openPair()
        pair.client.send([1, 2, 3])
        pair.client.close()
        #expect(pair.client.state == .closed(.orderly))
        pair.server.feed(pair.client.takeOutput())
        #expect(pair.server.takePlaintext() == [1, 2, 3])
        #expect(pair.server.state == .closed(.orderly))
        #expect(!pair.client.send([4]))
    }

    @Test func `a connection cut without close_notify is no orderly end`() throws {
        let pair = try openPair()
        pair.server.receiveEnd()
        #expect(pair.server.refusal == .peerClosed)
    }

    @Test func `a session ended for an outside reason keeps it`() throws {
        let pair = try openPair()
        pair.server.refuse(.revoked)
        #expect(pair.server.refusal == .revoked)
        pair.client.feed(pair.server.takeOutput())
        #expect(pair.client.takePlaintext().isEmpty)
        #expect(pair.client.state == .closed(.orderly))
    }

    @Test func `each record's tampering ends the session and delivers nothing`() throws {
        let pair = try openPair()
        pair.client.send(Bytes(repeating: 5, count: 100))
        var record = pair.client.takeOutput()
        record[40] ^= 1
        pair.server.feed(record)
        #expect(pair.server.takePlaintext().isEmpty)
        let reason = try #require(pair.server.refusal)
        #expect(reason.code == "protocol_violation")
        pair.client.feed(pair.server.takeOutput())
        #expect(pair.client.takePlaintext().isEmpty)
        #expect(pair.client.refusal == .alert(20))
    }

    @Test func `the same record twice is refused`() throws {
        let pair = try openPair()
        pair.client.send([9])
        let record = pair.client.takeOutput()
        pair.server.feed(record)
        #expect(pair.server.takePlaintext() == [9])
        pair.server.feed(record)
        #expect(pair.server.takePlaintext().isEmpty)
        #expect(pair.server.refusal?.code == "protocol_violation")
    }

    @Test func `a session is never resumed and no ticket is given`() throws {
        // After both Finished the server has nothing left to say: a ticket would stand here.
        let pair = try pair()
        pair.client.start()
        pair.server.feed(pair.client.takeOutput())
        pair.client.feed(pair.server.takeOutput())
        pair.server.feed(pair.client.takeOutput())
        #expect(pair.server.peer != nil)
        #expect(pair.server.outputByteCount == 0)
    }

    // MARK: Hostile bytes

    /// The handshake of each side, cut at every byte: the other waits, then calls it a cut.
    @Test func `a handshake that breaks off anywhere is a cut and nothing else`() throws {
        let pair = try pair()
        pair.client.start()
        let flight = pair.client.takeOutput()
        for end in flight.indices {
            let server = try self.pair().server
            server.feed(Bytes(flight[..<end]))
            #expect(server.state == .handshaking)
            server.receiveEnd()
            #expect(server.refusal == .peerClosed)
        }
    }

    @Test func `a bit flipped anywhere in the first flight never opens a session`() throws {
        let credentials = try (
            client: alliance.credentials("350100"), server: alliance.credentials("350300")
        )
        for position in 0..<300 {
            let pair = try EnginePair(client: credentials.client, server: credentials.server)
            pair.client.start()
            var flight = pair.client.takeOutput()
            guard position < flight.count else { return }
            flight[position] ^= 1 << (position % 8)
            pair.server.feed(flight)
            pair.client.feed(pair.server.takeOutput())
            pair.server.feed(pair.client.takeOutput())
            // The record's own version bytes are in no transcript (RFC 8446, section 5.1).
            if !(1...2).contains(position) { #expect(pair.server.peer == nil) }
            #expect(pair.server.takePlaintext().isEmpty)
        }
    }

    @Test func `10,000 pieces of garbage are refused, none is fatal`() throws {
        let credentials = try alliance.credentials("350100")
        var generator = SeededGenerator(seed: 20_261_124)
        for round in 0..<10_000 {
            let engine = try TLSEngine(
                credentials: credentials,
                policy: .roster(expecting: round.isMultiple(of: 2) ? "350300" : nil),
                nowUnixSeconds: EnginePair.now
            )
            engine.start()
            var bytes = generator.bytes(count: Int.random(in: 1...400, using: &generator))
            // Half of them look like a record of handshake.
            if round % 4 < 2 { bytes = [22, 3, 3, 0, UInt8(min(255, bytes.count))] + bytes }
            engine.feed(bytes)
            #expect(engine.peer == nil)
            #expect(engine.takePlaintext().isEmpty)
        }
    }
}

/// SplitMix64, so that a failure is a seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }

    mutating func bytes(count: Int) -> Bytes {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }
}
