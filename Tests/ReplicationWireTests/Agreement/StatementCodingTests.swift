import AllianceModel
import FoundationEssentials
import ReplicationCore
import ReplicationWire
import SwiftProtobuf
import Testing

@Suite struct StatementCodingTests {
    private func proposed(
        predecessor: Digest? = nil
    ) throws -> (body: Bytes, proposal: Proposal) {
        let definition = try DefinitionCodingTests.small()
        return StatementCoding.encode(
            proposal: definition,
            definitionBytes: DefinitionCoding.encode(definition),
            predecessor: predecessor,
            roster: try Samples.digest(0x33),
            proposer: try Samples.member("350100"),
            hash: Samples.hash
        )
    }

    private func decode(
        _ body: Bytes,
        _ writer: String = "350100"
    ) throws -> StatementCoding.Decoded {
        StatementCoding.decode(
            body[...],
            writer: try Samples.member(writer),
            hash: Samples.hash
        )
    }

    @Test func `a proposal is read as it was made`() throws {
        for predecessor in [nil, try Samples.digest(0x21)] {
            let (body, proposal) = try proposed(predecessor: predecessor)
            #expect(try decode(body) == .statement(.proposal(proposal)))
            #expect(StatementCoding.encode(.proposal(proposal)) == body)
            #expect(proposal.predecessor == predecessor)
        }
    }

    @Test
    func `a proposal's digest is SHA-256 of its own bytes, the definition's of the verbatim ones`()
        throws
    {
        let (body, proposal) = try proposed()
        let schema = try SchemaStatement(serializedBytes: body).proposal
        #expect(proposal.digest == SHA256.hash(try schema.serializedBytes()))
        #expect(Bytes(schema.definition) == proposal.definitionBytes)
        #expect(proposal.definitionDigest == SHA256.hash(proposal.definitionBytes))
        #expect(proposal.digest != (try proposed(predecessor: Samples.digest(1)).proposal.digest))
    }

    @Test func `an approval is read in anybody's feed`() throws {
        let approval = try Samples.approval()
        let body = StatementCoding.encode(approval: approval)
        #expect(try decode(body) == .statement(.approval(approval)))
        #expect(try decode(body, "350900") == .statement(.approval(approval)))
    }

    @Test func `a proposal in another member's name is malformed`() throws {
        let decoded = try decode(try proposed().body, "350300")
        #expect(decoded == .malformed(reason: "a proposal in another member's name"))
    }

    @Test func `what no proposal or approval may be is malformed`() throws {
        let proposal = try SchemaStatement(serializedBytes: proposed().body)
        let approval = try SchemaStatement(
            serializedBytes: StatementCoding.encode(approval: Samples.approval())
        )
        let broken = [
            SchemaStatement(),
            proposal.with { $0.proposal.definition = Data() },
            proposal.with { $0.proposal.definition.append(0) },
            proposal.with { $0.proposal.predecessor = Data([1]) },
            proposal.with { $0.proposal.roster = Data() },
            proposal.with { $0.proposal.proposer = "" },
            approval.with { $0.approval.proposal = Data() },
            approval.with { $0.approval.member = "x" },
            approval.with { $0.approval.key = Data() },
            approval.with { $0.approval.signature.append(0) },
        ]
        for schema in broken {
            guard case .malformed = try decode(schema.serializedBytes()) else {
                Issue.record("\(schema)")
                continue
            }
        }
    }

    @Test func `statements of the feed's member are read as they were made`() throws {
        let writer = try Samples.writer()
        for statement in try Samples.ownStatements() {
            let body = StatementCoding.encode(statement)
            #expect(try decode(body) == .statement(statement))
        }
        // They name no member: in another one's feed they speak of that one.
        let gone = StatementCoding.encode(.gone(writer))
        let other = Writer(member: try Samples.member("350300"), incarnation: writer.incarnation)
        #expect(try decode(gone, "350300") == .statement(.gone(other)))
    }

    @Test func `a fork proof is read in anybody's feed, its branches in one order`() throws {
        let proof = try Samples.forkProof()
        let body = StatementCoding.encode(.forkProof(proof))
        #expect(try decode(body, "350900") == .statement(.forkProof(proof)))
        var schema = try SchemaStatement(serializedBytes: body)
        schema.forkProof.branches.swapAt(0, 1)
        guard case .malformed = try decode(schema.serializedBytes()) else {
            Issue.record("two encodings of one proof")
            return
        }
    }

