/* Results on a terminal or as JSON. */
#ifndef PRINT_H
#define PRINT_H

#include "base/base.h"

#include <jansson.h>
#include <stdio.h>

/** Copies text so that no byte of it can steer a terminal: control and non-UTF-8 bytes become '?'.
 */
void tatu_cli_escape(const char *text, char *out, size_t cap);

/** The value at "a.b.c", NULL when there is none. Borrowed. */
json_t *tatu_cli_find(json_t *json, const char *path);

/** JSON as it is; in text an array becomes a table of `columns`, an object its lines. */
void tatu_cli_print(FILE *out, json_t *result, bool as_json, const char *columns);

#endif
