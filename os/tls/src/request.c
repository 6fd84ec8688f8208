/* The only file that sees curl. */
#include <curl/curl.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#include <stdio.h>
#include <string.h>

#include "os/tls/tls.h"
#include "proto/network.h"

#define CONNECT_TIMEOUT_S 10L
#define STALL_TIMEOUT_S 15L

struct exchange {
    CURL *curl;
    const struct tatu_tls_request *request;
    struct tatu_buf *body;
    enum tatu_err err; /* of take, of a full body, or of the server's certificate */
};

/* Whether a certificate holds exactly the pinned key. */
static bool has_pinned_key(const mbedtls_x509_crt *crt, const uint8_t pinned[64])
{
    unsigned char point[65];
    size_t len = 0;
    return mbedtls_pk_can_do(&crt->pk, MBEDTLS_PK_ECDSA) &&
           mbedtls_ecp_write_public_key(mbedtls_pk_ec(crt->pk), MBEDTLS_ECP_PF_UNCOMPRESSED, &len,
                                        point, sizeof(point)) == 0 &&
           len == sizeof(point) && memcmp(point + 1, pinned, 64) == 0;
}

/*
 * Called from the chain's top (depth 1) to the server's certificate (depth 0). The top is trusted
 * for its key alone. A longer chain is refused: below the same root are the catalogs' authorities,
 * and a device of theirs must not pass for the service.
 */
static int check_certificate(void *context, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
    struct exchange *exchange = context;
    if (exchange->request->ignore_dates) {
        *flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE);
    }
    if (depth == 1 && has_pinned_key(crt, exchange->request->service_root)) {
        *flags &= ~(uint32_t)MBEDTLS_X509_BADCERT_NOT_TRUSTED;
    } else if (depth != 0) {
        *flags |= MBEDTLS_X509_BADCERT_NOT_TRUSTED;
    }
    if (*flags != 0) {
        exchange->err = TATU_ERR_CERTIFICATE;
        return MBEDTLS_ERR_X509_FATAL_ERROR;
    }
    return 0;
}

static CURLcode set_up_tls(CURL *curl, void *ssl_config, void *context)
{
    (void)curl;
    struct exchange *exchange = context;
    /* every failure ends the handshake in check_certificate; "required" would want a list of roots
     */
    mbedtls_ssl_conf_authmode(ssl_config, MBEDTLS_SSL_VERIFY_OPTIONAL);
    mbedtls_ssl_conf_verify(ssl_config, check_certificate, exchange);
    mbedtls_ssl_conf_min_tls_version(ssl_config, MBEDTLS_SSL_VERSION_TLS1_3);
    if (exchange->request->identity != NULL &&
        tatu_tls_use_identity(exchange->request->identity, ssl_config) != TATU_OK) {
        return CURLE_SSL_CERTPROBLEM;
    }
    return CURLE_OK;
}

static size_t take_piece(char *data, size_t size, size_t count, void *context)
{
    struct exchange *exchange = context;
    const struct tatu_span piece = {(const uint8_t *)data, size * count};
    long status = 0;
    (void)curl_easy_getinfo(exchange->curl, CURLINFO_RESPONSE_CODE, &status);
    if (exchange->request->take != NULL && status / 100 == 2) {
        exchange->err = exchange->request->take(exchange->request->context, piece);
    } else if (tatu_base_put_bytes(exchange->body, piece) != TATU_OK) {
        exchange->err = TATU_ERR_LONG;
    }
    return exchange->err == TATU_OK ? piece.len : 0;
}

