#include "frames.h"

#define WORD 4u
#define GUESS_MAX 12u /* more of them say less */

uint32_t tatu_failures_find_module(const struct tatu_crash *crash, uint32_t address)
{
    for (uint32_t i = 0; i < crash->module_count; i++) {
        if (address - crash->modules[i].base < crash->modules[i].size) {
            return i;
        }
    }
    return TATU_CRASH_MODULE_MAX;
}

bool tatu_failures_add_frame(const struct tatu_crash *crash, struct tatu_stack *stack,
                             enum tatu_frame_kind kind, uint32_t address)
{
    if (stack->count == TATU_FRAME_MAX) {
        return false;
    }
    /* a recursion is unwound as often as it happened; a guess adds only what is new */
    bool sure = kind == TATU_FRAME_PC || kind == TATU_FRAME_CFI;
    for (uint32_t i = 0; !sure && i < stack->count; i++) {
        if (stack->frames[i].address == address) {
            return false;
        }
    }
    stack->frames[stack->count++] = (struct tatu_frame){
        .kind = kind, .address = address, .module = tatu_failures_find_module(crash, address)};
    return true;
}

void tatu_failures_add_link(const struct tatu_crash *crash, const struct tatu_crash_thread *thread,
                            struct tatu_stack *stack)
{
    uint32_t link = thread->registers[REGISTER_LR] & ~1u;
    if (tatu_failures_find_module(crash, link) != TATU_CRASH_MODULE_MAX) {
        (void)tatu_failures_add_frame(crash, stack, TATU_FRAME_LR, link);
    }
}

void tatu_failures_add_guesses(const struct tatu_crash *crash,
                               const struct tatu_crash_thread *thread, frames_is_code is_code,
                               void *context, struct tatu_stack *stack)
{
    size_t guesses = 0;
    for (size_t at = 0; at + WORD <= thread->stack.len && guesses < GUESS_MAX; at += WORD) {
        uint32_t address = tatu_get_le32(thread->stack.data + at) & ~1u;
        bool inside = tatu_failures_find_module(crash, address) != TATU_CRASH_MODULE_MAX;
        if (inside && (is_code == NULL || is_code(context, address))) {
            guesses += tatu_failures_add_frame(crash, stack, TATU_FRAME_GUESS, address);
        }
    }
}

void tatu_failures_stack_plain(const struct tatu_crash *crash, struct tatu_stacks *out)
{
    out->count = (uint32_t)crash->thread_count;
    for (uint32_t i = 0; i < out->count; i++) {
        struct tatu_stack *stack = &out->threads[i];
        stack->count = 0;
        (void)tatu_failures_add_frame(crash, stack, TATU_FRAME_PC,
                                      crash->threads[i].registers[REGISTER_PC] & ~1u);
        tatu_failures_add_link(crash, &crash->threads[i], stack);
        tatu_failures_add_guesses(crash, &crash->threads[i], NULL, NULL, stack);
    }
}
