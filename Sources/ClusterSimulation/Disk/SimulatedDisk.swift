package import NodeStore

/// One node's disk, in memory: files by name, what of them is durable, and faults that were ordered.
///
/// Not `Sendable` by itself: one simulation runs in one thread; the table of disks is what threads
/// share. Sectors and names that were not synced may be lost in a power cut, in any combination.
package final class SimulatedDisk: @unchecked Sendable {
    /// The name of each disk's folder begins so; SQLite's calls for other paths go to the system.
    static let root = "/citysync-simulated/"

    /// The folder on it, to open a store in.
    package let path: String
    package let sectorBytes: Int
    /// Whether a sync makes anything durable; false for the control.
    package var syncs: Bool
    /// Faults that wait, in order; the first that fits an operation strikes.
    package private(set) var armed: [ArmedFault] = []
    /// Faults that struck.
    package private(set) var struck: [ArmedFault] = []
    /// Whether the power went during an operation, and the process does not know it yet.
    package private(set) var isCut = false
    /// Calls so far, of every kind.
    package private(set) var operations = 0

    private var changes: UInt64 = 0

    private(set) var files: [String: DiskFile] = [:]
    /// The names as of the last sync of the folder.
    private var durableNames: [String: DiskFile] = [:]

    package init(sectorBytes: Int = 512, syncs: Bool = true) {
        self.sectorBytes = sectorBytes
        self.syncs = syncs
        path = SimulatedFileSystem.shared.nextPath()
        SimulatedFileSystem.shared.add(self)
    }

    deinit {
        SimulatedFileSystem.shared.remove(path)
    }

    // MARK: What the file system does

    func file(_ name: String) -> DiskFile? { files[name] }

    func create(_ name: String) -> DiskFile {
        let file = DiskFile()
        files[name] = file
        return file
    }

    func delete(_ name: String) {
        files[name] = nil
    }

    /// Makes names durable: which file each of them means, and which are gone.
    func synchronizeNames() {
        if syncs { durableNames = files }
    }

    func synchronize(_ file: DiskFile) {
        if syncs { file.synchronize() }
    }

    /// The number of the next change of any file.
    func nextChange() -> UInt64 {
        changes += 1
        return changes
    }

    /// The fault for this call, if one is due.
    func fault(_ operation: DiskOperation) -> DiskFault? {
        operations += 1
        guard !armed.isEmpty else { return nil }
        for index in armed.indices where armed[index].operation == operation {
            guard armed[index].after == 0 else {
                armed[index].after -= 1
                continue
            }
            let fault = armed[index]
            struck.append(fault)
            if !fault.isLasting { armed.remove(at: index) }
            if fault.fault == .cut {
                isCut = true
                detachHandles()
            }
            return fault.fault
        }
        return nil
    }

    // MARK: What befalls it

    package func arm(_ fault: ArmedFault) { armed.append(fault) }

    /// The disk works again.
    package func disarm() { armed = [] }

    /// The process ended: what it wrote stays in the cache, its handles are dead.
    package func endProcess() {
        detachHandles()
        var copies: [ObjectIdentifier: DiskFile] = [:]
        func copy(_ file: DiskFile) -> DiskFile {
            if let known = copies[ObjectIdentifier(file)] { return known }
            let made = file.closedCopy()
            copies[ObjectIdentifier(file)] = made
            return made
        }
        let names = durableNames
        files = files.mapValues(copy)
        durableNames = names.mapValues(copy)
    }

    /// The power went: of what was not synced, sectors and names are kept as the generator draws.
    package func cutPower(_ random: inout SeededRandom) {
        detachHandles()
        isCut = false
        // All, none, or each by itself: the extremes are where orders go wrong. Or all up to a
        // moment, as a disk leaves it that keeps the order.
        let permille = [0, 1_000, 500, 900, 100, 1_000][random.below(6)]
        let oldest = files.values.compactMap(\.unsynced.first?.number).min() ?? changes
        let keepsOrder = !syncs || random.chance(250)
        let last = keepsOrder ? oldest + random.next() % (changes - oldest + 1) : changes
        var left: [String: DiskFile] = [:]
        for name in Set(files.keys).union(durableNames.keys).sorted() {
            let now = files[name]
            let before = durableNames[name]
            let file = now === before || keepsOrder || random.chance(permille) ? now : before
            left[name] = file?.afterPowerCut(sectorBytes: sectorBytes) { number in
                keepsOrder ? number <= last : random.chance(permille)
            }
        }
        files = left
        durableNames = left
    }

    private func detachHandles() {
        for file in files.values { file.handles.forEach { $0.isDead = true } }
        for file in durableNames.values { file.handles.forEach { $0.isDead = true } }
    }

    /// Inverts one bit of the file of that name (of the database's, if nil); false if there is none.
    package func corrupt(_ name: String? = nil, _ random: inout SeededRandom) -> Bool {
        guard let file = files[name ?? "\(path)/\(DataFolder.databaseName)"], file.size > 0 else {
            return false
        }
        file.corrupt(byte: random.below(file.size), bit: UInt8(random.below(8)))
        return true
    }

    // MARK: Copies

    /// The content of a disk at a moment, as a backup of its files keeps it.
    package struct Image: Sendable {
        /// Keyed by the name within the folder.
        fileprivate var contents: [String: [UInt8]]

        package var isEmpty: Bool { contents.isEmpty }
    }

    /// What is readable now, all of it.
    package func image() -> Image {
        Image(
            contents: Dictionary(
                uniqueKeysWithValues: files.map {
                    ($0.key.dropFirst(path.count).description, $0.value.live)
                }
            )
        )
    }

    /// Replaces everything by an image, durably; what was open is dead.
    package func restore(_ image: Image) {
        detachHandles()
        files = [:]
        for (name, content) in image.contents {
            files[path + name] = DiskFile(live: content, durable: content)
        }
        durableNames = files
    }

    /// Every byte that is on the disk, for a search for what must not be there.
    package func forEachContent(_ body: ([UInt8]) -> Void) {
        for name in files.keys.sorted() {
            if let file = files[name] { body(file.live) }
        }
    }
}

extension SimulatedDisk: Volume {
    package func size(of path: String) -> Int? { files[path]?.size }

    package func firstBytes(_ count: Int, of path: String) throws(StoreError) -> [UInt8] {
        guard let file = files[path] else {
            throw .unopenable(path: path, reason: "there is no such file")
        }
        return Array(file.live.prefix(count))
    }

    package func synchronize(folder: String) throws(StoreError) {
        switch fault(.synchronize) {
        case .failure, .cut: throw .failed(path: folder, code: 5, message: "simulated failure")
        case .full: throw .full(path: folder)
        case nil: synchronizeNames()
        }
    }
}
