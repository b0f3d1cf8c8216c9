internal import COpenSSL

/// The one set of TLS parameters that every session has (RFC 8446).
enum TLSContext {
    static let applicationProtocol = "citysync/1"
    /// The extension form: a length byte, then the name (RFC 7301, section 3.1).
    static let protocolList: [UInt8] =
        [UInt8(applicationProtocol.utf8.count)] + Array(applicationProtocol.utf8)
    /// A member's certificate has under 1 KiB; more is not worth reading from a stranger.
    static let certificateBytesMaximum = 16 << 10

    /// A context that may be shared by threads from then on; the caller owns it.
    static func make(
        certificate: Certificate,
        key: SigningKey,
        authorities: Authorities
    ) throws(CredentialsError) -> OpaquePointer {
        guard let context = SSL_CTX_new(TLS_method()) else { throw failure() }
        guard setProtocol(context), setCredentials(context, certificate, key) else {
            SSL_CTX_free(context)
            throw failure()
        }
        shim_SSL_CTX_set1_cert_store(context, authorities.store)
        setCallbacks(context)
        return context
    }

    private static func setProtocol(_ context: OpaquePointer) -> Bool {
        SSL_CTX_set_security_level(context, 2)
        // Tickets, resumption and early data would skip the revocation list.
        SSL_CTX_set_options(
            context,
            shim_SSL_OP_NO_TICKET | shim_SSL_OP_NO_RENEGOTIATION
                | shim_SSL_OP_NO_COMPRESSION | shim_SSL_OP_CIPHER_SERVER_PREFERENCE
        )
        _ = shim_SSL_CTX_set_session_cache_mode(context, Int(SSL_SESS_CACHE_OFF))
        shim_SSL_CTX_set_max_cert_list(context, certificateBytesMaximum)
        _ = shim_SSL_CTX_set_mode(
            context,
            Int(SSL_MODE_ENABLE_PARTIAL_WRITE) | Int(SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER)
        )
        return shim_SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1
            && shim_SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1
            && shim_SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384") == 1
            && SSL_CTX_set_ciphersuites(
                context,
                "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
            ) == 1
            && SSL_CTX_set_num_tickets(context, 0) == 1
            && SSL_CTX_set_max_early_data(context, 0) == 1
            && SSL_CTX_set_alpn_protos(context, protocolList, UInt32(protocolList.count)) == 0
    }

    private static func setCredentials(
        _ context: OpaquePointer,
        _ certificate: Certificate,
        _ key: SigningKey
    ) -> Bool {
        SSL_CTX_use_certificate(context, certificate.x509) == 1
            && SSL_CTX_use_PrivateKey(context, key.key) == 1
            && SSL_CTX_check_private_key(context) == 1
    }

    private static func failure() -> CredentialsError {
        .unusable(text: OpenSSLFault.drain().description)
    }

    /// The callbacks find their engine in the SSL's application data.
    private static func setCallbacks(_ context: OpaquePointer) {
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
        SSL_CTX_set_cert_verify_callback(
            context,
            { check, _ in
                guard let check,
                    let ssl = X509_STORE_CTX_get_ex_data(
                        check,
                        SSL_get_ex_data_X509_STORE_CTX_idx()
                    ),
                    let engine = TLSEngine.of(OpaquePointer(ssl))
                else { return 0 }
                return engine.judgeCertificate(check) ? 1 : 0
            },
            nil
        )
        SSL_CTX_set_client_hello_cb(
            context,
            { ssl, alert, _ in
                guard let ssl, let engine = TLSEngine.of(ssl), engine.judgeHello(alert) else {
                    return SSL_CLIENT_HELLO_ERROR
                }
                return SSL_CLIENT_HELLO_SUCCESS
            },
            nil
        )
        SSL_CTX_set_alpn_select_cb(
            context,
            { _, chosen, chosenCount, offered, offeredCount, _ in
                TLSContext.select(chosen, chosenCount, offered, offeredCount)
            },
            nil
        )
    }

    /// Picks our protocol from those offered; what is picked must point into the offer.
    private static func select(
        _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
        _ chosenCount: UnsafeMutablePointer<UInt8>?,
        _ offered: UnsafePointer<UInt8>?,
        _ offeredCount: UInt32
    ) -> Int32 {
        let names = UnsafeBufferPointer(start: offered, count: Int(offeredCount))
        var index = 0
        while index < names.count {
            let end = index + 1 + Int(names[index])
            guard end <= names.count else { break }
            if names[index..<end].elementsEqual(protocolList), let base = names.baseAddress {
                chosen?.pointee = base + index + 1
                chosenCount?.pointee = names[index]
                return SSL_TLSEXT_ERR_OK
            }
            index = end
        }
        return SSL_TLSEXT_ERR_ALERT_FATAL
    }
}
