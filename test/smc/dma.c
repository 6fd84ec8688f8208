/* Every address that is not the normal world's, by a bus master that is told to use it. */
#include "attack.h"
#include "disk.h"

#define MARK_SECTOR 0u /* full of MARK */
#define FIRST_SECTOR                                                                               \
    8u /* from here on one sector for each attempt to read; the test looks at it                   \
        */
#define WAIT_ROUNDS 20000u

static uint8_t buffer[DISK_SECTOR] __attribute__((aligned(16)));
static uint32_t next_sector = FIRST_SECTOR;
static uint32_t served; /* what the device said it did: the test looks whether it did */

/* Does not wait for a device that cannot tell its end: only as long as any attempt takes. */
static void let_it_try(void)
{
    uint16_t used = disk_used.idx;
    disk_kick(1);
    for (uint32_t i = 0; i < WAIT_ROUNDS && disk_used.idx == used; i++) {
    }
    served += disk_used.idx != used;
}

static void attack_data(uint64_t at, uint32_t len)
{
    disk_open();
    disk_prepare(0, 1, next_sector++, at, len);
    let_it_try();
    disk_open();
    disk_prepare(0, 0, MARK_SECTOR, at, len);
    let_it_try();
}

/* The parts of a request itself: its header is read there, its status is written there. */
static void attack_request(uint64_t at)
{
    disk_open();
    disk_prepare(0, 1, next_sector++, (uint32_t)buffer, DISK_SECTOR);
    disk_descriptors[0].at = at;
    let_it_try();
    disk_open();
    disk_prepare(0, 0, MARK_SECTOR, (uint32_t)buffer, DISK_SECTOR);
    disk_descriptors[2].at = at;
    let_it_try();
    disk_open();
    disk_descriptors[0].at = at;
    disk_descriptors[0].len = 3 * sizeof(struct disk_descriptor);
    disk_descriptors[0].flags = DISK_INDIRECT;
    let_it_try();
}

/* The queue itself. */
static void attack_queue(uint64_t at)
{
    uint32_t descriptors = (uint32_t)disk_descriptors;
    uint32_t available = (uint32_t)&disk_available;
    uint32_t used = (uint32_t)&disk_used;
    disk_start(at, available, used);
    let_it_try();
    disk_start(descriptors, at, used);
    let_it_try();
    disk_start(descriptors, available, at);
    disk_prepare(0, 0, MARK_SECTOR, (uint32_t)buffer, DISK_SECTOR);
    let_it_try();
}

static uint32_t attack_address(uint64_t at)
{
    attack_data(at, DISK_SECTOR);
    attack_request(at);
    attack_queue(at & ~15ull);
    return 8;
}

static uint32_t attack_secrets(uint32_t count)
{
    uint32_t tried = 0;
    for (uint32_t i = 0; i < secret_count; i++) {
        const struct secret *secret = &secrets[i];
        tried += attack_address(secret->base);
        tried += attack_address(secret->base + secret->size - DISK_SECTOR);
        for (uint32_t j = 0; j < count; j++) {
            tried += attack_address(secret->base + draw(secret->size - DISK_SECTOR) / 4 * 4);
        }
        tried += attack_address(secret->base + 0x100000000ull); /* the same, were bits dropped */
    }
    return tried;
}

/* Across ends: of RAM, of a window, of 4 GiB, of 64 bits; lengths that no memory has. */
static uint32_t attack_ends(void)
{
    static const struct {
        uint64_t at;
        uint32_t len;
    } rows[] = {
        {TATU_MAP_RAM_BASE - 256, DISK_SECTOR},
        {TATU_MAP_RAM_BASE + TATU_MAP_RAM_SIZE_DEFAULT - 256, DISK_SECTOR},
        {TATU_MAP_WINDOW_BASE + TATU_FLASH_ROOT_SIZE - 256, DISK_SECTOR},
        {TATU_MAP_WINDOW_BASE + TATU_MAP_WINDOW_STRIDE + TATU_FLASH_APPS0_SIZE - 256, DISK_SECTOR},
        {TATU_MAP_WINDOW_BASE + 2 * TATU_MAP_WINDOW_STRIDE + TATU_FLASH_APPS1_SIZE - 256,
         DISK_SECTOR},
        {TATU_MAP_WINDOW_BASE + 3 * TATU_MAP_WINDOW_STRIDE + TATU_FLASH_STORE_SIZE - 256,
         DISK_SECTOR},
        {TATU_MAP_SECRAM_BASE - 256, DISK_SECTOR},
        {0xffffff00u, DISK_SECTOR},
        {0xffffffffffffff00ull, DISK_SECTOR},
        {0xffffffff0e000000ull, DISK_SECTOR},
        {TATU_MAP_SECRAM_BASE, 0xfffffe00u},
        {TATU_MAP_RAM_BASE, 0xfffffe00u - TATU_MAP_RAM_BASE},
        {0, 0xfffffe00u},
    };
    uint32_t tried = 0;
    for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++, tried += 2) {
        attack_data(rows[i].at, rows[i].len);
    }
    return tried;
}

/* What the normal world may read there, no device may read or write. */
static uint32_t attack_windows(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        attack_data(TATU_MAP_WINDOW_BASE + i % 4 * TATU_MAP_WINDOW_STRIDE +
                        draw(TATU_FLASH_STORE_SIZE / DISK_SECTOR) * DISK_SECTOR,
                    DISK_SECTOR);
    }
    return 2 * count;
}

static void count_attempts(const char *kind, uint32_t tried)
{
    print("[NS] made ");
    print_number(tried);
    print(" ");
    print(kind);
    print("\n");
}

void attack_dma(const struct parameters *p)
{
    check(disk_is_there(), "the bus master is there");
    memset((void *)(TATU_MAP_RAM_BASE + TATU_MAP_RAM_SIZE_DEFAULT - 256), 0x11, 256);
    for (uint32_t i = 0; i < DISK_SECTOR; i += 4) {
        tatu_put_le32(buffer + i, MARK);
    }
    disk_open();
    check(disk_move(1, MARK_SECTOR, (uint32_t)buffer), "it reads what is ours");
    memset(buffer, 0, sizeof(buffer));
    check(disk_move(0, MARK_SECTOR, (uint32_t)buffer) && tatu_get_le32(buffer + 8) == MARK,
          "it writes what is ours");
    count_attempts("DMA to secrets", attack_secrets(p->count));
    count_attempts("DMA across ends", attack_ends());
    count_attempts("DMA to open windows", attack_windows(p->count * 3));
    disk_open();
    check(disk_move(0, MARK_SECTOR, (uint32_t)buffer), "it still works");
    check(call(TATU_SMC_GET_BOOT, page, 0) == TATU_OK, "the monitor answers");
    check(call_kind(TATU_SMC_VAULT, TATU_VAULT_GET_INFO, page, 0) == TATU_OK, "the vault answers");
    count_attempts("served by the device", served);
}
