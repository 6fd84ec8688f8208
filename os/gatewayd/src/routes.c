#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "os/gatewayd/gatewayd.h"
#include "os/lib/vault.h"

#define API_VERSION "4.6.0"
#define CLASS_LAB 2u /* bit of the board's class: debug doors are open */

/* The original's error numbers: category << 20 | code. */
#define REST(code) (10u << 20 | (code))
#define REST_APP(code) (14u << 20 | (code))
enum {
    INVALID_JSON_REQUEST = REST(1),
    INVALID_JSON_DATA = REST(2),
    REQUEST_DATA_EXPECTED = REST(3),
    CONTENT_LENGTH_EXPECTED = REST(4),
    INTERFACE_IS_BUSY = REST(5),
    INTERNAL_ERROR = REST(6),
    OUT_OF_MEMORY = REST(8),
    REQUEST_ENTITY_TOO_LARGE = REST(17),
    COMMAND_AUTHORIZATION_FAILED = REST(18),
    UNKNOWN_ERROR = REST_APP(4),
};

struct refusal {
    uint16_t status;
    uint32_t number;
    enum tatu_err err;
};

static const struct refusal not_found = {404, UNKNOWN_ERROR, TATU_ERR_NOT_FOUND};
static const struct refusal wrong_method = {405, UNKNOWN_ERROR, TATU_ERR_UNKNOWN_COMMAND};
static const struct refusal wrong_type = {415, UNKNOWN_ERROR, TATU_ERR_TYPE};
static const struct refusal no_length = {400, CONTENT_LENGTH_EXPECTED, TATU_ERR_SHORT};
static const struct refusal unwanted_body = {400, UNKNOWN_ERROR, TATU_ERR_LONG};

/* Of a request that cannot be read. */
static const struct refusal http_refusals[] = {
    {413, REQUEST_ENTITY_TOO_LARGE, TATU_ERR_LONG},
    {400, UNKNOWN_ERROR, TATU_ERR_VERSION},
    {400, UNKNOWN_ERROR, TATU_ERR_FORMAT},
};

/* Of a claim's JSON, and of the vault. */
static const struct refusal claim_refusals[] = {
    {400, REQUEST_DATA_EXPECTED, TATU_ERR_SHORT},
    {400, INVALID_JSON_REQUEST, TATU_ERR_FORMAT},
    {400, INVALID_JSON_DATA, TATU_ERR_ARGUMENT},
};
static const struct refusal vault_refusals[] = {
    {400, INVALID_JSON_DATA, TATU_ERR_ARGUMENT},
    {409, UNKNOWN_ERROR, TATU_ERR_OWNED},
    {409, UNKNOWN_ERROR, TATU_ERR_STATE},
    {409, UNKNOWN_ERROR, TATU_ERR_LIFECYCLE},
    {409, INTERFACE_IS_BUSY, TATU_ERR_BUSY},
    {403, COMMAND_AUTHORIZATION_FAILED, TATU_ERR_DENIED},
    {500, OUT_OF_MEMORY, TATU_ERR_MEMORY},
};

