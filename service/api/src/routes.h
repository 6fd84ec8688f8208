/* The routing tables of the three sides. */
#ifndef ROUTES_H
#define ROUTES_H

#include "service/http/http.h"

extern const struct tatu_http_route tatu_api_routes_operator[];
extern const size_t tatu_api_routes_operator_count;
extern const struct tatu_http_route tatu_api_routes_front[];
extern const size_t tatu_api_routes_front_count;
extern const struct tatu_http_route tatu_api_routes_update[];
extern const size_t tatu_api_routes_update_count;

#define ROUTES_IMAGE_BODY_MAX (2u * 1024u * 1024u) /* 1 MiB in base64, and its JSON */
#define ROUTES_SYMBOL_BODY_MAX (16u * 1024u * 1024u)
#define ROUTES_JSON_BODY_MAX (64u * 1024u)
#define ROUTES_IMPORT_BODY_MAX (1024u * 1024u) /* 1000 endorsements */
#define ROUTES_DEVICE_BODY_MAX (64u * 1024u)

#endif
