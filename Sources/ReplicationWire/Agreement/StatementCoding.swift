package import AllianceModel
import FoundationEssentials
package import ReplicationCore
import SwiftProtobuf

/// The bodies of entries of kind statement; layout: `Statement` in citysync.proto.
///
/// As with definitions there is one encoding of one meaning, and anything else is refused, so a
/// proposal has one digest.
package enum StatementCoding {
    /// Puts a definition to the vote: its proposal, and the body that carries it.
    ///
    /// `definitionBytes` are the definition's encoding, carried verbatim; `predecessor` is nil for
    /// an item's first version. The proposal's digest is SHA-256 of the encoded `Proposal`, without
    /// what surrounds it in the body.
    package static func encode(
        proposal definition: ItemDefinition,
        definitionBytes: Bytes,
        predecessor: Digest?,
        roster: Digest,
        proposer: MemberCode,
        hash: HashFunction
    ) -> (body: Bytes, proposal: Proposal) {
        var schema = SchemaProposal()
        schema.definition = Data(definitionBytes)
        if let predecessor { schema.predecessor = predecessor.data }
        schema.roster = roster.data
        schema.proposer = proposer.string
        let proposal = Proposal(
            definition: definition,
            definitionBytes: definitionBytes,
            definitionDigest: DefinitionCoding.digest(ofEncoded: definitionBytes, hash),
            predecessor: predecessor,
            roster: roster,
            proposer: proposer,
            digest: digest(schema, hash)
        )
        return (encode(.proposal(proposal)), proposal)
    }

    package static func encode(approval: Approval) -> Bytes {
        encode(.approval(approval))
    }

    package static func encode(_ statement: ReplicationCore.Statement) -> Bytes {
        var schema = SchemaStatement()
        switch statement {
        case .proposal(let proposal): schema.proposal = SchemaProposal(proposal)
        case .approval(let approval): schema.approval = SchemaApproval(approval)
        case .refusal(let refusal): schema.refusal = SchemaProposalRefusal(refusal)
        case .gone(let writer): schema.gone.incarnation = writer.incarnation.rawValue
        case .ceiling(let writer, let timestamp):
            schema.ceiling.incarnation = writer.incarnation.rawValue
            schema.ceiling.timestamp = timestamp.rawValue
        case .forkProof(let proof): schema.forkProof = SchemaForkProof(proof)
        }
        return schema.encoded()
    }

    /// What the body says in a feed of `writer`: a statement, something of a later version
    /// (`unknown`), or `malformed`.
    ///
    /// Total: any bytes have an answer.
    ///
    /// A proposal counts as its proposer's approval, so it stands only in that member's own feed; an
    /// approval and a fork proof are signed by themselves and may stand in anybody's. The others are
    /// about the feed's member, whom their bytes therefore do not name. A fork proof that does not
    /// lead to its heads is malformed; whether these are signed is for whoever holds keys.
    package static func decode(
        _ body: ArraySlice<UInt8>,
        writer: MemberCode,
        hash: HashFunction
    ) -> Decoded {
        do throws(Misfit) {
            let bytes = Bytes(body)
            let schema = try SchemaStatement.decoded(body)
            guard let kind = schema.statement else {
                throw bytes.isEmpty ? Misfit.malformed("an empty statement") : unread(bytes)
            }
            let statement = try model(of: kind, writer: writer, hash)
            guard encode(statement) == bytes else { throw unread(bytes) }
            return .statement(statement)
        } catch {
            return .misfit(error)
        }
    }

    private static func model(
        of kind: SchemaStatement.OneOf_Statement,
        writer: MemberCode,
        _ hash: HashFunction
    ) throws(Misfit) -> ReplicationCore.Statement {
        func incarnation(_ number: UInt64) -> Writer {
            Writer(member: writer, incarnation: Incarnation(rawValue: number))
        }
        switch kind {
        case .proposal(let proposal): return .proposal(try proposal.model(writer: writer, hash))
        case .approval(let approval): return .approval(try approval.model())
        case .refusal(let refusal): return .refusal(try refusal.model())
        case .gone(let gone): return .gone(incarnation(gone.incarnation))
        case .ceiling(let ceiling):
            try check(ceiling.timestamp != 0, "a ceiling of no time")
            return .ceiling(
                incarnation(ceiling.incarnation),
                HybridTimestamp(rawValue: ceiling.timestamp)
            )
        case .forkProof(let proof): return .forkProof(try proof.model(hash))
        }
    }

    package enum Decoded: Hashable, Sendable {
        case statement(ReplicationCore.Statement)
        case unknown(reason: String)
        case malformed(reason: String)

        static func misfit(_ misfit: Misfit) -> Decoded {
            switch misfit {
            case .malformed(let reason), .excessive(let reason): .malformed(reason: reason)
            case .unknown(let reason): .unknown(reason: reason)
            }
        }
    }

    /// Why bytes that decode are not what the decoded value encodes to.
    private static func unread(_ bytes: Bytes) -> Misfit {
        SchemaStatement.holdsUnknownFields(bytes)
            ? .unknown("the statement has fields of a later version")
            : .malformed("the statement is not in its one encoding")
    }

    static func digest(_ proposal: SchemaProposal, _ hash: HashFunction) -> Digest {
        proposal.encoded().withUnsafeBytes { hash($0) }
    }
}

extension SchemaProposal {
    init(_ proposal: Proposal) {
        self.init()
        definition = Data(proposal.definitionBytes)
        if let predecessor = proposal.predecessor { self.predecessor = predecessor.data }
        roster = proposal.roster.data
        proposer = proposal.proposer.string
    }

    func model(writer: MemberCode, _ hash: HashFunction) throws(Misfit) -> Proposal {
        let bytes = Bytes(definition)
        let definition: ItemDefinition
        do throws(DefinitionRefusal) {
            definition = try DefinitionCoding.read(bytes)
        } catch {
            if case .unknown(let reason) = error { throw .unknown(reason) }
            throw .malformed("\(error)")
        }
        let proposer = try MemberCode(proposer, "proposer")
        try check(proposer == writer, "a proposal in another member's name")
        return Proposal(
            definition: definition,
            definitionBytes: bytes,
            definitionDigest: DefinitionCoding.digest(ofEncoded: bytes, hash),
            predecessor: predecessor.isEmpty ? nil : try Digest(predecessor, "predecessor"),
            roster: try Digest(roster, "roster"),
            proposer: proposer,
            digest: StatementCoding.digest(self, hash)
        )
    }
}

extension SchemaApproval {
    init(_ approval: Approval) {
        self.init()
        proposal = approval.proposal.data
        member = approval.member.string
        key = approval.key.data
        signature = Data(approval.signature)
    }

    func model() throws(Misfit) -> Approval {
        try check(
            signature.count == WireLimits.signatureBytes,
            "signature is not \(WireLimits.signatureBytes) bytes"
        )
        return Approval(
            proposal: try Digest(proposal, "proposal"),
            member: try MemberCode(member, "member"),
            key: try Digest(key, "key"),
            signature: Bytes(signature)
        )
    }
}

extension SchemaProposalRefusal {
    init(_ refusal: ProposalRefusal) {
        self.init()
        proposal = refusal.proposal.data
        reason = refusal.reason.string
    }

    func model() throws(Misfit) -> ProposalRefusal {
        let reason = try Text(reason, "reason")
        try check(!reason.isEmpty, "a refusal without a reason")
        try checkLimit(reason.utf8.count, ProposalRefusal.reasonBytesMaximum, "reason bytes")
        return ProposalRefusal(proposal: try Digest(proposal, "proposal"), reason: reason)
    }
}
