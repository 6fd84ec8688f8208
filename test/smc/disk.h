/* A bus master: a disk (virtio-blk, virtio-mmio version 2) whose queue the attacker lays out as it
 * likes. */
#ifndef TATU_TEST_SMC_DISK_H
#define TATU_TEST_SMC_DISK_H

#include <stdbool.h>
#include <stdint.h>

#define DISK_QUEUE 64u
#define DISK_SECTOR 512u
#define DISK_NEXT 1u
#define DISK_WRITES 2u /* the device writes there */
#define DISK_INDIRECT 4u

struct disk_descriptor {
    uint64_t at;
    uint32_t len;
    uint16_t flags;
    uint16_t next;
};
struct disk_header {
    uint32_t type; /* 0: disk to memory, 1: memory to disk */
    uint32_t reserved;
    uint64_t sector;
};
struct disk_available {
    uint16_t flags;
    uint16_t idx;
    uint16_t ring[DISK_QUEUE];
};
struct disk_used {
    uint16_t flags;
    uint16_t idx;
    struct {
        uint32_t id;
        uint32_t len;
    } ring[DISK_QUEUE];
};

/* The queue where it belongs, in normal RAM. */
extern volatile struct disk_descriptor disk_descriptors[DISK_QUEUE];
extern volatile struct disk_header disk_headers[DISK_QUEUE];
extern volatile struct disk_available disk_available;
extern volatile struct disk_used disk_used;
extern volatile uint8_t disk_status[DISK_QUEUE];

bool disk_is_there(void);
/** Resets the device and gives it a queue whose three parts are at these addresses. */
void disk_start(uint64_t descriptors, uint64_t available, uint64_t used);
/** The same, all three in normal RAM. */
void disk_open(void);
/** Descriptors 3n..3n+2 and header n: one sector to (type 0) or from (1) this address. */
void disk_prepare(uint32_t n, uint32_t type, uint32_t sector, uint64_t at, uint32_t len);
/** Lets the device see so many prepared requests, from number 0 on. */
void disk_kick(uint32_t count);
/** Waits until it has used so many in all, or wants a reset, or time is over: true for the first.
 */
bool disk_wait(uint16_t used);
/** One sector, to its end. */
bool disk_move(uint32_t type, uint32_t sector, uint64_t at);

#endif
