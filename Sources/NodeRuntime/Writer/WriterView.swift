import AllianceModel
import NodeStore
import ReplicationCore

/// What an inspection may see of the writer between two transactions.
struct WriterView {
    let peers: [PeerStatus]
    let clockLatest: HybridTimestamp
    let commits: UInt64
    let writes: UInt64
    let problem: StoreError?
}
