import AllianceModel
import ReplicationCore

/// What a replica asks of its node beside storing and sending: done with the next transaction.
enum Duty {
    /// A member asks for what is held here of these records.
    case carry([RecordKey], to: MemberCode)
    /// Two branches of a feed were found.
    case declare(ForkProof)
}

extension Ledger {
    mutating func perform(_ duty: Duty, wallMilliseconds: Int64) throws(StoreError) {
        switch duty {
        case .carry(let keys, let member):
            try carry(keys, to: member, wallMilliseconds: wallMilliseconds)
        case .declare(let proof):
            _ = try declareFork(proof, wallMilliseconds: wallMilliseconds)
        }
    }
}
