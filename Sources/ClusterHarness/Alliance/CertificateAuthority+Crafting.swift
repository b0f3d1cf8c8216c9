import Foundation

extension CertificateAuthority {
    /// A certificate that `ca issue` would never make, under the same authority.
    ///
    /// `extensions` are lines of an openssl profile: the SAN and the extended key usages.
    package func craft(named name: String, extensions: String) async throws -> Credential {
        let out = "\(folder)/issued/\(name)"
        try await run("request", ["350300", "--out", out, "--trust-domain", trustDomain])
        let profile = """
            basicConstraints = critical, CA:FALSE
            keyUsage = critical, digitalSignature
            subjectKeyIdentifier = hash
            authorityKeyIdentifier = keyid:always
            \(extensions)

            """
        try Data(profile.utf8).write(to: URL(filePath: "\(out)/profile"))
        try await Command(
            "openssl",
            [
                "x509", "-req", "-sha256", "-days", "30", "-in", "\(out)/node.csr",
                "-out", "\(out)/node.pem", "-CA", certificate, "-CAkey", "\(folder)/ca/ca.key",
                "-passin", "pass:\(passphrase)", "-extfile", "\(out)/profile",
            ]
        ).succeed()
        return Credential(certificate: "\(out)/node.pem", key: "\(out)/node.key")
    }

    /// The serial of a certificate, as `revoke` takes it.
    package func serial(of credential: Credential) async throws -> String {
        let arguments = ["x509", "-in", credential.certificate, "-noout", "-serial"]
        let outcome = try await Command("openssl", arguments).succeed()
        return outcome.outputText.split(separator: "=").last
            .map { $0.trimmingCharacters(in: .whitespacesAndNewlines) } ?? ""
    }
}
