package import AllianceFiles
import AllianceModel
import SecureTransport
import Synchronization

/// The API tokens in force; replaced as a whole when the tokens file is read again.
package final class TokenDirectory: Sendable {
    private let entries: Mutex<[String: TokensFile.Entry]>

    package init(_ tokens: TokensFile) {
        entries = Mutex(TokenDirectory.index(tokens))
    }

    package func replace(with tokens: TokensFile) {
        let index = TokenDirectory.index(tokens)
        entries.withLock { $0 = index }
    }

    private static func index(_ tokens: TokensFile) -> [String: TokensFile.Entry] {
        Dictionary(tokens.entries.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Whose token it is; nil for an unknown, wrong or expired one.
    ///
    /// The id is no secret; the hash is compared in constant time, and an unknown id takes as long as
    /// a known one.
    package func principal(of token: String, nowMilliseconds: Int64) -> Principal? {
        guard let id = TokenDirectory.id(of: token) else { return nil }
        let entry = entries.withLock { $0[id] }
        let presented = SHA256.hash(Bytes(token.utf8)).bytes
        let expected = entry?.sha256.bytes ?? Bytes(repeating: 0, count: Digest.byteCount)
        guard ConstantTime.equal(presented, expected), let entry,
            !entry.isExpired(nowMilliseconds: nowMilliseconds)
        else { return nil }
        return Principal(actor: entry.name, role: entry.role)
    }

    /// `cs_<id>_<secret>`: the secret is base64url and may hold `_` itself.
    private static func id(of token: String) -> String? {
        guard token.utf8.count <= 256, token.hasPrefix("cs_") else { return nil }
        let rest = token.dropFirst(3)
        guard let end = rest.firstIndex(of: "_") else { return nil }
        let id = String(rest[..<end])
        return TokensFile.isValid(id: id) ? id : nil
    }
}
