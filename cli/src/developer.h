/* The developer's key: signs his packages, and owns the boards of his desk. */
#ifndef DEVELOPER_H
#define DEVELOPER_H

#include "keys.h"

/** The key of the file, or, for NULL, the one in the configuration folder, which is made when it is
 *  first needed. */
enum tatu_err tatu_cli_load_developer(struct tatu_cli *cli, const char *named,
                                      struct tatu_cli_key *out);

#endif
