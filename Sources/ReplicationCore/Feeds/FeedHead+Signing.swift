package import AllianceModel

extension FeedHead {
    /// The bytes that a member signs to stand by a head: ("citysync head", suite, alliance, member,
    /// feed digest, size, root), each part preceded by its count (4 bytes, big-endian).
    ///
    /// | part     | bytes                                       |
    /// |----------|---------------------------------------------|
    /// | label    | `citysync head`                             |
    /// | suite    | 1: 1 is ECDSA P-256 with SHA-256            |
    /// | alliance | its name, UTF-8                             |
    /// | member   | the code, ASCII                             |
    /// | feed     | 32                                          |
    /// | size     | 8, big-endian                               |
    /// | root     | 32                                          |
    package func signedBytes(suite: UInt8 = 1, alliance: Text, member: MemberCode) -> Bytes {
        var parts = LengthPrefixedParts()
        parts.append("citysync head".utf8)
        parts.append(suite)
        parts.append(alliance.utf8)
        parts.append(member.utf8)
        parts.append(feed)
        parts.append(size)
        parts.append(root)
        return parts.bytes
    }
}
