import AllianceModel
import ClusterSimulation
import NodeStore
import ReplicationCore
import Testing

/// The node's own store on a disk that loses what was not synced.
struct SimulatedDiskTests {
    private let hash: HashFunction = Hashing.sha256

    private func open(_ disk: SimulatedDisk) throws -> SQLiteStore {
        try SQLiteStore(
            DataFolder(disk.path, on: disk),
            StoreSettings(
                hash: hash,
                random: { [UInt8](repeating: 0xa5, count: $0) },
                terms: { _, _ in nil }
            )
        )
    }

    /// One commit: an audit line with that number.
    private func commit(_ number: Int, _ store: SQLiteStore) throws {
        try store.begin()
        try store.start(Incarnation(rawValue: UInt64(number)))
        try store.commit()
    }

    private func committed(_ store: SQLiteStore) throws -> [UInt64] {
        try store.incarnations().map(\.incarnation.rawValue)
    }

    @Test(arguments: 0..<16 as Range<UInt64>)
    func `what was committed is there after a power cut`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let disk = SimulatedDisk(sectorBytes: seed.isMultiple(of: 2) ? 512 : 4_096)
        var expected: [UInt64] = []
        for _ in 0..<4 {
            let store = try open(disk)
            #expect(try committed(store) == expected)
            for _ in 0..<random.below(5) {
                expected.append(UInt64(expected.count + 1))
                try commit(expected.count, store)
            }
            // A transaction that never came to its end leaves nothing.
            try store.begin()
            try store.start(Incarnation(rawValue: 1_000))
            disk.cutPower(&random)
        }
    }

    @Test
    func `what was committed is there after the process was killed`() throws {
        let disk = SimulatedDisk()
        var store = try open(disk)
        for number in 1...3 {
            try commit(number, store)
            disk.endProcess()
            store = try open(disk)
        }
        #expect(try committed(store) == [1, 2, 3])
    }

    @Test
    func `a sync that does nothing loses commits`() throws {
        var lost = 0
        for seed in 0..<8 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            let disk = SimulatedDisk(syncs: false)
            var store: SQLiteStore? = try open(disk)
            for number in 1...5 { if let store { try commit(number, store) } }
            disk.cutPower(&random)
            store = nil
            do {
                store = try open(disk)
                if let store, try committed(store) != [1, 2, 3, 4, 5] { lost += 1 }
            } catch {
                lost += 1
            }
        }
        #expect(lost > 3)
    }

    @Test(arguments: [DiskOperation.write, .synchronize])
    func `a failed operation fails its commit and stops the store`(
        operation: DiskOperation
    ) throws {
        let disk = SimulatedDisk()
        let store = try open(disk)
        try commit(1, store)
        disk.arm(ArmedFault(operation: operation, fault: .failure, after: 0, isLasting: false))
        #expect(throws: StoreError.self) { try commit(2, store) }
        #expect(disk.struck.count == 1)
        #expect(store.isStopped)
        disk.endProcess()
        #expect(try committed(open(disk)).first == 1)
    }

    @Test
    func `a full disk is named`() throws {
        let disk = SimulatedDisk()
        let store = try open(disk)
        try commit(1, store)
        disk.arm(ArmedFault(operation: .write, fault: .full, after: 0, isLasting: true))
        do {
            try commit(2, store)
            Issue.record("committed without space")
        } catch let error as StoreError {
            guard case .full = error else {
                Issue.record("\(error)")
                return
            }
        }
        disk.disarm()
        disk.endProcess()
        #expect(try committed(open(disk)) == [1])
    }

    @Test
    func `an older copy holds what it held`() throws {
        let disk = SimulatedDisk()
        var store = try open(disk)
        try commit(1, store)
        let image = disk.image()
        try commit(2, store)
        disk.endProcess()
        disk.restore(image)
        store = try open(disk)
        #expect(try committed(store) == [1])
        let clone = SimulatedDisk()
        clone.restore(image)
        try commit(3, try open(clone))
        #expect(try committed(open(clone)) == [1, 3])
        #expect(try committed(store) == [1])
    }
}
