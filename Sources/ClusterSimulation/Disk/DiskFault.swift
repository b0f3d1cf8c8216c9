/// What a disk does beside what it was asked to, at one operation.
package enum DiskFault: Hashable, Sendable {
    /// The operation fails with an input/output error.
    case failure
    /// There is no space left for the operation.
    case full
    /// The power goes during the operation: it and every later one does nothing.
    case cut
}

/// An operation of the file system that can fail.
package enum DiskOperation: String, Hashable, Sendable, CaseIterable {
    case open, read, write, truncate, synchronize
}

/// A fault that waits for its operation.
package struct ArmedFault: Hashable, Sendable {
    package var operation: DiskOperation
    package var fault: DiskFault
    /// Operations of that kind that still succeed.
    package var after: Int
    /// Whether every later operation of that kind fails too.
    package var isLasting: Bool

    package init(
        operation: DiskOperation,
        fault: DiskFault,
        after: Int,
        isLasting: Bool
    ) {
        self.operation = operation
        self.fault = fault
        self.after = after
        self.isLasting = isLasting
    }
}
