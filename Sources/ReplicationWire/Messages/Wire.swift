package import AllianceModel
package import ReplicationCore
import SwiftProtobuf

/// Frames to messages and back.
package enum Wire {
    /// The message of one frame, its length already taken off.
    ///
    /// Total: any bytes give a message or the fault to answer them with, `frame_malformed` or
    /// `limit_exceeded`. What only a later version knows is `.unknown`. A Push is complete with
    /// leaves and decoded entries, which are slices of the frame.
    package static func decode(
        _ frame: Bytes,
        hash: @escaping HashFunction
    ) throws(Fault) -> ReplicationCore.Message {
        do throws(Misfit) {
            return try MessageDecoder(hash: hash).decode(frame)
        } catch {
            throw error.fault
        }
    }

    /// The message's frame with its length before it, ready to be sent.
    ///
    /// `.unknown` has no bytes: there is nothing to say. The sender keeps the peer's limits in
    /// mind; a list beyond them is refused there.
    package static func encode(_ message: ReplicationCore.Message) -> Bytes {
        var frame = SchemaFrame()
        switch message {
        case .hello(let hello): frame.hello = SchemaHello(hello)
        case .ping(let ping): frame.ping = SchemaPing(ping)
        case .have(let have): frame.have = SchemaHave(have)
        case .want(let want): frame.want = SchemaWant(want)
        case .push(let push): return PushEncoder.encode(push)
        case .ack(let ack): frame.ack = SchemaAck(ack)
        case .fault(let fault): frame.fault = SchemaFault(fault)
        case .ask(let ask): frame.ask = SchemaAsk(ask)
        case .prove(let prove): frame.prove = SchemaProve(prove)
        case .proved(let proved): frame.proved = SchemaProved(proved)
        case .check(let check): frame.check = SchemaCheck(check)
        case .checked(let checked): frame.checked = SchemaChecked(checked)
        case .unknown: return []
        }
        let bytes = frame.encoded()
        var prefixed = Bytes()
        prefixed.reserveCapacity(FrameDecoder.lengthBytes + bytes.count)
        prefixed.appendLength(bytes.count)
        prefixed.append(contentsOf: bytes)
        return prefixed
    }
}

extension [UInt8] {
    /// A frame's length: four bytes, big-endian.
    mutating func appendLength(_ count: Int) {
        let length = UInt32(clamping: count)
        for shift in [24, 16, 8, 0] as [UInt32] {
            append(UInt8(truncatingIfNeeded: length >> shift))
        }
    }
}
