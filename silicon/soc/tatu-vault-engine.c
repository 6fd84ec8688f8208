/*
 * SPDX-License-Identifier: GPL-2.0-only
 * The vault's engines: SHA-256, ECDSA P-256 with key slots, HMAC, sealing, LMS, random numbers,
 * DMA. A command has run to its end when the write to COMMAND returns.
 */
#include "qemu/osdep.h"

#include "hw/qdev-properties.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "tatu-lms.h"
#include "tatu-p256.h"
#include "tatu-random.h"
#include "tatu-soc.h"
#include <nettle/gcm.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <nettle/sha2.h>

#define OK 0u
#define DATA_SIZE 64
#define DMA_CHUNK 4096
#define SPACE_VAULT 0
#define SPACE_ACORE 1
#define SPACE_COUNT 2
#define SEAL_MAX 4096 /* bytes sealed at once */
#define SEAL_OVERHEAD (GCM_IV_SIZE + GCM_DIGEST_SIZE)

static const char seal_label[] = "tatu seal";

typedef struct Slot {
    bool filled;
    bool locked;
    uint8_t key[TATU_P256_SCALAR];
} Slot;

struct TatuEngine {
    SysBusDevice parent;
    MemoryRegion registers;
    MemoryRegion *memory[SPACE_COUNT]; /* links */
    AddressSpace space[SPACE_COUNT];
    TatuFuses *fuses;
    TatuRandom *random;
    uint64_t ram_size;
    Slot slot[TATU_ENGINE_SLOT_COUNT];
    bool exposed; /* the vault core was opened for debugging since reset */
    bool hashing;
    struct sha256_ctx hash;
    uint32_t status, slot_number, arg;
    uint32_t dma_space, dma_addr, dma_len, dma_dest, dma_dest_space;
    uint32_t range_base, range_size;
    uint8_t digest[SHA256_DIGEST_SIZE];
    uint8_t public[TATU_P256_POINT];
    uint8_t signature[TATU_P256_SIGNATURE];
    uint8_t data[DATA_SIZE];
};

/* ---- DMA ------------------------------------------------------------------------------------- */

typedef struct Reach {
    uint32_t space, base, size;
    bool writable;
} Reach;

static const Reach fixed_reach[] = {
    {SPACE_VAULT, TATU_MAP_VROM_BASE, TATU_MAP_VROM_SIZE, false},
    {SPACE_VAULT, TATU_MAP_VSRAM_BASE, TATU_MAP_VSRAM_SIZE, true},
    {SPACE_VAULT, TATU_MAP_VMAILRAM_BASE, TATU_MAP_MAILRAM_SIZE, false},
    {SPACE_VAULT, TATU_MAP_VFLASH_BASE, TATU_MAP_FLASH_SIZE, false},
    {SPACE_ACORE, TATU_MAP_FLASH_BASE, TATU_MAP_FLASH_SIZE, false},
    {SPACE_ACORE, TATU_MAP_SECRAM_BASE, TATU_MAP_SECRAM_SIZE, true},
};

static bool inside(uint64_t addr, uint64_t len, uint64_t base, uint64_t size)
{
    return addr >= base && len <= size && addr - base <= size - len;
}

static bool may_reach(const TatuEngine *s, uint32_t space, uint32_t addr, uint32_t len, bool write)
{
    for (size_t i = 0; i < ARRAY_SIZE(fixed_reach); i++) {
        const Reach *r = &fixed_reach[i];

        if (r->space == space && (r->writable || !write) && inside(addr, len, r->base, r->size)) {
            return true;
        }
    }
    return space == SPACE_ACORE && inside(addr, len, TATU_MAP_RAM_BASE, s->ram_size) &&
           inside(addr, len, s->range_base, s->range_size);
}

static bool dma_get(TatuEngine *s, uint32_t at, uint8_t *out, uint32_t len)
{
    MemTxAttrs attrs = {.secure = 1};

    return address_space_read(&s->space[s->dma_space], s->dma_addr + at, attrs, out, len) ==
           MEMTX_OK;
}

