#include "recovery_frame.h"

size_t tatu_proto_recovery_fixed_len(uint16_t kind)
{
    switch (kind) {
    case TATU_RECOVERY_HELLO:
    case TATU_RECOVERY_PROGRESS:
    case TATU_RECOVERY_DATA:
        return 12;
    case TATU_RECOVERY_READ:
    case TATU_RECOVERY_REFUSE:
        return 8;
    case TATU_RECOVERY_DONE:
        return 4;
    default:
        return 0;
    }
}

bool tatu_proto_is_recovery_sound(const struct tatu_recovery_message *message)
{
    switch (message->kind) {
    case TATU_RECOVERY_HELLO:
        return message->stage >= TATU_RECOVERY_STAGE_ROM &&
               message->stage <= TATU_RECOVERY_STAGE_PROGRAM;
    case TATU_RECOVERY_READ:
        return message->max > 0 && message->max <= TATU_RECOVERY_READ_MAX;
    case TATU_RECOVERY_PROGRESS:
        return message->done <= message->total;
    case TATU_RECOVERY_DATA:
        return message->bytes.len > 0 && message->bytes.len <= TATU_RECOVERY_READ_MAX &&
               message->offset < message->total &&
               message->bytes.len <= message->total - message->offset;
    case TATU_RECOVERY_REFUSE:
        return message->err != TATU_OK;
    case TATU_RECOVERY_DONE:
        return true;
    default:
        return false;
    }
}
