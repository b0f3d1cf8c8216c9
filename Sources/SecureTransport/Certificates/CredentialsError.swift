/// Why a node's certificate, key, authorities or revocation list cannot be used.
package enum CredentialsError: Error, Hashable, Sendable {
    /// The system's error number and text.
    case unreadable(file: String, number: Int32, text: String)
    /// The key file's permission bits.
    case keyReadableByOthers(file: String, mode: UInt32)
    case tooLarge(file: String, byteCountMaximum: Int)
    /// The file holds no such object, or a damaged one.
    case malformed(file: String, wanted: String)
    case keyEncrypted(file: String)
    case keyUnsuited(file: String)
    case keyOfAnother(key: String, certificate: String)
    case identity(file: String, reason: RefusalReason, trustDomain: String)
    case memberDiffers(file: String, named: String, configured: String)
    case authorityUnfit(file: String)
    case issuerMissing(certificate: String, authority: String, reason: RefusalReason)
    case revocationsWithoutNextUpdate(file: String)
    case revocationsForged(file: String, authority: String)
    /// OpenSSL would not take what it was given.
    case unusable(text: String)

    /// What to do about it.
    package var remedy: String {
        switch self {
        case .unreadable: "correct the path, or let the node's user read the file"
        case .keyReadableByOthers(let file, _): "chmod 600 \(file)"
        case .tooLarge: "put only the certificates themselves there"
        case .malformed(_, let wanted): "put \(wanted) in PEM there"
        case .keyEncrypted: "make the key with Certs/ca request; its file's mode protects it"
        case .keyUnsuited: "make the key with Certs/ca request: it must be ECDSA P-256"
        case .keyOfAnother: "use the certificate that was issued for this key's request"
        case .identity, .memberDiffers:
            "have the certificate issued for this member: Certs/ca request, Certs/ca issue"
        case .authorityUnfit: "use the ca.pem that Certs/ca init wrote"
        case .issuerMissing: "put the authority that issued the certificate there as well"
        case .revocationsWithoutNextUpdate, .revocationsForged:
            "take a new list from the authority: Certs/ca crl"
        case .unusable: "see that OpenSSL 3.0 or later works on this machine"
        }
    }
}

extension CredentialsError: CustomStringConvertible {
    /// What is wrong, in which file, and the remedy.
    package var description: String { "\(problem); remedy: \(remedy)" }

    /// What is wrong and where, without the remedy.
    package var problem: String {
        switch self {
        case .unreadable(let file, let number, let text):
            return "\(file) cannot be read: \(text) (errno \(number))"
        case .keyReadableByOthers(let file, let mode):
            return "\(file): others can read this private key (mode 0\(String(mode, radix: 8)))"
        case .tooLarge(let file, let maximum):
            return "\(file) has more than \(maximum) bytes"
        case .malformed(let file, let wanted):
            return "\(file) does not hold \(wanted), or it is damaged"
        case .keyEncrypted(let file):
            return "\(file): the private key is encrypted, so the node cannot start by itself"
        case .keyUnsuited(let file):
            return "\(file): the key is not ECDSA P-256"
        case .keyOfAnother(let key, let certificate):
            return "\(key) is not the key of the certificate \(certificate)"
        case .identity(let file, let reason, let trustDomain):
            return "\(file) names no member of \(trustDomain): \(reason)"
        case .memberDiffers(let file, let named, let configured):
            return "\(file) is the certificate of \(named), but this node is \(configured)"
        case .authorityUnfit(let file):
            return "\(file) holds a certificate that may not sign others"
        case .issuerMissing(let certificate, let authority, let reason):
            return "\(certificate) is not issued by an authority in \(authority): \(reason)"
        case .revocationsWithoutNextUpdate(let file):
            return "\(file) holds a revocation list that names no next update"
        case .revocationsForged(let file, let authority):
            return "\(file) holds a revocation list that no authority in \(authority) signed"
        case .unusable(let text):
            return "OpenSSL cannot use the credentials: \(text)"
        }
    }
}
