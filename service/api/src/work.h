/* One request in hand, and what all handlers share. */
#ifndef WORK_H
#define WORK_H

#include "service/api/api.h"
#include "service/fleet/fleet.h"
#include "service/json/json.h"

/* Flags of routes. */
#define ROUTE_WRITES 1u /* runs in one transaction */
#define ROUTE_ARM 2u    /* wants api-version */
#define ROUTE_DATES 4u  /* what it answers carries the service's time */

#define ARM_API_VERSION "2024-04-01"

struct tatu_api {
    struct tatu_store *store;
    const struct tatu_identity *identity;
    const char *program;
    struct tatu_nonces *attest_nonces;
    struct tatu_nonces *claim_nonces; /* apart: a flood of the open listener cannot drop them */
    struct tatu_http_site sites[TATU_API_SIDE_COUNT];
    int64_t started_s;
    uint64_t requests;
    uint64_t refused;
    size_t symbolisers; /* child processes at work */
};

struct work {
    struct tatu_api *api;
    struct tatu_call call;
    const struct tatu_http_request *request;
    struct tatu_http_answer *answer;
    struct tatu_json_writer json;
    const char *code;    /* NULL: that of the error */
    const char *message; /* NULL: the error's sentence */
};

/* ---- answers ---- */
/** A fresh JSON text of this request. */
struct tatu_json_writer *tatu_api_start_json(struct work *work);
/** 200 or 201 with JSON. */
void tatu_api_answer_json(struct work *work, int status, struct tatu_json_writer *json);
/** 200 with CBOR, or octets of another type. */
void tatu_api_answer_bytes(struct work *work, const char *content_type, struct tatu_span body);
void tatu_api_answer_empty(struct work *work);
/** Returns err, with an ARM code and a sentence of its own. */
enum tatu_err tatu_api_fail(struct work *work, enum tatu_err err, const char *code,
                            const char *message);
/** Status of an error number. */
int tatu_api_status_of(enum tatu_err err);
void tatu_api_error_arm(struct work *work, enum tatu_err err);
void tatu_api_error_device(struct work *work, enum tatu_err err);

/* ---- paths and lists ---- */
const char *tatu_api_param(const struct work *work, const char *name);
/** $skip, $top, $maxpagesize. Errors: ARGUMENT. */
enum tatu_err tatu_api_get_page(struct work *work, struct tatu_page *out);
void tatu_api_open_list(struct work *work, struct tatu_json_writer *json);
/** Closes "value" and adds nextLink when more rows follow. */
void tatu_api_close_list(struct work *work, struct tatu_json_writer *json,
                         const struct tatu_page *page, size_t count, bool more);
/** The id in hex, or all zero. */
void tatu_api_get_device_id(const struct work *work, uint8_t out[64]);

/* ---- ARM ---- */
enum tatu_err tatu_api_find_catalog(struct work *work, struct tatu_catalog *out);
enum tatu_err tatu_api_find_product(struct work *work, const struct tatu_catalog *catalog,
                                    struct tatu_product *out);
enum tatu_err tatu_api_find_group(struct work *work, const struct tatu_catalog *catalog,
                                  struct tatu_group *out);
/** Resource id of the catalog. */
const char *tatu_api_catalog_id(const struct work *work, const struct tatu_catalog *catalog);
void tatu_api_put_head(struct tatu_json_writer *json, const char *id, const char *name,
                       const char *type);
/** Opens "properties"; close with tatu_api_close_properties. */
void tatu_api_open_properties(struct tatu_json_writer *json);
void tatu_api_close_properties(struct tatu_json_writer *json, const char *created_by,
                               int64_t created_s);

#endif
