import ClusterHarness

/// One resident's case: taken in at one city's counter, decided by another city.
struct Case: Sendable {
    let number: Int
    let accepting: Member
    let home: Member
    let resident: Resident
    let item: String

    /// `perPair` cases for each of the 20 ordered pairs, spread over the items.
    ///
    /// Mixed, so that any run of them touches every pair.
    static func all(perPair: Int, items: [String]) -> [Case] {
        var cases: [Case] = []
        for round in 0..<perPair {
            for accepting in Member.five {
                for home in Member.five where home != accepting {
                    let number = cases.count
                    cases.append(
                        Case(
                            number: number,
                            accepting: accepting,
                            home: home,
                            resident: Resident(round * 7_919 + number, of: home),
                            item: items[number % items.count]
                        )
                    )
                }
            }
        }
        return cases
    }

    /// The same for every try, so that a repeated request is carried out once.
    var key: String { "case-\(number)" }

    var fields: JSON {
        [
            "applicantId": .string(resident.identity),
            "applicantName": .string(resident.name),
            "amount": .string("\(1_000 + number * 37 % 90_000).00"),
            "materials": ["身份证", .string("申请表-\(number)")],
            "note": .string("counter of \(accepting.english)"),
        ]
    }
}
