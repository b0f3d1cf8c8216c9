package import AllianceModel
internal import COpenSSL

/// A parsed X.509 certificate.
///
/// Sendable: an X509 is not changed after parsing. OpenSSL computes its extension cache on first
/// use, under a lock of its own; the reference count is atomic.
package final class Certificate: @unchecked Sendable {
    /// An X509 that this object owns.
    let x509: OpaquePointer
    package let der: Bytes
    /// The end of its validity, seconds since 1970 in UTC.
    package let notAfterUnixSeconds: Int64

    /// Nil when the bytes are not exactly one certificate.
    package convenience init?(der: Bytes) {
        let parsed = der.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            var cursor = buffer.baseAddress
            let x509 = d2i_X509(nil, &cursor, buffer.count)
            guard x509 == nil || cursor == buffer.baseAddress.map({ $0 + buffer.count }) else {
                X509_free(x509)
                return nil
            }
            return x509
        }
        ERR_clear_error()
        guard let parsed else { return nil }
        self.init(owning: parsed)
    }

    /// Takes the X509 over; nil (and freed) when it cannot be encoded or its time cannot be read.
    init?(owning x509: OpaquePointer) {
        self.x509 = x509
        guard let der = Certificate.encoding(of: x509),
            let notAfter = UnixTime.seconds(X509_get0_notAfter(x509))
        else {
            X509_free(x509)
            return nil
        }
        self.der = der
        notAfterUnixSeconds = notAfter
    }

    deinit { X509_free(x509) }

    /// SHA-256 of the encoding: how heads and statements name a key.
    package var fingerprint: Digest { SHA256.hash(der) }

    /// The certificates in PEM text, in their order; nil where one of them is damaged.
    static func all(pem: Bytes) -> [Certificate]? {
        PEM.all(
            pem,
            read: { PEM_read_bio_X509($0, nil, nil, nil) },
            wrap: { Certificate(owning: $0) }
        )
    }

    private static func encoding(of x509: OpaquePointer) -> Bytes? {
        let count = i2d_X509(x509, nil)
        guard count > 0 else { return nil }
        return Bytes(unsafeUninitializedCapacity: Int(count)) { buffer, filled in
            var cursor = buffer.baseAddress
            filled = Int(i2d_X509(x509, &cursor))
        }
    }
}

/// OpenSSL's times as numbers.
enum UnixTime {
    /// Nil where the time is absent or malformed.
    static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64? {
        var seconds: Int64 = 0
        return shim_asn1_time_seconds(time, &seconds) == 1 ? seconds : nil
    }
}

/// PEM text (RFC 7468) that may hold several objects, and others' text between them.
enum PEM {
    /// Reads until the text ends; nil where an object is damaged.
    static func all<Element>(
        _ text: Bytes,
        read: (OpaquePointer) -> OpaquePointer?,
        wrap: (OpaquePointer) -> Element?
    ) -> [Element]? {
        text.withUnsafeBytes { bytes in
            guard let count = Int32(exactly: bytes.count),
                let bio = BIO_new_mem_buf(bytes.baseAddress, count)
            else { return nil }
            defer { BIO_free(bio) }
            var elements: [Element] = []
            while true {
                guard let object = read(bio) else { break }
                guard let element = wrap(object) else { return nil }
                elements.append(element)
            }
            let ended = OpenSSLFault.drain().entries.allSatisfy {
                $0.library == ERR_LIB_PEM && $0.reason == PEM_R_NO_START_LINE
            }
            return ended ? elements : nil
        }
    }
}
