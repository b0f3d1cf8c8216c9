import AllianceModel
import ReplicationCore

/// What a replica asks of its node beside storing and sending: done with the next transaction, but
/// carrying piece by piece, so that no local change waits for long.
enum Duty {
    /// Records carried in one transaction.
    static let keysMaximum = 50

    /// A member asks for what is held here of these records.
    case carry([RecordKey], to: MemberCode)
    /// Two branches of a feed were found.
    case declare(ForkProof)
    /// Of the fork of this feed somebody has not heard.
    case passOn(Digest)
    /// Nobody has more of an earlier incarnation of this member.
    case gone(Incarnation)
    /// Earlier incarnations of this member ran ahead of the time, and most clocks agree on the time.
    case ceilings
    /// Nobody gave what these held entries wait for.
    case rest([LogPosition])
}

extension Ledger {
    mutating func perform(_ duty: Duty, wallMilliseconds: Int64) throws(StoreError) {
        switch duty {
        case .carry(let keys, let member):
            try carry(keys, to: member, wallMilliseconds: wallMilliseconds)
        case .declare(let proof):
            _ = try declareFork(proof, wallMilliseconds: wallMilliseconds)
        case .passOn(let feed):
            try passOnFork(of: feed, wallMilliseconds: wallMilliseconds)
        case .gone(let incarnation):
            _ = try declareGone(incarnation, wallMilliseconds: wallMilliseconds)
        case .ceilings:
            _ = try declareCeilings(wallMilliseconds: wallMilliseconds)
        case .rest(let positions): try rest(positions, wallMilliseconds: wallMilliseconds)
        }
    }
}
