import AllianceModel

extension SourceNode {
    /// The value of a JSON text (RFC 8259), with duplicate keys refused.
    ///
    /// Not read as YAML, though that claims to contain JSON: the YAML library takes no surrogate
    /// pairs in escapes and no long keys.
    static func json(_ bytes: Bytes, file: String) throws(FileErrors) -> SourceNode {
        guard let text = Text(validating: bytes) else {
            throw FileErrors([
                FileError(file: file, reason: "is not UTF-8 text", remedy: "send UTF-8 without NUL")
            ])
        }
        var parser = JSONParser(text.utf8, file: file)
        do {
            return try parser.document()
        } catch {
            throw FileErrors([error])
        }
    }
}

/// A recursive descent over bytes that are valid UTF-8; at most `depthMaximum` levels.
private struct JSONParser {
    private let bytes: Bytes
    private let file: String
    private var position = 0
    private var line = 1
    private var lineStart = 0

    init(_ bytes: Bytes, file: String) {
        self.bytes = bytes
        self.file = file
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// Columns count scalars, so continuation bytes do not.
    private var place: Place {
        let column = bytes[lineStart..<position].count { $0 & 0xc0 != 0x80 } + 1
        return Place(source: file, line: line, column: column)
    }

    mutating func document() throws(FileError) -> SourceNode {
        let node = try value(depth: 0)
        skipSpace()
        guard next == nil else { throw unexpected("the end") }
        return node
    }

    private mutating func value(depth: Int) throws(FileError) -> SourceNode {
        skipSpace()
        let place = place
        guard depth < SourceNode.depthMaximum else {
            throw FileError(
                place,
                key: "",
                reason: "is nested more than \(SourceNode.depthMaximum) levels deep",
                remedy: "send what docs/items.md describes"
            )
        }
        switch next {
        case UInt8(ascii: "{"):
            return SourceNode(content: .mapping(try entries(depth: depth)), place: place)
        case UInt8(ascii: "["):
            return SourceNode(content: .sequence(try elements(depth: depth)), place: place)
        case UInt8(ascii: "\""):
            return SourceNode(content: .scalar(try string(), .quoted), place: place)
        default:
            return SourceNode(content: .scalar(try literal(), .literal), place: place)
        }
    }

    private mutating func entries(depth: Int) throws(FileError) -> [SourceEntry] {
        var entries: [SourceEntry] = []
        var keys: Set<Text> = []
        position += 1
        if take("}") { return entries }
        repeat {
            skipSpace()
            let place = place
            guard next == UInt8(ascii: "\"") else { throw unexpected("a key in double quotes") }
            let key = try string()
            guard keys.insert(Text(key)).inserted else {
                throw FileError(
                    place,
                    key: key,
                    reason: "is given more than once",
                    remedy: "keep one of them"
                )
            }
            guard take(":") else { throw unexpected("':'") }
            entries.append(
                SourceEntry(key: key, place: place, value: try value(depth: depth + 1))
            )
        } while take(",")
        guard take("}") else { throw unexpected("',' or '}'") }
        return entries
    }

    private mutating func elements(depth: Int) throws(FileError) -> [SourceNode] {
        var nodes: [SourceNode] = []
        position += 1
        if take("]") { return nodes }
        repeat { nodes.append(try value(depth: depth + 1)) } while take(",")
        guard take("]") else { throw unexpected("',' or ']'") }
        return nodes
    }

    private mutating func literal() throws(FileError) -> String {
        let start = position
        while let byte = next, !Bytes(" \t\r\n,]}:\"{[".utf8).contains(byte) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard ["true", "false", "null"].contains(text) || JSONParser.isNumber(text) else {
            position = start
            throw unexpected("a value")
        }
        return text
    }

    /// `-? int frac? exp?` of RFC 8259, section 6.
    private static func isNumber(_ text: String) -> Bool {
        text.wholeMatch(of: /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/) != nil
    }

    private mutating func string() throws(FileError) -> String {
        position += 1
        var utf8 = Bytes()
        while let byte = next {
            guard byte >= 0x20 else { throw unexpected("no control character in a string") }
            position += 1
            if byte == UInt8(ascii: "\"") { return String(decoding: utf8, as: UTF8.self) }
            if byte == UInt8(ascii: "\\") {
                utf8 += Bytes(String(try escape()).utf8)
            } else {
                utf8.append(byte)
            }
        }
        throw unexpected("'\"'")
    }

    private mutating func escape() throws(FileError) -> Unicode.Scalar {
        guard let byte = next else { throw unexpected("an escape") }
        position += 1
        switch Unicode.Scalar(byte) {
        case "\"": return "\""
        case "\\": return "\\"
        case "/": return "/"
        case "b": return "\u{8}"
        case "f": return "\u{c}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "u": return try escapedScalar()
        default:
            position -= 1
            throw unexpected("an escape")
        }
    }

    /// A scalar, or the surrogate pair of one; NUL and lone surrogates are refused.
    private mutating func escapedScalar() throws(FileError) -> Unicode.Scalar {
        let first = try codeUnit()
        if let scalar = Unicode.Scalar(first), scalar != "\0" { return scalar }
        guard UTF16.isLeadSurrogate(first), next == UInt8(ascii: "\\") else {
            throw unexpected("no NUL and no lone surrogate")
        }
        position += 1
        guard next == UInt8(ascii: "u") else { throw unexpected("the second surrogate of a pair") }
        position += 1
        let second = try codeUnit()
        guard UTF16.isTrailSurrogate(second) else {
            throw unexpected("the second surrogate of a pair")
        }
        return UTF16.decode(UTF16.EncodedScalar([first, second]))
    }

    private mutating func codeUnit() throws(FileError) -> UInt16 {
        guard position + 4 <= bytes.count,
            let unit = Hexadecimal.decode(
                String(decoding: bytes[position..<position + 4], as: UTF8.self)
            ), unit.count == 2
        else { throw unexpected("four hexadecimal digits") }
        position += 4
        return UInt16(unit[0]) << 8 | UInt16(unit[1])
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = next, Bytes(" \t\r\n".utf8).contains(byte) {
            position += 1
            if byte == UInt8(ascii: "\n") {
                line += 1
                lineStart = position
            }
        }
    }

    private func unexpected(_ expected: String) -> FileError {
        FileError(
            place,
            key: "",
            reason: "is not JSON: expected \(expected)",
            remedy: "send JSON as in RFC 8259"
        )
    }
}
