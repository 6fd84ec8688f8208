/* Patterns of names in paths. Source: docs/protocol/operator-api.md §1. */
#ifndef NAMES_H
#define NAMES_H

#include "service/http/http.h"

extern const struct tatu_http_kind tatu_api_name_kinds[];
extern const size_t tatu_api_name_kind_count;

/** Whether text passes the pattern of that kind. */
bool tatu_api_check_name(const char *kind, const char *text);

#endif
