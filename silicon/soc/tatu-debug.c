/*
 * SPDX-License-Identifier: GPL-2.0-only
 * Debug port: looks into a core's memory, stops it and shows its registers, when and only when the
 * vault has opened that core. One line of text per request and answer, docs/chip/debug.md.
 */
#include "qemu/osdep.h"

#include "exec/address-spaces.h"
#include "hw/core/cpu.h"
#include "hw/qdev-properties-system.h"
#include "hw/qdev-properties.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/cutils.h"
#include "sysemu/runstate.h"
#include "tatu-soc.h"
#include "tatu-wire.h"

#define VERSION 1
#define WORDS_MAX 64
#define ARGUMENTS_MAX 5
#define REGISTER_COUNT 16
#define REGISTER_PSR 25 /* number of the status register in gdb's list */

static const struct {
    const char *name, *memory, *cpu; /* the last two: links */
    uint32_t bit;
    MemTxAttrs attrs;
} cores[] = {
    {"vault", "vault-memory", "vault-core", TATU_DEBUG_VAULT, {.unspecified = 1}},
    {"acore", "acore-memory", "acore-core", TATU_DEBUG_ACORE, {.secure = 1}},
    {"rt0", "rt0-memory", "rt0-core", TATU_DEBUG_RT0, {.unspecified = 1}},
    {"rt1", "rt1-memory", "rt1-core", TATU_DEBUG_RT1, {.unspecified = 1}},
};

#define CORE_COUNT ARRAY_SIZE(cores)

typedef struct Target {
    MemoryRegion *memory;
    CPUState *cpu;
    AddressSpace space;
} Target;

struct TatuDebug {
    SysBusDevice parent;
    TatuWire wire;
    TatuVctl *vctl;
    Target target[CORE_COUNT];
};

typedef struct Request {
    unsigned core;
    uint32_t address, value;
} Request;

/* ---- Acts: each answers one line ------------------------------------------------------------- */

static void say_id(TatuDebug *s)
{
    tatu_wire_say(&s->wire, "ok tatu-debug %d", VERSION);
    for (unsigned i = 0; i < CORE_COUNT; i++) {
        if (tatu_vctl_debug_is_open(s->vctl, cores[i].bit)) {
            tatu_wire_say(&s->wire, " %s", cores[i].name);
        }
    }
    tatu_wire_say(&s->wire, "\n");
}

static void read_words(TatuDebug *s, const Request *r)
{
    uint32_t word[WORDS_MAX];

    for (uint32_t i = 0; i < r->value; i++) {
        MemTxResult result;

        word[i] = address_space_ldl_le(&s->target[r->core].space, (uint32_t)(r->address + 4 * i),
                                       cores[r->core].attrs, &result);
        if (result != MEMTX_OK) {
            tatu_wire_say(&s->wire, "error fault\n");
            return;
        }
    }
    tatu_wire_say(&s->wire, "ok");
    for (uint32_t i = 0; i < r->value; i++) {
        tatu_wire_say(&s->wire, " %08x", word[i]);
    }
    tatu_wire_say(&s->wire, "\n");
}

static void write_word(TatuDebug *s, const Request *r)
{
    MemTxResult result;

    address_space_stl_le(&s->target[r->core].space, r->address, r->value, cores[r->core].attrs,
                         &result);
    tatu_wire_say(&s->wire, result == MEMTX_OK ? "ok\n" : "error fault\n");
}

/* Runs on the core itself, between two instructions. */
static void stop_here(CPUState *cpu, run_on_cpu_data data)
{
    cpu->stop = true;
}

static void halt(TatuDebug *s, const Request *r)
{
    run_on_cpu(s->target[r->core].cpu, stop_here, RUN_ON_CPU_NULL);
    tatu_wire_say(&s->wire, "ok\n");
}

static void resume(TatuDebug *s, const Request *r)
{
    if (runstate_is_running()) {
        cpu_resume(s->target[r->core].cpu);
    }
    tatu_wire_say(&s->wire, "ok\n");
}

static uint32_t register_of(CPUState *cpu, int n)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    if (CPU_GET_CLASS(cpu)->gdb_read_register(cpu, bytes, n) != 4) {
        return 0;
    }
    return ldl_le_p(bytes->data);
}

static void say_registers(TatuDebug *s, const Request *r)
{
    CPUState *cpu = s->target[r->core].cpu;

    if (!cpu->stop && !cpu->stopped) {
        tatu_wire_say(&s->wire, "error running\n");
        return;
    }
    tatu_wire_say(&s->wire, "ok");
    for (int n = 0; n < REGISTER_COUNT; n++) {
        tatu_wire_say(&s->wire, " %08x", register_of(cpu, n));
    }
    tatu_wire_say(&s->wire, " %08x\n", register_of(cpu, REGISTER_PSR));
}

