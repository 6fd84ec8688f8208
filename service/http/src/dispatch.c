#include "service/http/http.h"

#include <string.h>
#include <strings.h>

static enum tatu_http_refusal check_token(const struct tatu_http_site *site,
                                          const struct tatu_http_raw *raw,
                                          struct tatu_http_request *request)
{
    static const char scheme[] = "Bearer ";
    if (raw->authorization == NULL ||
        strncasecmp(raw->authorization, scheme, sizeof(scheme) - 1) != 0) {
        return TATU_HTTP_NO_CREDENTIAL;
    }
    enum tatu_err err = site->check_token(
        site->context, request->arena, raw->authorization + sizeof(scheme) - 1, &request->subject);
    if (err == TATU_OK) {
        return TATU_HTTP_SERVED;
    }
    return err == TATU_ERR_DENIED ? TATU_HTTP_NO_CREDENTIAL : TATU_HTTP_UNAVAILABLE;
}

static enum tatu_http_refusal check_credential(const struct tatu_http_site *site,
                                               const struct tatu_http_raw *raw,
                                               struct tatu_http_request *request)
{
    enum tatu_http_scope scope =
        request->route == NULL ? site->unmatched_scope : request->route->scope;
    switch (scope) {
    case TATU_HTTP_OPEN:
        return TATU_HTTP_SERVED;
    case TATU_HTTP_TOKEN:
        return check_token(site, raw, request);
    case TATU_HTTP_DEVICE:
        return raw->device_id == NULL ? TATU_HTTP_NO_CREDENTIAL : TATU_HTTP_SERVED;
    }
    return TATU_HTTP_NO_CREDENTIAL;
}

void tatu_http_dispatch(const struct tatu_http_site *site, const struct tatu_http_raw *raw,
                        struct tatu_arena *arena, int64_t now_s, struct tatu_http_answer *answer)
{
    struct tatu_http_request request = {.arena = arena, .now_s = now_s};
    enum tatu_http_refusal decoded = tatu_http_decode(site, raw, &request);
    enum tatu_http_refusal allowed = check_credential(site, raw, &request);
    enum tatu_http_refusal refusal = allowed != TATU_HTTP_SERVED ? allowed : decoded;
    if (refusal == TATU_HTTP_SERVED) {
        site->serve(site->context, &request, answer);
    } else {
        site->refuse(site->context, &request, refusal, answer);
    }
}
