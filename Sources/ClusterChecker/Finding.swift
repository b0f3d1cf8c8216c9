package import AllianceModel

/// One way in which what nodes show contradicts the ledger.
package enum Finding: Hashable, Sendable {
    /// An entitled city was not looked at.
    case notObserved(city: MemberCode)
    case recordLost(city: MemberCode, record: Text)
    /// One creation made two records, or a record is listed twice.
    case recordDoubled(city: MemberCode, record: Text)
    /// A record that no write of the ledger made.
    case recordUnwritten(city: MemberCode, id: Text)
    /// A city shows a record, or a private field of another city, that it may not have.
    case leaked(city: MemberCode, record: Text, field: Text?)
    case valueLost(city: MemberCode, record: Text, field: Text, value: Text)
    case valueDoubled(city: MemberCode, record: Text, field: Text, value: Text)
    /// A value that no write of the ledger made.
    case valueUnwritten(city: MemberCode, record: Text, field: Text, value: Text)
    /// A write that was answered with a refusal.
    case refusedShown(city: MemberCode, record: Text, field: Text, value: Text)
    /// Two entitled cities show different values, or only one of them the record (field nil).
    case differing(cities: [MemberCode], record: Text, field: Text?)
}

extension Finding: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notObserved(let city): "\(city) was not looked at"
        case .recordLost(let city, let record): "\(city) lost record \(record.string)"
        case .recordDoubled(let city, let record): "\(city) has record \(record.string) twice"
        case .recordUnwritten(let city, let id): "\(city) has record \(id.string), never written"
        case .leaked(let city, let record, let field):
            "\(city) may not have \(record.string) \(field?.string ?? "")"
        case .valueLost(let city, let record, let field, let value):
            "\(city) lost \(value.string) in \(field.string) of \(record.string)"
        case .valueDoubled(let city, let record, let field, let value):
            "\(city) has \(value.string) twice in \(field.string) of \(record.string)"
        case .valueUnwritten(let city, let record, let field, let value):
            "\(city) has \(value.string) in \(field.string) of \(record.string), never written"
        case .refusedShown(let city, let record, let field, let value):
            "\(city) has refused \(value.string) in \(field.string) of \(record.string)"
        case .differing(let cities, let record, let field):
            "\(cities) differ in \(field?.string ?? "having") \(record.string)"
        }
    }
}