/* status: of the answer, 0 when none came. */
static enum tatu_err name_failure(const struct exchange *exchange, CURLcode code, long status)
{
    long tunnel = 0; /* the proxy's answer */
    (void)curl_easy_getinfo(exchange->curl, CURLINFO_HTTP_CONNECTCODE, &tunnel);
    if (exchange->err != TATU_OK) {
        return exchange->err;
    }
    if (code != CURLE_OK && tunnel >= 300) {
        /* 5xx: it could not reach the service; 4xx: it would not */
        return tunnel / 100 == 5 ? TATU_ERR_UNREACHABLE : TATU_ERR_DENIED;
    }
    if (code != CURLE_OK && code != CURLE_OUT_OF_MEMORY && status != 0) {
        return TATU_ERR_UNREACHABLE; /* it broke in the middle of the answer */
    }
    switch (code) {
    case CURLE_OK:
        return TATU_OK;
    case CURLE_OPERATION_TIMEDOUT:
        return TATU_ERR_TIMEOUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_RECV_ERROR: /* in TLS 1.3 a refused client certificate shows at the first read */
        return TATU_ERR_CERTIFICATE;
    case CURLE_OUT_OF_MEMORY:
        return TATU_ERR_MEMORY;
    default:
        return TATU_ERR_UNREACHABLE;
    }
}

/* As applications are told to (Networking_Curl_SetDefaultProxy), with the tunnel that https needs.
 * An empty name is no proxy, and none of the environment either. */
static void set_proxy(CURL *curl, const struct tatu_net_proxy *proxy)
{
    char url[TATU_NET_HOST_SIZE + 16] = "";
    if (proxy != NULL && proxy->enabled == 1) {
        const bool bare6 = strchr(proxy->address, ':') != NULL;
        (void)snprintf(url, sizeof(url), bare6 ? "http://[%s]" : "http://%s", proxy->address);
        (void)curl_easy_setopt(curl, CURLOPT_PROXYPORT, (long)proxy->port);
        (void)curl_easy_setopt(curl, CURLOPT_NOPROXY, proxy->no_proxy);
        (void)curl_easy_setopt(curl, CURLOPT_HTTPPROXYTUNNEL, 1L);
        if (proxy->auth == TATU_NET_PROXY_BASIC) {
            (void)curl_easy_setopt(curl, CURLOPT_PROXYAUTH, (long)CURLAUTH_BASIC);
            (void)curl_easy_setopt(curl, CURLOPT_PROXYUSERNAME, proxy->username);
            (void)curl_easy_setopt(curl, CURLOPT_PROXYPASSWORD, proxy->password);
        }
    }
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, url);
}

static void set_options(struct exchange *exchange, const char *url)
{
    const struct tatu_tls_request *request = exchange->request;
    CURL *curl = exchange->curl;
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, STALL_TIMEOUT_S);
    (void)curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 16384L);
    set_proxy(curl, request->proxy);
    /* curl's own check wants a file of roots; ours is stricter and always on */
    (void)curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, set_up_tls);
    (void)curl_easy_setopt(curl, CURLOPT_SSL_CTX_DATA, exchange);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_piece);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange);
    if (request->post) {
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)request->body.len);
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
                               request->body.len > 0 ? (const char *)request->body.data : "");
    }
    if (request->range_start > 0) {
        (void)curl_easy_setopt(curl, CURLOPT_RESUME_FROM, (long)request->range_start);
    }
}

enum tatu_err tatu_tls_request(const struct tatu_tls_request *request, struct tatu_buf *out_body,
                               uint32_t *out_status)
{
    char url[256];
    long status = 0;
    if (snprintf(url, sizeof(url), "https://%s:%u%s", request->host, request->port,
                 request->path) >= (int)sizeof(url)) {
        return TATU_ERR_ARGUMENT;
    }
    out_body->len = 0;
    struct exchange exchange = {curl_easy_init(), request, out_body, TATU_OK};
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/cbor");
    if (exchange.curl == NULL || headers == NULL || curl_slist_append(headers, "Expect:") == NULL) {
        curl_slist_free_all(headers);
        curl_easy_cleanup(exchange.curl);
        return TATU_ERR_MEMORY;
    }
    set_options(&exchange, url);
    (void)curl_easy_setopt(exchange.curl, CURLOPT_HTTPHEADER, headers);
    const CURLcode code = curl_easy_perform(exchange.curl);
    (void)curl_easy_getinfo(exchange.curl, CURLINFO_RESPONSE_CODE, &status);
    const enum tatu_err err = name_failure(&exchange, code, status);
    curl_easy_cleanup(exchange.curl);
    curl_slist_free_all(headers);
    TATU_TRY(err);
    *out_status = (uint32_t)status;
    return TATU_OK;
}
