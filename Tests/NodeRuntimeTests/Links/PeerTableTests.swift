import AllianceModel
import NIOPosix
import ReplicationCore
import Testing

@testable import NodeRuntime

/// What is known of links, and who waits for them to end.
struct PeerTableTests {
    private let putian: MemberCode
    private let table: PeerTable

    init() throws {
        putian = try #require(MemberCode("350300"))
        table = PeerTable(addresses: [putian: "127.0.0.1:1"], now: Monotonic(milliseconds: 5))
    }

    private func problem(_ code: String) -> PeerTable.Problem {
        PeerTable.Problem(code: code, detail: "", isRefusal: true)
    }

    private func open(_ number: UInt64) {
        table.opened(
            LinkID(rawValue: number),
            to: putian,
            certificateEnds: 9,
            now: Monotonic(milliseconds: 7)
        )
    }

    private func close(
        _ number: UInt64,
        fault: Fault? = nil,
        wasSession: Bool = true,
        at milliseconds: Int64 = 8
    ) {
        table.closed(
            LinkID(rawValue: number),
            to: putian,
            problem("lost"),
            fault: fault,
            wasSession: wasSession,
            now: Monotonic(milliseconds: milliseconds)
        )
    }

    private var away: Monotonic? { table.snapshot.peers[putian]?.unreachableSince }

    @Test func `who waits for the end waits for the last link's`() async {
        open(1)
        open(2)
        async let ended: Void = table.disconnection(of: putian)
        close(1)
        #expect(table.isConnected(putian))
        close(2)
        close(2)
        await ended
        await table.disconnection(of: putian)
        let peer = table.snapshot.peers[putian]
        #expect(peer?.unreachableSince == Monotonic(milliseconds: 8))
        #expect(peer?.problem == problem("lost"))
    }

    @Test func `only a session begins the time out of reach anew`() {
        for number in 1...3 as ClosedRange<UInt64> {
            open(number)
            close(number, wasSession: false, at: Int64(number) * 100)
            #expect(away == Monotonic(milliseconds: 5))
        }
        open(4)
        close(4, at: 1_000)
        open(5)
        close(5, wasSession: false, at: 2_000)
        #expect(away == Monotonic(milliseconds: 1_000))
    }

    @Test func `the end of a session gives the problem, and its fault is kept`() {
        table.refused(putian, problem("expired"))
        #expect(table.snapshot.peers[putian]?.problem == problem("expired"))
        open(1)
        close(1, fault: Fault(.rosterDiffers, "another"))
        #expect(table.snapshot.peers[putian]?.problem == problem("lost"))
        #expect(table.snapshot.peers[putian]?.fault?.code == .rosterDiffers)
        #expect(table.snapshot.peers[putian]?.sessions == 1)
    }

    @Test func `whom nobody knows is counted by reason, also beside a session that stands`() throws
    {
        table.refused(nil, problem("authority_unknown"))
        table.refused(MemberCode("350900"), problem("member_unknown"))
        table.refused(nil, problem("authority_unknown"))
        open(1)
        table.refused(putian, problem("revoked"))
        #expect(
            table.snapshot.strangers == [
                "authority_unknown": 2, "member_unknown": 1, "revoked": 1,
            ]
        )
        #expect(table.snapshot.peers[putian]?.problem == nil)
    }

    @Test func `the gate bounds handshakes by address and in all`() {
        let gate = HandshakeGate()
        let first = (0..<100).count { _ in gate.enter("a") }
        #expect(first == 64)
        let others = (0..<10).flatMap { address in
            (0..<64).map { _ in gate.enter("b\(address)") }
        }
        #expect(others.count { $0 } == 256 - 64)
        gate.leave("a")
        #expect(gate.enter("c"))
        #expect(!gate.enter("c"))
    }
}

/// Those who wait for the log to grow.
struct PositionSignalTests {
    private let signal = PositionSignal(eventLoop: MultiThreadedEventLoopGroup.singleton.any())

    @Test func `a wait ends when the log reaches beyond`() async {
        signal.advance(to: 5)
        await signal.wait(beyond: 4, milliseconds: 60_000)
        async let later: Void = signal.wait(beyond: 5, milliseconds: 60_000)
        signal.advance(to: 5)
        signal.advance(to: 6)
        await later
        // It never goes back.
        signal.advance(to: 2)
        await signal.wait(beyond: 5, milliseconds: 60_000)
    }

    @Test func `a wait ends when its time is up`() async {
        let start = ContinuousClock.now
        await signal.wait(beyond: 0, milliseconds: 20)
        #expect(ContinuousClock.now - start >= .milliseconds(15))
    }

    @Test func `many wait, all are let go at the end, and nobody waits again`() async {
        await withTaskGroup(of: Void.self) { group in
            for position in 0..<100 {
                group.addTask {
                    await signal.wait(beyond: Int64(position), milliseconds: 60_000)
                }
            }
            group.addTask { signal.release() }
            await group.waitForAll()
        }
        #expect(signal.isReleased)
        await signal.wait(beyond: 1_000, milliseconds: 60_000)
    }
}
