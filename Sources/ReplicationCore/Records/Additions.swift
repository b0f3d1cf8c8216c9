import AllianceModel

/// The additions of a counter as they count: those of one member and one request once.
struct Additions {
    struct Addition {
        var write: StandingWrite
        var amount: Int64
    }

    /// By (raw timestamp, dot): a ceiling must not move one before another.
    let counted: [Addition]

    init(_ field: FieldState) {
        var requests: Set<Request> = []
        var counted: [Addition] = []
        let ordered = field.standing.sorted { ($0.timestamp, $0.dot) < ($1.timestamp, $1.dot) }
        for write in ordered {
            guard case .integer(let amount)? = write.single else { continue }
            if let id = write.requestID {
                let request = Request(member: write.dot.writer.member, id: id)
                guard requests.insert(request).inserted else { continue }
            }
            counted.append(Addition(write: write, amount: amount))
        }
        self.counted = counted
    }

    private struct Request: Hashable {
        var member: MemberCode
        var id: Bytes
    }

    private var sum: Int128 { counted.reduce(Int128(0)) { $0 + Int128($1.amount) } }

    /// What 64 bits hold of the sum.
    var total: Int64 { Int64(clamping: sum) }

    /// The additions that brought the total beyond the limit, in their order; none while the total is
    /// within it.
    func overrunning(_ limit: Int64) -> [StandingWrite] {
        guard sum > Int128(limit) else { return [] }
        var running = Int128(0)
        return counted.compactMap { addition in
            running += Int128(addition.amount)
            return running > Int128(limit) && addition.amount > 0 ? addition.write : nil
        }
    }
}

extension FieldState {
    /// Of a `sum`.
    package var total: Int64 { Additions(self).total }
}
