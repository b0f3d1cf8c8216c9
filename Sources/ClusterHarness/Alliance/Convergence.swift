/// Whether nodes agree on what they share: every ordered pair asked with `verify`.
package struct Convergence: Sendable {
    package struct Comparison: Sendable {
        package var isEqual: Bool
        /// Records that both may see, and the digest of them, as the first of the pair says.
        package var records: Int
        package var digest: String
        /// Why the pair could not be compared; nil: it was.
        package var failure: String?
    }

    package struct Pair: Hashable, Sendable {
        package var asked: String
        package var other: String

        package init(asked: String, other: String) {
            self.asked = asked
            self.other = other
        }
    }

    /// Codes of the members, in the order of the clients.
    package var members: [String]
    package var comparisons: [Pair: Comparison]

    /// Throws only when a node does not even say who it is.
    package static func measure(_ clients: [NodeClient]) async throws -> Convergence {
        var members: [String] = []
        for client in clients { members.append(try await client.member()) }
        var comparisons: [Pair: Comparison] = [:]
        for (asked, client) in zip(members, clients) {
            for other in members where other != asked {
                comparisons[Pair(asked: asked, other: other)] = await compare(client, with: other)
            }
        }
        return Convergence(members: members, comparisons: comparisons)
    }

    private static func compare(_ client: NodeClient, with other: String) async -> Comparison {
        do {
            let answer = try await client.verify(other)
            return Comparison(
                isEqual: answer["equal"].bool ?? false,
                records: answer["records"].integer ?? -1,
                digest: answer["digest"].string ?? "",
                failure: nil
            )
        } catch {
            return Comparison(isEqual: false, records: -1, digest: "", failure: "\(error)")
        }
    }

    /// What is not as it should be, in words; empty when every pair agrees, seen from both sides.
    package var differences: [String] {
        guard members.count > 1 else { return ["two nodes are the least that can be compared"] }
        guard Set(members).count == members.count else { return ["one node was named twice"] }
        return comparisons.sorted { ($0.key.asked, $0.key.other) < ($1.key.asked, $1.key.other) }
            .compactMap { pair, found in
                let who = "\(pair.asked) and \(pair.other)"
                if let failure = found.failure { return "\(who) could not be compared: \(failure)" }
                guard found.isEqual else { return "\(who) differ" }
                let back = comparisons[Pair(asked: pair.other, other: pair.asked)]
                guard back?.records == found.records, back?.digest == found.digest else {
                    return "\(who) do not say the same of what they share"
                }
                return nil
            }
    }
}
