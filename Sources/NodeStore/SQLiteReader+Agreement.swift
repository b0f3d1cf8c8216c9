import AllianceModel
package import ReplicationCore
import ReplicationWire

extension SQLiteReader {
    package func proposals()
        throws(StoreError) -> [(proposal: Proposal, timestamp: HybridTimestamp)]
    {
        try connection.all(
            """
            SELECT digest, definition, definition_digest, predecessor, roster, proposer, timestamp
            FROM proposals ORDER BY number
            """
        ) { (row) throws(StoreError) in
            let digest = try connection.digest(row, 0)
            let bytes = row.bytes(1)
            let proposal = Proposal(
                definition: try definition(bytes, of: digest),
                definitionBytes: bytes,
                definitionDigest: try connection.digest(row, 2),
                predecessor: try connection.optionalDigest(row, 3),
                roster: try connection.digest(row, 4),
                proposer: try connection.member(row, 5),
                digest: digest
            )
            return (proposal, HybridTimestamp(rawValue: row.unsigned(6)))
        }
    }

    private func definition(
        _ bytes: Bytes,
        of proposal: Digest
    )
        throws(StoreError) -> ItemDefinition
    {
        do {
            return try DefinitionCoding.read(bytes)
        } catch {
            throw connection.damage("proposal \(proposal.short) does not decode: \(error)")
        }
    }

    package func approvals()
        throws(StoreError) -> [(approval: Approval, timestamp: HybridTimestamp)]
    {
        try connection.all(
            "SELECT proposal, member, key, signature, timestamp FROM approvals ORDER BY number"
        ) { (row) throws(StoreError) in
            let approval = Approval(
                proposal: try connection.digest(row, 0),
                member: try connection.member(row, 1),
                key: try connection.digest(row, 2),
                signature: row.bytes(3)
            )
            return (approval, HybridTimestamp(rawValue: row.unsigned(4)))
        }
    }

    package func certificates() throws(StoreError) -> [KeyCertificate] {
        try connection.all("SELECT digest, member, der FROM certificates ORDER BY number") {
            (row) throws(StoreError) in
            KeyCertificate(
                digest: try connection.digest(row, 0),
                member: try connection.member(row, 1),
                der: row.bytes(2)
            )
        }
    }
}
