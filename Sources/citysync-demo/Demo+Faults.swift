import ClusterHarness
import Foundation

extension Demo {
    private var counter: Counter { Counter(cluster: cluster, diary: diary) }

    /// One city loses every link while its process and its counters go on.
    func cutOff(_ cases: ArraySlice<Case>) async throws {
        screen.blank()
        let before = diary.decidedCount
        cluster.links.cut(lost)
        screen.step("\(lost.english) is cut off: no byte passes its links, and nobody is told.")
        try await counter.accept(cases)
        let alone = cases.count { $0.accepting == lost }
        let waiting = cases.count { $0.home == lost }
        screen.step(
            "All counters went on: \(cases.count) more cases, \(alone) of them in \(lost.english),"
        )
        screen.more("which waits with what it took in; \(waiting) cases wait for it at the others.")
        try await waitUntilDecided(before + cases.count - alone - waiting)
        let watcher = cluster.client(watching)
        try await waitUntil("\(watching.english) finds \(lost.english) unreachable") {
            let state = try await row(of: lost, at: watcher)["state"].string ?? "?"
            return state == "unreachable" ? nil : "it is \(state)"
        }
        let peer = try await row(of: lost, at: watcher)
        let count = peer["toSend"]["count"].integer.map(String.init) ?? "?"
        screen.step("\(watching.english) shows it as unreachable, with \(count) changes to send.")
        cluster.links.heal(lost)
        let healed = ContinuousClock.now
        screen.step("The links are back.")
        try await waitUntilDecided(before + cases.count)
        try await cluster.waitUntilCaughtUp()
        let took = Screen.seconds(ContinuousClock.now - healed)
        screen.step("\(took) later everything had arrived, and the waiting cases were decided.")
    }

    private func row(of member: Member, at client: NodeClient) async throws -> JSON {
        try await client.status()["peers"].elements
            .first { $0["member"].string == member.code } ?? .null
    }

    /// One node is killed in the middle of its work and started again.
    func kill(_ cases: ArraySlice<Case>) async throws {
        screen.blank()
        let node = cluster.node(killed)
        let handed = diary.handedCount
        let before = diary.decidedCount
        async let accepted: Void = counter.accept(cases)
        try await waitUntil("some cases are under way", every: .milliseconds(1)) {
            diary.handedCount > handed + cases.count / 4
        }
        await node.kill()
        screen.step(
            "The node of \(killed.english) was killed (SIGKILL) while all counters were at work."
        )
        try await Task.sleep(for: .milliseconds(500))
        let start = ContinuousClock.now
        try await node.start()
        let took = Screen.seconds(ContinuousClock.now - start)
        screen.step(
            "Started again; it took writes after \(took). Its counters sent once more what had"
        )
        screen.more("no answer, with the same idempotency key: nothing is done twice.")
        try await accepted
        try await waitUntilDecided(before + cases.count)
        screen.step("These \(cases.count) cases are decided too.")
    }

    /// Counts, at every city, the cases that it should have.
    func finish() async throws {
        try await cluster.waitUntilCaughtUp()
        screen.blank()
        let expected = Demo.caseCount / 20 * 8
        for node in cluster.nodes {
            let name = node.member.english
            try await waitUntil("\(name) lists its \(expected) decided cases") {
                let all = try await node.client.records("stage=decided")
                let rows = all.filter { row in
                    [row["home"], row["accepting"]].contains(.string(node.member.code))
                }
                let residents = Set(rows.compactMap { $0["fields"]["applicantId"].string })
                guard rows.count == expected else { return "it lists \(rows.count)" }
                return residents.count == expected ? nil : "of \(residents.count) residents"
            }
        }
        screen.step(
            "\(Demo.caseCount) cases: each city has the \(expected) that it took in or decided,"
        )
        screen.more(
            "all of them decided, none twice. Of the others it has what is for the whole alliance:"
        )
        screen.more("the certificate numbers of GJJ-06 and the units of GJJ-03, and nobody's name.")
    }

    func compare() async throws -> Bool {
        let convergence = try await Convergence.measure(cluster.clients)
        screen.step(
            "Records that two cities share, and the digest of their contents, as each city says:"
        )
        screen.blank()
        return screen.show(convergence)
    }

    func hold() async {
        screen.blank()
        screen.raw("The cities stay up until you interrupt (Ctrl-C). To look around:")
        screen.blank()
        let tool = cluster.installation.tool
        for node in cluster.nodes {
            screen.raw(
                "    export CITYSYNC_API=unix:\(node.place.socket)    # \(node.member.english)"
            )
        }
        screen.blank()
        for command in ["status", "records list --stage decided", "items list", "verify", "audit"] {
            screen.raw("    \(tool) \(command)")
        }
        screen.raw(
            "    curl --unix-socket \(cluster.nodes[0].place.socket) http://localhost/v1/status"
        )
        screen.raw("    logs and databases: \(cluster.folder)")
        while !Task.isCancelled {
            // Ends early, and with an error, when the interruption cancels it.
            try? await Task.sleep(for: .seconds(3_600))
        }
    }
}
