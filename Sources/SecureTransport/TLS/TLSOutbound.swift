internal import NIOCore

/// Plaintext on its way into records: writes are gathered until they are flushed, and leave in full
/// records.
///
/// A record of a few hundred bytes costs as much as one of 16 KiB.
struct TLSOutbound {
    /// About as much as one system call moves; also what the engine's buffers grow to.
    static let chunkBytes = 4 * (TLSEngine.recordBytesMaximum + 256)

    private typealias Write = (buffer: ByteBuffer, promise: EventLoopPromise<Void>?)

    private var writes = MarkedCircularBuffer<Write>(initialCapacity: 8)

    mutating func append(_ buffer: ByteBuffer, _ promise: EventLoopPromise<Void>?) {
        writes.append((buffer, promise))
    }

    /// All that was written so far may leave.
    mutating func mark() {
        writes.mark()
    }

    /// Encrypts what was marked and hands it to the channel, unflushed.
    ///
    /// The writers' promises come true when the last of it is written.
    mutating func encrypt(with engine: TLSEngine, _ context: ChannelHandlerContext) {
        guard writes.hasMark else { return }
        var promises: [EventLoopPromise<Void>] = []
        var staging: ByteBuffer?
        while writes.hasMark, let write = writes.popFirst() {
            if let promise = write.promise { promises.append(promise) }
            var rest = write.buffer
            let isLast = !writes.hasMark
            if staging == nil {
                let full = isLast ? rest.readableBytes : rest.readableBytes.roundedToRecords
                encrypt(rest.readSlice(length: full), with: engine, context)
                guard rest.readableBytes > 0 else { continue }
                staging = context.channel.allocator.buffer(
                    capacity: TLSEngine.recordBytesMaximum
                )
            }
            stage(&rest, in: &staging, with: engine, context)
        }
        encrypt(staging, with: engine, context)
        guard case .open = engine.state else {
            for promise in promises { promise.fail(ChannelError.ioOnClosedChannel) }
            return
        }
        send(from: engine, context, promise: TLSOutbound.merge(promises))
    }

    /// Fills the staged record and encrypts it each time that it is full.
    private func stage(
        _ rest: inout ByteBuffer,
        in staging: inout ByteBuffer?,
        with engine: TLSEngine,
        _ context: ChannelHandlerContext
    ) {
        while rest.readableBytes > 0, var record = staging {
            // So that the buffer is held once, and is not copied when it is written to.
            staging = nil
            let room = TLSEngine.recordBytesMaximum - record.readableBytes
            if var slice = rest.readSlice(length: min(room, rest.readableBytes)) {
                record.writeBuffer(&slice)
            }
            if record.readableBytes == TLSEngine.recordBytesMaximum {
                encrypt(record, with: engine, context)
                record.clear()
            }
            staging = record
        }
    }

    private func encrypt(
        _ buffer: ByteBuffer?,
        with engine: TLSEngine,
        _ context: ChannelHandlerContext
    ) {
        guard var rest = buffer else { return }
        let piece = 4 * TLSEngine.recordBytesMaximum
        while let slice = rest.readSlice(length: min(piece, rest.readableBytes)),
            slice.readableBytes > 0
        {
            // Where the session has ended, the writers are told below.
            guard slice.withUnsafeReadableBytes({ engine.write($0) }) else { return }
            if engine.outputByteCount >= TLSOutbound.chunkBytes {
                send(from: engine, context, promise: nil)
            }
        }
    }

    /// Hands the engine's ciphertext to the channel, unflushed.
    func send(
        from engine: TLSEngine,
        _ context: ChannelHandlerContext,
        promise: EventLoopPromise<Void>?
    ) {
        let count = engine.outputByteCount
        guard count > 0 || promise != nil else { return }
        var buffer = context.channel.allocator.buffer(capacity: count)
        if count > 0 {
            buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) {
                engine.readOutput(into: $0)
            }
        }
        context.write(NIOAny(buffer), promise: promise)
    }

    /// One promise that fulfils all; nil for none.
    private static func merge(_ promises: [EventLoopPromise<Void>]) -> EventLoopPromise<Void>? {
        guard let first = promises.first else { return nil }
        for other in promises.dropFirst() { first.futureResult.cascade(to: other) }
        return first
    }

    /// What did not leave never will.
    mutating func fail() {
        while let write = writes.popFirst() {
            write.promise?.fail(ChannelError.ioOnClosedChannel)
        }
    }
}

extension Int {
    /// The greatest whole number of records' bytes that is not more.
    fileprivate var roundedToRecords: Int {
        self / TLSEngine.recordBytesMaximum * TLSEngine.recordBytesMaximum
    }
}
