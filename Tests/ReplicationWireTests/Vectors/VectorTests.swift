import AllianceModel
import Foundation
import ReplicationCore
import ReplicationWire
import Testing

/// The bytes that docs/wire-format.md prints are the bytes that are sent and hashed.
@Suite struct VectorTests {
    /// Name and bytes, in the order of the text: its lines `name: hexadecimal digits`, a
    /// continuation indented.
    private static func printed() throws -> [(name: String, bytes: Bytes)] {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(
            contentsOf: root.appending(path: "docs/wire-format.md"),
            encoding: .utf8
        )
        let block = try #require(text.components(separatedBy: "```vectors\n").last)
        let lines = try #require(block.components(separatedBy: "```").first)
        var vectors: [(name: String, bytes: Bytes)] = []
        for line in lines.split(separator: "\n") {
            if line.hasPrefix(" "), let last = vectors.indices.last {
                let more = line.trimmingCharacters(in: .whitespaces)
                vectors[last].bytes += try #require(Hexadecimal.decode(more))
            } else {
                vectors.append((String(line.prefix { $0 != ":" }), []))
            }
        }
        return vectors
    }

    private static func made() throws -> [(name: String, bytes: Bytes)] {
        var vectors = try Samples.messages()
            .filter { !["push", "buckets"].contains($0.name) }
            .map { ($0.name, Wire.encode($0.message)) }
        let entry = try Samples.changeset(1)
        let later = try Samples.changeset(3)
        vectors.append(("changeset opening", Bytes(entry.opening)))
        vectors.append(("changeset writes", Bytes(entry.writes)))
        vectors.append(("changeset body", Bytes(entry.body)))
        vectors.append(("changeset salt", Bytes(entry.salt)))
        vectors.append(("changeset leaf", EntryCoding.leaf(of: entry, hash: Samples.hash).bytes))
        vectors.append(("later opening", Bytes(later.opening)))
        vectors.append(("later writes", Bytes(later.writes)))
        let identity = try Samples.parties()
        let push = Push(
            parts: [
                Push.Part(identity: identity, first: 1, head: try Samples.head(identity, size: 1))
            ],
            items: [try Samples.item(0, entry, identity)],
            frameBytes: 0
        )
        vectors.append(("push", Wire.encode(.push(push))))
        vectors.append(("feed digest", identity.digest(hash: Samples.hash).bytes))
        let definition = DefinitionCoding.encode(try DefinitionCodingTests.small())
        vectors.append(("definition", definition))
        let digest = DefinitionCoding.digest(ofEncoded: definition, Samples.hash)
        vectors.append(("definition digest", digest.bytes))
        let (body, proposal) = StatementCoding.encode(
            proposal: try DefinitionCodingTests.small(),
            definitionBytes: definition,
            predecessor: try Samples.digest(0x21),
            roster: try Samples.digest(0x33),
            proposer: try Samples.member("350100"),
            hash: Samples.hash
        )
        vectors.append(("proposal", body))
        vectors.append(("proposal digest", proposal.digest.bytes))
        vectors.append(("approval", StatementCoding.encode(approval: try Samples.approval())))
        for (name, statement) in zip(["refusal", "gone", "ceiling"], try Samples.ownStatements()) {
            vectors.append((name, StatementCoding.encode(statement)))
        }
        vectors.append(("fork proof", StatementCoding.encode(.forkProof(try Samples.forkProof()))))
        vectors.append(("carried", CarriedCoding.encode(try Samples.carried())))
        vectors.append(("creation proof", CarriedCoding.encode(try Samples.creation())))
        let roster = try RosterCodingTests.roster()
        vectors.append(("roster", RosterCoding.encode(roster)))
        vectors.append(("roster digest", RosterCoding.digest(roster, Samples.hash).bytes))
        return vectors
    }

    @Test func `the bytes in the protocol's text are the bytes we make`() throws {
        let printed = try Self.printed()
        let made = try Self.made()
        #expect(printed.map(\.name) == made.map(\.name))
        for (vector, own) in zip(printed, made) where vector.bytes != own.bytes {
            Issue.record("\(own.name) is printed otherwise; it is \(Hexadecimal.encode(own.bytes))")
        }
    }

    @Test func `the frames in the protocol's text decode to the samples`() throws {
        let samples = try Samples.messages()
        let frames = try Self.printed().filter { vector in
            samples.contains { $0.name == vector.name } && vector.name != "push"
        }
        #expect(frames.count >= 13)
        for (name, bytes) in frames {
            let sample = try #require(samples.first { $0.name == name })
            let message = try Wire.decode(Bytes(bytes.dropFirst(4)), hash: Samples.hash)
            #expect(message == sample.message, "\(name)")
        }
    }

    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func `the tests' own SHA-256 is that of FIPS 180`(message: String, digest: String) {
        #expect(SHA256.hash(Bytes(message.utf8)).hex == digest)
    }
}
