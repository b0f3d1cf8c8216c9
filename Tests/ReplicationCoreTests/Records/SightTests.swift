import AllianceModel
import Testing

@testable import ReplicationCore

@Suite struct SightTests {
    private func dot(_ incarnation: Int, _ number: UInt64 = 1) throws -> Dot {
        Dot(writer: try CaseSamples.writer("350100", UInt64(incarnation)), number: number)
    }

    private func field(applied: [Dot], standing: [Dot]) -> FieldState {
        var context = CausalContext()
        for dot in applied { context.insert(dot) }
        return FieldState(
            name: "name",
            applied: context,
            standing: standing.map {
                StandingWrite(dot: $0, timestamp: CaseSamples.time(1), ground: nil, value: [])
            },
            lost: []
        )
    }

    @Test func `within the limits everything seen is said`() throws {
        let dots = try (1...1_024).map { try dot($0) }
        let field = field(applied: dots, standing: Array(dots.suffix(3)))
        let sight = Sight(of: field, lost: Array(dots.suffix(3).dropLast()))
        #expect(sight.context == field.applied)
        #expect(sight.lost == Array(dots.suffix(3).dropLast()))
    }

    @Test func `beyond them a context names the writers of what stands`() throws {
        let dots = try (1...1_500).map { try dot($0) }
        let field = field(applied: dots, standing: [dots[4], dots[1_400]])
        let sight = Sight(of: field, lost: [dots[4]])
        #expect(sight.context.entries.map(\.writer) == [dots[4], dots[1_400]].map(\.writer))
        #expect(sight.lost == [dots[4]])
    }

    @Test func `siblings that do not fit stay siblings`() throws {
        let dots = try (1...2_000).map { try dot(1, UInt64($0)) } + [try dot(2)]
        let field = field(applied: dots, standing: dots)
        let sight = Sight(of: field, lost: Array(dots.dropLast()))
        #expect(sight.lost == Array(dots.prefix(1_024)))
        #expect(sight.context.number(of: dots[0].writer) == 1_024)
        #expect(sight.context.contains(try dot(2)))
    }

    @Test func `many siblings of many writers leave a context that an entry can hold`() throws {
        let dots = try (1...1_500).map { try dot($0, 2) }
        let sight = Sight(of: field(applied: dots, standing: dots), lost: Array(dots.dropLast()))
        #expect(sight.context.entries.count == 1_024)
        #expect(sight.lost.count == 1_024)
        #expect(sight.lost.allSatisfy { sight.context.contains($0) })
    }
}
