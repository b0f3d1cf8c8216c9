package import AllianceModel

// The one encoding of a feed's identity, for its digest and for storage. Every part is preceded by
// its count of bytes (4 bytes, big-endian):
//
// | part        | bytes                                                                     |
// |-------------|---------------------------------------------------------------------------|
// | member      | the code, ASCII                                                           |
// | incarnation | 8, big-endian                                                             |
// | audience    | 0 private; 1 members, then each code as 1 byte count and ASCII; 2 alliance |
// | class       | 1: 0 normal, 1 urgent                                                     |
// | roster      | 32, digest of the roster it was begun under                               |
//
// The digest is SHA-256 over the part "citysync feed", length-prefixed too, and these five.

extension Audience {
    package static let memberCountMaximum = Roster.memberCountMaximum

    /// Whether this is the one form of the audience: members strictly sorted, 1 to 1,024 of them.
    package var isCanonical: Bool {
        guard case .members(let members) = self else { return true }
        return (1...Audience.memberCountMaximum).contains(members.count)
            && zip(members, members.dropFirst()).allSatisfy { $0 < $1 }
    }

    package var encoded: Bytes {
        switch self {
        case .private: return [0]
        case .alliance: return [2]
        case .members(let members):
            var bytes: Bytes = [1]
            for member in members {
                bytes.append(UInt8(member.byteCount))
                bytes.append(contentsOf: member.utf8)
            }
            return bytes
        }
    }

    /// Nil unless the bytes are the encoding of a canonical audience, to the last one.
    package init?(encoded: some Collection<UInt8>) {
        guard let kind = encoded.first else { return nil }
        var rest = encoded.dropFirst()
        switch kind {
        case 0 where rest.isEmpty: self = .private
        case 2 where rest.isEmpty: self = .alliance
        case 1:
            var members: [MemberCode] = []
            while let count = rest.first {
                rest = rest.dropFirst()
                guard members.count < Audience.memberCountMaximum, rest.count >= Int(count),
                    let member = MemberCode(utf8: rest.prefix(Int(count)))
                else { return nil }
                members.append(member)
                rest = rest.dropFirst(Int(count))
            }
            self = .members(members)
            guard isCanonical else { return nil }
        default: return nil
        }
    }
}

extension FeedIdentity {
    /// Whether this can be a feed at all: a canonical audience of which its writer is one.
    package var isCanonical: Bool {
        guard case .members(let members) = audience else { return true }
        return audience.isCanonical && members.contains(member)
    }

    package var encoded: Bytes {
        var parts = LengthPrefixedParts()
        append(to: &parts)
        return parts.bytes
    }

    /// Nil unless the bytes are the encoding of a canonical identity, to the last one.
    package init?(encoded: some Collection<UInt8>) {
        var reader = LengthPrefixedPartsReader(encoded)
        guard let member = reader.next().flatMap({ MemberCode(utf8: $0) }),
            let incarnation = reader.nextNumber(),
            let audience = reader.next().flatMap({ Audience(encoded: $0) }),
            let deliveryClass = reader.next().flatMap({ DeliveryClass(encoded: $0) }),
            let roster = reader.nextDigest(), reader.isAtEnd
        else { return nil }
        self.init(
            writer: Writer(member: member, incarnation: Incarnation(rawValue: incarnation)),
            audience: audience,
            deliveryClass: deliveryClass,
            roster: roster
        )
        guard isCanonical else { return nil }
    }

    /// The name by which heads, acknowledgements and requests call the feed.
    package func digest(hash: HashFunction) -> Digest {
        var parts = LengthPrefixedParts()
        parts.append("citysync feed".utf8)
        append(to: &parts)
        return parts.bytes.withUnsafeBytes(hash)
    }

    private func append(to parts: inout LengthPrefixedParts) {
        parts.append(member.utf8)
        parts.append(writer.incarnation.rawValue)
        parts.append(audience.encoded)
        parts.append(deliveryClass.encoded)
        parts.append(roster)
    }
}

extension DeliveryClass {
    fileprivate var encoded: UInt8 {
        switch self {
        case .normal: 0
        case .urgent: 1
        }
    }

    fileprivate init?(encoded: some Collection<UInt8>) {
        guard encoded.count == 1 else { return nil }
        switch encoded.first {
        case 0: self = .normal
        case 1: self = .urgent
        default: return nil
        }
    }
}
