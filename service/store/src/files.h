/* Paths and folders below the data folder. */
#ifndef FILES_H
#define FILES_H

#include "base/base.h"

/** dir/name. Errors: LONG. */
enum tatu_err tatu_store_make_path(const char *dir, const char *name, char *out, size_t cap);
enum tatu_err tatu_store_make_folder(const char *dir, const char *name);

#endif
