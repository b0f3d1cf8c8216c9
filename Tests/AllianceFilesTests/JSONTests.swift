import AllianceFiles
import AllianceModel
import Testing

@Suite struct JSONTests {
    private let rest =
        #""version":1,"fields":{"f":{"type":"text","merge":"latest","authority":"any","scope":"parties"}}}"#

    private func name(_ literal: String) throws -> Text {
        let json = #"{"item":"A","name":{"zh":\#(literal),"en":"a"},"# + rest
        return try ItemFile.parse(json: Bytes(json.utf8), file: "body").name.zh
    }

    @Test(arguments: [
        (#""甲""#, "甲"), (#""\u7532""#, "甲"), (#""\ud83d\ude00""#, "😀"), (#""a\/b""#, "a/b"),
        (#""\"\\""#, "\"\\"), (#""caf\u00e9""#, "café"), (#""no""#, "no"), (#""07""#, "07"),
    ])
    func `strings and their escapes are read`(literal: String, expected: String) throws {
        #expect(try name(literal) == Text(expected))
    }

    @Test(arguments: [
        #""\u0000""#, #""\ud83d""#, #""\ude00""#, #""\ud83d\u0041""#, #""\ud83dx""#, #""\x""#,
        #""\u12"#,
        "\"a\u{1}\"", "\"a", "'a'", "a", "1", "true", "null", "01", "[]", "{}", "\"a\" \"b\"", "",
        "\"a\nb\"",
    ])
    func `anything else is refused, with a place`(literal: String) {
        let failure = #expect(throws: FileErrors.self) { try name(literal) }
        #expect(failure?.errors.allSatisfy { $0.file == "body" && $0.line >= 1 } == true)
    }

    @Test func `places count lines and characters`() {
        let json = "{\n  \"name\": {\"zh\": \"甲\", \"en\": x}\n}"
        let failure = #expect(throws: FileErrors.self) {
            try ItemFile.parse(json: Bytes(json.utf8), file: "body")
        }
        #expect(failure?.errors.map { [$0.line, $0.column] } == [[2, 29]])
    }

    @Test func `a key given twice is refused where it stands again`() {
        let json = #"{"item":"A","item":"A"}"#
        let failure = #expect(throws: FileErrors.self) {
            try ItemFile.parse(json: Bytes(json.utf8), file: "body")
        }
        #expect(
            failure?.description == "body:1:13: item: is given more than once; keep one of them"
        )
    }

    @Test func `nothing may follow the value`() throws {
        let json = #"{"item":"A","name":{"zh":"a","en":"a"},"# + rest
        _ = try ItemFile.parse(json: Bytes((" \r\n\t" + json + " \n").utf8), file: "body")
        for tail in ["x", "{}", ",", "]"] {
            #expect(throws: FileErrors.self) {
                try ItemFile.parse(json: Bytes((json + tail).utf8), file: "body")
            }
        }
    }

    @Test func `cut anywhere it is refused, and nothing crashes`() throws {
        let json = Bytes((#"{"item":"A","name":{"zh":"\ud83d\ude00","en":"a"},"# + rest).utf8)
        _ = try ItemFile.parse(json: json, file: "body")
        for count in 0..<json.count {
            #expect(throws: FileErrors.self) {
                try ItemFile.parse(json: Bytes(json.prefix(count)), file: "body")
            }
        }
    }

    @Test func `any byte changed is read or refused, and nothing crashes`() {
        let json = Bytes((#"{"item":"A","name":{"zh":"\ud83d\ude00甲","en":"a"},"# + rest).utf8)
        var refused = 0
        for position in json.indices {
            for mask: UInt8 in [1, 2, 4, 8, 16, 32, 64, 128] {
                var changed = json
                changed[position] ^= mask
                do {
                    _ = try ItemFile.parse(json: changed, file: "body")
                } catch {
                    refused += error.errors.isEmpty ? 0 : 1
                }
            }
        }
        #expect(refused > json.count * 6)
    }
}
