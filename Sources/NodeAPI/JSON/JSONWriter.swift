package import AllianceModel

/// Writes JSON compactly, in the order it is told.
package struct JSONWriter {
    package private(set) var bytes: Bytes
    /// Whether the next thing begins its object or array, or follows its key: no comma before it.
    private var isFirst = true

    package init(capacity: Int = 512) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    private mutating func separate() {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
    }

    // MARK: Structure

    package mutating func object(_ body: (inout JSONWriter) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "{"))
        isFirst = true
        body(&self)
        bytes.append(UInt8(ascii: "}"))
        isFirst = false
    }

    package mutating func array(_ body: (inout JSONWriter) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "["))
        isFirst = true
        body(&self)
        bytes.append(UInt8(ascii: "]"))
        isFirst = false
    }

    /// What is written next is the value of this key.
    package mutating func key(named key: Text) {
        separate()
        quote(key.utf8)
        bytes.append(UInt8(ascii: ":"))
        isFirst = true
    }

    /// A key of ours, which needs no escaping.
    package mutating func key(_ key: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        key.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        isFirst = true
    }

    /// Ends a line of NDJSON: what comes next is a text of its own.
    package mutating func newline() {
        bytes.append(UInt8(ascii: "\n"))
        isFirst = true
    }

    // MARK: Values

    package mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
    }

    package mutating func boolean(_ value: Bool) {
        separate()
        bytes.append(contentsOf: value ? "true".utf8 : "false".utf8)
    }

    package mutating func number(_ value: some BinaryInteger) {
        separate()
        bytes.append(contentsOf: String(value).utf8)
    }

    package mutating func string(_ text: Text) {
        separate()
        quote(text.utf8)
    }

    package mutating func string(_ string: String) {
        separate()
        quote(Bytes(string.utf8))
    }

    package mutating func string(_ string: String?) {
        if let string { self.string(string) } else { null() }
    }

    /// A string whose characters need no escaping.
    mutating func quoted(_ body: (inout Bytes) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        body(&bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// A complete JSON text made elsewhere.
    package mutating func raw(_ json: Bytes) {
        separate()
        bytes.append(contentsOf: json)
    }

    /// RFC 8259, section 7: quote, backslash and control characters are escaped, and delete too,
    /// since this is shown on terminals.
    private mutating func quote(_ utf8: Bytes) {
        bytes.append(UInt8(ascii: "\""))
        var start = 0
        for (index, byte) in utf8.enumerated() where JSONWriter.isEscaped(byte) {
            bytes.append(contentsOf: utf8[start..<index])
            start = index + 1
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0x0A: bytes += "\\n".utf8
            case 0x0D: bytes += "\\r".utf8
            case 0x09: bytes += "\\t".utf8
            default:
                bytes += "\\u00".utf8
                bytes += Hexadecimal.encode(CollectionOfOne(byte)).utf8
            }
        }
        bytes.append(contentsOf: utf8[start...])
        bytes.append(UInt8(ascii: "\""))
    }

    private static func isEscaped(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == 0x7F || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }
}
