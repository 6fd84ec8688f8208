/* A maker's folder: the key that endorses boards, and the maker's name. */
#ifndef MAKER_H
#define MAKER_H

#include "keys.h"

#define MAKER_KEY "maker.pem"
#define MAKER_RECORD "maker.json"

/** Errors: those of the key file. */
enum tatu_err tatu_cli_load_maker(struct tatu_cli *cli, const char *dir, struct tatu_cli_key *out);

#endif
