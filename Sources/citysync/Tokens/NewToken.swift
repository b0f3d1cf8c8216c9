import AllianceFiles
import AllianceModel
import SecureTransport

/// A token as it is shown once, and what is kept of it.
struct NewToken {
    /// 32 look-alike-free characters, so that an id can be read out over the telephone.
    private static let alphabet = Array("abcdefghijkmnpqrstuvwxyz23456789")
    private static let idLength = 6
    private static let secretByteCount = 32

    /// `cs_<id>_<32 random bytes, base64url>`.
    let text: String
    let entry: TokensFile.Entry

    /// A token whose id is none of `taken`.
    init(name: String, role: AccessRole, expires: Int64?, taken: [TokensFile.Entry]) {
        var id: String
        repeat {
            // 32 divides 256: every character is as likely as any other.
            id = String(
                SecureRandom.bytes(NewToken.idLength).map { NewToken.alphabet[Int($0 % 32)] }
            )
        } while taken.contains { $0.id == id }
        text = "cs_\(id)_\(Base64URL.encoded(SecureRandom.bytes(NewToken.secretByteCount)))"
        let sha256 = SHA256.hash(Array(text.utf8))
        entry = TokensFile.Entry(id: id, name: name, role: role, expires: expires, sha256: sha256)
    }
}

/// RFC 4648, section 5, without padding.
enum Base64URL {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    )

    static func encoded(_ bytes: [UInt8]) -> String {
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let word = group.reduce(0) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
            for position in 0...group.count {
                text.append(alphabet[Int(word >> UInt32(18 - 6 * position) & 63)])
            }
        }
        return text
    }
}