static bool dma_put(TatuEngine *s, uint32_t at, const uint8_t *bytes, uint32_t len)
{
    MemTxAttrs attrs = {.secure = 1};

    return address_space_write(&s->space[s->dma_dest_space], s->dma_dest + at, attrs, bytes, len) ==
           MEMTX_OK;
}

/* ---- Commands: each returns what STATUS then shows ------------------------------------------- */

static uint32_t hash_init(TatuEngine *s)
{
    sha256_init(&s->hash);
    s->hashing = true;
    return OK;
}

static uint32_t hash_dma(TatuEngine *s)
{
    uint8_t chunk[DMA_CHUNK];

    if (!s->hashing) {
        return TATU_ENGINE_FAIL_COMMAND;
    }
    if (!may_reach(s, s->dma_space, s->dma_addr, s->dma_len, false)) {
        return TATU_ENGINE_FAIL_DMA;
    }
    for (uint32_t at = 0; at < s->dma_len; at += DMA_CHUNK) {
        uint32_t len = MIN(DMA_CHUNK, s->dma_len - at);

        if (!dma_get(s, at, chunk, len)) {
            s->hashing = false;
            return TATU_ENGINE_FAIL_DMA;
        }
        sha256_update(&s->hash, len, chunk);
    }
    return OK;
}

static uint32_t hash_done(TatuEngine *s)
{
    if (!s->hashing) {
        return TATU_ENGINE_FAIL_COMMAND;
    }
    sha256_digest(&s->hash, sizeof(s->digest), s->digest);
    s->hashing = false;
    return OK;
}

static uint32_t verify(TatuEngine *s)
{
    return tatu_p256_verify(s->public, s->digest, s->signature) ? OK : TATU_ENGINE_FAIL_SIGNATURE;
}

static Slot *chosen(TatuEngine *s)
{
    return s->slot_number < TATU_ENGINE_SLOT_COUNT ? &s->slot[s->slot_number] : NULL;
}

/* What a slot refuses before its key may be replaced or cleared. */
static uint32_t replaceable(const Slot *slot)
{
    if (slot == NULL) {
        return TATU_ENGINE_FAIL_ARGUMENT;
    }
    return slot->locked ? TATU_ENGINE_FAIL_LOCKED : OK;
}

static uint32_t usable(const Slot *slot)
{
    if (slot == NULL) {
        return TATU_ENGINE_FAIL_ARGUMENT;
    }
    return slot->filled ? OK : TATU_ENGINE_FAIL_EMPTY;
}

static uint32_t generate(TatuEngine *s)
{
    Slot *slot = chosen(s);
    uint32_t fail = replaceable(slot);

    if (fail) {
        return fail;
    }
    slot->filled = tatu_p256_generate(s->random, slot->key);
    if (!slot->filled) {
        return TATU_ENGINE_FAIL_ENTROPY;
    }
    tatu_p256_public(slot->key, s->public);
    return OK;
}

static uint32_t load_fuse(TatuEngine *s)
{
    Slot *slot = chosen(s);
    uint32_t fail = replaceable(slot);
    const uint8_t *secret;

    if (!fail && s->exposed) {
        fail = TATU_ENGINE_FAIL_LOCKED;
    }
    if (fail) {
        return fail;
    }
    if (s->arg != TATU_FUSE_SECRET_IDENTITY && s->arg != TATU_FUSE_SECRET_ATTESTATION) {
        return TATU_ENGINE_FAIL_ARGUMENT;
    }
    secret = tatu_fuses_secret(s->fuses, s->arg);
    if (secret == NULL) {
        return TATU_ENGINE_FAIL_EMPTY;
    }
    tatu_p256_derive(secret, s->arg, slot->key);
    slot->filled = true;
    tatu_p256_public(slot->key, s->public);
    return OK;
}

static uint32_t show_public(TatuEngine *s)
{
    Slot *slot = chosen(s);
    uint32_t fail = usable(slot);

    if (fail) {
        return fail;
    }
    tatu_p256_public(slot->key, s->public);
    return OK;
}

static uint32_t sign(TatuEngine *s)
{
    Slot *slot = chosen(s);
    uint32_t fail = usable(slot);

    if (fail) {
        return fail;
    }
    return tatu_p256_sign(s->random, slot->key, s->digest, s->signature) ? OK
                                                                         : TATU_ENGINE_FAIL_ENTROPY;
}