/* ---- Requests -------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    int numbers; /* after the core's name */
    void (*act)(TatuDebug *s, const Request *r);
} verbs[] = {
    {"read", 2, read_words}, {"write", 2, write_word},        {"halt", 0, halt},
    {"resume", 0, resume},   {"registers", 0, say_registers},
};

/* Hexadecimal, 0x before it or not; nothing but digits, at most 32 bits. */
static bool decode_number(const char *text, uint32_t *out)
{
    const char *digits = g_str_has_prefix(text, "0x") ? text + 2 : text;
    size_t len = strlen(digits);

    if (len == 0 || len > 8 || strspn(digits, "0123456789abcdefABCDEF") != len) {
        return false;
    }
    *out = strtoul(digits, NULL, 16);
    return true;
}

static bool decode_core(const TatuDebug *s, const char *name, unsigned *out)
{
    for (unsigned i = 0; i < CORE_COUNT; i++) {
        if (strcmp(name, cores[i].name) == 0 && s->target[i].cpu != NULL) {
            *out = i;
            return true;
        }
    }
    return false;
}

static bool decode_numbers(char **word, int count, Request *out)
{
    if (count == 0) {
        return true;
    }
    return decode_number(word[0], &out->address) && out->address % 4 == 0 &&
           decode_number(word[1], &out->value);
}

/* The index of the verb, or -1. */
static int decode(const TatuDebug *s, char **word, Request *out)
{
    int count = g_strv_length(word);

    for (int i = 0; i < ARRAY_SIZE(verbs); i++) {
        if (count == verbs[i].numbers + 2 && strcmp(word[0], verbs[i].name) == 0 &&
            decode_core(s, word[1], &out->core) &&
            decode_numbers(word + 2, verbs[i].numbers, out)) {
            bool countless =
                verbs[i].act == read_words && (out->value == 0 || out->value > WORDS_MAX);

            return countless ? -1 : i;
        }
    }
    return -1;
}

static void debug_line(void *owner, const char *line)
{
    TatuDebug *s = owner;
    g_auto(GStrv) word = g_strsplit(line ? line : "", " ", ARGUMENTS_MAX + 1);
    Request request = {0};
    int verb;

    if (g_strv_length(word) == 1 && strcmp(word[0], "id") == 0) {
        say_id(s);
        return;
    }
    verb = decode(s, word, &request);
    if (verb < 0) {
        tatu_wire_say(&s->wire, "error syntax\n");
    } else if (!tatu_vctl_debug_is_open(s->vctl, cores[request.core].bit)) {
        tatu_wire_say(&s->wire, "error locked\n");
    } else {
        verbs[verb].act(s, &request);
    }
}

static const TatuWireOps debug_wire = {.line = debug_line};

static void debug_init(Object *obj)
{
    TatuDebug *s = TATU_DEBUG(obj);

    for (unsigned i = 0; i < CORE_COUNT; i++) {
        object_property_add_link(obj, cores[i].memory, TYPE_MEMORY_REGION,
                                 (Object **)&s->target[i].memory,
                                 qdev_prop_allow_set_link_before_realize, OBJ_PROP_LINK_STRONG);
        object_property_add_link(obj, cores[i].cpu, TYPE_CPU, (Object **)&s->target[i].cpu,
                                 qdev_prop_allow_set_link_before_realize, OBJ_PROP_LINK_STRONG);
    }
}

static void debug_realize(DeviceState *dev, Error **errp)
{
    TatuDebug *s = TATU_DEBUG(dev);

    assert(s->vctl);
    for (unsigned i = 0; i < CORE_COUNT; i++) {
        if (s->target[i].cpu != NULL) {
            address_space_init(&s->target[i].space, s->target[i].memory, cores[i].memory);
        }
    }
    tatu_wire_open(&s->wire, &debug_wire, s);
}

static Property debug_properties[] = {
    DEFINE_PROP_CHR("chardev", TatuDebug, wire.chr),
    DEFINE_PROP_LINK("vctl", TatuDebug, vctl, TYPE_TATU_VCTL, TatuVctl *),
    DEFINE_PROP_END_OF_LIST(),
};

static void debug_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = debug_realize;
    device_class_set_props(dc, debug_properties);
}

static const TypeInfo debug_types[] = {{
    .name = TYPE_TATU_DEBUG,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(TatuDebug),
    .instance_init = debug_init,
    .class_init = debug_class_init,
}};

DEFINE_TYPES(debug_types)
