import AllianceFiles
import AllianceModel
import HTTPTypes
import Hummingbird
import NodeRuntime
import NodeStore
import ReplicationCore

extension Endpoints {
    func listItems(_ call: Call) throws -> Response {
        let limit = try call.query.limit()
        let agreement = service.catalog.agreement
        let all = ItemVersion.all(agreement, at: wallMilliseconds())
        let rows = try page(all, after: call.query["cursor"], limit: limit, cursor: \.cursor)
        return Answer.page("items", rows.rows, next: rows.next) { json, version in
            json.item(version, agreement)
        }
    }

    /// Of an item without a version: the one that is offered, else the latest.
    func readItem(_ call: Call) throws -> Response {
        let agreement = service.catalog.agreement
        let code = call.parameter("code")
        let versions = ItemVersion.versions(of: code, agreement, at: wallMilliseconds())
        let found: ItemVersion?
        if call.parameters["version"] != nil {
            let number = Int(call.parameter("version").string)
            found = versions.first { $0.version == number }
        } else {
            found = versions.last { $0.stage == .effective } ?? versions.last
        }
        guard let found else { throw Problem.itemUnknown() }
        return Answer.json(found.bytes(agreement))
    }

    func proposeItem(_ call: Call) async throws -> Response {
        guard try call.json().members != nil else {
            throw Problem(.malformed, "The body is not a JSON object.")
        }
        let definition: ItemDefinition
        do {
            definition = try ItemFile.parse(json: call.body, file: "body")
        } catch {
            throw Problem.definitionRefused(error)
        }
        let answer = try await service.propose(definition, try call.caller(status: 201)).get()
        return try voted(answer)
    }

    /// `{digest}`: of the proposal.
    func approveItem(_ call: Call) async throws -> Response {
        let body = try RequestObject(try call.json(), keys: ["digest"])
        guard let digest = Digest(hex: try body.text("digest").string) else {
            throw Problem.invalid("digest", "is not 64 hexadecimal digits")
        }
        guard let version = Int(call.parameter("version").string) else {
            throw Problem.itemUnknown()
        }
        let answer = try await service.approve(
            item: call.parameter("code"),
            version: version,
            proposal: digest,
            try call.caller(status: 200)
        ).get()
        return try voted(answer)
    }

    /// The version as it stands after the vote.
    private func voted(_ answer: VoteAnswer) throws -> Response {
        let agreement = service.catalog.agreement
        let versions = ItemVersion.versions(of: answer.item, agreement, at: wallMilliseconds())
        guard let version = versions.first(where: { $0.version == answer.version }) else {
            throw Problem(.failed, "The vote is stored, but its item is not in the catalog yet.")
        }
        var headers = HTTPFields()
        if answer.status == 201 {
            headers[.location] = "/v1/items/\(answer.item)/\(answer.version)"
        }
        return Answer.json(version.bytes(agreement), status: answer.status, headers: headers)
    }
}

extension Result where Success == VoteAnswer, Failure == Refusal {
    func get() throws(Problem) -> VoteAnswer {
        switch self {
        case .success(let answer): return answer
        case .failure(let refusal): throw Problem(refusal)
        }
    }
}

extension Problem {
    /// Everything that is wrong with an item file.
    static func definitionRefused(_ errors: FileErrors) -> Problem {
        var problem = Problem(
            .definitionRefused,
            field: errors.errors.first.map { Text($0.key) },
            "The definition has \(errors.errors.count) faults; reasons lists them."
        )
        problem.reasons = errors.errors.map {
            Reason(key: $0.key, detail: $0.reason, remedy: $0.remedy)
        }
        return problem
    }
}

extension ItemVersion {
    /// Where a list goes on: item and version.
    var cursor: Text { Text("\(item)\u{0}\(padding)\(version)") }

    /// So that cursors sort as versions do.
    private var padding: String {
        String(repeating: "0", count: max(0, 7 - String(version).utf8.count))
    }

    func bytes(_ agreement: AgreementState) -> Bytes {
        var json = JSONWriter(capacity: 4_096)
        json.item(self, agreement)
        return json.bytes
    }
}

extension JSONWriter {
    mutating func item(_ version: ItemVersion, _ agreement: AgreementState) {
        object { json in
            json.key("item")
            json.string(version.item)
            json.key("version")
            json.number(version.version)
            json.key("state")
            json.string(version.stage.rawValue)
            json.key("definition")
            json.raw(ItemFile.json(of: version.definition))
            json.key("definitionDigest")
            json.string(version.definitionDigest.hex)
            json.key("proposals")
            json.array { json in
                for digest in agreement.definitions(of: version.item)
                where agreement.definition(digest)?.version == version.version {
                    for ballot in agreement.proposals(of: digest) {
                        json.proposal(ballot.proposal, of: version, agreement)
                    }
                }
            }
        }
    }

    private mutating func proposal(
        _ proposal: Proposal,
        of version: ItemVersion,
        _ agreement: AgreementState
    ) {
        object { json in
            json.key("digest")
            json.string(proposal.digest.hex)
            json.key("proposer")
            json.string(proposal.proposer.text)
            json.key("definitionDigest")
            json.string(proposal.definitionDigest.hex)
            // A rival's definition has to be readable by whoever is to approve it.
            if proposal.definitionDigest != version.definitionDigest {
                json.key("definition")
                json.raw(ItemFile.json(of: proposal.definition))
            }
            json.key("approvals")
            json.array { json in
                for vote in agreement.approvals(of: proposal.digest) {
                    json.object { json in
                        json.key("member")
                        json.string(vote.member.text)
                        json.key("time")
                        json.string(Timestamps.format(vote.timestamp.milliseconds))
                    }
                }
            }
        }
    }
}
