/* Writes BPF programs: instructions one after the other, jumps to marks. */
#ifndef TATU_NETD_ASSEMBLE_H
#define TATU_NETD_ASSEMBLE_H

#include <linux/bpf.h>

#include "base/base.h"

#define TATU_PROGRAM_MAX 224u
#define TATU_PROGRAM_MARK_MAX 24u
#define TATU_PROGRAM_JUMP_MAX 64u

struct tatu_program {
    struct bpf_insn text[TATU_PROGRAM_MAX];
    size_t count;
    size_t marks[TATU_PROGRAM_MARK_MAX];
    struct {
        size_t at;
        size_t mark;
    } jumps[TATU_PROGRAM_JUMP_MAX];
    size_t jump_count;
};

static inline void asm_put(struct tatu_program *p, uint8_t code, uint8_t to, uint8_t from,
                           int16_t at, int32_t value)
{
    if (p->count < TATU_PROGRAM_MAX) {
        p->text[p->count++] = (struct bpf_insn){code, to & 15, from & 15, at, value};
    }
}

static inline void asm_move(struct tatu_program *p, uint8_t to, uint8_t from)
{
    asm_put(p, BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0);
}
static inline void asm_set(struct tatu_program *p, uint8_t to, int32_t value)
{
    asm_put(p, BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value);
}
static inline void asm_calculate(struct tatu_program *p, uint8_t op, uint8_t to, int32_t value)
{
    asm_put(p, (uint8_t)(BPF_ALU64 | op | BPF_K), to, 0, 0, value);
}
/* size: BPF_B, BPF_H, BPF_W, BPF_DW */
static inline void asm_get(struct tatu_program *p, uint8_t size, uint8_t to, uint8_t from,
                           int16_t at)
{
    asm_put(p, (uint8_t)(BPF_LDX | BPF_MEM | size), to, from, at, 0);
}
static inline void asm_store(struct tatu_program *p, uint8_t size, uint8_t to, int16_t at,
                             uint8_t from)
{
    asm_put(p, (uint8_t)(BPF_STX | BPF_MEM | size), to, from, at, 0);
}
static inline void asm_store_value(struct tatu_program *p, uint8_t size, uint8_t to, int16_t at,
                                   int32_t value)
{
    asm_put(p, (uint8_t)(BPF_ST | BPF_MEM | size), to, 0, at, value);
}
static inline void asm_add_to(struct tatu_program *p, uint8_t to, int16_t at, uint8_t from)
{
    asm_put(p, BPF_STX | BPF_ATOMIC | BPF_DW, to, from, at, BPF_ADD);
}
static inline void asm_call(struct tatu_program *p, int32_t function)
{
    asm_put(p, BPF_JMP | BPF_CALL, 0, 0, 0, function);
}
static inline void asm_map(struct tatu_program *p, uint8_t to, int map_fd)
{
    asm_put(p, BPF_LD | BPF_IMM | BPF_DW, to, BPF_PSEUDO_MAP_FD, 0, map_fd);
    asm_put(p, 0, 0, 0, 0, 0);
}
static inline void asm_end(struct tatu_program *p, int32_t result)
{
    asm_set(p, BPF_REG_0, result);
    asm_put(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static inline void asm_note_jump(struct tatu_program *p, size_t mark)
{
    if (p->jump_count < TATU_PROGRAM_JUMP_MAX) {
        p->jumps[p->jump_count].at = p->count;
        p->jumps[p->jump_count++].mark = mark;
    }
}
/* op: BPF_JEQ, BPF_JNE, ... with a value; 32 bits of the register */
static inline void asm_if(struct tatu_program *p, uint8_t op, uint8_t reg, int32_t value,
                          size_t mark)
{
    asm_note_jump(p, mark);
    asm_put(p, (uint8_t)(BPF_JMP32 | op | BPF_K), reg, 0, 0, value);
}
/* A pointer that a helper gave is not there. */
static inline void asm_if_none(struct tatu_program *p, uint8_t reg, size_t mark)
{
    asm_note_jump(p, mark);
    asm_put(p, BPF_JMP | BPF_JEQ | BPF_K, reg, 0, 0, 0);
}
static inline void asm_go(struct tatu_program *p, size_t mark)
{
    asm_note_jump(p, mark);
    asm_put(p, BPF_JMP | BPF_JA, 0, 0, 0, 0);
}
static inline void asm_mark(struct tatu_program *p, size_t mark)
{
    p->marks[mark] = p->count;
}

/* Once, at the end. Errors: FULL: it was longer than there is room. */
static inline enum tatu_err asm_finish(struct tatu_program *p)
{
    if (p->count == TATU_PROGRAM_MAX || p->jump_count == TATU_PROGRAM_JUMP_MAX) {
        return TATU_ERR_FULL;
    }
    for (size_t i = 0; i < p->jump_count; i++) {
        const size_t at = p->jumps[i].at;
        p->text[at].off = (int16_t)((int)p->marks[p->jumps[i].mark] - (int)at - 1);
    }
    return TATU_OK;
}

#endif
