/*
 * SPDX-License-Identifier: GPL-2.0-only
 * Fuses, secrets, monotonic counters and the vault's on-die memory (NVM): all that a chip keeps
 * without power. Each change is on disk before the guest's write returns.
 */
#include "qemu/osdep.h"

#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "tatu-random.h"
#include "tatu-soc.h"
#include "tatu-store.h"

/* The payload of the store */
#define AT_FUSES 0x000
#define FUSES_SIZE 0x100
#define AT_FILLED 0x100
#define AT_WIPED 0x104 /* 1: the secrets were destroyed */
#define AT_SECRETS 0x110
#define AT_COUNTERS 0x180
#define AT_NVM 0x200
#define IMAGE_SIZE (AT_NVM + TATU_MAP_VNVM_SIZE)

#define RECORD_SIZE 64
#define NO_RECORD UINT32_MAX
#define LIFECYCLE_BITS 0x3
#define CLASS_BITS 0x7
#define CLASS_LAB 0x2
#define COUNTERS_END (TATU_FUSE_COUNTER + 8 * TATU_FUSE_COUNTER_COUNT)

struct TatuFuses {
    SysBusDevice parent;
    MemoryRegion registers;
    MemoryRegion nvm;
    char *file;
    bool blank;
    TatuRandom *random;
    TatuStore store;
    uint8_t image[IMAGE_SIZE];
    bool locked; /* by the vault, until reset */
    uint8_t latch[RECORD_SIZE];
    uint32_t latched; /* record the latch belongs to */
};

static uint32_t fuse(const TatuFuses *s, hwaddr offset)
{
    return ldl_le_p(s->image + AT_FUSES + offset);
}

static void commit(TatuFuses *s)
{
    tatu_store_commit(&s->store, s->image, IMAGE_SIZE);
}

static bool final(const TatuFuses *s)
{
    return s->locked || (fuse(s, TATU_FUSE_FAB_LOCK) & 1);
}

/* The bits of a fuse word that may still be blown now. */
static uint32_t open_bits(const TatuFuses *s, hwaddr offset)
{
    uint32_t fab = final(s) ? 0 : UINT32_MAX;

    switch (offset) {
    case TATU_FUSE_LIFECYCLE:
        return LIFECYCLE_BITS;
    case TATU_FUSE_CLASS:
        return fab & CLASS_BITS;
    case TATU_FUSE_FAB_LOCK:
        return fab & 1;
    case TATU_FUSE_ROOT_REVOKED:
        return (1u << TATU_FUSE_ROOT_COUNT) - 1;
    case TATU_FUSE_IMPLEMENTATION ... TATU_FUSE_FLOOR - 1:
        return fab;
    default: /* floors */
        return UINT32_MAX;
    }
}

static void blow(TatuFuses *s, hwaddr offset, uint32_t bits)
{
    uint32_t old = fuse(s, offset);
    uint32_t new = old | (bits & open_bits(s, offset));

    if (new != old) {
        stl_le_p(s->image + AT_FUSES + offset, new);
        commit(s);
    }
}

static bool wiped(const TatuFuses *s)
{
    return ldl_le_p(s->image + AT_WIPED) != 0;
}

static void wipe(TatuFuses *s)
{
    explicit_bzero(s->image + AT_SECRETS, TATU_SECRET_COUNT * TATU_SECRET_SIZE);
    stl_le_p(s->image + AT_FILLED, 0);
    stl_le_p(s->image + AT_WIPED, 1);
    commit(s);
    commit(s); /* neither bank of the file keeps them */
}

static void fill_secret(TatuFuses *s, uint32_t n)
{
    uint32_t filled = ldl_le_p(s->image + AT_FILLED);

    if (n >= TATU_SECRET_COUNT || (filled & (1u << n)) || final(s) || wiped(s) ||
        fuse(s, TATU_FUSE_LIFECYCLE) != 0) {
        return;
    }
    if (!tatu_random(s->random, s->image + AT_SECRETS + n * TATU_SECRET_SIZE, TATU_SECRET_SIZE)) {
        return;
    }
    stl_le_p(s->image + AT_FILLED, filled | (1u << n));
    commit(s);
}

static void count(TatuFuses *s, hwaddr offset)
{
    uint8_t *counter = s->image + AT_COUNTERS + offset - TATU_FUSE_COUNTER;

    stq_le_p(counter, ldq_le_p(counter) + 1);
    commit(s);
}

static MemTxResult fuses_read(void *opaque, hwaddr offset, uint64_t *out, unsigned size,
                              MemTxAttrs attrs)
{
    TatuFuses *s = opaque;

    switch (offset) {
    case 0 ... TATU_FUSE_SECRET_COMMAND - 1:
        *out = fuse(s, offset);
        return MEMTX_OK;
    case TATU_FUSE_SECRET_STATUS:
        *out = ldl_le_p(s->image + AT_FILLED);
        return MEMTX_OK;
    case TATU_FUSE_WIPE:
        *out = wiped(s);
        return MEMTX_OK;
    case TATU_FUSE_COUNTER ... COUNTERS_END - 1:
        *out = ldl_le_p(s->image + AT_COUNTERS + offset - TATU_FUSE_COUNTER);
        return MEMTX_OK;
    default:
        return tatu_bus_error(TYPE_TATU_FUSES, offset);
    }
}

