/* Lines on the vault's UART. No secret and no foreign byte is ever printed: only our own text,
 * numbers, set letters, names of errors, and in hex digits what is the chip's own. */
#ifndef TATU_VAULT_LOG_H
#define TATU_VAULT_LOG_H

#include "chip.h"

void tatu_vault_log(struct tatu_vault_chip *chip, const char *text);
void tatu_vault_log_number(struct tatu_vault_chip *chip, uint32_t number);

/** A line "[who] what 0123abcd"; at most 64 bytes. */
void tatu_vault_log_hex(struct tatu_vault_chip *chip, const char *who, const char *what,
                        struct tatu_span bytes);

#define TATU_VAULT_LOG_RECOVERY 2u /* in place of a set: what came over the recovery port */

/** A line "[who] set A: what". */
void tatu_vault_log_set(struct tatu_vault_chip *chip, const char *who, uint8_t set,
                        const char *what);

/** A line "[who] what, NAME". */
void tatu_vault_log_err(struct tatu_vault_chip *chip, const char *who, const char *what,
                        enum tatu_err err);

/** A line "[who] set A: what verified, version 3" or "[who] set A: what refused, NAME". */
void tatu_vault_log_verdict(struct tatu_vault_chip *chip, const char *who, uint8_t set,
                            const char *what, enum tatu_err err, uint32_t version);

#endif
