import AllianceModel
import Testing

@Suite struct IdentityNumberTests {
    // Both are the examples of GB 11643-1999.
    @Test(arguments: ["11010519491231002X", "440524188001010014"])
    func `the standard's examples are valid`(number: String) {
        #expect(IdentityNumber.isValid(number))
    }

    @Test(arguments: [
        "", "11010519491231002x", "110105194912310021", "11010519491331002X", "1101051949123100",
        "01010519491231002X", "11010519491231002XX", "1101051949123100AX",
    ])
    func `what is not is refused`(number: String) {
        #expect(!IdentityNumber.isValid(number))
    }

    @Test func `any one digit changed is found`() {
        let valid = Bytes("11010519491231002X".utf8)
        for position in 0..<17 {
            for digit in UInt8(ascii: "0")...UInt8(ascii: "9") where digit != valid[position] {
                var changed = valid
                changed[position] = digit
                #expect(!IdentityNumber.isValid(changed))
            }
        }
    }

    @Test func `two neighbouring digits exchanged are found`() {
        let valid = Bytes("11010519491231002X".utf8)
        for position in 0..<16 where valid[position] != valid[position + 1] {
            var changed = valid
            changed.swapAt(position, position + 1)
            #expect(!IdentityNumber.isValid(changed))
        }
    }

    @Test func `a number is completed by its check character`() {
        #expect(IdentityNumber.completing("11010519491231002") == "11010519491231002X")
        #expect(IdentityNumber.completing("1101051949123100") == nil)
        for sequence in 100..<200 {
            let number = IdentityNumber.completing("35012819880808\(sequence)")
            #expect(number.map { IdentityNumber.isValid($0) } == true)
        }
    }

    @Test func `a birth day that does not exist is refused whatever its check character`() throws {
        let number = try #require(IdentityNumber.completing("35010019900230123"))
        #expect(!IdentityNumber.isValid(number))
    }
}

@Suite struct OrganizationCodeTests {
    // The example of GB 32100-2015, and codes published by their holders.
    @Test(arguments: ["91350100M000100Y43", "91330106673959654P", "914403001922038216"])
    func `published codes are valid`(code: String) {
        #expect(OrganizationCode.isValid(code))
    }

    @Test(arguments: [
        "", "91350100M000100Y44", "91350100m000100y43", "91350100I000100Y43", "9135010M0000100Y43",
        "91350100M000100Y4", "91350100M000100Y433",
    ])
    func `what is not is refused`(code: String) {
        #expect(!OrganizationCode.isValid(code))
    }

    @Test func `any one character changed is found`() {
        let valid = Bytes("91350100M000100Y43".utf8)
        for position in 0..<17 {
            for character in Bytes("0123456789ABCDEFGHJKLMNPQRTUWXY".utf8)
            where character != valid[position] {
                var changed = valid
                changed[position] = character
                #expect(!OrganizationCode.isValid(changed))
            }
        }
    }

    @Test func `a code is completed by its check character`() {
        #expect(OrganizationCode.completing("91350100M000100Y4") == "91350100M000100Y43")
        #expect(OrganizationCode.completing("91350100I000100Y4") == nil)
    }
}

@Suite struct ScaledDecimalTests {
    @Test(arguments: [
        ("12345.60", 2, 1_234_560), ("12345.6", 2, 1_234_560), ("12345", 2, 1_234_500),
        ("-0.05", 2, -5), ("0", 0, 0), ("-0", 2, 0), ("92233720368547758.07", 2, Int64.max),
        ("-92233720368547758.08", 2, Int64.min), ("0.000000000000000001", 18, 1),
    ])
    func `a decimal is exact`(text: String, scale: UInt8, units: Int64) {
        #expect(ScaledDecimal(text, scale: scale) == ScaledDecimal(units: units, scale: scale))
    }

    @Test(arguments: [
        ("", 2), ("-", 2), (".5", 2), ("5.", 2), ("1.234", 2), ("1.0", 0), ("01", 2), ("+1", 2),
        ("1e3", 2), ("1,000", 2), ("92233720368547758.08", 2), ("-92233720368547758.09", 2),
        ("1.2.3", 3), ("--1", 2), ("1 ", 2), ("0x1", 2), ("0", 19),
    ])
    func `what is none, or would have to be rounded, is refused`(text: String, scale: UInt8) {
        #expect(ScaledDecimal(text, scale: scale) == nil)
    }

    @Test(arguments: [0, 1, 5, -5, 100, -12_345, Int64.max, Int64.min], [0, 1, 2, 6, 18])
    func `what is printed is read back`(units: Int64, scale: UInt8) {
        let decimal = ScaledDecimal(units: units, scale: scale)
        #expect(ScaledDecimal(decimal.description, scale: scale) == decimal)
    }

    @Test func `all digits of the scale are printed`() {
        #expect(ScaledDecimal(units: 1_234_560, scale: 2).description == "12345.60")
        #expect(ScaledDecimal(units: -5, scale: 2).description == "-0.05")
        #expect(ScaledDecimal(units: 7, scale: 0).description == "7")
    }
}
