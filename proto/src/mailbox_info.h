/* What reader and writer of the vault's facts share. */
#ifndef TATU_PROTO_SRC_MAILBOX_INFO_H
#define TATU_PROTO_SRC_MAILBOX_INFO_H

#include "bytes.h"
#include "proto/mailbox.h"
#include "proto/map.h"

static inline bool is_info_sound(const struct tatu_vault_info *info)
{
    return info->boot_set < TATU_FLASH_SET_COUNT && info->fallback <= 1 &&
           all_zero(info->pad, sizeof(info->pad));
}

#endif