    @Test func `what proves no fork is malformed`() throws {
        let proof = try SchemaStatement(
            serializedBytes: StatementCoding.encode(.forkProof(Samples.forkProof()))
        )
        let refusal = try SchemaStatement(
            serializedBytes: StatementCoding.encode(Samples.ownStatements()[0])
        )
        let other = try Samples.digest(0x13).bytes
        let broken = [
            proof.with { $0.forkProof.branches[1] = $0.forkProof.branches[0] },
            proof.with { $0.forkProof.branches.removeLast() },
            proof.with { $0.forkProof.branches.append($0.forkProof.branches[1]) },
            proof.with { $0.forkProof.sequence += 1 },
            proof.with { $0.forkProof.sequence = 0 },
            proof.with { $0.forkProof.member = "" },
            proof.with { $0.forkProof.feed = Data() },
            proof.with { $0.forkProof.branches[0].leaf = Data(other) },
            proof.with { $0.forkProof.branches[0].path[0] = Data(other) },
            proof.with { $0.forkProof.branches[0].path.append(Data(other)) },
            proof.with { $0.forkProof.branches[0].path.removeLast() },
            proof.with { $0.forkProof.branches[1].size -= 1 },
            proof.with { $0.forkProof.branches[1].root = Data(other) },
            proof.with { $0.forkProof.branches[1].signature.append(0) },
            proof.with { statement in
                let path = Array(repeating: Data(other), count: 64)
                statement.forkProof.branches[0].path = path
            },
            refusal.with { $0.refusal.reason = "" },
            refusal.with { $0.refusal.reason = String(repeating: "x", count: 1_025) },
            refusal.with { $0.refusal.proposal = Data() },
            SchemaStatement.with { $0.ceiling.incarnation = 1 },
        ]
        for schema in broken {
            guard case .malformed = try decode(schema.serializedBytes()) else {
                Issue.record("\(schema)")
                continue
            }
        }
    }

    @Test func `a statement stands where it may`() throws {
        let writer = try Samples.writer()
        let alliance = try Samples.identity()
        #expect(alliance.member == writer.member)
        for statement in try Samples.ownStatements() + [.forkProof(Samples.forkProof())] {
            #expect(statement.problem(in: try Samples.parties()) != nil)
            #expect(statement.problem(in: alliance) == nil, "\(statement)")
        }
        var abroad = alliance
        abroad.writer.member = try Samples.member("350300")
        let earlier = Writer(member: writer.member, incarnation: Incarnation(rawValue: 1))
        #expect(ReplicationCore.Statement.gone(earlier).problem(in: abroad) != nil)
        #expect(ReplicationCore.Statement.gone(alliance.writer).problem(in: alliance) != nil)
        let proposed = ReplicationCore.Statement.proposal(try proposed().proposal)
        #expect(proposed.problem(in: alliance) == nil)
        #expect(proposed.problem(in: abroad) != nil)
        #expect(
            ReplicationCore.Statement.approval(try Samples.approval()).problem(in: abroad) == nil
        )
    }

    @Test func `a statement of a later version is unknown`() throws {
        let (body, _) = try proposed()
        let definition = try SchemaDefinition(
            serializedBytes: DefinitionCoding.encode(DefinitionCodingTests.small())
        )
        let later: Bytes = try definition.with { $0.fields[0].merge = .UNRECOGNIZED(99) }
            .serializedBytes()
        let bodies: [Bytes] = [
            [0x7a, 0x00],  // A fifteenth statement.
            body + [0x7a, 0x00],
            try SchemaStatement(serializedBytes: body)
                .with { $0.proposal.definition = Data(later) }.serializedBytes(),
        ]
        for body in bodies {
            guard case .unknown = try decode(body) else {
                Issue.record("\(try decode(body))")
                continue
            }
        }
    }

    @Test func `damaged bodies are never read as other than what they encode`() throws {
        let samples =
            [
                try proposed().body, try proposed(predecessor: Samples.digest(1)).body,
                StatementCoding.encode(approval: try Samples.approval()),
                StatementCoding.encode(.forkProof(try Samples.forkProof())),
            ] + (try Samples.ownStatements()).map { StatementCoding.encode($0) }
        var random = SplitMix(seed: 5)
        var damaged = (0..<10_000).map { _ in Damage.mutant(of: samples, &random) }
        for sample in samples {
            damaged += Array(Damage.truncations(of: sample))
            damaged += Array(Damage.bitFlips(of: sample))
        }
        var read = 0
        for body in damaged {
            guard case .statement(let statement) = try decode(body) else { continue }
            #expect(StatementCoding.encode(statement) == body)
            read += 1
        }
        #expect(read > 100)
    }

    @Test func `in an entry a statement with writes is malformed, a later one unknown`() throws {
        let writer = try Samples.writer()
        var entry = try Samples.statement(1)
        entry.body = [0x7a, 0x00]
        guard case .unknown(3, _) = EntryContent(entry, writer: writer, hash: Samples.hash) else {
            Issue.record("not unknown")
            return
        }
        entry.writes = [0x0a, 0x00]
        #expect(
            EntryContent(entry, writer: writer, hash: Samples.hash)
                == .malformed(reason: "a statement with writes")
        )
    }
}
