/// A file on a simulated disk: what a reader sees, what a power cut would leave for certain, and what
/// lies between the two.
final class DiskFile {
    /// A change that was not synced, in the order it was made.
    struct Change {
        enum Kind {
            case write(offset: Int, bytes: [UInt8])
            case truncate(size: Int)
        }

        /// Its number among all changes of the disk.
        let number: UInt64
        let kind: Kind
    }

    /// The content as read.
    private(set) var live: [UInt8]
    /// The content after the last sync.
    private(set) var durable: [UInt8]
    private(set) var unsynced: [Change]

    /// Open handles, for their locks.
    var handles: [OpenFile] = []
    var sharedMemory = SharedMemory()

    init(live: [UInt8] = [], durable: [UInt8] = [], unsynced: [Change] = []) {
        self.live = live
        self.durable = durable
        self.unsynced = unsynced
    }

    var size: Int { live.count }

    /// The same content, opened by nobody.
    func closedCopy() -> DiskFile {
        DiskFile(live: live, durable: durable, unsynced: unsynced)
    }

    /// Copies what there is; returns how many bytes that were.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
        guard offset < live.count else { return 0 }
        let count = min(buffer.count, live.count - offset)
        live.withUnsafeBytes { bytes in
            buffer.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
            )
        }
        return count
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int, number: UInt64) {
        DiskFile.apply(bytes, at: offset, to: &live)
        let kind = Change.Kind.write(offset: offset, bytes: Array(bytes))
        unsynced.append(Change(number: number, kind: kind))
    }

    func truncate(to size: Int, number: UInt64) {
        DiskFile.resize(&live, to: size)
        unsynced.append(Change(number: number, kind: .truncate(size: size)))
    }

    func synchronize() {
        // One write after a sync is the rule; many, and a copy of the whole is cheaper.
        if unsynced.count > 256 {
            durable = live
        } else {
            for change in unsynced { DiskFile.apply(change.kind, to: &durable) }
        }
        unsynced.removeAll(keepingCapacity: true)
    }

    /// Inverts one bit of what is stored.
    func corrupt(byte: Int, bit: UInt8) {
        guard byte < live.count else { return }
        live[byte] ^= 1 << bit
        if byte < durable.count { durable[byte] ^= 1 << bit }
    }

    /// What a power cut leaves: of the unsynced changes those sectors that `keeps` says.
    ///
    /// A write that is kept in part is a torn page.
    func afterPowerCut(sectorBytes: Int, keeps: (_ number: UInt64) -> Bool) -> DiskFile {
        var content = durable
        for change in unsynced {
            switch change.kind {
            case .truncate: if keeps(change.number) { DiskFile.apply(change.kind, to: &content) }
            case .write(let offset, let bytes):
                var start = 0
                while start < bytes.count {
                    let sectorEnd = ((offset + start) / sectorBytes + 1) * sectorBytes
                    let end = min(bytes.count, sectorEnd - offset)
                    if keeps(change.number) {
                        bytes[start..<end].withUnsafeBytes {
                            DiskFile.apply($0, at: offset + start, to: &content)
                        }
                    }
                    start = end
                }
            }
        }
        return DiskFile(live: content, durable: content)
    }

    private static func apply(_ change: Change.Kind, to content: inout [UInt8]) {
        switch change {
        case .write(let offset, let bytes):
            bytes.withUnsafeBytes { apply($0, at: offset, to: &content) }
        case .truncate(let size): resize(&content, to: size)
        }
    }

    private static func apply(
        _ bytes: UnsafeRawBufferPointer,
        at offset: Int,
        to content: inout [UInt8]
    ) {
        let end = offset + bytes.count
        if content.count < end {
            content.append(contentsOf: repeatElement(0, count: end - content.count))
        }
        content.withUnsafeMutableBytes { target in
            UnsafeMutableRawBufferPointer(rebasing: target[offset..<end]).copyMemory(from: bytes)
        }
    }

    private static func resize(_ content: inout [UInt8], to size: Int) {
        if content.count > size {
            content.removeLast(content.count - size)
        } else {
            content.append(contentsOf: repeatElement(0, count: size - content.count))
        }
    }
}

/// The index of a write-ahead log: regions and the eight locks on them, gone with the last handle.
struct SharedMemory {
    static let lockCount = 8

    private(set) var regions: [UnsafeMutableRawPointer] = []
    /// Number of shared holders; -1 under an exclusive lock.
    private var locks = [Int](repeating: 0, count: lockCount)
    var attached = 0

    /// The region of that number; nil if it does not exist and is not to be made.
    mutating func region(_ number: Int, bytes: Int, extending: Bool) -> UnsafeMutableRawPointer? {
        while regions.count <= number {
            guard extending else { return nil }
            let region = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 16)
            region.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
            regions.append(region)
        }
        return regions[number]
    }

    mutating func lockShared(_ range: Range<Int>) -> Bool {
        guard range.allSatisfy({ locks[$0] >= 0 }) else { return false }
        for index in range { locks[index] += 1 }
        return true
    }

    mutating func lockExclusively(_ range: Range<Int>) -> Bool {
        guard range.allSatisfy({ locks[$0] == 0 }) else { return false }
        for index in range { locks[index] = -1 }
        return true
    }

    mutating func unlock(_ range: Range<Int>) {
        for index in range { locks[index] = locks[index] < 0 ? 0 : max(0, locks[index] - 1) }
    }

    mutating func discard() {
        for region in regions { region.deallocate() }
        regions = []
        locks = [Int](repeating: 0, count: Self.lockCount)
    }
}
