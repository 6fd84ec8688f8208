/*
 * What operators and devices may ask: routing tables, decoding of bodies, answers. Domain rooms do
 * the work. Source: docs/protocol/operator-api.md, device-service.md.
 */
#ifndef TATU_SERVICE_API_API_H
#define TATU_SERVICE_API_API_H

#include "base/base.h"
#include "service/http/http.h"
#include "service/identity/identity.h"
#include "service/store/store.h"

#define TATU_SERVICE_VERSION "0.1.0"

struct tatu_api;

struct tatu_api_options {
    struct tatu_store *store;
    const struct tatu_identity *identity;
    const char *program; /* started with --symbolise DIR for stacks */
};

enum tatu_err tatu_api_open(const struct tatu_api_options *options, struct tatu_api **out);
void tatu_api_close(struct tatu_api *api);

enum tatu_api_side { TATU_API_OPERATOR, TATU_API_FRONT, TATU_API_UPDATE };
#define TATU_API_SIDE_COUNT 3
/** Lives as long as the api. */
const struct tatu_http_site *tatu_api_site(const struct tatu_api *api, enum tatu_api_side side);
/** Bodies over this end the connection; those over a route's own limit get an answer. */
size_t tatu_api_body_max(enum tatu_api_side side);

#endif
