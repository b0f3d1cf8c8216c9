import AllianceModel
import ReplicationCore
import SwiftProtobuf

/// Reads frames.
///
/// Counts are taken by walking the bytes, so that nothing is allocated for a list
/// that is too long.
struct MessageDecoder {
    let hash: HashFunction

    func decode(_ frame: Bytes) throws(Misfit) -> ReplicationCore.Message {
        guard let (kind, bytes) = try envelope(frame[...]) else { return .unknown }
        return try message(kind, bytes, wireBytes: frame.count + FrameDecoder.lengthBytes)
    }

    /// The numbers of `Frame`'s messages.
    private enum Kind: UInt64 {
        case hello = 1
        case ping = 2
        case have = 3
        case want = 4
        case push = 5
        case ack = 6
        case fault = 7
        case check = 10
        case checked = 11
        case ask = 12
        case prove = 13
        case proved = 14
    }

    /// The one message that a frame holds; nil if this version does not know it.
    private func envelope(
        _ frame: ArraySlice<UInt8>
    ) throws(Misfit) -> (Kind, ArraySlice<UInt8>)? {
        var reader = ProtobufReader(frame)
        var found: (Kind, ArraySlice<UInt8>)?
        while let field = try reader.field() {
            guard let kind = Kind(rawValue: field.number) else { continue }
            guard case .bytes(let bytes) = field.value else {
                throw .malformed("a message that is a number")
            }
            try ReplicationWire.check(found == nil, "two messages in one frame")
            found = (kind, bytes)
        }
        return found
    }

    private func message(
        _ kind: Kind,
        _ bytes: ArraySlice<UInt8>,
        wireBytes: Int
    ) throws(Misfit) -> ReplicationCore.Message {
        switch kind {
        case .hello: return .hello(try hello(bytes))
        case .ping: return .ping(try short(SchemaPing.self, bytes).message())
        case .have: return try have(bytes).map(ReplicationCore.Message.have) ?? .unknown
        case .want: return .want(try short(SchemaWant.self, bytes).message())
        case .push:
            return .push(try PushDecoder(hash: hash).decode(bytes, wireBytes: wireBytes))
        case .ack:
            try checkCount(of: 1, in: bytes, WireLimits.storedCount, "stored")
            return .ack(try SchemaAck.decoded(bytes).message())
        case .fault:
            return try short(SchemaFault.self, bytes).message().map(ReplicationCore.Message.fault)
                ?? .unknown
        case .check: return .check(try short(SchemaCheck.self, bytes).message())
        case .ask:
            try checkCount(of: 1, in: bytes, Ask.countMaximum, "records")
            return .ask(try SchemaAsk.decoded(bytes).message())
        case .prove: return .prove(try short(SchemaProve.self, bytes).message())
        case .proved:
            try checkLimit(bytes.count, WireLimits.provedBytes, "proved bytes")
            return .proved(try SchemaProved.decoded(bytes).message())
        case .checked: return try checked(bytes).map(ReplicationCore.Message.checked) ?? .unknown
        }
    }

    private func hello(_ bytes: ArraySlice<UInt8>) throws(Misfit) -> Hello {
        try checkLimit(bytes.count, WireLimits.greetingBytes, "hello bytes")
        try checkCount(of: 8, in: bytes, WireLimits.featureCount, "features")
        try checkCount(of: 10, in: bytes, WireLimits.certificateCount, "certificates")
        return try SchemaHello.decoded(bytes).message()
    }

    private func have(_ bytes: ArraySlice<UInt8>) throws(Misfit) -> Have? {
        // The list's number within each level: groups, groups and feeds.
        guard let (level, list) = try single([1, 2, 3], in: bytes) else { return nil }
        try checkCount(of: level, in: list, WireLimits.groupCount, "groups")
        return try SchemaHave.decoded(bytes).message(hash)
    }

    private func checked(_ bytes: ArraySlice<UInt8>) throws(Misfit) -> Checked? {
        guard let (content, list) = try single([2, 3], in: bytes) else { return nil }
        let maximum = content == 2 ? WireLimits.bucketCount : WireLimits.checkedCount
        try checkCount(of: 1, in: list, maximum, content == 2 ? "digests" : "records")
        return try SchemaChecked.decoded(bytes).message()
    }

    /// The one of these fields that stands in the message; nil if none does.
    private func single(
        _ numbers: Set<UInt64>,
        in bytes: ArraySlice<UInt8>
    ) throws(Misfit) -> (UInt64, ArraySlice<UInt8>)? {
        var reader = ProtobufReader(bytes)
        var found: (UInt64, ArraySlice<UInt8>)?
        while let field = try reader.field() {
            guard numbers.contains(field.number) else { continue }
            guard case .bytes(let bytes) = field.value, found == nil else {
                throw .malformed("more than one content")
            }
            found = (field.number, bytes)
        }
        return found
    }

    /// A message of a handful of fields.
    private func short<Schema: SwiftProtobuf.Message>(
        _: Schema.Type,
        _ bytes: ArraySlice<UInt8>
    ) throws(Misfit) -> Schema {
        try checkLimit(bytes.count, WireLimits.shortBytes, "\(Schema.protoMessageName) bytes")
        return try Schema.decoded(bytes)
    }

    private func checkCount(
        of number: UInt64,
        in bytes: ArraySlice<UInt8>,
        _ maximum: Int,
        _ field: String
    ) throws(Misfit) {
        try checkLimit(try ProtobufReader.count(of: number, in: bytes), maximum, field)
    }
}
