import AllianceModel
import Foundation
@testable import NodeAPI
import ReplicationCore
import Testing

struct JSONTests {
    private func read(_ text: String) throws(JSONFault) -> JSON {
        try JSONReader.read(Bytes(text.utf8))
    }

    @Test
    func `every kind of value is read, numbers as they stand`() throws {
        let json = try read(
            #" { "a" : [ 1 , -0 , 12.50 , 1E+9 , true , false , null ] , "b" : "x\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00" , "" : { } } "#
        )
        #expect(
            json["a"]
                == .array([
                    .number("1"), .number("-0"), .number("12.50"), .number("1E+9"), .boolean(true),
                    .boolean(false), .null,
                ])
        )
        #expect(json["b"]?.string == "x\"\\/\u{8}\u{C}\n\r\té😀")
        #expect(json[""] == .object([]))
    }

    @Test(arguments: [
        "", " ", "{", "}", "[", "]", "[1", "[1,", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}", "{'a':1}", "\"", "\"a", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"a\nb\"",
        "\"\u{1}\"", "\"\u{0}\"", "01", "-", "+1", ".5", "1.", "1e", "1e+", "--1", "0x1", "NaN",
        "Infinity", "tru", "True", "nul", "1 2", "[] []", "{\"a\":1,\"a\":2}",
        "{\"\\u0061\":1,\"a\":2}",
        "{\"\\u0000\":1}", "{\"\\ud800\":1}", "\u{FEFF}1", "/**/1", "[1]x",
    ])
    func `what is no JSON is refused`(text: String) {
        #expect(throws: JSONFault.self) { try read(text) }
    }

    @Test(
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0xE2, 0x82, 0x22], [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22],
            [0x22, 0x5C, 0x6E, 0xFF, 0x22],
        ] as [Bytes]
    )
    func `what is not UTF-8 is refused`(bytes: Bytes) {
        #expect(throws: JSONFault.self) { try JSONReader.read(bytes) }
    }

    @Test(arguments: [
        #""\u0000""#, #""a\ud800""#, #""\udc00""#, #""\ud800\ud800\udc00""#, #""\ud800x""#,
    ])
    func `NUL and half a surrogate pair are strings that no field may hold`(text: String) throws {
        #expect(try read(text) == .unusableString)
    }

    @Test
    func `64 levels are read, 65 are refused, and 1,000,000 do not overflow the stack`() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try read(nested(64))
        #expect(throws: JSONFault.self) { try read(nested(65)) }
        #expect(throws: JSONFault.self) { try read(nested(1_000_000)) }
    }

    @Test
    func `a key that stands twice is found among many`() throws {
        let members = (0..<100).map { "\"k\($0)\":\($0)" }
        _ = try read("{" + members.joined(separator: ",") + "}")
        #expect(throws: JSONFault.self) {
            try read("{" + (members + ["\"k50\":1"]).joined(separator: ",") + "}")
        }
    }

    @Test
    func `Foundation agrees on what is JSON, for texts cut and changed at every byte`() throws {
        let text = Bytes(#"{"a":[1,-2.5e3,"é\n\u00e9",true,null],"b":{"c":false}}"#.utf8)
        for index in text.indices {
            for byte in [
                UInt8(ascii: "\""), UInt8(ascii: ","), UInt8(ascii: "0"), UInt8(ascii: "}"), 0x20,
            ] {
                var changed = text
                changed[index] = byte
                let ours = (try? JSONReader.read(changed)) != nil
                let theirs =
                    (try? JSONSerialization.jsonObject(
                        with: Data(changed),
                        options: .fragmentsAllowed
                    )) != nil
                #expect(ours == theirs, "\(String(decoding: changed, as: UTF8.self))")
            }
            #expect(throws: JSONFault.self) { try JSONReader.read(Bytes(text[..<index])) }
        }
    }

    @Test
    func `what is written is read back`() throws {
        var json = JSONWriter()
        let hard = "q\" b\\ n\n c\u{1} d\u{7F} é 😀 </script>"
        json.object { json in
            json.key("text")
            json.string(hard)
            json.key(named: "k\"\n")
            json.array { json in
                json.number(Int64.min)
                json.null()
                json.boolean(true)
                json.object { _ in }
                json.array { _ in }
            }
        }
        let read = try JSONReader.read(json.bytes)
        #expect(read["text"]?.string?.string == hard)
        #expect(read["k\"\n"]?.elements?.count == 5)
        #expect(read["k\"\n"]?.elements?.first?.integer == .min)
        #expect(!json.bytes.contains { $0 < 0x20 || $0 == 0x7F })
    }

    @Test
    func `base64url is read back, and only in its one form`() {
        for count in 0..<40 {
            let bytes = Bytes((0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 251) })
            let text = Base64URL.encode(bytes)
            #expect(Base64URL.decode(Text(text)) == bytes)
            #expect(
                text
                    == Data(bytes).base64EncodedString().replacing("+", with: "-").replacing(
                        "/",
                        with: "_"
                    ).replacing("=", with: "")
            )
        }
        for wrong: Text in ["A", "AB=", "A+", "é", "AB"] { #expect(Base64URL.decode(wrong) == nil) }
    }
}

struct JSONValuesTests {
    @Test
    func `times are written as the model formats them, over the whole range`() {
        var random = SplitMix64(state: 3)
        let edges = [
            0, -1, 1, 951_782_400_000, Timestamps.range.lowerBound, Timestamps.range.upperBound,
        ]
        let times =
            edges + (0..<2_000).map { _ in Int64.random(in: Timestamps.range, using: &random) }
        for time in times + [Timestamps.range.upperBound + 1, .min] {
            var json = JSONWriter()
            json.time(time)
            #expect(String(decoding: json.bytes, as: UTF8.self) == "\"\(Timestamps.format(time))\"")
        }
    }

    @Test
    func `ids are written as the core prints them`() throws {
        var random = SplitMix64(state: 4)
        for origin in ["350100", "330111-07"] {
            for _ in 0..<200 {
                let bytes = (0..<10).map { _ in UInt8.random(in: 0...255, using: &random) }
                let uuid = UUIDBytes(version7At: random.next() >> 16, random: bytes)
                let identifier = RecordIdentifier(origin: Fixtures.code(origin), uuid: uuid)
                #expect(String(decoding: identifier.printed, as: UTF8.self) == "\(identifier)")
            }
        }
    }
}