static uint32_t clear(TatuEngine *s)
{
    Slot *slot = chosen(s);
    uint32_t fail = replaceable(slot);

    if (fail) {
        return fail;
    }
    explicit_bzero(slot, sizeof(*slot));
    return OK;
}

static uint32_t move_slot(TatuEngine *s)
{
    Slot *to = chosen(s);
    Slot *from = s->arg < TATU_ENGINE_SLOT_COUNT ? &s->slot[s->arg] : NULL;
    uint32_t fail = replaceable(to);

    if (!fail) {
        fail = replaceable(from);
    }
    if (!fail) {
        fail = usable(from);
    }
    if (fail) {
        return fail;
    }
    if (from == to) {
        return TATU_ENGINE_FAIL_ARGUMENT;
    }
    *to = *from;
    explicit_bzero(from, sizeof(*from));
    return OK;
}

/* What a transfer from source to destination is refused for. */
static uint32_t transferable(const TatuEngine *s, uint32_t dest_len)
{
    if (!may_reach(s, s->dma_space, s->dma_addr, s->dma_len, false) ||
        !may_reach(s, s->dma_dest_space, s->dma_dest, dest_len, true)) {
        return TATU_ENGINE_FAIL_DMA;
    }
    if (s->dma_space == s->dma_dest_space && s->dma_addr < s->dma_dest + dest_len &&
        s->dma_dest < s->dma_addr + s->dma_len) {
        return TATU_ENGINE_FAIL_ARGUMENT;
    }
    return OK;
}

static uint32_t copy(TatuEngine *s)
{
    uint8_t chunk[DMA_CHUNK];
    uint32_t fail = transferable(s, s->dma_len);

    if (fail) {
        return fail;
    }
    for (uint32_t at = 0; at < s->dma_len; at += DMA_CHUNK) {
        uint32_t len = MIN(DMA_CHUNK, s->dma_len - at);

        if (!dma_get(s, at, chunk, len) || !dma_put(s, at, chunk, len)) {
            return TATU_ENGINE_FAIL_DMA;
        }
    }
    return OK;
}

static uint32_t lock_slot(TatuEngine *s)
{
    Slot *slot = chosen(s);
    uint32_t fail = usable(slot);

    if (fail) {
        return fail;
    }
    slot->locked = true;
    return OK;
}

/* HMAC of label || DATA[0..ARG) under the device key. */
static uint32_t derive(TatuEngine *s, const char *label, uint8_t out[SHA256_DIGEST_SIZE])
{
    const uint8_t *secret = tatu_fuses_secret(s->fuses, TATU_FUSE_SECRET_DEVICE);
    struct hmac_sha256_ctx context;

    if (s->arg > DATA_SIZE) {
        return TATU_ENGINE_FAIL_ARGUMENT;
    }
    if (secret == NULL) {
        return TATU_ENGINE_FAIL_EMPTY;
    }
    hmac_sha256_set_key(&context, TATU_SECRET_SIZE, secret);
    hmac_sha256_update(&context, strlen(label), (const uint8_t *)label);
    hmac_sha256_update(&context, s->arg, s->data);
    hmac_sha256_digest(&context, SHA256_DIGEST_SIZE, out);
    explicit_bzero(&context, sizeof(context));
    return OK;
}

static uint32_t hmac(TatuEngine *s)
{
    if (s->arg >= strlen(seal_label) && s->arg <= DATA_SIZE &&
        memcmp(s->data, seal_label, strlen(seal_label)) == 0) {
        return TATU_ENGINE_FAIL_ARGUMENT; /* keys of SEAL stay inside */
    }
    return derive(s, "", s->data);
}

/* Private memory to private memory, of another length. */
static uint32_t sealable(const TatuEngine *s, uint32_t len_max, uint32_t dest_len)
{
    if (s->dma_space != SPACE_VAULT || s->dma_dest_space != SPACE_VAULT || s->dma_len > len_max) {
        return TATU_ENGINE_FAIL_ARGUMENT;
    }
    return transferable(s, dest_len);
}

