/* Tables of the service, one entry per version; entries are never changed, only added. */
#ifndef SCHEMA_H
#define SCHEMA_H

#include <stddef.h>

extern const char *const tatu_store_schema_steps[];
extern const size_t tatu_store_schema_step_count;

#endif
