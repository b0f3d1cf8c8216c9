/// A name in Chinese and in English; neither is empty in a valid value.
package struct LocalizedName: Hashable, Sendable {
    package let zh: Text
    package let en: Text

    package init(zh: Text, en: Text) {
        self.zh = zh
        self.en = en
    }

    package static let byteCountMaximum = 512

    func problems(at path: String) -> [DefinitionProblem] {
        [("zh", zh), ("en", en)].compactMap { language, text in
            Names.isLabel(text)
                ? nil
                : DefinitionProblem(
                    path: "\(path).\(language)",
                    reason: "is not a name",
                    remedy: "give 1 to \(LocalizedName.byteCountMaximum) bytes of text without "
                        + "control characters"
                )
        }
    }
}

/// The forms that names of several kinds must have.
package enum Names {
    /// The name of a field or stage: `[A-Za-z][A-Za-z0-9_]{0,63}`, so never `@...`, which is ours.
    package static func isIdentifier(_ text: Text) -> Bool {
        guard let first = text.utf8.first, first.isLetter, text.utf8.count <= 64 else {
            return false
        }
        return text.utf8.allSatisfy { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "_") }
    }

    /// The code of an item or the name of an alliance: `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`, which
    /// stands in a URL's path as it is.
    package static func isCode(_ text: Text) -> Bool {
        guard let first = text.utf8.first, first.isLetter || first.isDigit, text.utf8.count <= 64
        else { return false }
        return text.utf8.allSatisfy {
            $0.isLetter || $0.isDigit || Bytes("._-".utf8).contains($0)
        }
    }

    /// A SPIFFE trust domain: lower-case letters, digits, `.`, `-`, `_`; 1 to 255 bytes
    /// (SPIFFE-ID, section 2.1).
    package static func isTrustDomain(_ text: Text) -> Bool {
        guard (1...255).contains(text.utf8.count) else { return false }
        return text.utf8.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0.isDigit
                || Bytes("._-".utf8).contains($0)
        }
    }

    /// Text to show to people: not empty, bounded, no control characters.
    package static func isLabel(
        _ text: Text,
        byteCountMaximum: Int = LocalizedName.byteCountMaximum
    ) -> Bool {
        !text.isEmpty && text.utf8.count <= byteCountMaximum
            && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
    }
}
