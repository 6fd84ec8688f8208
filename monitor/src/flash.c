#include "flash.h"

#include "chip.h"
#include "proto/map.h"

#define BLANK 0xffffffffu

enum tatu_err tatu_monitor_check_blank(struct tatu_monitor_chip *chip, uint32_t at, uint32_t len,
                                       bool *out_blank)
{
    uint8_t piece[128];
    for (uint32_t done = 0; done < len;) {
        uint32_t step = len - done < sizeof(piece) ? len - done : (uint32_t)sizeof(piece);
        uint8_t all = 0xff;
        TATU_TRY(tatu_monitor_read_flash(chip, at + done, piece, step));
        for (uint32_t i = 0; i < step; i++) {
            all &= piece[i];
        }
        if (all != 0xff) {
            *out_blank = false;
            return TATU_OK;
        }
        done += step;
    }
    *out_blank = true;
    return TATU_OK;
}

enum tatu_err tatu_monitor_make_blank(struct tatu_monitor_chip *chip, uint32_t at)
{
    bool blank = false;
    TATU_TRY(tatu_monitor_check_blank(chip, at, TATU_FLASH_SECTOR_SIZE, &blank));
    return blank ? TATU_OK : tatu_monitor_erase_flash(chip, at);
}

enum tatu_err tatu_monitor_read_footer(struct tatu_monitor_chip *chip, uint32_t slot_at,
                                       uint32_t slot_size, uint32_t *out_len)
{
    uint8_t footer[TATU_FLASH_FOOTER_SIZE];
    TATU_TRY(tatu_monitor_read_flash(chip, slot_at + slot_size - TATU_FLASH_FOOTER_SIZE, footer,
                                     sizeof(footer)));
    uint32_t magic = tatu_get_le32(footer);
    uint32_t len = tatu_get_le32(footer + 4);
    if (magic == BLANK && len == BLANK) {
        return TATU_ERR_NOT_FOUND;
    }
    if (magic != TATU_FLASH_FOOTER_MAGIC || tatu_get_le32(footer + 8) != ~len || len == 0 ||
        len > slot_size - TATU_FLASH_FOOTER_SIZE) {
        return TATU_ERR_FORMAT;
    }
    *out_len = len;
    return TATU_OK;
}

enum tatu_err tatu_monitor_write_footer(struct tatu_monitor_chip *chip, uint32_t slot_at,
                                        uint32_t slot_size, uint32_t len)
{
    uint8_t footer[TATU_FLASH_FOOTER_SIZE] = {0};
    tatu_put_le32(footer, TATU_FLASH_FOOTER_MAGIC);
    tatu_put_le32(footer + 4, len);
    tatu_put_le32(footer + 8, ~len);
    return tatu_monitor_program_flash(chip, slot_at + slot_size - sizeof(footer), footer,
                                      sizeof(footer));
}
