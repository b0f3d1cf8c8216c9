internal import AllianceModel
internal import COpenSSL

/// Reads the four files and checks what each says against the others.
struct CredentialsLoader {
    let files: CredentialFiles
    let trustDomain: Text

    func load() throws(CredentialsError) -> Credentials {
        let certificate = try loadCertificate()
        let key = try loadKey(of: certificate)
        let authorities = try loadAuthorities()
        try checkIssuer(of: certificate, authorities)
        return try Credentials(
            member: try loadMember(of: certificate),
            trustDomain: trustDomain,
            certificate: certificate,
            signingKey: key,
            authorities: authorities
        )
    }

    private func loadCertificate() throws(CredentialsError) -> Certificate {
        let file = files.certificate
        let chain = Certificate.all(pem: try CredentialFile.read(file))
        guard let leaf = chain?.first else {
            throw .malformed(file: file, wanted: "the node's certificate")
        }
        return leaf
    }

    private func loadMember(of certificate: Certificate) throws(CredentialsError) -> MemberCode {
        switch MemberIdentity.member(of: certificate, trustDomain: trustDomain) {
        case .success(let member): return member
        case .failure(let reason):
            throw .identity(
                file: files.certificate,
                reason: reason,
                trustDomain: trustDomain.string
            )
        }
    }

    private func loadKey(of certificate: Certificate) throws(CredentialsError) -> SigningKey {
        let file = files.key
        var pem = try CredentialFile.read(file, secret: true)
        defer { pem.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
        let text = String(decoding: pem, as: UTF8.self)
        guard !text.contains("ENCRYPTED") else { throw .keyEncrypted(file: file) }
        guard let key = CredentialsLoader.privateKey(pem) else {
            throw .malformed(file: file, wanted: "the node's private key")
        }
        let signingKey = SigningKey(owning: key)
        guard SigningAlgorithm.suits(key) else { throw .keyUnsuited(file: file) }
        defer { ERR_clear_error() }
        guard X509_check_private_key(certificate.x509, key) == 1 else {
            throw .keyOfAnother(key: file, certificate: files.certificate)
        }
        return signingKey
    }

    private static func privateKey(_ pem: Bytes) -> OpaquePointer? {
        defer { ERR_clear_error() }
        return pem.withUnsafeBytes { bytes in
            guard let count = Int32(exactly: bytes.count),
                let bio = BIO_new_mem_buf(bytes.baseAddress, count)
            else { return nil }
            defer { BIO_free(bio) }
            // A callback that gives no passphrase: OpenSSL would else ask on the terminal.
            return PEM_read_bio_PrivateKey(bio, nil, { _, _, _, _ in -1 }, nil)
        }
    }

    private func loadAuthorities() throws(CredentialsError) -> Authorities {
        let file = files.authority
        guard let certificates = Certificate.all(pem: try CredentialFile.read(file)),
            !certificates.isEmpty
        else { throw .malformed(file: file, wanted: "the alliance's authority") }
        guard certificates.allSatisfy({ X509_check_ca($0.x509) == 1 }) else {
            throw .authorityUnfit(file: file)
        }
        let revocations = try loadRevocations(certificates)
        guard let authorities = Authorities(certificates: certificates, revocations: revocations)
        else { throw .unusable(text: OpenSSLFault.drain().description) }
        return authorities
    }

    /// A list of an authority that is not here is left aside: it may outlast its authority in the
    /// file by a while.
    private func loadRevocations(
        _ authorities: [Certificate]
    ) throws(CredentialsError) -> [RevocationList] {
        let file = files.revocations
        guard let lists = RevocationList.all(pem: try CredentialFile.read(file)), !lists.isEmpty
        else { throw .malformed(file: file, wanted: "the authority's revocation list") }
        var known: [RevocationList] = []
        for list in lists {
            let issuers = authorities.filter { list.names($0) }
            guard !issuers.isEmpty else { continue }
            guard issuers.contains(where: { list.isSigned(by: $0) }) else {
                throw .revocationsForged(file: file, authority: files.authority)
            }
            guard list.nextUpdateUnixSeconds != nil else {
                throw .revocationsWithoutNextUpdate(file: file)
            }
            known.append(list)
        }
        return known
    }

    private func checkIssuer(
        of certificate: Certificate,
        _ authorities: Authorities
    ) throws(CredentialsError) {
        let rules = ChainRules(
            flags: Int(X509_V_FLAG_X509_STRICT | X509_V_FLAG_NO_CHECK_TIME),
            part: nil,
            nowUnixSeconds: nil
        )
        guard let reason = rules.refusal(of: certificate, by: authorities) else { return }
        throw .issuerMissing(
            certificate: files.certificate,
            authority: files.authority,
            reason: reason
        )
    }
}
