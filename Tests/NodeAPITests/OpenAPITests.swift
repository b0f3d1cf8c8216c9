import AllianceFiles
import AllianceModel
@testable import NodeAPI
import Testing

/// The description and the routes are two lists of the same: compared both ways.
struct OpenAPITests {
    private func document() throws -> JSON { try JSONReader.read(OpenAPI.bytes) }

    private func described() throws -> [String: JSON] {
        var operations: [String: JSON] = [:]
        for path in try document()["paths"]?.members ?? [] {
            for operation in path.value.members ?? [] {
                operations["\(operation.key.string.uppercased()) \(path.key)"] = operation.value
            }
        }
        return operations
    }

    @Test
    func `every route is described, and nothing else is`() throws {
        #expect(Set(try described().keys) == Set(Route.all.map(\.name)))
        #expect(Set(Route.all.map(\.name)).count == Route.all.count)
    }

    @Test(arguments: Route.all.map(\.name))
    func `a route's role, parameters and body are as described`(name: String) throws {
        let route = try #require(Route.all.first { $0.name == name })
        let operation = try #require(try described()[name])
        #expect(operation["x-role"]?.string?.string == route.role?.rawValue)
        var query: Set<String> = []
        var path: Set<String> = []
        for parameter in operation["parameters"]?.elements ?? [] {
            let parameter = try resolved(parameter)
            let name = try #require(parameter["name"]?.string?.string)
            switch parameter["in"]?.string?.string {
            case "query": query.insert(name)
            case "path": path.insert(name)
            default: break
            }
        }
        #expect(query == Set(route.query))
        let names = route.path.matches(of: /\{([a-z]+)\}/).map { String($0.1) }
        #expect(path == Set(names))
        let media = operation["requestBody"]?["content"]?.members?.map(\.key.string)
        switch route.media {
        case .none: #expect(media == nil)
        case .json: #expect(media == ["application/json"])
        case .lines: #expect(media == ["application/x-ndjson"])
        }
    }

    @Test
    func `every code is described under its status, and nothing else is`() throws {
        let document = try document()
        let codes = document["components"]?["schemas"]?["ProblemCode"]?["enum"]?.elements ?? []
        #expect(
            Set(codes.compactMap { $0.string?.string }) == Set(ProblemCode.allCases.map(\.rawValue))
        )
        var byStatus: [Int: Set<String>] = [:]
        for response in document["components"]?["responses"]?.members ?? [] {
            let status = try #require(Int(response.key.string.dropFirst("Problem".count)))
            let text = try #require(response.value["description"]?.string?.string)
            byStatus[status] = Set(text.matches(of: /`([a-z_]+)`/).map { String($0.1) })
        }
        for code in ProblemCode.allCases where code != .methodRefused {
            #expect(byStatus[code.status]?.contains(code.rawValue) == true, "\(code)")
        }
    }

    @Test
    func `every reference leads somewhere`() throws {
        let text = String(decoding: OpenAPI.bytes, as: UTF8.self)
        let references = Set(text.matches(of: /"\$ref": "([^"]+)"/).map { String($0.1) })
        #expect(references.count > 30)
        for reference in references {
            let target = try resolved(
                .object([.init(key: "$ref", value: .string(Text(reference)))])
            )
            #expect(target.members?.isEmpty == false, "\(reference)")
        }
    }

    private func resolved(_ json: JSON) throws -> JSON {
        guard let reference = json["$ref"]?.string?.string else { return json }
        var target = try document()
        for part in reference.split(separator: "/").dropFirst() {
            target = try #require(target[Text(String(part))], "\(reference)")
        }
        return target
    }
}
