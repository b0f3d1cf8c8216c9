import Foundation

/// The configuration files of a cluster, as an operator would write them.
struct ClusterFiles: Sendable {
    var settings: Cluster.Settings
    var folder: String
    var places: [NodePlace]
    var links: LinkTable

    var alliance: String {
        let members = places.map { place in
            let member = place.member
            let names = "{ zh: \(member.chinese), en: \(member.english) }"
            let address = "127.0.0.1:\(place.peerPort)"
            return "  - { code: \"\(member.code)\", name: \(names), address: \"\(address)\" }"
        }
        let head = [
            "alliance: \(settings.alliance)", "trustDomain: \(settings.trustDomain)",
            "agreement: \(settings.agreement)", "members:",
        ]
        return (head + members + [""]).joined(separator: "\n")
    }

    func node(_ place: NodePlace) -> String {
        let addresses = places.compactMap { other -> String? in
            let port = links.port(from: place.member.code, to: other.member.code)
            return port.map { "\"\(other.member.code)\": \"127.0.0.1:\($0)\"" }
        }
        return """
            member: "\(place.member.code)"
            data: data
            alliance: ../alliance.yaml
            peers:
              listen: "127.0.0.1:\(place.peerPort)"
              certificate: node.pem
              key: node.key
              authority: ca.pem
              revocations: ca.crl
              addresses: { \(addresses.joined(separator: ", ")) }
            api: { listen: "127.0.0.1:\(place.apiPort)", socket: api.sock, tokens: tokens.yaml }
            log: { format: \(settings.logFormat), level: \(settings.logLevel) }

            """
    }
}

extension Cluster {
    static func writeFiles(_ files: ClusterFiles, _ authority: CertificateAuthority) async throws {
        try write(files.alliance, to: "\(files.folder)/alliance.yaml")
        let revocations = "\(files.folder)/ca.crl"
        try await authority.writeRevocations(to: revocations)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for place in files.places {
                group.addTask {
                    let credential = try await authority.credential(of: place.member.code)
                    let manager = FileManager.default
                    try manager.createDirectory(
                        atPath: place.folder,
                        withIntermediateDirectories: true,
                        attributes: [.posixPermissions: 0o700]
                    )
                    try manager.copyItem(atPath: credential.certificate, toPath: place.certificate)
                    try manager.copyItem(atPath: credential.key, toPath: place.key)
                    try manager.copyItem(atPath: authority.certificate, toPath: place.authorities)
                    try manager.copyItem(atPath: revocations, toPath: place.revocations)
                    try write("tokens: []\n", to: place.tokens)
                    try write(files.node(place), to: place.configuration)
                }
            }
            try await group.waitForAll()
        }
    }

    /// Written whole, readable by the owner only.
    static func write(_ text: String, to path: String) throws {
        let made = FileManager.default.createFile(
            atPath: path,
            contents: Data(text.utf8),
            attributes: [.posixPermissions: 0o600]
        )
        guard made else { throw CocoaError(.fileWriteUnknown) }
    }
}
