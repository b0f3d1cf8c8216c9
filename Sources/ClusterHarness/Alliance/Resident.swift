/// A person who does not exist, with a valid citizen's number (GB 11643-1999).
package struct Resident: Hashable, Sendable {
    package let identity: String
    package let name: String

    private static let surnames = Array("陈林黄张吴李郑王刘苏杨谢许何郭")
    private static let given = [
        "伟", "芳", "秀英", "敏", "静", "强", "磊", "洋", "艳", "勇", "娟", "涛", "玉兰", "杰",
    ]
    /// GB 11643-1999, annex A: weights of the first 17 digits, and the check digit of each remainder.
    private static let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    private static let checks = Array("10X98765432")

    /// The `number`-th resident of a city: another number for each below 16,800,000.
    package init(_ number: Int, of city: Member) {
        let year = 1950 + number / 1_000 % 50
        let month = 1 + number / 50_000 % 12
        let day = 1 + number / 600_000 % 28
        func padded(_ value: Int, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let region = city.code.prefix(6)
        let body =
            "\(region)\(year)\(padded(month, 2))\(padded(day, 2))\(padded(number % 1_000, 3))"
        let digits = body.utf8.map { Int($0) - 48 }
        let sum = zip(digits, Resident.weights).reduce(0) { $0 + $1.0 * $1.1 }
        identity = body + String(Resident.checks[sum % 11])
        let surname = Resident.surnames[number % Resident.surnames.count]
        name = "\(surname)\(Resident.given[number / 15 % Resident.given.count])"
    }
}
