import Synchronization

/// The cuttable links of a cluster, one for every ordered pair of its members.
package final class LinkTable: Sendable {
    private struct Pair: Hashable {
        var dialler: String
        var listener: String
    }

    private let links = Mutex<[Pair: CuttableLink]>([:])

    func open(between places: [NodePlace]) async throws {
        for dialler in places {
            for listener in places where listener.member != dialler.member {
                let link = try await CuttableLink(to: listener.peerPort)
                let pair = Pair(dialler: dialler.member.code, listener: listener.member.code)
                links.withLock { $0[pair] = link }
            }
        }
    }

    /// The port under which `dialler` reaches `listener`; nil without a link.
    func port(from dialler: String, to listener: String) -> Int? {
        links.withLock { $0[Pair(dialler: dialler, listener: listener)]?.port }
    }

    private func links(where isWanted: (String, String) -> Bool) -> [CuttableLink] {
        links.withLock { links in
            links.compactMap { isWanted($0.key.dialler, $0.key.listener) ? $0.value : nil }
        }
    }

    /// A city loses every link, both ways: nothing passes, and nothing tells either side.
    package func cut(_ member: Member) {
        for link in links(where: { $0 == member.code || $1 == member.code }) { link.cut() }
    }

    package func heal(_ member: Member) {
        for link in links(where: { $0 == member.code || $1 == member.code }) { link.heal() }
    }

    /// The links between two cities only.
    package func cut(between one: Member, and other: Member) {
        let codes = Set([one.code, other.code])
        for link in links(where: { Set([$0, $1]) == codes }) { link.cut() }
    }

    package func heal(between one: Member, and other: Member) {
        let codes = Set([one.code, other.code])
        for link in links(where: { Set([$0, $1]) == codes }) { link.heal() }
    }

    /// The way by which one city dials another; the other way goes on.
    package func cut(from dialler: Member, to listener: Member) {
        for link in links(where: { $0 == dialler.code && $1 == listener.code }) { link.cut() }
    }

    package func healAll() {
        for link in links(where: { _, _ in true }) { link.heal() }
    }

    /// Bytes of TCP payload that passed all links, both ways.
    package var bytesPassed: Int {
        links(where: { _, _ in true }).reduce(0) { $0 + $1.bytesPassed }
    }

    func close() async {
        for link in links(where: { _, _ in true }) { await link.close() }
        links.withLock { $0 = [:] }
    }
}
