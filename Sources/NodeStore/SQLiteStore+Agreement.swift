package import AllianceModel
package import ReplicationCore

extension SQLiteStore {
    package func insertProposal(
        _ proposal: Proposal,
        at timestamp: HybridTimestamp
    )
        throws(StoreError)
    {
        try connection.run(
            """
            INSERT INTO proposals (digest, definition, definition_digest, predecessor, roster,
                proposer, timestamp)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (digest) DO NOTHING
            """
        ) {
            $0.bind(1, proposal.digest)
            $0.bind(2, proposal.definitionBytes)
            $0.bind(3, proposal.definitionDigest)
            $0.bind(4, proposal.predecessor)
            $0.bind(5, proposal.roster)
            $0.bind(6, proposal.proposer)
            $0.bind(7, timestamp.rawValue)
        }
    }

    package func insertApproval(
        _ approval: Approval,
        at timestamp: HybridTimestamp
    )
        throws(StoreError)
    {
        try connection.run(
            """
            INSERT INTO approvals (proposal, member, key, signature, timestamp)
            VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (proposal, member) DO NOTHING
            """
        ) {
            $0.bind(1, approval.proposal)
            $0.bind(2, approval.member)
            $0.bind(3, approval.key)
            $0.bind(4, approval.signature)
            $0.bind(5, timestamp.rawValue)
        }
    }

    package func insertCertificate(_ certificate: KeyCertificate) throws(StoreError) {
        try connection.run(
            """
            INSERT INTO certificates (digest, member, der) VALUES (?1, ?2, ?3)
            ON CONFLICT (digest) DO NOTHING
            """
        ) {
            $0.bind(1, certificate.digest)
            $0.bind(2, certificate.member)
            $0.bind(3, certificate.der)
        }
    }

    // MARK: Requests and audit

    package func insertRegained(
        request id: Bytes,
        of key: RecordKey
    ) throws(StoreError) {
        try connection.run(
            "INSERT INTO regained_requests (request, key) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
        ) {
            $0.bind(1, id)
            $0.bind(2, key.encoded)
        }
    }

    package func insertRequest(_ request: RequestRow) throws(StoreError) {
        try connection.run(
            "INSERT INTO requests (key, digest, status, subject) VALUES (?1, ?2, ?3, ?4)"
        ) {
            $0.bind(1, request.key)
            $0.bind(2, request.request)
            $0.bind(3, request.status)
            $0.bind(4, request.subject)
        }
    }

    package func insertAudit(_ audit: AuditRow) throws(StoreError) {
        try connection.run(
            """
            INSERT INTO audit (time, actor, route, subject, result) VALUES (?1, ?2, ?3, ?4, ?5)
            """
        ) {
            $0.bind(1, audit.time)
            $0.bind(2, audit.actor)
            $0.bind(3, audit.route)
            $0.bind(4, audit.subject)
            $0.bind(5, audit.result)
        }
    }
}