static uint32_t set_seal_key(TatuEngine *s, struct gcm_aes256_ctx *context)
{
    uint8_t key[SHA256_DIGEST_SIZE];
    uint32_t fail = derive(s, seal_label, key);

    if (!fail) {
        gcm_aes256_set_key(context, key);
    }
    explicit_bzero(key, sizeof(key));
    return fail;
}

static uint32_t seal(TatuEngine *s)
{
    uint8_t bytes[SEAL_MAX + SEAL_OVERHEAD];
    uint32_t len = s->dma_len;
    uint32_t fail = sealable(s, SEAL_MAX, len + SEAL_OVERHEAD);
    struct gcm_aes256_ctx context;

    if (!fail) {
        fail = set_seal_key(s, &context);
    }
    if (!fail && !tatu_random(s->random, bytes, GCM_IV_SIZE)) {
        fail = TATU_ENGINE_FAIL_ENTROPY;
    }
    if (!fail && !dma_get(s, 0, bytes + GCM_IV_SIZE, len)) {
        fail = TATU_ENGINE_FAIL_DMA;
    }
    if (!fail) {
        gcm_aes256_set_iv(&context, GCM_IV_SIZE, bytes);
        gcm_aes256_encrypt(&context, len, bytes + GCM_IV_SIZE, bytes + GCM_IV_SIZE);
        gcm_aes256_digest(&context, GCM_DIGEST_SIZE, bytes + GCM_IV_SIZE + len);
        fail = dma_put(s, 0, bytes, len + SEAL_OVERHEAD) ? OK : TATU_ENGINE_FAIL_DMA;
    }
    explicit_bzero(&context, sizeof(context));
    explicit_bzero(bytes, sizeof(bytes));
    return fail;
}

/* Opens bytes in place; len counts what was sealed. */
static bool open_seal(struct gcm_aes256_ctx *context, uint8_t *bytes, uint32_t len)
{
    uint8_t tag[GCM_DIGEST_SIZE];

    gcm_aes256_set_iv(context, GCM_IV_SIZE, bytes);
    gcm_aes256_decrypt(context, len, bytes + GCM_IV_SIZE, bytes + GCM_IV_SIZE);
    gcm_aes256_digest(context, sizeof(tag), tag);
    return memeql_sec(tag, bytes + GCM_IV_SIZE + len, sizeof(tag));
}

static uint32_t unseal(TatuEngine *s)
{
    uint8_t bytes[SEAL_MAX + SEAL_OVERHEAD];
    struct gcm_aes256_ctx context;
    uint32_t len, fail;

    if (s->dma_len < SEAL_OVERHEAD) {
        return TATU_ENGINE_FAIL_SIGNATURE;
    }
    len = s->dma_len - SEAL_OVERHEAD;
    fail = sealable(s, sizeof(bytes), len);
    if (!fail) {
        fail = set_seal_key(s, &context);
    }
    if (!fail && !dma_get(s, 0, bytes, s->dma_len)) {
        fail = TATU_ENGINE_FAIL_DMA;
    }
    if (!fail && !open_seal(&context, bytes, len)) {
        fail = TATU_ENGINE_FAIL_SIGNATURE;
    }
    if (!fail && !dma_put(s, 0, bytes + GCM_IV_SIZE, len)) {
        fail = TATU_ENGINE_FAIL_DMA;
    }
    explicit_bzero(&context, sizeof(context));
    explicit_bzero(bytes, sizeof(bytes));
    return fail;
}

static uint32_t verify_lms(TatuEngine *s)
{
    uint8_t bytes[TATU_LMS_SIGNATURE];

    if (s->dma_space != SPACE_VAULT) {
        return TATU_ENGINE_FAIL_ARGUMENT;
    }
    if (!may_reach(s, s->dma_space, s->dma_addr, s->dma_len, false)) {
        return TATU_ENGINE_FAIL_DMA;
    }
    if (s->dma_len != sizeof(bytes)) {
        return TATU_ENGINE_FAIL_SIGNATURE;
    }
    if (!dma_get(s, 0, bytes, sizeof(bytes))) {
        return TATU_ENGINE_FAIL_DMA;
    }
    return tatu_lms_verify(s->data, s->digest, bytes) ? OK : TATU_ENGINE_FAIL_SIGNATURE;
}

