import Foundation
import Testing

@testable import citysync

struct DoctorCommandTests {
    private func checks(_ run: CommandRun) throws -> [String: [JSON]] {
        let document = try #require(JSON(Array(run.output.utf8)), "\(run.output)")
        return Dictionary(grouping: document["checks"]?.array ?? []) {
            $0["check"]?.string ?? "?"
        }
    }

    @Test func `a node that is well has nothing but OK`() async throws {
        let status = Samples.status(peers: [("350300", "current", 0, 0)])
        try await StubNode.serving { _ in
            .json(status)
        } _: { node in
            let run = await CommandRun(node, "doctor")
            #expect(
                run.output == """
                    LEVEL  CHECK  FOUND                       WHAT TO DO
                    OK     node   350100 1.0.0 serves, up 5s  -
                    OK     clock  as this node's within -4ms  -

                    """
            )
            #expect(run.status == 0)
        }
    }

    @Test func `what the node finds wrong is told with its remedy`() async throws {
        try await StubNode.serving { _ in
            .json(Samples.status)
        } _: { node in
            let run = await CommandRun(node, "doctor", "-o", "json")
            #expect(run.status == 1)
            let checks = try checks(run)
            #expect(checks["conflicts"]?.first?["level"]?.string == "fail")
            #expect(checks["certificate"]?.first?["level"]?.string == "warn")
            #expect(checks["certificate"]?.first?["text"]?.string == "350900 expires in 9d")
            #expect(
                checks["certificate"]?.first?["remedy"]?.string
                    == "that city: Certs/ca request, issue"
            )
        }
    }

    @Test(arguments: [
        (["-20000", "30000", "5"], "fail"), (["-20000", "30", "5"], "ok"), ([], "warn"),
    ])
    func `it is this node's clock that is wrong where most peers differ`(
        skews: [String],
        level: String
    ) async throws {
        var status = Samples.status(peers: skews.map { _ in ("350300", "current", 0, 0) })
        for skew in skews {
            let range = try #require(status.range(of: #""skewMilliseconds":-4"#))
            status.replaceSubrange(range, with: #""skewMilliseconds":\#(skew)"#)
        }
        let answer = status
        try await StubNode.serving { _ in
            .json(answer)
        } _: { node in
            let run = await CommandRun(node, "doctor", "-o", "json")
            let clock = try checks(run)["clock"]?.first
            #expect(clock?["level"]?.string == level)
        }
    }

    @Test func `a node that is down is looked at by its files, addresses and peers`() async throws {
        try await withFolder { path in
            try store(Samples.configuration(path), at: "\(path)/node.yaml")
            try store(Samples.alliance, at: "\(path)/alliance.yaml")
            try FileManager.default.createDirectory(
                atPath: "\(path)/data",
                withIntermediateDirectories: false,
                attributes: [.posixPermissions: 0o755]
            )
            let run = await CommandRun([
                "doctor", "--config", "\(path)/node.yaml", "-o", "json",
            ])
            #expect(run.status == 1)
            let checks = try checks(run)
            func level(_ check: String) -> String? { checks[check]?.first?["level"]?.string }
            #expect(level("configuration") == "ok")
            #expect(level("certificate") == "fail" && level("tokens") == "warn")
            #expect(level("data") == "fail")
            #expect(checks["data"]?.first?["remedy"]?.string == "chmod 700 \(path)/data")
            #expect(level("disk") != nil)
            // Nobody listens there; the other member has no address.
            #expect(level("peer 350300") == "warn" && level("peer 350128") == "warn")
            #expect(
                checks["peer 350300"]?.first?["text"]?.string?.contains("refused") == true
            )
            #expect(level("node") == "fail" && level("clock") == "warn")
            #expect(level("peers.listen") == "ok" && level("api.listen") == "ok")
            #expect(
                checks.values.joined().allSatisfy {
                    $0["level"]?.string == "ok"
                        || $0["remedy"] != nil
                }
            )
        }
    }

    @Test func `everything that is wrong with a configuration is listed`() async throws {
        try await withFolder { path in
            let text = "member: x\nmenber: y\napi: { listen: 7 }\n"
            try store(text, at: "\(path)/node.yaml")
            try await StubNode.serving { _ in
                .json(Samples.status())
            } _: { node in
                let config = "\(path)/node.yaml"
                let run = await CommandRun(node, "doctor", "--config", config, "-o", "json")
                #expect(run.status == 1)
                let wrong = try checks(run)["configuration"] ?? []
                #expect(wrong.count >= 3)
                #expect(
                    wrong.contains {
                        $0["text"]?.string?.hasPrefix("\(config):2: menber: ") == true
                    }
                )
                #expect(wrong.allSatisfy { $0["remedy"]?.string?.isEmpty == false })
            }
        }
    }
}