static const char *reason_of(unsigned status)
{
    static const struct {
        unsigned status;
        const char *text;
    } reasons[] = {
        {200, "OK"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(reasons); i++) {
        if (reasons[i].status == status) {
            return reasons[i].text;
        }
    }
    return "Internal Server Error";
}

/* allow: the method a route has, for 405 (RFC 9110 §15.5.6). */
static void write_answer(unsigned status, const char *allow, const char *body,
                         struct tatu_gateway_answer *out)
{
    const int len = snprintf(
        out->text, sizeof(out->text),
        "HTTP/1.1 %u %s\r\nREST-API-Version: " API_VERSION "\r\nContent-Type: application/json\r\n"
        "Content-Length: %zu\r\nCache-Control: no-store\r\nConnection: close\r\n%s%s%s\r\n%s",
        status, reason_of(status), strlen(body),
        allow == NULL ? "" : "Allow: ", allow == NULL ? "" : allow, allow == NULL ? "" : "\r\n",
        body);
    out->len = (size_t)len; /* TATU_GATEWAY_ANSWER_MAX holds the longest body */
}

static void write_refusal(const struct refusal *refusal, const char *allow,
                          struct tatu_gateway_answer *out)
{
    char body[96];
    (void)snprintf(body, sizeof(body), "{\"error\":%" PRIu32 ",\"name\":\"%s\"}", refusal->number,
                   tatu_err_name(refusal->err));
    write_answer(refusal->status, allow, body, out);
}

static void write_error(const struct refusal *rows, size_t count, enum tatu_err err,
                        struct tatu_gateway_answer *out)
{
    const struct refusal other = {500, INTERNAL_ERROR, err};
    const struct refusal *found = &other;
    for (size_t i = 0; i < count; i++) {
        if (rows[i].err == err) {
            found = &rows[i];
        }
    }
    write_refusal(found, NULL, out);
}

static void get_status(const struct tatu_gateway *gateway, const struct tatu_http_request *request,
                       uint64_t uptime_s, struct tatu_gateway_answer *out)
{
    char body[48];
    (void)gateway, (void)request;
    (void)snprintf(body, sizeof(body), "{\"uptime\":%" PRIu64 "}", uptime_s);
    write_answer(200, NULL, body, out);
}

/* A chip leaves the fab SECURE, as the original's do; a lab board's open doors are no secret. */
static void get_security_state(const struct tatu_gateway *gateway,
                               const struct tatu_http_request *request, uint64_t uptime_s,
                               struct tatu_gateway_answer *out)
{
    struct tatu_vault_info info;
    char id[2 * sizeof(info.device_id) + 1], attestation[2 * sizeof(info.attestation) + 1];
    char body[768];
    (void)request, (void)uptime_s;
    const enum tatu_err err = tatu_os_get_vault_info(gateway->monitor, &info);
    if (err != TATU_OK) {
        write_error(vault_refusals, TATU_COUNT_OF(vault_refusals), err, out);
        return;
    }
    tatu_base_encode_hex(TATU_SPAN_OF(info.device_id), id);
    tatu_base_encode_hex(TATU_SPAN_OF(info.attestation), attestation);
    (void)snprintf(body, sizeof(body),
                   "{\"securityState\":\"%s\",\"deviceIdentifier\":\"%s\",\"generalPublicKey\":"
                   "\"%s\",\"deviceIdentityPublicKey\":\"%s\"}",
                   (info.board_class & CLASS_LAB) != 0 ? "TEST" : "SECURE", id, attestation, id);
    write_answer(200, NULL, body, out);
}

static enum tatu_err claim(const struct tatu_gateway *gateway,
                           const struct tatu_gateway_claim *claim, char *body, size_t size)
{
    uint8_t statement_room[TATU_OS_COSE_MAX], endorsement_room[TATU_OS_COSE_MAX];
    struct tatu_buf statement = TATU_BUF_OF(statement_room);
    struct tatu_buf endorsement = TATU_BUF_OF(endorsement_room);
    /* the endorsement first: after the claim nothing may fail any more */
    TATU_TRY(tatu_os_read_factory(gateway->monitor, &endorsement));
    TATU_TRY(
        tatu_os_claim(gateway->monitor, claim->nonce, claim->tenant, claim->owner_key, &statement));
    size_t at = (size_t)snprintf(body, size, "{\"statement\":\"");
    tatu_base_encode_hex((struct tatu_span){statement.data, statement.len}, body + at);
    at += 2 * statement.len;
    at += (size_t)snprintf(body + at, size - at, "\",\"endorsement\":\"");
    tatu_base_encode_hex((struct tatu_span){endorsement.data, endorsement.len}, body + at);
    at += 2 * endorsement.len;
    (void)snprintf(body + at, size - at, "\"}");
    return TATU_OK;
}

static void post_claim(const struct tatu_gateway *gateway, const struct tatu_http_request *request,
                       uint64_t uptime_s, struct tatu_gateway_answer *out)
{
    char body[4 * TATU_OS_COSE_MAX + 64];
    struct tatu_gateway_claim wanted;
    (void)uptime_s;
    if (!request->has_length) {
        write_refusal(&no_length, NULL, out);
        return;
    }
    if (!request->is_json) {
        write_refusal(&wrong_type, NULL, out);
        return;
    }
    enum tatu_err err = tatu_gatewayd_decode_claim(request->body, &wanted);
    if (err != TATU_OK) {
        write_error(claim_refusals, TATU_COUNT_OF(claim_refusals), err, out);
        return;
    }
    err = claim(gateway, &wanted, body, sizeof(body));
    if (err != TATU_OK) {
        write_error(vault_refusals, TATU_COUNT_OF(vault_refusals), err, out);
        return;
    }
    write_answer(200, NULL, body, out);
    gateway->claimed(gateway->context);
}

static const struct route {
    const char *path;
    enum tatu_http_method method;
    const char *method_name;
    void (*act)(const struct tatu_gateway *, const struct tatu_http_request *, uint64_t uptime_s,
                struct tatu_gateway_answer *);
} routes[] = {
    {"/status", TATU_HTTP_GET, "GET", get_status},
    {"/device/security_state", TATU_HTTP_GET, "GET", get_security_state},
    {"/tatu/v1/claim", TATU_HTTP_POST, "POST", post_claim},
};

void tatu_gatewayd_answer(const struct tatu_gateway *gateway,
                          const struct tatu_http_request *request, uint64_t uptime_s,
                          struct tatu_gateway_answer *out)
{
    for (size_t i = 0; i < TATU_COUNT_OF(routes); i++) {
        if (strcmp(routes[i].path, request->path) != 0) {
            continue;
        }
        if (routes[i].method != request->method) {
            write_refusal(&wrong_method, routes[i].method_name, out);
        } else if (routes[i].method == TATU_HTTP_GET && request->body.len != 0) {
            write_refusal(&unwanted_body, NULL, out);
        } else {
            routes[i].act(gateway, request, uptime_s, out);
        }
        return;
    }
    write_refusal(&not_found, NULL, out);
}

void tatu_gatewayd_refuse(enum tatu_err err, struct tatu_gateway_answer *out)
{
    write_error(http_refusals, TATU_COUNT_OF(http_refusals), err, out);
}
