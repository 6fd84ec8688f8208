/* Patterns of names in paths. Source: docs/protocol/operator-api.md §1. */
#ifndef NAMES_H
#define NAMES_H

#include "service/http/http.h"

extern const struct tatu_http_kind names_kinds[];
extern const size_t names_kind_count;

/** Whether text passes the pattern of that kind. */
bool names_check(const char *kind, const char *text);

#endif
