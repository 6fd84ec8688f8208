/* The certificate store over the device API. */
#include <stdio.h>
#include <strings.h>

#include "certstore.h"
#include "route.h"

static void give_empty(const struct tatu_call *call, uint32_t number, struct tatu_reply *reply)
{
    if (number != 0) {
        tatu_route_refuse(call->route, number, TATU_ERR_ARGUMENT, reply);
    } else {
        tatu_reply_put_text(reply, "{}");
    }
}

void tatu_api_get_certs(const struct tatu_gateway *gateway, const struct tatu_call *call,
                        struct tatu_reply *reply)
{
    char id[TATU_CERT_ID_MAX + 1];
    uint32_t count = 0;
    uint32_t number = tatu_certstore_count(gateway->certs, &count);
    tatu_json_open(reply, NULL, '{');
    tatu_json_open(reply, "identifiers", '[');
    for (uint32_t i = 0; i < count && number == 0; i++) {
        number = tatu_certstore_id_at(gateway->certs, i, id);
        if (number == 0) {
            tatu_json_put_string(reply, NULL, id);
        }
    }
    tatu_json_close(reply, ']');
    tatu_json_close(reply, '}');
    if (number != 0) {
        tatu_route_refuse(call->route, number, TATU_ERR_IO, reply);
    }
}

void tatu_api_get_cert(const struct tatu_gateway *gateway, const struct tatu_call *call,
                       struct tatu_reply *reply)
{
    struct tatu_cert_info info;
    const uint32_t number = tatu_certstore_info(gateway->certs, call->name, &info);
    if (number != 0) {
        tatu_route_refuse(call->route, number, TATU_ERR_NOT_FOUND, reply);
        return;
    }
    tatu_json_open(reply, NULL, '{');
    tatu_json_put_string(reply, "id", call->name);
    tatu_json_put_string(reply, "notBefore", info.not_before);
    tatu_json_put_string(reply, "notAfter", info.not_after);
    tatu_json_put_string(reply, "subjectName", info.subject);
    tatu_json_put_string(reply, "issuerName", info.issuer);
    tatu_json_close(reply, '}');
}

/* An absent or null text is empty. False: it is something else. */
static bool get_text(const json_t *json, const char *key, struct tatu_span *out)
{
    const json_t *value = json_object_get(json, key);
    *out = (struct tatu_span){NULL, 0};
    if (value == NULL || json_is_null(value)) {
        return true;
    }
    *out = (struct tatu_span){(const uint8_t *)json_string_value(value), json_string_length(value)};
    return json_is_string(value);
}

static uint32_t read_new(const struct tatu_call *call, struct tatu_certstore_new *out)
{
    const char *type = json_string_value(json_object_get(call->json, "certType"));
    *out = (struct tatu_certstore_new){.id = call->name};
    if (type != NULL && strcasecmp(type, "Client") == 0) {
        out->type = TATU_CERT_CLIENT;
    } else if (type != NULL && strcasecmp(type, "RootCA") == 0) {
        out->type = TATU_CERT_ROOT;
    } else {
        return TATU_NUMBER_CERT_STORAGE_INVALID_CERT_TYPE;
    }
    if (!get_text(call->json, "publicCert", &out->certificate)) {
        return TATU_NUMBER_CERT_STORAGE_PUBLIC_CERT_CONTENT_INVALID;
    }
    if (!get_text(call->json, "privateKey", &out->key)) {
        return TATU_NUMBER_CERT_STORAGE_PRIVATE_KEY_CONTENT_INVALID;
    }
    return get_text(call->json, "password", &out->password) ? 0
                                                            : TATU_NUMBER_REST_INVALID_JSON_DATA;
}

void tatu_api_post_cert(const struct tatu_gateway *gateway, const struct tatu_call *call,
                        struct tatu_reply *reply)
{
    struct tatu_certstore_new new;
    uint32_t number = read_new(call, &new);
    if (number == 0) {
        number = tatu_certstore_install(gateway->certs, &new);
    }
    give_empty(call, number, reply);
}

void tatu_api_delete_cert(const struct tatu_gateway *gateway, const struct tatu_call *call,
                          struct tatu_reply *reply)
{
    give_empty(call, tatu_certstore_delete(gateway->certs, call->name), reply);
}

void tatu_api_get_cert_space(const struct tatu_gateway *gateway, const struct tatu_call *call,
                             struct tatu_reply *reply)
{
    uint32_t space;
    char text[12];
    const uint32_t number = tatu_certstore_space(gateway->certs, &space);
    if (number != 0) {
        tatu_route_refuse(call->route, number, TATU_ERR_IO, reply);
        return;
    }
    (void)snprintf(text, sizeof(text), "%u", (unsigned)space);
    tatu_json_open(reply, NULL, '{');
    tatu_json_put_string(reply, "AvailableSpace", text); /* a text, as in the original */
    tatu_json_close(reply, '}');
}
