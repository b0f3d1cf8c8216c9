/// Why the store failed.
///
/// Cases carry SQLite's numbers; texts name files and remedies, never a value of a record.
package enum StoreError: Error, Hashable, Sendable {
    /// The file cannot be opened or made.
    case unopenable(path: String, reason: String)
    /// Another process has it; the pid if its lock tells.
    case locked(path: String, pid: Int32?)
    /// Not a CitySync database, or one whose content contradicts itself. Nothing was changed.
    case damaged(path: String, reason: String)
    /// Made by a later version. Nothing was changed.
    case newer(path: String, schema: Int, known: Int)
    /// No space left; nothing of the transaction is stored.
    case full(path: String)
    /// A system call of the store failed.
    case failed(path: String, code: Int32, message: String)
    /// Stopped by an earlier error; restart the node.
    case stopped
}
