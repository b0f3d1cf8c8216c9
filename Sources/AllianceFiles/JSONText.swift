import AllianceModel

/// Writes JSON in the order it is told, without spaces; a class so that a key and its value chain.
final class JSONText {
    private(set) var bytes = Bytes()
    /// Whether what comes next begins its object or array, or follows its key: no comma before it.
    private var isFirst = true

    private func raw(_ text: String) {
        separate()
        bytes += text.utf8
    }

    private func separate() {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
    }

    /// What is written next is the value of this key.
    @discardableResult
    func key(_ key: Text) -> JSONText {
        separate()
        quote(key)
        bytes.append(UInt8(ascii: ":"))
        isFirst = true
        return self
    }

    func null() { raw("null") }
    func number(_ number: Int64) { raw(String(number)) }
    func boolean(_ boolean: Bool) { raw(boolean ? "true" : "false") }

    func string(_ text: Text) {
        separate()
        quote(text)
    }

    func object(_ body: (JSONText) -> Void) { enclose("{", "}", body) }
    func array(_ body: (JSONText) -> Void) { enclose("[", "]", body) }

    private func enclose(
        _ opening: Unicode.Scalar,
        _ closing: Unicode.Scalar,
        _ body: (JSONText) -> Void
    ) {
        separate()
        bytes.append(UInt8(ascii: opening))
        isFirst = true
        body(self)
        bytes.append(UInt8(ascii: closing))
        isFirst = false
    }

    /// RFC 8259, section 7: quote, backslash and control characters are escaped.
    private func quote(_ text: Text) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0..<0x20, 0x7f: bytes += "\\u00\(Hexadecimal.encode(CollectionOfOne(byte)))".utf8
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
