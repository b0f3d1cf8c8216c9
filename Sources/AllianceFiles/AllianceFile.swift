package import AllianceModel

/// The first roster, as a YAML file that is the same in every city.
package enum AllianceFile {
    package static func load(path: String) throws(FileErrors) -> Roster {
        try parse(TextFile.read(path), file: path)
    }

    package static func parse(_ text: String, file: String) throws(FileErrors) -> Roster {
        let root = try SourceNode.yaml(text, file: file)
        var reading = FileReading()
        let draft = reading.roster(root)
        if let failure = reading.failure { throw failure }
        guard let draft else { preconditionFailure("no roster and no error") }
        do {
            return try Roster(
                alliance: draft.alliance,
                trustDomain: draft.trustDomain,
                agreement: draft.agreement,
                members: draft.members
            )
        } catch {
            reading.refuse(error.problems, root: root.place)
            throw reading.failure ?? FileErrors([])
        }
    }
}

/// What a roster is made of, not yet judged as a whole.
private struct RosterDraft {
    let alliance: Text
    let trustDomain: Text
    let agreement: AgreementRule
    let members: [RosterMember]
}

extension FileReading {
    fileprivate mutating func roster(_ root: SourceNode) -> RosterDraft? {
        let keys = ["alliance", "trustDomain", "agreement", "members"]
        guard let mapping = mapping(root, "", keys: keys) else { return nil }
        let alliance = required("alliance", of: mapping) { $0.text($1, $2) }
        let trustDomain = required("trustDomain", of: mapping) { $0.text($1, $2) }
        let agreement = required("agreement", of: mapping) { $0.agreement($1, $2) }
        let members = required("members", of: mapping) { reading, node, path in
            reading.sequence(node, path)?.enumerated().compactMap {
                reading.rosterMember($1, "\(path)[\($0)]")
            }
        }
        guard let alliance, let trustDomain, let agreement, let members else { return nil }
        return RosterDraft(
            alliance: alliance,
            trustDomain: trustDomain,
            agreement: agreement,
            members: members
        )
    }

    private mutating func agreement(_ node: SourceNode, _ path: String) -> AgreementRule? {
        guard case .scalar(let text, _) = node.content else {
            refuse(path, at: node.place, "is \(node.kind)", "use all, majority or a number")
            return nil
        }
        switch text {
        case "all": return .all
        case "majority": return .majority
        default:
            guard let number = Int(text), String(number) == text else {
                refuse(path, at: node.place, "is no rule", "use all, majority or a number")
                return nil
            }
            return .atLeast(number)
        }
    }

    private mutating func rosterMember(_ node: SourceNode, _ path: String) -> RosterMember? {
        guard let mapping = mapping(node, path, keys: ["code", "name", "address"]) else {
            return nil
        }
        let code = required("code", of: mapping) { $0.member($1, $2) }
        let names = required("name", of: mapping) { $0.names($1, $2) }
        let address = optional("address", of: mapping) { $0.remoteAddress($1, $2) }
        guard let code, let names else { return nil }
        // Problems of the whole roster name members by code.
        note("members[\(code)]", at: node.place)
        if let place = mapping["code"]?.place { note("members[\(code)].code", at: place) }
        return RosterMember(code: code, names: names, address: address?.description)
    }
}

extension FileReading {
    mutating func hostPort(_ node: SourceNode, _ path: String) -> HostPort? {
        guard let string = string(node, path) else { return nil }
        guard let address = HostPort(string) else {
            refuse(
                path,
                at: node.place,
                "\(string) is not an address",
                "write host:port, such as 127.0.0.1:7420 or [::1]:7420"
            )
            return nil
        }
        return address
    }

    /// An address to dial, hence with a port.
    mutating func remoteAddress(_ node: SourceNode, _ path: String) -> HostPort? {
        guard let address = hostPort(node, path) else { return nil }
        guard address.port > 0 else {
            refuse(path, at: node.place, "has no port", "write host:port with a port from 1")
            return nil
        }
        return address
    }
}
