import AllianceModel
import FoundationEssentials
import ReplicationCore
import ReplicationWire
import SwiftProtobuf
import Testing

@Suite struct PushTests {
    private func decoded(_ frame: Bytes) throws -> Push {
        guard case .push(let push) = try Wire.decode(frame, hash: Samples.hash) else {
            throw Fault(.frameMalformed, "not a push")
        }
        return push
    }

    private func generated(_ push: Push) throws -> Bytes {
        var frame = SchemaFrame()
        frame.push.items = push.items.map { item in
            var schema = SchemaPush.Item()
            schema.part = UInt32(item.part)
            schema.opening = Data(item.bytes.opening)
            schema.writes = Data(item.bytes.writes)
            schema.salt = Data(item.bytes.salt)
            schema.body = Data(item.bytes.body)
            return schema
        }
        frame.push.certificates = push.certificates.map { Data($0) }
        // The parts' layout is checked against its table below.
        frame.push.parts = try SchemaFrame(serializedBytes: Samples.frame(.push(push))).push.parts
        return try frame.serializedBytes()
    }

    @Test func `the cursor reads what generated code writes, and the encoder writes the same`()
        throws
    {
        let push = try Samples.push()
        let frame = try generated(push)
        #expect(Samples.frame(.push(push)) == frame)
        #expect(try decoded(frame).items == push.items)
        #expect(try decoded(frame).parts == push.parts)
    }

    @Test func `a part's fields stand where the protocol says`() throws {
        let part = try SchemaFrame(serializedBytes: Samples.frame(.push(try Samples.push())))
            .push.parts[1]
        #expect(part.identity.member == "350100")
        #expect(part.identity.incarnation == 0x0123_4567_89ab_cdef)
        #expect(part.identity.audience == .members)
        #expect(part.identity.members == ["350100", "350300-07"])
        #expect(part.identity.deliveryClass == .normal)
        #expect(part.identity.roster == Data(repeating: 0x33, count: 32))
        #expect((part.first, part.size) == (1, 2))
        #expect(part.root == Data(repeating: 0x44, count: 32))
        #expect(part.key == Data(repeating: 0x55, count: 32))
        #expect(part.signature == Data(repeating: 0x66, count: 64))
    }

    @Test func `entries read for a peer give the frame of the push they become`() throws {
        let push = try Samples.push()
        var entries = ReadEntries(
            deliveryClass: .normal,
            parts: push.parts.map { part in
                ReadEntries.Part(
                    feed: part.head.head.feed,
                    first: part.first,
                    root: part.head.head.root,
                    last: part.head.head.size
                )
            },
            items: push.items.map {
                ReadEntries.Item(part: $0.part, bytes: $0.bytes, timestamp: .zero)
            },
            hasMore: false
        )
        entries.certificates = push.certificates
        let frame = PushEncoder.encode(
            entries,
            of: push.parts.map(\.identity),
            heads: push.parts.map(\.head)
        )
        #expect(frame == PushEncoder.encode(push))
    }

    @Test func `entries are slices of the frame, not copies`() throws {
        let frame = Samples.frame(.push(try Samples.push()))
        let push = try decoded(frame)
        frame.withUnsafeBufferPointer { frame in
            for item in push.items {
                for slice in [item.bytes.opening, item.bytes.salt, item.bytes.body] {
                    slice.withUnsafeBufferPointer { slice in
                        let offset = slice.baseAddress.map { address in
                            frame.baseAddress.map { address - $0 } ?? -1
                        }
                        #expect(offset.map { frame.indices.contains($0) } == true)
                    }
                }
            }
        }
    }

    @Test func `the size on the wire counts the length before the frame`() throws {
        let bytes = PushEncoder.encode(try Samples.push())
        #expect(try decoded(Bytes(bytes.dropFirst(4))).frameBytes == bytes.count)
    }

    @Test func `leaves and contents are those of each entry in its feed`() throws {
        let push = try decoded(Samples.frame(.push(try Samples.push())))
        #expect(push.items.map(\.part) == [1, 0, 1])
        for item in push.items {
            #expect(item.leaf == EntryCoding.leaf(of: item.bytes, hash: Samples.hash))
        }
        guard case .statement(.approval(let approval), let timestamp) = push.items[1].content
        else {
            Issue.record("\(push.items[1].content)")
            return
        }
        #expect(approval == (try Samples.approval()))
        #expect(timestamp.milliseconds == 1_780_000_000_002)
        guard case .changeset(let changeset) = push.items[2].content else {
            Issue.record("\(push.items[2].content)")
            return
        }
        #expect(changeset.writes.map(\.field) == ["monthlyRent"])
        #expect(changeset.writes.map(\.dot.writer) == [try Samples.writer()])
    }

    @Test func `a part behind the entries is refused`() throws {
        let parts = Samples.frame(.push(try Samples.push()))
        var schema = try SchemaFrame(serializedBytes: parts).push
        let last = schema.parts.removeLast()
        var inner: Bytes = try schema.serializedBytes()
        let part: Bytes = try last.serializedBytes()
        inner += [0x0a, UInt8(part.count & 0x7f) | 0x80, UInt8(part.count >> 7)] + part
        let frame: Bytes =
            [0x2a, UInt8(inner.count & 0x7f) | 0x80, UInt8(inner.count >> 7)] + inner
        let fault = #expect(throws: Fault.self) { try Wire.decode(frame, hash: Samples.hash) }
        #expect(fault?.code == .frameMalformed)
    }

    @Test(arguments: [[4, 4], [5, 4], [2, 1]] as [[UInt64]])
    func `an entry's fields twice or out of order are refused`(numbers: [UInt64]) throws {
        var item = ProtobufWriter()
        for number in numbers {
            if number == 1 { item.varint(1, 0) } else { item.bytes(number, Bytes(0..<16)) }
        }
        let push = try SchemaFrame(serializedBytes: Samples.frame(.push(try Samples.push()))).push
        var inner = ProtobufWriter()
        inner.bytes(1, try push.parts[0].bytes())
        inner.bytes(2, try push.items[1].bytes())
        inner.bytes(2, item.bytes)
        var frame = ProtobufWriter()
        frame.bytes(5, inner.bytes)
        let fault = #expect(throws: Fault.self) { try Wire.decode(frame.bytes, hash: Samples.hash) }
        #expect(fault?.code == .frameMalformed)
        #expect(fault?.text.hasPrefix("an entry's field") == true)
    }

    @Test func `an entry that does not decode is malformed content, not a malformed frame`() throws
    {
        var push = try Samples.push()
        push.items[1].bytes.body = [0xff]
        push.items[0].bytes.opening = [0xff]
        let decoded = try decoded(Samples.frame(.push(push)))
        for index in 0...1 {
            guard case .malformed = decoded.items[index].content else {
                Issue.record("\(decoded.items[index].content)")
                return
            }
            #expect(decoded.items[index].leaf != push.items[index].leaf)
        }
    }

    @Test(arguments: [0, 1, 127, 128, 16_383, 16_384, 3_000_000])
    func `bodies of every length keep their bytes`(count: Int) throws {
        var push = try Samples.push()
        push.items[0].bytes.body = Bytes(repeating: 0x61, count: count)[...]
        let frame = Samples.frame(.push(push))
        #expect(try decoded(frame).items.map(\.bytes) == push.items.map(\.bytes))
        #expect(try generated(push) == frame)
    }
}
