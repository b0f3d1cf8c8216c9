/// A citizen's number, GB 11643-1999: division, birth date, sequence, check character.
package enum IdentityNumber {
    /// ISO 7064 MOD 11-2: weights of the first 17 digits.
    private static let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    private static let checks = Bytes("10X98765432".utf8)

    /// 18 characters: a division that does not begin with 0, a day that exists, the right check
    /// character, `X` in upper case.
    package static func isValid(_ utf8: some Collection<UInt8>) -> Bool {
        let bytes = Bytes(utf8)
        guard bytes.count == 18, bytes[0] != UInt8(ascii: "0"),
            let check = checkDigit(bytes.prefix(17))
        else { return false }
        var scanner = DigitScanner(bytes[6..<14])
        guard let year = scanner.digits(4), let month = scanner.digits(2),
            let day = scanner.digits(2), CalendarDate(year: year, month: month, day: day) != nil
        else { return false }
        return bytes[17] == check
    }

    package static func isValid(_ string: String) -> Bool { isValid(string.utf8) }

    /// The ASCII check character of 17 digits; nil for anything else.
    package static func checkDigit(_ digits: some Collection<UInt8>) -> UInt8? {
        guard digits.count == 17, digits.allSatisfy(\.isDigit) else { return nil }
        let sum = zip(digits, weights).reduce(0) { $0 + Int($1.0 - UInt8(ascii: "0")) * $1.1 }
        return checks[sum % 11]
    }

    /// 17 digits with their check character, to make up numbers for tests and demonstrations.
    package static func completing(_ digits: String) -> String? {
        checkDigit(digits.utf8).map { digits + String(Unicode.Scalar($0)) }
    }
}

/// A unified social credit identifier, GB 32100-2015.
package enum OrganizationCode {
    /// Digits and capitals without I, O, S, V, Z.
    private static let alphabet = Bytes("0123456789ABCDEFGHJKLMNPQRTUWXY".utf8)

    /// 18 characters of the alphabet, a division in the third to eighth, the right check character.
    package static func isValid(_ utf8: some Collection<UInt8>) -> Bool {
        let bytes = Bytes(utf8)
        guard bytes.count == 18, bytes[2..<8].allSatisfy(\.isDigit) else { return false }
        return checkDigit(bytes.prefix(17)) == bytes[17]
    }

    package static func isValid(_ string: String) -> Bool { isValid(string.utf8) }

    /// The ASCII check character of 17 characters (MOD 31-3: weights are powers of 3); nil when one
    /// is not of the alphabet.
    package static func checkDigit(_ characters: some Collection<UInt8>) -> UInt8? {
        guard characters.count == 17 else { return nil }
        var sum = 0
        var weight = 1
        for character in characters {
            guard let value = alphabet.firstIndex(of: character) else { return nil }
            sum += value * weight
            weight = weight * 3 % 31
        }
        return alphabet[(31 - sum % 31) % 31]
    }

    /// 17 characters with their check character, to make up codes for tests and demonstrations.
    package static func completing(_ characters: String) -> String? {
        checkDigit(characters.utf8).map { characters + String(Unicode.Scalar($0)) }
    }
}
