package import AllianceModel

extension Approval {
    /// The bytes that a member signs to approve: ("citysync approval", suite, alliance, member,
    /// proposal digest), each part preceded by its count (4 bytes, big-endian).
    ///
    /// | part     | bytes                            |
    /// |----------|----------------------------------|
    /// | label    | `citysync approval`              |
    /// | suite    | 1: 1 is ECDSA P-256 with SHA-256 |
    /// | alliance | its name, UTF-8                  |
    /// | member   | the code, ASCII                  |
    /// | proposal | 32                               |
    package static func signedBytes(
        suite: UInt8 = 1,
        alliance: Text,
        member: MemberCode,
        proposal: Digest
    ) -> Bytes {
        var parts = LengthPrefixedParts()
        parts.append("citysync approval".utf8)
        parts.append(suite)
        parts.append(alliance.utf8)
        parts.append(member.utf8)
        parts.append(proposal)
        return parts.bytes
    }
}
