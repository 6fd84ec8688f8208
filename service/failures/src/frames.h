/* Frames of one thread, collected in order. */
#ifndef FRAMES_H
#define FRAMES_H

#include "service/failures/failures.h"

#define REGISTER_SP 13
#define REGISTER_LR 14
#define REGISTER_PC 15

/** Index of the module the address lies in; TATU_CRASH_MODULE_MAX for none. */
uint32_t tatu_failures_find_module(const struct tatu_crash *crash, uint32_t address);

/** Adds a frame, unless the stack is full, or it is no sure one and its address is there already.
 *  Returns whether it did. */
bool tatu_failures_add_frame(const struct tatu_crash *crash, struct tatu_stack *stack,
                             enum tatu_frame_kind kind, uint32_t address);

/** Says whether an address is code; for modules whose file is known. */
typedef bool (*frames_is_code)(void *context, uint32_t address);

/** The link register, if it points into a module. */
void tatu_failures_add_link(const struct tatu_crash *crash, const struct tatu_crash_thread *thread,
                            struct tatu_stack *stack);
/** Words on the stack that point into a module's code (and is_code, if given, agrees). */
void tatu_failures_add_guesses(const struct tatu_crash *crash,
                               const struct tatu_crash_thread *thread, frames_is_code is_code,
                               void *context, struct tatu_stack *stack);

#endif
