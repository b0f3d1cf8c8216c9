import AllianceModel
import ClusterChecker
import Testing

@testable import ReplicationCore

/// The rules carried out here against the same rules written a second time, in the plainest form and
/// by other hands: `ClusterChecker.Model`, which shares no line with the core.
@Suite struct ModelAgreementTests {
    @Test(arguments: WildHistoryTests.seeds)
    func `what a city shows is what the model makes of the same writes`(seed: UInt64) throws {
        var history = try WildHistory(seed: seed, steps: 140)
        for member in try WildHistoryTests.viewers.map(CaseSamples.member) {
            let entries = history.shuffled(for: member)
            let city = try history.replayed(entries, for: member, learningAfter: 0)
            guard city.state != nil else { continue }
            let record = ModelRecord(
                key: ModelKey(
                    origin: city.key.origin,
                    id: city.key.identifier.uuid.bytes,
                    item: city.header.item,
                    definitionDigest: city.header.definition.bytes,
                    home: city.header.home
                ),
                definition: city.definition
            )
            let writes = try Set(entries.flatMap { try $0.modelWrites(city.definition) })
            let expected = Model.judge(
                record,
                writes: writes,
                facts: ModelFacts(history.facts)
            )
            let findings = Model.difference(
                expected: expected,
                actual: try city.modelOutcome(),
                record: record,
                viewer: member
            )
            #expect(findings.isEmpty, "\(findings.map(\.description).joined(separator: "\n"))")
        }
    }
}
