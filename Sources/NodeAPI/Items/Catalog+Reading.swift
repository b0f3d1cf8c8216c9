import AllianceModel
import NodeRuntime
import ReplicationCore

extension Endpoints {
    /// The definition that new records of an item are made under now.
    func offered(_ item: Text) throws(Problem) -> (Digest, ItemDefinition) {
        let agreement = service.catalog.agreement
        if let offered = agreement.offered(item: item, at: wallMilliseconds()) {
            return (offered.digest, offered.definition)
        }
        guard !agreement.definitions(of: item).isEmpty else { throw Problem.itemUnknown("item") }
        throw Problem(
            .itemNotEffective,
            field: "item",
            "The members have to agree on a version of the item, and its time has to come."
        )
    }
}

extension Problem {
    static func itemUnknown(_ field: Text? = nil) -> Problem {
        Problem(.itemUnknown, field: field, "GET /v1/items lists the items.")
    }
}

/// One version of an item: the definition that counts for it, and every proposal of that number.
struct ItemVersion: Sendable {
    var item: Text
    var version: Int
    /// Of rival definitions of one number the one that is furthest, then the smaller digest.
    var definitionDigest: Digest
    var definition: ItemDefinition
    var stage: AgreementState.Stage

    /// Sorted by item and version.
    static func all(_ agreement: AgreementState, at now: Int64) -> [ItemVersion] {
        agreement.items.flatMap { versions(of: $0, agreement, at: now) }
    }

    /// Ascending; empty for an unknown item.
    static func versions(
        of item: Text,
        _ agreement: AgreementState,
        at now: Int64
    ) -> [ItemVersion] {
        var versions: [ItemVersion] = []
        for digest in agreement.definitions(of: item) {
            guard let definition = agreement.definition(digest),
                let stage = agreement.stage(of: digest, at: now)
            else { continue }
            let candidate = ItemVersion(
                item: item,
                version: definition.version,
                definitionDigest: digest,
                definition: definition,
                stage: stage
            )
            if let last = versions.last, last.version == candidate.version {
                if candidate.rank > last.rank { versions[versions.count - 1] = candidate }
            } else {
                versions.append(candidate)
            }
        }
        return versions
    }

    private var rank: Int {
        switch stage {
        case .proposed: 0
        case .agreed: 1
        case .superseded: 2
        case .effective: 3
        }
    }
}
