// The system's OpenSSL 3 as a module. Swift does not see C's function-like macros, so those that
// SecureTransport needs stand here as functions under the same name with `shim_` before it.
#ifndef CITYSYNC_COPENSSL_SHIM_H
#define CITYSYNC_COPENSSL_SHIM_H

// SHA256_Init and its kin are called directly: fetching a digest through EVP costs more than
// hashing a small input. OpenSSL 3 calls them deprecated; they stay in every 3.x.
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/opensslv.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/tls1.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <time.h>

#if OPENSSL_VERSION_NUMBER < 0x30000000L
#error "CitySync needs OpenSSL 3.0 or later: install libssl-dev"
#endif

static inline int shim_SSL_CTX_set_min_proto_version(SSL_CTX *context, int version) {
    return SSL_CTX_set_min_proto_version(context, version);
}

static inline int shim_SSL_CTX_set_max_proto_version(SSL_CTX *context, int version) {
    return SSL_CTX_set_max_proto_version(context, version);
}

static inline int shim_SSL_CTX_set1_groups_list(SSL_CTX *context, const char *list) {
    return SSL_CTX_set1_groups_list(context, list);
}

static const uint64_t shim_SSL_OP_NO_TICKET = SSL_OP_NO_TICKET;
static const uint64_t shim_SSL_OP_NO_RENEGOTIATION = SSL_OP_NO_RENEGOTIATION;
static const uint64_t shim_SSL_OP_NO_COMPRESSION = SSL_OP_NO_COMPRESSION;
static const uint64_t shim_SSL_OP_CIPHER_SERVER_PREFERENCE = SSL_OP_CIPHER_SERVER_PREFERENCE;

static inline long shim_SSL_CTX_set_mode(SSL_CTX *context, long mode) {
    return SSL_CTX_set_mode(context, mode);
}

static inline long shim_SSL_CTX_set_session_cache_mode(SSL_CTX *context, long mode) {
    return SSL_CTX_set_session_cache_mode(context, mode);
}

static inline void shim_SSL_CTX_set_max_cert_list(SSL_CTX *context, long bytes) {
    SSL_CTX_set_max_cert_list(context, bytes);
}

static inline void shim_SSL_CTX_set1_cert_store(SSL_CTX *context, X509_STORE *store) {
    SSL_CTX_set1_cert_store(context, store);
}

static inline int shim_SSL_set_app_data(SSL *ssl, void *data) {
    return SSL_set_app_data(ssl, data);
}

static inline void *shim_SSL_get_app_data(const SSL *ssl) {
    return SSL_get_app_data(ssl);
}

static inline int shim_BIO_reset(BIO *bio) {
    return (int)BIO_reset(bio);
}

static inline int shim_sk_X509_num(const STACK_OF(X509) *stack) {
    return sk_X509_num(stack);
}

// How many general names a subject alternative name holds.
static inline int shim_general_names_count(const GENERAL_NAMES *names) {
    return sk_GENERAL_NAME_num(names);
}

// The URI at an index, or NULL where the name there is of another kind.
static inline const ASN1_IA5STRING *shim_general_names_uri(const GENERAL_NAMES *names, int index) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
    return name != NULL && name->type == GEN_URI ? name->d.uniformResourceIdentifier : NULL;
}

// Seconds since 1970 in UTC; returns 0 when the time cannot be read.
static inline int shim_asn1_time_seconds(const ASN1_TIME *time, long long *seconds) {
    struct tm parts = {0};
    if (time == NULL || ASN1_TIME_to_tm(time, &parts) != 1) {
        return 0;
    }
    *seconds = (long long)timegm(&parts);
    return 1;
}

static inline int shim_ERR_reason(unsigned long code) {
    return ERR_GET_REASON(code);
}

static inline int shim_ERR_library(unsigned long code) {
    return ERR_GET_LIB(code);
}

#endif
