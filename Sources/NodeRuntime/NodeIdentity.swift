import AllianceFiles
import AllianceModel
import NodeStore
import ReplicationCore
import ReplicationWire
import SecureTransport

/// Who this run of the node is, and the settings of its parts that follow from it.
struct NodeIdentity {
    let configuration: NodeConfiguration
    let roster: Roster
    let rosterDigest: Digest
    let incarnation: Incarnation

    /// Own certificates sent in Hello: the present one and earlier ones, whose keys signed what a
    /// new peer has yet to judge.
    private static let certificateCountMaximum = 8

    func storeSettings(_ catalogs: CatalogCell) -> StoreSettings {
        let member = configuration.member
        return StoreSettings(
            hash: SHA256.function,
            random: { SecureRandom.bytes($0) },
            terms: { stored, reader throws(StoreError) in
                let catalog = catalogs.value
                let folding = RecordFolding(
                    reader: reader,
                    agreement: catalog.agreement,
                    facts: catalog.facts
                )
                let (state, definition) = try folding.state(of: stored)
                return IndexTerms(RecordView(state, definition, viewer: member))
            }
        )
    }

    func ledgerSettings(_ credentials: CredentialsCell) -> LedgerSettings {
        LedgerSettings(
            member: configuration.member,
            incarnation: incarnation,
            roster: roster,
            rosterDigest: rosterDigest,
            clockBoundMilliseconds: Int64(configuration.limits.clockAheadSeconds) * 1_000,
            hash: SHA256.function,
            authenticate: { message, key in HMACSHA256(key: key).tag(message) },
            random: { SecureRandom.bytes($0) },
            sign: { credentials.sign($0) },
            isSigned: { message, member, key, signature in
                credentials.isSigned(message, by: member, with: key, signature)
            }
        )
    }

    /// For Hello: the present certificate first, then earlier ones of this member, the latest first.
    static func certificates(
        _ credentials: Credentials,
        _ kept: [KeyCertificate],
        of member: MemberCode
    ) -> [Bytes] {
        let present = credentials.certificate.der
        let earlier = kept.filter { $0.member == member && $0.der != present }
        return [present] + earlier.suffix(certificateCountMaximum - 1).reversed().map(\.der)
    }

    func replicaSettings(_ credentials: Credentials, _ kept: [KeyCertificate]) -> ReplicaSettings {
        var settings = ReplicaSettings(
            member: configuration.member,
            incarnation: incarnation,
            roster: roster,
            firstRoster: rosterDigest,
            presentRoster: rosterDigest,
            software: Text(NodeVersion.text),
            certificates: Self.certificates(credentials, kept, of: configuration.member)
        )
        settings.versions = WireVersion.supported
        settings.features = WireVersion.features
        return settings
    }
}

/// The software's version, as `--version`, Hello and `status` show it.
package enum NodeVersion {
    package static let text = "1.0.0"
}

extension IndexTerms {
    init(_ view: RecordView) {
        self.init(
            item: view.state.header.item,
            home: view.state.header.home,
            stage: view.stage,
            holder: view.holder,
            subject: view.subject,
            uniques: view.uniques(hash: SHA256.function),
            isDeleted: view.isDeleted,
            updated: view.state.updated.milliseconds
        )
    }
}
