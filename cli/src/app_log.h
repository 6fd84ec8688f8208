/* What is new in a log of which the last part is kept. */
#ifndef APP_LOG_H
#define APP_LOG_H

#include "base/base.h"

/** How many bytes at the end of `now` were not in `before`. */
size_t tatu_cli_count_new(struct tatu_span before, struct tatu_span now);

#endif