static MemTxResult fuses_write(void *opaque, hwaddr offset, uint64_t value, unsigned size,
                               MemTxAttrs attrs)
{
    TatuFuses *s = opaque;

    switch (offset) {
    case 0 ... TATU_FUSE_FLOOR + 8 * 4 - 1:
        blow(s, offset, value);
        return MEMTX_OK;
    case TATU_FUSE_SECRET_COMMAND:
        fill_secret(s, value);
        return MEMTX_OK;
    case TATU_FUSE_WIPE:
        if (value == TATU_FUSE_WIPE_NOW && !wiped(s)) {
            wipe(s);
        }
        return MEMTX_OK;
    case TATU_FUSE_COUNTER ... COUNTERS_END - 1:
        if (offset % 8 == 0) {
            count(s, offset);
            return MEMTX_OK;
        }
        return tatu_bus_error(TYPE_TATU_FUSES, offset);
    default:
        return tatu_bus_error(TYPE_TATU_FUSES, offset);
    }
}

static uint64_t nvm_read(void *opaque, hwaddr offset, unsigned size)
{
    TatuFuses *s = opaque;

    return ldn_le_p(s->image + AT_NVM + offset, size);
}

/* A record gathers in the latch; the write of its last word commits it as a whole. */
static void nvm_write(void *opaque, hwaddr offset, uint64_t value, unsigned size)
{
    TatuFuses *s = opaque;
    uint32_t record = offset / RECORD_SIZE;
    uint8_t *bytes = s->image + AT_NVM + record * RECORD_SIZE;

    if (s->latched != record) {
        memcpy(s->latch, bytes, RECORD_SIZE);
        s->latched = record;
    }
    stl_le_p(s->latch + offset % RECORD_SIZE, value);
    if (offset % RECORD_SIZE != RECORD_SIZE - 4) {
        return;
    }
    s->latched = NO_RECORD;
    if (memcmp(bytes, s->latch, RECORD_SIZE) != 0) {
        memcpy(bytes, s->latch, RECORD_SIZE);
        commit(s);
    }
}

static bool nvm_accepts(void *opaque, hwaddr offset, unsigned size, bool is_write, MemTxAttrs attrs)
{
    return !is_write || size == 4;
}

const uint8_t *tatu_fuses_secret(const TatuFuses *s, unsigned n)
{
    assert(n < TATU_SECRET_COUNT);
    return (ldl_le_p(s->image + AT_FILLED) & (1u << n))
               ? s->image + AT_SECRETS + n * TATU_SECRET_SIZE
               : NULL;
}

void tatu_fuses_lock(TatuFuses *s)
{
    s->locked = true;
}

bool tatu_fuses_lab(const TatuFuses *s)
{
    return fuse(s, TATU_FUSE_LIFECYCLE) == 0 || (fuse(s, TATU_FUSE_CLASS) & CLASS_LAB);
}

static void fuses_reset(Object *obj)
{
    TatuFuses *s = TATU_FUSES(obj);

    s->locked = false;
    s->latched = NO_RECORD;
}

static const MemoryRegionOps fuses_ops = {
    .read_with_attrs = fuses_read,
    .write_with_attrs = fuses_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = TATU_WORD_ACCESS,
    .impl = TATU_WORD_ACCESS,
};

static const MemoryRegionOps nvm_ops = {
    .read = nvm_read,
    .write = nvm_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 1, .max_access_size = 4, .accepts = nvm_accepts},
    .impl = {.min_access_size = 1, .max_access_size = 4},
};

static void fuses_realize(DeviceState *dev, Error **errp)
{
    TatuFuses *s = TATU_FUSES(dev);

    assert(s->random);
    if (s->file == NULL) {
        error_setg(errp, "the chip needs fuses=FILE");
        return;
    }
    if (!tatu_store_open(&s->store, s->file, s->blank, s->image, IMAGE_SIZE, errp)) {
        return;
    }
    if (wiped(s)) {
        commit(s); /* the power may have gone between the two banks */
    }
    memory_region_init_io(&s->registers, OBJECT(s), &fuses_ops, s, "tatu.fuses",
                          TATU_REGISTERS_SIZE);
    memory_region_init_io(&s->nvm, OBJECT(s), &nvm_ops, s, "tatu.nvm", TATU_MAP_VNVM_SIZE);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->registers);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->nvm);
}

static Property fuses_properties[] = {
    DEFINE_PROP_STRING("file", TatuFuses, file),
    DEFINE_PROP_BOOL("blank", TatuFuses, blank, false),
    DEFINE_PROP_LINK("random", TatuFuses, random, TYPE_TATU_RANDOM, TatuRandom *),
    DEFINE_PROP_END_OF_LIST(),
};

/* A snapshot would be a way back for what must only go forward. */
static const VMStateDescription fuses_vmstate = {.name = TYPE_TATU_FUSES, .unmigratable = 1};

static void fuses_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = fuses_realize;
    dc->vmsd = &fuses_vmstate;
    device_class_set_props(dc, fuses_properties);
    RESETTABLE_CLASS(klass)->phases.hold = fuses_reset;
}

static const TypeInfo fuses_types[] = {{
    .name = TYPE_TATU_FUSES,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(TatuFuses),
    .class_init = fuses_class_init,
}};

DEFINE_TYPES(fuses_types)
