/* What both directions of the recovery codec know of a message. */
#ifndef TATU_PROTO_SRC_RECOVERY_FRAME_H
#define TATU_PROTO_SRC_RECOVERY_FRAME_H

#include "proto/recovery.h"

#define RECOVERY_HEAD_SIZE 4u
#define RECOVERY_CRC_SIZE 4u
#define RECOVERY_RAW_MAX (RECOVERY_HEAD_SIZE + TATU_RECOVERY_PAYLOAD_MAX + RECOVERY_CRC_SIZE)
#define RECOVERY_COBS_BLOCK 0xffu /* code of 254 bytes without a zero */

/* Bytes of the fixed part of a kind's payload; 0: no such kind. */
size_t tatu_proto_recovery_fixed_len(uint16_t kind);

/* Whether the fields are in their ranges. */
bool tatu_proto_is_recovery_sound(const struct tatu_recovery_message *message);

#endif
