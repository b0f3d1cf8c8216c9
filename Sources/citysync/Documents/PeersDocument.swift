import FoundationEssentials

/// The answer of `GET /v1/peers`: the peers of the status document, and refusals at the door.
struct PeersDocument: Decodable, Sendable {
    /// Connections refused before it was known whose they are.
    struct Refusal: Decodable, Sendable {
        var reason: String
        var count: Int
    }

    var peers: [StatusDocument.Peer]
    var refusals: [Refusal]

    private enum CodingKeys: CodingKey { case peers, refusals }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        peers = try container.decode([StatusDocument.Peer].self, forKey: .peers)
        refusals = try container.decodeIfPresent([Refusal].self, forKey: .refusals) ?? []
    }

    init(_ bytes: [UInt8]) throws(Failure) {
        do {
            self = try JSONDecoder().decode(PeersDocument.self, from: Data(bytes))
        } catch {
            throw .notDone("The answer is no list of peers.")
        }
    }
}