typedef uint32_t Command(TatuEngine *s);

static Command *const commands[] = {
    [TATU_ENGINE_DO_HASH_INIT] = hash_init, [TATU_ENGINE_DO_HASH_DMA] = hash_dma,
    [TATU_ENGINE_DO_HASH_DONE] = hash_done, [TATU_ENGINE_DO_VERIFY] = verify,
    [TATU_ENGINE_DO_GENERATE] = generate,   [TATU_ENGINE_DO_LOAD_FUSE] = load_fuse,
    [TATU_ENGINE_DO_PUBLIC] = show_public,  [TATU_ENGINE_DO_SIGN] = sign,
    [TATU_ENGINE_DO_CLEAR] = clear,         [TATU_ENGINE_DO_COPY] = copy,
    [TATU_ENGINE_DO_LOCK_SLOT] = lock_slot, [TATU_ENGINE_DO_HMAC] = hmac,
    [TATU_ENGINE_DO_SEAL] = seal,           [TATU_ENGINE_DO_UNSEAL] = unseal,
    [TATU_ENGINE_DO_LMS] = verify_lms,      [TATU_ENGINE_DO_MOVE_SLOT] = move_slot,
};

static uint32_t run(TatuEngine *s, uint32_t command)
{
    if (command >= ARRAY_SIZE(commands) || commands[command] == NULL) {
        return TATU_ENGINE_FAIL_COMMAND;
    }
    return commands[command](s);
}

/* ---- Registers ------------------------------------------------------------------------------- */

static uint32_t *word_register(TatuEngine *s, hwaddr offset)
{
    switch (offset) {
    case TATU_ENGINE_SLOT:
        return &s->slot_number;
    case TATU_ENGINE_ARG:
        return &s->arg;
    case TATU_ENGINE_DMA_SPACE:
        return &s->dma_space;
    case TATU_ENGINE_DMA_ADDR:
        return &s->dma_addr;
    case TATU_ENGINE_DMA_LEN:
        return &s->dma_len;
    case TATU_ENGINE_DMA_DEST:
        return &s->dma_dest;
    case TATU_ENGINE_DMA_DEST_SPACE:
        return &s->dma_dest_space;
    case TATU_ENGINE_RANGE_BASE:
        return &s->range_base;
    case TATU_ENGINE_RANGE_SIZE:
        return &s->range_size;
    default:
        return NULL;
    }
}

static uint8_t *byte_register(TatuEngine *s, hwaddr offset)
{
    switch (offset) {
    case TATU_ENGINE_DIGEST ... TATU_ENGINE_DIGEST + sizeof(s->digest) - 1:
        return s->digest + offset - TATU_ENGINE_DIGEST;
    case TATU_ENGINE_PUBLIC ... TATU_ENGINE_PUBLIC + sizeof(s->public) - 1:
        return s->public + offset - TATU_ENGINE_PUBLIC;
    case TATU_ENGINE_SIGNATURE ... TATU_ENGINE_SIGNATURE + sizeof(s->signature) - 1:
        return s->signature + offset - TATU_ENGINE_SIGNATURE;
    case TATU_ENGINE_DATA ... TATU_ENGINE_DATA + sizeof(s->data) - 1:
        return s->data + offset - TATU_ENGINE_DATA;
    default:
        return NULL;
    }
}

static MemTxResult engine_read(void *opaque, hwaddr offset, uint64_t *out, unsigned size,
                               MemTxAttrs attrs)
{
    TatuEngine *s = opaque;
    uint8_t random[4];

    if (offset == TATU_ENGINE_STATUS) {
        *out = s->status;
    } else if (offset == TATU_ENGINE_RANDOM) {
        (void)tatu_random(s->random, random, sizeof(random)); /* zero, and HEALTH says so */
        *out = ldl_le_p(random);
    } else if (offset == TATU_ENGINE_HEALTH) {
        *out = tatu_random_has_failed(s->random);
    } else if (word_register(s, offset)) {
        *out = *word_register(s, offset);
    } else if (byte_register(s, offset)) {
        *out = ldl_le_p(byte_register(s, offset));
    } else {
        return tatu_bus_error(TYPE_TATU_ENGINE, offset);
    }
    return MEMTX_OK;
}

