package import AllianceModel
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import NodeRuntime
import ReplicationCore

extension Endpoints {
    func readStatus(_ call: Call) async throws -> Response {
        let document = StatusDocument(await service.observe(), version: version)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Answer.json(Bytes(try encoder.encode(document)))
    }

    /// The rows of the status document with what else is known of each link, and the refused
    /// connections of nobody known.
    func listPeers(_ call: Call) async throws -> Response {
        let observation = await service.observe()
        let page = try page(
            observation.links,
            after: call.query["cursor"],
            limit: try call.query.limit(),
            cursor: \.member.text
        )
        let refusals = observation.strangers.sorted { $0.key < $1.key }
        return Answer.page(
            "peers",
            page.rows,
            next: page.next,
            more: { json in
                json.key("refusals")
                json.array { json in
                    for (reason, count) in refusals {
                        json.object { json in
                            json.key("reason")
                            json.string(reason)
                            json.key("count")
                            json.number(count)
                        }
                    }
                }
            },
            row: { json, link in json.peer(link, observation) }
        )
    }

    func listMembers(_ call: Call) throws -> Response {
        let page = try page(
            service.roster.members,
            after: call.query["cursor"],
            limit: try call.query.limit(),
            cursor: \.code.text
        )
        return Answer.page("members", page.rows, next: page.next) { json, member in
            json.object { json in
                json.key("member")
                json.string(member.code.text)
                json.key("name")
                json.object { json in
                    json.key("zh")
                    json.string(member.names.zh)
                    json.key("en")
                    json.string(member.names.en)
                }
                json.key("address")
                json.string(member.address)
                json.key("self")
                json.boolean(member.code == service.member)
            }
        }
    }

    // MARK: Probes

    func health() -> Response {
        Answer.json { json in
            json.key("status")
            json.string("serving")
        }
    }

    /// Whether the store is open and takes writes; peers do not matter.
    func readiness() async throws -> Response {
        if let refusal = await service.whyNotReady() {
            var problem = Problem(refusal)
            // Whatever it is, a node that takes no writes is not ready: 503.
            if problem.code.status != 503 { problem.code = .storeStopped }
            throw problem
        }
        return Answer.json { json in
            json.key("status")
            json.string("ready")
        }
    }

    func openAPI() -> Response {
        Answer.json(OpenAPI.bytes)
    }

    func metrics() async -> Response {
        let text = MetricsText(await service.observe(), version: version, meter: meter).text
        return Response(
            status: .ok,
            headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text))
        )
    }
}

/// The description of the API, as it is compiled in.
package enum OpenAPI {
    package static let bytes: Bytes = PackageResources.openapi_json
}

extension JSONWriter {
    fileprivate mutating func peer(_ link: NodeObservation.Link, _ observation: NodeObservation) {
        let peer = StatusDocument.Peer(link, in: observation)
        object { json in
            json.key("member")
            json.string(peer.member)
            json.key("name")
            json.object { json in
                json.key("zh")
                json.string(peer.name.zh)
                json.key("en")
                json.string(peer.name.en)
            }
            json.key("state")
            json.string(peer.state.rawValue)
            json.key("toSend")
            json.lag(peer.toSend)
            json.key("toApply")
            json.lag(peer.toApply)
            json.key("lastOkSeconds")
            json.optional(peer.lastOkSeconds)
            json.key("skewMilliseconds")
            json.optional(peer.skewMilliseconds)
            json.key("certificateDays")
            json.optional(peer.certificateDays)
            json.key("reason")
            json.reason(peer.reason)
            json.link(link)
        }
    }

    private mutating func link(_ link: NodeObservation.Link) {
        key("address")
        string(link.address)
        key("incarnation")
        string(link.session.incarnation?.description)
        key("version")
        string(link.session.software?.string)
        key("bytesSent")
        number(link.bytesSent)
        key("bytesReceived")
        number(link.bytesReceived)
        key("lastRefusal")
        if let code = link.reason ?? link.session.lastFault?.code.rawValue {
            object { json in
                json.key("code")
                json.string(code)
                json.key("text")
                json.string(link.detail ?? link.session.lastFault?.text)
            }
        } else {
            null()
        }
        key("held")
        object { json in
            for reason in HeldReason.allCases {
                guard let count = link.held[reason], count > 0 else { continue }
                json.key(named: Text(reason.rawValue))
                json.number(count)
            }
        }
    }

    private mutating func lag(_ lag: StatusDocument.Lag) {
        object { json in
            json.key("count")
            json.optional(lag.count)
            json.key("oldestSeconds")
            json.optional(lag.oldestSeconds)
        }
    }

    private mutating func reason(_ reason: StatusDocument.Reason?) {
        guard let reason else { return null() }
        object { json in
            json.key("code")
            json.string(reason.code)
            json.key("owner")
            json.string(reason.owner)
            json.key("nextTrySeconds")
            json.optional(reason.nextTrySeconds)
        }
    }

    private mutating func optional(_ value: (some BinaryInteger)?) {
        if let value { number(value) } else { null() }
    }
}
