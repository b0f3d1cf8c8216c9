/// Where one node's files and ports are.
package struct NodePlace: Sendable {
    package let member: Member
    package let folder: String
    package let peerPort: Int
    package let apiPort: Int

    package var configuration: String { "\(folder)/node.yaml" }
    package var data: String { "\(folder)/data" }
    package var database: String { "\(data)/citysync.sqlite" }
    package var socket: String { "\(folder)/api.sock" }
    package var tokens: String { "\(folder)/tokens.yaml" }
    /// What the node wrote to standard error, over all its starts.
    package var log: String { "\(folder)/node.log" }
    package var certificate: String { "\(folder)/node.pem" }
    package var key: String { "\(folder)/node.key" }
    package var authorities: String { "\(folder)/ca.pem" }
    package var revocations: String { "\(folder)/ca.crl" }

    init(_ member: Member, in parent: String) {
        self.member = member
        folder = "\(parent)/\(member.code)"
        peerPort = FreePorts.take()
        apiPort = FreePorts.take()
    }
}
