import ClusterHarness

/// The back office of one city: follows its own node's changes and decides what is handed to it.
struct BackOffice: Sendable {
    let member: Member
    let client: NodeClient
    let diary: Diary

    /// Runs until cancelled; a node that is down is asked again.
    func run() async {
        var cursor: String?
        while !Task.isCancelled {
            do {
                let page = try await client.changes(after: cursor, wait: 10)
                let changes = page["changes"].elements
                let turned = changes.filter { $0["fields"].elements.contains("@turn") }
                // A hand-over shows as a write of the turn: what else changed is not for deciding.
                let records = turned.compactMap { $0["record"].string }
                for record in records { diary.arrived(record) }
                try await decide(records)
                cursor = page["cursor"].string ?? changes.last?["cursor"].string ?? cursor
            } catch {
                // The node is down for the moment; the cursor still holds.
                try? await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    private func decide(_ records: [String]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (place, record) in records.enumerated() {
                if place >= 4 { try await group.next() }
                group.addTask { try await decide(record) }
            }
            try await group.waitForAll()
        }
    }

    private func decide(_ id: String) async throws {
        let record = try await client.record(id)
        // Decided here by a request whose answer was lost with the node.
        if record.holder == member.code, record.stage == "decided" { diary.decided(id) }
        guard record.holder == member.code, record.stage == "checked" else { return }
        var fields: JSON = ["decision": "granted"]
        // What these two items let the whole alliance see.
        switch record.json["item"].string {
        case "GJJ-03": fields["status"] = "contributing"
        case "GJJ-06": fields["certificateNumber"] = .string("\(member.code)-\(id.suffix(6))")
        default: break
        }
        _ = try await client.transition(id, to: "decided", fields: fields, key: "decided-\(id)")
        diary.decided(id)
    }
}
