import AllianceModel
import FoundationEssentials
import ReplicationCore
import SwiftProtobuf

extension SchemaWant {
    init(_ want: Want) {
        self.init()
        feed = want.feed.data
        from = want.from
    }

    func message() throws(Misfit) -> Want {
        Want(feed: try Digest(feed, "feed"), from: try checkedSequence(from, "from"))
    }
}

extension SchemaAck {
    init(_ ack: Ack) {
        self.init()
        stored = ack.stored.map { stored in
            var schema = Stored()
            schema.feed = stored.feed.data
            schema.upTo = stored.upTo
            return schema
        }
        held = ack.held
        if let oldest = ack.oldestHeld { oldestHeld = oldest.rawValue }
        isFull = ack.isFull
    }

    func message() throws(Misfit) -> Ack {
        let stored = try stored.mapped { stored throws(Misfit) in
            try check(stored.upTo <= WireLimits.sequence, "up_to is out of range")
            return Ack.Stored(feed: try Digest(stored.feed, "feed"), upTo: stored.upTo)
        }
        try check(held <= WireLimits.sequence, "held is out of range")
        return Ack(
            stored: stored,
            held: held,
            oldestHeld: hasOldestHeld ? HybridTimestamp(rawValue: oldestHeld) : nil,
            isFull: isFull
        )
    }
}

extension SchemaFault {
    /// A text too long for the wire is cut after a whole character.
    init(_ fault: Fault) {
        self.init()
        code = fault.code.rawValue
        text = fault.text.prefix(utf8Count: WireLimits.faultTextBytes)
        if let retry = fault.retryMilliseconds {
            retryMilliseconds = min(UInt64(clamping: retry), WireLimits.retryMilliseconds)
        }
    }

    /// Nil for a code of a later version: the session ends with the connection all the same.
    func message() throws(Misfit) -> Fault? {
        try checkLimit(text.utf8.count, WireLimits.faultTextBytes, "text bytes")
        guard let code = FaultCode(rawValue: code) else { return nil }
        return Fault(
            code,
            text,
            retryMilliseconds: hasRetryMilliseconds
                ? Int64(min(retryMilliseconds, WireLimits.retryMilliseconds)) : nil
        )
    }
}

extension String {
    /// As many whole characters from the front as fit into so many bytes of UTF-8.
    fileprivate func prefix(utf8Count maximum: Int) -> String {
        guard utf8.count > maximum else { return self }
        var count = 0
        let end = indices.first { index in
            count += self[index].utf8.count
            return count > maximum
        }
        return String(self[..<(end ?? endIndex)])
    }
}
