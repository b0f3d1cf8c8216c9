import AllianceModel
import NodeStore
import ReplicationCore
import SecureTransport
import Synchronization

/// The catalog of the last commit.
final class CatalogCell: Sendable {
    private let state: Mutex<Catalog>

    init(_ catalog: Catalog) {
        state = Mutex(catalog)
    }

    var value: Catalog {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}

/// The credentials in force, and whose signatures they vouch for.
final class CredentialsCell: Sendable {
    private struct State {
        var credentials: Credentials
        var signers: SignerDirectory
        /// Shown on the links that stand.
        var shown: [LinkID: Credentials] = [:]
    }

    private let state: Mutex<State>

    init(_ credentials: Credentials, _ certificates: [KeyCertificate]) {
        state = Mutex(
            State(credentials: credentials, signers: Self.directory(credentials, certificates))
        )
    }

    var credentials: Credentials { state.withLock { $0.credentials } }
    var signers: SignerDirectory { state.withLock { $0.signers } }

    /// Certificates that were kept are judged anew: another authority may vouch for others.
    func replace(_ credentials: Credentials, _ certificates: [KeyCertificate]) {
        let signers = Self.directory(credentials, certificates)
        state.withLock { state in
            state.credentials = credentials
            state.signers = signers
        }
    }

    /// A link stands on which these were shown, or ended.
    func note(_ credentials: Credentials?, shownOn link: LinkID) {
        state.withLock { $0.shown[link] = credentials }
    }

    /// Signs a statement; nil if OpenSSL fails.
    ///
    /// With the key that the oldest link knows: a peer hears of a new certificate in the Hello of its
    /// next session, which may be weeks away, and until then would hold what the new key signed.
    func sign(_ message: Bytes) -> (key: Digest, signature: Bytes)? {
        let credentials = state.withLock { state in
            state.shown.min { $0.key < $1.key }?.value ?? state.credentials
        }
        do throws(SigningError) {
            return (
                credentials.certificate.fingerprint, try credentials.signingKey.sign(message)
            )
        } catch {
            return nil
        }
    }

    /// True if a message was signed by that key, and the key is its member's.
    func isSigned(
        _ message: Bytes,
        by member: MemberCode,
        with key: Digest,
        _ signature: Bytes
    ) -> Bool {
        guard let signer = signers.signer(fingerprint: key), signer.member == member else {
            return false
        }
        return signer.key.isValid(signature: signature, for: message)
    }

    private static func directory(
        _ credentials: Credentials,
        _ certificates: [KeyCertificate]
    ) -> SignerDirectory {
        let directory = SignerDirectory(
            authorities: credentials.authorities,
            trustDomain: credentials.trustDomain
        )
        _ = directory.signer(certificateDER: credentials.certificate.der)
        for certificate in certificates { _ = directory.signer(certificateDER: certificate.der) }
        return directory
    }
}
