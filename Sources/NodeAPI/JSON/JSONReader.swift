package import AllianceModel

/// Reads one JSON text (RFC 8259), strictly: UTF-8 only, no key twice in one object, nothing behind
/// the value, at most 64 levels deep.
///
/// Total over any bytes. Time and memory are linear in their number.
package struct JSONReader {
    static let depthMaximum = 64
    /// Up to here keys are compared one by one; beyond, through a set.
    private static let fewMembers = 16

    private let bytes: Bytes
    private var position = 0

    package static func read(_ bytes: Bytes) throws(JSONFault) -> JSON {
        var reader = JSONReader(bytes)
        reader.skipBlanks()
        let value = try reader.value(depth: 0)
        reader.skipBlanks()
        guard reader.position == bytes.count else { throw reader.fault("more follows the value") }
        return value
    }

    private init(_ bytes: Bytes) {
        self.bytes = bytes
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func fault(_ reason: String) -> JSONFault {
        JSONFault(reason: reason, offset: position)
    }

    private mutating func skipBlanks() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private mutating func value(depth: Int) throws(JSONFault) -> JSON {
        guard depth < JSONReader.depthMaximum else { throw fault("nested too deeply") }
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return try string()
        case UInt8(ascii: "t"): return try word("true", .boolean(true))
        case UInt8(ascii: "f"): return try word("false", .boolean(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"): return try number()
        case let digit? where (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit):
            return try number()
        case nil: throw fault("the text ends too early")
        default: throw fault("no value begins like this")
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSON) throws(JSONFault) -> JSON {
        let end = position + word.utf8CodeUnitCount
        let matches = word.withUTF8Buffer { expected in
            end <= bytes.count && bytes[position..<end].elementsEqual(expected)
        }
        guard matches else { throw fault("no value begins like this") }
        position = end
        return value
    }

    // MARK: Objects and arrays

    private mutating func object(depth: Int) throws(JSONFault) -> JSON {
        position += 1
        var members: [JSON.Member] = []
        var keys: Set<Text> = []
        skipBlanks()
        if next == UInt8(ascii: "}") {
            position += 1
            return .object([])
        }
        while true {
            skipBlanks()
            let start = position
            guard next == UInt8(ascii: "\"") else { throw fault("a key is missing") }
            guard case .string(let key) = try string() else {
                throw JSONFault(reason: "a key holds NUL or a lone surrogate", offset: start)
            }
            guard isNew(key, among: members, &keys) else {
                throw JSONFault(reason: "a key stands twice", offset: start)
            }
            skipBlanks()
            guard next == UInt8(ascii: ":") else { throw fault("a colon is missing") }
            position += 1
            skipBlanks()
            members.append(JSON.Member(key: key, value: try value(depth: depth + 1)))
            skipBlanks()
            guard try goesOn(until: UInt8(ascii: "}")) else { return .object(members) }
        }
    }

    private func isNew(
        _ key: Text,
        among members: [JSON.Member],
        _ keys: inout Set<Text>
    ) -> Bool {
        guard members.count >= JSONReader.fewMembers else {
            return !members.contains { $0.key == key }
        }
        if keys.isEmpty { keys.formUnion(members.map(\.key)) }
        return keys.insert(key).inserted
    }

    private mutating func array(depth: Int) throws(JSONFault) -> JSON {
        position += 1
        var elements: [JSON] = []
        skipBlanks()
        if next == UInt8(ascii: "]") {
            position += 1
            return .array([])
        }
        while true {
            skipBlanks()
            elements.append(try value(depth: depth + 1))
            skipBlanks()
            guard try goesOn(until: UInt8(ascii: "]")) else { return .array(elements) }
        }
    }

    /// Takes a comma (true) or the end (false).
    private mutating func goesOn(until end: UInt8) throws(JSONFault) -> Bool {
        guard let byte = next else { throw fault("the text ends too early") }
        guard byte == UInt8(ascii: ",") || byte == end else { throw fault("a comma is missing") }
        position += 1
        return byte != end
    }

    // MARK: Numbers

    private mutating func number() throws(JSONFault) -> JSON {
        let start = position
        if next == UInt8(ascii: "-") { position += 1 }
        if next == UInt8(ascii: "0") {
            position += 1
        } else {
            try digits()
        }
        if next == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            position += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        guard let text = Text(validating: bytes[start..<position]) else {
            throw fault("no number is written like this")
        }
        return .number(text)
    }

    private mutating func digits() throws(JSONFault) {
        let start = position
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            position += 1
        }
        guard position > start else { throw fault("a digit is missing") }
    }

    // MARK: Strings

    private mutating func string() throws(JSONFault) -> JSON {
        position += 1
        let start = position
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                let run = bytes[start..<position]
                guard let text = Text(validating: run) else { throw fault("this is not UTF-8") }
                position += 1
                return .string(text)
            case UInt8(ascii: "\\"): return try escapedString(from: start)
            case ..<0x20: throw fault("a control character is not escaped")
            default: position += 1
            }
        }
        throw fault("a string does not end")
    }

    /// The rest of a string that has an escape at `position`.
    private mutating func escapedString(from start: Int) throws(JSONFault) -> JSON {
        var content = Bytes(bytes[start..<position])
        var isUsable = true
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                let nulFree = !content.contains(0)
                // NUL is well-formed JSON, so UTF-8 is judged apart from it.
                guard let text = Text(validating: nulFree ? content : content.filter { $0 != 0 })
                else { throw fault("this is not UTF-8") }
                position += 1
                return isUsable && nulFree ? .string(text) : .unusableString
            case UInt8(ascii: "\\"):
                position += 1
                if let scalar = try escape() {
                    content += String(scalar).utf8
                } else {
                    isUsable = false
                }
            case ..<0x20: throw fault("a control character is not escaped")
            default:
                content.append(byte)
                position += 1
            }
        }
        throw fault("a string does not end")
    }

    /// Nil for half of a surrogate pair alone.
    private mutating func escape() throws(JSONFault) -> Unicode.Scalar? {
        guard let letter = next else { throw fault("a string does not end") }
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"):
            return Unicode.Scalar(letter)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw fault("there is no such escape")
        }
    }

    private mutating func unicodeEscape() throws(JSONFault) -> Unicode.Scalar? {
        let unit = try hexadecimal()
        guard (0xD800...0xDBFF).contains(unit) else { return Unicode.Scalar(unit) }
        let before = position
        guard next == UInt8(ascii: "\\"), position + 1 < bytes.count,
            bytes[position + 1] == UInt8(ascii: "u")
        else { return nil }
        position += 2
        let low = try hexadecimal()
        guard (0xDC00...0xDFFF).contains(low) else {
            // The second escape stands for itself.
            position = before
            return nil
        }
        return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
    }

    private mutating func hexadecimal() throws(JSONFault) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            let digit: UInt8
            switch next {
            case let byte? where (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte):
                digit = byte - UInt8(ascii: "0")
            case let byte? where (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte):
                digit = byte - UInt8(ascii: "a") + 10
            case let byte? where (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(byte):
                digit = byte - UInt8(ascii: "A") + 10
            default: throw fault("an escape wants four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}
