/// Raw bytes, as they stand on the wire and on disk.
package typealias Bytes = [UInt8]

/// Text as UTF-8 bytes: equality, order and hash are bytewise.
///
/// Never `String`, whose `==` is canonical equivalence: "é" in two encodings would be one element
/// of a set, and which of the two a member kept would depend on the order in which they came.
package struct Text: Hashable, Comparable, Sendable {
    /// Valid UTF-8.
    package let utf8: Bytes

    /// The bytes of a string, which are always valid UTF-8; a NUL is not looked for here.
    package init(_ string: String) {
        utf8 = Bytes(string.utf8)
    }

    /// Bytes that are known to be valid.
    init(valid utf8: Bytes) {
        self.utf8 = utf8
    }

    /// Nil when the bytes are not valid UTF-8 (surrogates and overlong forms included) or hold a NUL.
    package init?(validating utf8: some Collection<UInt8>) {
        let bytes = Bytes(utf8)
        guard Text.isValid(bytes.span) else { return nil }
        self.utf8 = bytes
    }

    package init?(validating utf8: Span<UInt8>) {
        guard Text.isValid(utf8) else { return nil }
        self.utf8 = utf8.withUnsafeBufferPointer { Bytes($0) }
    }

    /// Whether the bytes are valid UTF-8 without a NUL; copies nothing.
    package static func isValid(_ utf8: Span<UInt8>) -> Bool {
        for index in utf8.indices where utf8[index] == 0 { return false }
        return (try? UTF8Span(validating: utf8)) != nil
    }

    package var isEmpty: Bool { utf8.isEmpty }

    package var string: String { String(decoding: utf8, as: UTF8.self) }

    package static func < (left: Text, right: Text) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }
}

extension Text: ExpressibleByStringLiteral, CustomStringConvertible {
    package init(stringLiteral value: String) { self.init(value) }

    package var description: String { string }
}

extension Collection<UInt8> {
    /// The bytes in one piece, without a copy where they already are; for the call only.
    func withRawStorage<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withContiguousStorageIfAvailable { body(UnsafeRawBufferPointer($0)) }
            ?? Bytes(self).withUnsafeBytes(body)
    }
}