static MemTxResult engine_write(void *opaque, hwaddr offset, uint64_t value, unsigned size,
                                MemTxAttrs attrs)
{
    TatuEngine *s = opaque;

    if (offset == TATU_ENGINE_COMMAND) {
        s->status = run(s, value);
    } else if (word_register(s, offset)) {
        *word_register(s, offset) = value;
    } else if (byte_register(s, offset)) {
        stl_le_p(byte_register(s, offset), value);
    } else {
        return tatu_bus_error(TYPE_TATU_ENGINE, offset);
    }
    return MEMTX_OK;
}

static const MemoryRegionOps engine_ops = {
    .read_with_attrs = engine_read,
    .write_with_attrs = engine_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = TATU_WORD_ACCESS,
    .impl = TATU_WORD_ACCESS,
};

void tatu_engine_lock(TatuEngine *s)
{
    s->slot[TATU_ENGINE_SLOT_IDENTITY].locked = true;
    s->slot[TATU_ENGINE_SLOT_ATTESTATION].locked = true;
}

/* What is locked stays so: no other key takes a lost one's place. */
void tatu_engine_wipe(TatuEngine *s)
{
    for (size_t n = 0; n < ARRAY_SIZE(s->slot); n++) {
        explicit_bzero(s->slot[n].key, sizeof(s->slot[n].key));
        s->slot[n].filled = false;
    }
}

void tatu_engine_expose(TatuEngine *s)
{
    tatu_engine_wipe(s);
    s->exposed = true;
}

static void engine_reset(Object *obj)
{
    TatuEngine *s = TATU_ENGINE(obj);

    explicit_bzero(s->slot, sizeof(s->slot));
    explicit_bzero(&s->hash, sizeof(s->hash));
    explicit_bzero(s->digest, sizeof(s->digest));
    explicit_bzero(s->public, sizeof(s->public));
    explicit_bzero(s->signature, sizeof(s->signature));
    explicit_bzero(s->data, sizeof(s->data));
    s->hashing = s->exposed = false;
    s->status = s->slot_number = s->arg = 0;
    s->dma_space = s->dma_addr = s->dma_len = s->dma_dest = s->dma_dest_space = 0;
    s->range_base = s->range_size = 0;
}

static void engine_realize(DeviceState *dev, Error **errp)
{
    TatuEngine *s = TATU_ENGINE(dev);

    assert(s->memory[SPACE_VAULT] && s->memory[SPACE_ACORE] && s->fuses && s->random);
    address_space_init(&s->space[SPACE_VAULT], s->memory[SPACE_VAULT], "tatu.dma.vault");
    address_space_init(&s->space[SPACE_ACORE], s->memory[SPACE_ACORE], "tatu.dma.acore");
    memory_region_init_io(&s->registers, OBJECT(s), &engine_ops, s, "tatu.engine",
                          TATU_REGISTERS_SIZE);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->registers);
}

static Property engine_properties[] = {
    DEFINE_PROP_LINK("vault-memory", TatuEngine, memory[SPACE_VAULT], TYPE_MEMORY_REGION,
                     MemoryRegion *),
    DEFINE_PROP_LINK("acore-memory", TatuEngine, memory[SPACE_ACORE], TYPE_MEMORY_REGION,
                     MemoryRegion *),
    DEFINE_PROP_LINK("fuses", TatuEngine, fuses, TYPE_TATU_FUSES, TatuFuses *),
    DEFINE_PROP_LINK("random", TatuEngine, random, TYPE_TATU_RANDOM, TatuRandom *),
    DEFINE_PROP_UINT64("ram-size", TatuEngine, ram_size, 0),
    DEFINE_PROP_END_OF_LIST(),
};

static void engine_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = engine_realize;
    device_class_set_props(dc, engine_properties);
    RESETTABLE_CLASS(klass)->phases.hold = engine_reset;
}

static const TypeInfo engine_types[] = {{
    .name = TYPE_TATU_ENGINE,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(TatuEngine),
    .class_init = engine_class_init,
}};

DEFINE_TYPES(engine_types)
