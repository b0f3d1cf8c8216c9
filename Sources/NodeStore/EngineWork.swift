package import ReplicationCore

/// A local change on its way through an engine: run inside a transaction, finished after its commit.
package protocol EngineWork<S>: Sendable {
    associatedtype S: Store
    /// Changes asked for, for the count that `metrics` shows.
    var count: Int { get }
    /// Judges the change and stores it; keeps its answer until `finish`.
    func run(_ ledger: inout Ledger<S>, wallMilliseconds: Int64) throws(StoreError)
    /// Gives the answer, or the error that took the commit; called exactly once.
    func finish(_ error: StoreError?)
}

/// What whoever drives an engine is to do, in order.
package enum EngineOutput<S: Store>: Sendable {
    /// A commit became durable: readers may be told of it.
    case committed(Committed)
    case send(LinkID, Message)
    /// Sign the heads and send the entries, all of which are durable; `feeds` are the identities of
    /// the parts, in their order.
    case push(LinkID, ReadEntries, feeds: [FeedIdentity])
    /// Send the fault, if there is one, and close.
    case close(LinkID, Fault?)
    /// Give the answer (`finish`), or the error that took its commit.
    case answer(any EngineWork<S>, StoreError?)
    /// The node writes under another incarnation from now on: to be told aloud.
    case renewed(Incarnation, RenewalReason)
    /// The store failed and takes nothing more: known before any caller has its answer.
    case stopped(StoreError)
}
