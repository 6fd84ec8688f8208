#include "disk.h"

#include "proto/map.h"

#define WAIT_LOOPS 1000000000u /* the machine that this runs on may be busy */
#define NEEDS_RESET 0x40u

enum {
    MAGIC = 0x000,
    VERSION = 0x004,
    DEVICE = 0x008,
    FEATURES = 0x020,
    FEATURES_WORD = 0x024,
    QUEUE = 0x030,
    QUEUE_NUM = 0x038,
    QUEUE_READY = 0x044,
    NOTIFY = 0x050,
    STATUS = 0x070,
    DESCRIPTORS = 0x080,
    AVAILABLE = 0x090,
    USED = 0x0a0,
};

volatile struct disk_descriptor disk_descriptors[DISK_QUEUE] __attribute__((aligned(16)));
volatile struct disk_header disk_headers[DISK_QUEUE] __attribute__((aligned(16)));
volatile struct disk_available disk_available __attribute__((aligned(4)));
volatile struct disk_used disk_used __attribute__((aligned(4)));
volatile uint8_t disk_status[DISK_QUEUE];

static uint32_t get(uint32_t offset)
{
    return *(volatile uint32_t *)(TATU_MAP_VIRTIO_BASE + offset);
}

static void put(uint32_t offset, uint32_t value)
{
    __asm__ volatile("dsb" ::: "memory");
    *(volatile uint32_t *)(TATU_MAP_VIRTIO_BASE + offset) = value;
}

static void put_address(uint32_t offset, uint64_t address)
{
    put(offset, (uint32_t)address);
    put(offset + 4, (uint32_t)(address >> 32));
}

bool disk_is_there(void)
{
    return get(MAGIC) == 0x74726976 && get(VERSION) == 2 && get(DEVICE) == 2;
}

void disk_start(uint64_t descriptors, uint64_t available, uint64_t used)
{
    put(STATUS, 0);
    disk_available.idx = 0;
    disk_used.idx = 0;
    put(STATUS, 1);
    put(STATUS, 3);
    put(FEATURES_WORD, 1);
    put(FEATURES, 1); /* VERSION_1 */
    put(FEATURES_WORD, 0);
    put(FEATURES, 1u << 28); /* indirect descriptors */
    put(STATUS, 11);
    put(QUEUE, 0);
    put(QUEUE_NUM, DISK_QUEUE);
    put_address(DESCRIPTORS, descriptors);
    put_address(AVAILABLE, available);
    put_address(USED, used);
    put(QUEUE_READY, 1);
    put(STATUS, 15);
}

void disk_open(void)
{
    disk_start((uint32_t)disk_descriptors, (uint32_t)&disk_available, (uint32_t)&disk_used);
}

static void describe(uint32_t n, uint64_t at, uint32_t len, uint16_t flags)
{
    disk_descriptors[n].at = at;
    disk_descriptors[n].len = len;
    disk_descriptors[n].flags = flags;
    disk_descriptors[n].next = (uint16_t)(n + 1);
}

void disk_prepare(uint32_t n, uint32_t type, uint32_t sector, uint64_t at, uint32_t len)
{
    disk_headers[n].type = type;
    disk_headers[n].reserved = 0;
    disk_headers[n].sector = sector;
    disk_status[n] = 0xff;
    describe(3 * n, (uint32_t)&disk_headers[n], sizeof(disk_headers[n]), DISK_NEXT);
    describe(3 * n + 1, at, len, type == 0 ? DISK_NEXT | DISK_WRITES : DISK_NEXT);
    describe(3 * n + 2, (uint32_t)&disk_status[n], 1, DISK_WRITES);
}

void disk_kick(uint32_t count)
{
    uint16_t idx = disk_available.idx;
    for (uint32_t i = 0; i < count; i++) {
        disk_available.ring[(idx + i) % DISK_QUEUE] = (uint16_t)(3 * i);
    }
    __asm__ volatile("dsb" ::: "memory");
    disk_available.idx = (uint16_t)(idx + count);
    put(NOTIFY, 0);
}

bool disk_wait(uint16_t used)
{
    for (uint32_t i = 0; i < WAIT_LOOPS; i++) {
        if (disk_used.idx == used) {
            return true;
        }
        if (i % 1024 == 0 && (get(STATUS) & NEEDS_RESET) != 0) {
            return false;
        }
    }
    return false;
}

bool disk_move(uint32_t type, uint32_t sector, uint64_t at)
{
    uint16_t used = disk_used.idx;
    disk_prepare(0, type, sector, at, DISK_SECTOR);
    disk_kick(1);
    return disk_wait((uint16_t)(used + 1)) && disk_status[0] == 0;
}
