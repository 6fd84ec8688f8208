/* The store, the one part of the flash whose content is the normal world's alone: nothing here
 * looks at it. Source: docs/protocol/smc.md §8. */
#include "call.h"
#include "chip.h"
#include "proto/map.h"

_Static_assert(TATU_FLASH_STORE_SIZE % TATU_FLASH_STORE_BLOCK == 0 &&
                   TATU_FLASH_STORE_BLOCK % TATU_FLASH_SECTOR_SIZE == 0 &&
                   TATU_FLASH_STORE_AT == TATU_FLASH_APPS1_AT + TATU_FLASH_APPS1_SIZE &&
                   TATU_FLASH_STORE_AT + TATU_FLASH_STORE_SIZE == TATU_FLASH_RECORDS_AT,
               "the store is whole blocks and lies on nothing else");

TATU_MONITOR_CALL(store_erase)
{
    uint32_t offset = in->words[0];
    if (offset >= TATU_FLASH_STORE_SIZE || offset % TATU_FLASH_STORE_BLOCK != 0) {
        return TATU_ERR_ARGUMENT;
    }
    for (uint32_t at = 0; at < TATU_FLASH_STORE_BLOCK; at += TATU_FLASH_SECTOR_SIZE) {
        TATU_TRY(tatu_monitor_erase_flash(m->chip, TATU_FLASH_STORE_AT + offset + at));
    }
    return TATU_OK;
}

TATU_MONITOR_CALL(store_write)
{
    uint32_t offset = in->words[0];
    uint32_t room = TATU_FLASH_STORE_BLOCK - offset % TATU_FLASH_STORE_BLOCK;
    if (offset >= TATU_FLASH_STORE_SIZE || in->bytes.len > room ||
        (offset | in->bytes.len) % 4 != 0) {
        return TATU_ERR_ARGUMENT;
    }
    return tatu_monitor_program_flash(m->chip, TATU_FLASH_STORE_AT + offset, in->bytes.data,
                                      (uint32_t)in->bytes.len);
}
