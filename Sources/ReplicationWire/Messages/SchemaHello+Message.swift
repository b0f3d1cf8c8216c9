import AllianceModel
import FoundationEssentials
import ReplicationCore
import SwiftProtobuf

extension SchemaHello {
    init(_ hello: Hello) {
        self.init()
        alliance = hello.alliance.string
        firstRoster = hello.firstRoster.data
        presentRoster = hello.presentRoster.data
        member = hello.member.string
        incarnation = hello.incarnation.rawValue
        versionLowest = hello.versions.lowerBound
        versionHighest = hello.versions.upperBound
        features = hello.features.map(\.string)
        clock = hello.clock
        certificates = hello.certificates.map { Data($0) }
        software = hello.software.string
    }

    func message() throws(Misfit) -> Hello {
        let alliance = try Text(alliance, "alliance")
        try check(Names.isCode(alliance), "alliance is not a name")
        try check(
            versionLowest >= 1 && versionLowest <= versionHighest,
            "versions are not a range from 1"
        )
        try checkLimit(certificates.count, WireLimits.certificateCount, "certificates")
        for certificate in certificates {
            try checkLimit(certificate.count, WireLimits.certificateBytes, "certificate bytes")
        }
        return Hello(
            alliance: alliance,
            firstRoster: try Digest(firstRoster, "first_roster"),
            presentRoster: try Digest(presentRoster, "present_roster"),
            member: try MemberCode(member, "member"),
            incarnation: Incarnation(rawValue: incarnation),
            versions: versionLowest...versionHighest,
            features: try featureNames(),
            clock: try checkedClock(clock),
            certificates: certificates.map { Bytes($0) },
            software: try softwareName()
        )
    }

    private func featureNames() throws(Misfit) -> [Text] {
        try checkLimit(features.count, WireLimits.featureCount, "features")
        let names = try features.mapped { name throws(Misfit) in
            let text = try Text(name, "features")
            try check(
                Names.isLabel(text, byteCountMaximum: WireLimits.featureBytes),
                "features holds what is no name"
            )
            return text
        }
        try checkAscending(names, "features")
        return names
    }

    private func softwareName() throws(Misfit) -> Text {
        let text = try Text(software, "software")
        try check(
            text.isEmpty || Names.isLabel(text, byteCountMaximum: WireLimits.softwareBytes),
            "software is not a name"
        )
        return text
    }
}

extension SchemaPing {
    init(_ ping: Ping) {
        self.init()
        clock = ping.clock
        common = ping.common.data
        wantsAnswer = ping.wantsAnswer
    }

    func message() throws(Misfit) -> Ping {
        Ping(
            clock: try checkedClock(clock),
            common: try Digest(common, "common"),
            wantsAnswer: wantsAnswer
        )
    }
}

/// A clock may be wrong, but within the years 0 to 9999: differences of clocks cannot overflow.
private func checkedClock(_ milliseconds: Int64) throws(Misfit) -> Int64 {
    try check(Timestamps.range.contains(milliseconds), "clock is no time")
    return milliseconds
}
