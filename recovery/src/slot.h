/* Parts in memory and in flash. */
#ifndef TATU_RECOVERY_SLOT_H
#define TATU_RECOVERY_SLOT_H

#include "state.h"

/** Has the vault verify a part at an address of the secure view; its content must be the
 *  manifest's. Errors: the vault's; DIGEST. */
enum tatu_err tatu_recovery_check_part(struct tatu_recovery_state *state,
                                       const struct tatu_recovery_part *part, uint32_t address);

/** Whether a set holds exactly this part. Errors: those of the check, or why there is none. */
enum tatu_err tatu_recovery_check_slot(struct tatu_recovery_state *state,
                                       const struct tatu_recovery_part *part, uint8_t set);

/** Erases a range of whole sectors; blank ones are left alone. Errors: IO. */
enum tatu_err tatu_recovery_erase(struct tatu_recovery_state *state, uint32_t at, uint32_t size);

/** Writes the part that waits in memory to a set, footer last, and checks it there. Errors: IO;
 *  those of the check. */
enum tatu_err tatu_recovery_write_slot(struct tatu_recovery_state *state,
                                       const struct tatu_recovery_part *part, uint8_t set);

/** Tells the host how much of all is written. */
void tatu_recovery_tell_progress(struct tatu_recovery_state *state,
                                 const struct tatu_recovery_part *part);

/** Where a part waits in memory. */
uint32_t tatu_recovery_memory_of(const struct tatu_recovery_part *part);

#endif
