/*
 * Failure records: a ring of flash sectors that keeps what happened until someone has taken it.
 *
 * A record: u32 taken (all ones: not yet), u32 CRC-32 of all that follows, u32 id, u16 kind,
 * u16 len, bytes, padded to a word. Records lie one after the other in a sector and never cross
 * into the next; ids only rise, over boots too. A sector is erased only when the ring comes round
 * to it, so the oldest goes first. A torn record closes its sector: no other is lost.
 * Source: docs/protocol/smc.md §4.
 */
#ifndef TATU_MONITOR_RECORD_H
#define TATU_MONITOR_RECORD_H

#include "base/base.h"
#include "proto/map.h"

#define TATU_MONITOR_RECORD_SECTORS (TATU_FLASH_RECORDS_SIZE / TATU_FLASH_SECTOR_SIZE)

struct tatu_monitor_chip;

struct tatu_monitor_records {
    struct tatu_monitor_chip *chip;
    uint32_t next_id;
    uint32_t taken_id; /* records up to this one need not be kept */
    uint32_t active;   /* sector that is being filled */
    uint32_t used;     /* bytes of it that cannot be written any more */
    struct {
        uint32_t first_id; /* 0: no record in this sector */
        uint32_t last_id;
        uint32_t boot_id; /* its last boot record */
    } sectors[TATU_MONITOR_RECORD_SECTORS];
    uint8_t sector[TATU_FLASH_SECTOR_SIZE]; /* the one looked at */
};

struct tatu_monitor_record {
    uint32_t id;
    uint16_t kind;
    struct tatu_span bytes; /* into records->sector, until the next call */
};

/** Finds what survived in flash. Errors: IO. */
enum tatu_err tatu_monitor_open_records(struct tatu_monitor_records *records,
                                        struct tatu_monitor_chip *chip);

/**
 * Keeps a record; when the ring is full the oldest sector gives way, but for one with a boot record
 * that was not taken: that one gives way to boot records only.
 *
 * Errors    LONG  over TATU_RECORD_MAX;  FULL  the ids are used up, or a boot record is in the way
 *           IO  the flash failed
 * Cost      at most one sector erase, and programming of the record
 */
enum tatu_err tatu_monitor_append_record(struct tatu_monitor_records *records, uint16_t kind,
                                         struct tatu_span bytes, uint32_t *out_id);

/** The first record after `after` that was not taken. Errors: NOT_FOUND there is none; IO. */
enum tatu_err tatu_monitor_find_record(struct tatu_monitor_records *records, uint32_t after,
                                       struct tatu_monitor_record *out);

/** Marks all records up to id as taken. Errors: NOT_FOUND no such id was given out; IO. */
enum tatu_err tatu_monitor_take_records(struct tatu_monitor_records *records, uint32_t id);

#endif
