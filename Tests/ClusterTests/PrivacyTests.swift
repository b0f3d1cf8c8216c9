import ClusterHarness
import Foundation
import Testing

/// Where values come to lie: in the files of those who may have them, and nowhere else.
struct PrivacyTests {
    /// A case with a private, a parties-only and an alliance-wide field of several types.
    private static let item: JSON = {
        func field(_ type: String, _ scope: String, _ more: JSON = [:]) -> JSON {
            var field = more
            if field["merge"].isNull { field["merge"] = "latest" }
            field["type"] = .string(type)
            field["authority"] = "any"
            field["scope"] = .string(scope)
            return field
        }
        return [
            "item": "T-PRIVATE", "version": 1,
            "name": ["zh": "隐私", "en": "Privacy"],
            "subject": "applicantId",
            "fields": [
                "applicantId": field("identity", "parties", ["sensitive": true]),
                "applicantName": field("text", "parties", ["sensitive": true]),
                "account": field("text", "parties"),
                "materials": field("set", "parties", ["merge": "union", "of": "text"]),
                "note": field("text", "private"),
                "drafts": field("set", "private", ["merge": "union", "of": "text"]),
                "certificate": field("text", "alliance"),
            ],
        ]
    }()

    /// Which cities may have which text.
    private struct Planted {
        var cities: [String: Set<Member>] = [:]
        var residents: [Resident: Set<Member>] = [:]

        mutating func marker(_ random: inout SeededGenerator, for cities: Set<Member>) -> JSON {
            let marker = MarkerSearch.marker(&random)
            self.cities[marker] = cities
            return .string(marker)
        }
    }

    @Test
    func
        `private and parties-only values lie where they belong and nowhere else, and no log has any`()
        async throws
    {
        var random = SeededGenerator(seed: SeededGenerator.seed(for: "privacy"))
        try await withTestCluster(
            Member.five,
            started: false,
            configure: { $0.logLevel = "trace" }
        ) { cluster in
            for node in cluster.nodes {
                // What SQLite puts aside is searched too.
                try await node.start(environment: ["TMPDIR": node.place.folder])
            }
            try await cluster.agree([PrivacyTests.item])
            var planted = Planted()
            try await plant(cluster, &planted, &random)
            try await cluster.waitUntilCaughtUp()
            // Once while the nodes run, with WAL and shared memory as they are, once after.
            search(cluster, planted)
            for node in cluster.nodes { #expect(await node.stop() == .code(0)) }
            search(cluster, planted)
            try controls(cluster, planted)
        }
    }

    /// Creations, later writes of both parties, and an import, for several pairs of cities.
    private func plant(
        _ cluster: Cluster,
        _ planted: inout Planted,
        _ random: inout SeededGenerator
    ) async throws {
        let everyone = Set(Member.five)
        var number = 0
        for accepting in Member.five {
            for home in Member.five where home != accepting {
                number += 1
                let (client, parties) = (cluster.client(accepting), Set([accepting, home]))
                let resident = Resident(number * 7_919, of: home)
                planted.residents[resident] = parties
                let fields: JSON = [
                    "applicantId": .string(resident.identity),
                    "applicantName": planted.marker(&random, for: parties),
                    "account": planted.marker(&random, for: parties),
                    "materials": [planted.marker(&random, for: parties)],
                    "note": planted.marker(&random, for: [accepting]),
                    "drafts": [planted.marker(&random, for: [accepting])],
                    "certificate": planted.marker(&random, for: everyone),
                ]
                let body: JSON = [
                    "item": "T-PRIVATE", "home": .string(home.code), "fields": fields,
                ]
                let id: String
                if number % 3 == 0 {
                    id = try await client.importLines([body])[0]["id"].string ?? ""
                } else {
                    id = try await client.create("T-PRIVATE", home: home.code, fields: fields).id
                }
                // An overwritten value stays in the log and the journal of those who may have it.
                _ = try await client.patch(
                    id,
                    fields: [
                        "account": planted.marker(&random, for: parties),
                        "drafts": ["add": [planted.marker(&random, for: [accepting])]],
                    ]
                )
                let other = cluster.client(home)
                try await waitUntil("\(id) is at \(home.english)") {
                    try await other.recordIfKnown(id) != nil
                }
                _ = try await other.patch(
                    id,
                    fields: [
                        "note": planted.marker(&random, for: [home]),
                        "materials": ["add": [planted.marker(&random, for: parties)]],
                    ]
                )
                // Asked for by value, and refused with a value.
                _ = try await client.get("/v1/records?subject=\(resident.identity)")
                let refused = planted.marker(&random, for: [])
                _ = try? await client.patch(id, fields: ["applicantId": refused])
            }
        }
    }

    private func search(_ cluster: Cluster, _ planted: Planted) {
        let numbers = planted.residents.keys.map(\.identity)
        for node in cluster.nodes {
            let member = node.member
            var here: Set<String> = []
            for (name, path) in MarkerSearch.files(under: node.place.folder) {
                let found = MarkerSearch.found(in: path, texts: numbers)
                if name.hasPrefix("data/citysync.sqlite") {
                    here.formUnion(found)
                } else {
                    // No log, configuration or other file has any value of anyone.
                    #expect(found.isEmpty, "\(member.english) \(name): \(found.count)")
                }
            }
            let allowed = planted.cities.filter { $0.value.contains(member) }.keys
            let known = planted.residents.filter { $0.value.contains(member) }.keys
            let wanted = Set(allowed).union(known.map(\.identity))
            #expect(here.subtracting(wanted).isEmpty, "\(member.english) has what it may not have")
            // The control: what belongs here is found here.
            #expect(wanted.subtracting(here).isEmpty, "\(member.english) lacks what it should have")
        }
    }

    /// The search finds what is there: in a log, in UTF-16, and names beside markers.
    private func controls(_ cluster: Cluster, _ planted: Planted) throws {
        let log = cluster.nodes[0].place.log
        let marker = try #require(planted.cities.keys.first)
        let text = try #require(FileManager.default.contents(atPath: log))
        #expect(text.count > 1_000, "the trace log is nearly empty")
        #expect(String(decoding: text, as: UTF8.self).contains(" TRACE ") || text.count > 10_000)
        let resident = try #require(planted.residents.keys.first)
        for encoding in [String.Encoding.utf8, .utf16LittleEndian, .utf16BigEndian] {
            let planted = try #require("\n\(marker) \(resident.identity)".data(using: encoding))
            let path = "\(log)-planted"
            try (text + planted).write(to: URL(filePath: path))
            let found = MarkerSearch.found(in: path, texts: [resident.identity])
            #expect(found == [marker, resident.identity])
        }
    }
}
