/*
 * A program without an OS where Linux would be, in the normal world: console, faults that do not
 * end it, calls of the monitor through one page. It has main(); its entry and this come with
 * silicon.harness.build_kernel.
 */
#ifndef TATU_HARNESS_BARE_H
#define TATU_HARNESS_BARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/map.h"
#include "proto/smc.h"

#define PAGE_AT 0x40700000u
#define HEAD TATU_SMC_HEADER_SIZE
#define ALL_RIGHTS 0xffffffffu

enum { FAULT_NONE, FAULT_DATA, FAULT_FETCH, FAULT_UNDEFINED };

/* What the last faulting instruction was; it is passed over. */
extern volatile uint32_t fault;

/* Instructions that C lacks. */
uint32_t attack_read(uint32_t address);
void attack_write(uint32_t address, uint32_t value);
void attack_jump(uint32_t address);
void attack_scr(void);
void attack_set_scr(void);
void attack_nsacr(void);
void attack_mvbar(void);
uint32_t attack_monitor_mode(void);
void smc(uint32_t r[4]);
/** The same; 1 if all registers but r0..r3, and VFP, came back as they were. */
uint32_t smc_keeps_registers(uint32_t r[4]);

void *memcpy(void *to, const void *from, size_t len);
void *memset(void *to, int byte, size_t len);
bool is_same(const void *a, const void *b, size_t len);

void print(const char *text);
void print_number(uint32_t n);
/** One line for one test, counted. */
void check(bool good, const char *name);
/** Tells the counts, then calls a function of PSCI. */
void restart(uint32_t function);

/* The page of all calls, how many bytes of answer it holds, and the rights they are made with. */
extern uint8_t *const page;
extern uint32_t answer_len;
extern uint32_t rights;
uint32_t call_at(uint32_t address, uint32_t len);
uint32_t call(uint32_t number, const void *arguments, uint32_t len);
uint32_t call_word(uint32_t number, uint32_t word);
uint32_t call_kind(uint32_t number, uint16_t kind, const void *bytes, uint32_t len);

/** The program: what the device tree would be, and r0..r12, sp, lr as they were at the entry. */
struct parameters;
void main(const struct parameters *p, const uint32_t *early);

#endif
