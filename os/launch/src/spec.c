#include "os/launch/launch.h"

#include <string.h>

#define UID_FIRST 1000u
#define UID_LAST 65533u
#define SECTOR 4096u

static bool is_text(const char *field, size_t size)
{
    return memchr(field, '\0', size) != NULL;
}

static bool is_path(const char *field, size_t size, bool may_be_empty)
{
    return is_text(field, size) && (field[0] == '/' || (may_be_empty && field[0] == '\0'));
}

/* Whether `count` strings end inside the field, the first one an absolute path. */
static bool are_args(const char *field, size_t size, uint32_t count)
{
    size_t at = 0;
    for (uint32_t i = 0; i < count; i++) {
        const char *end = at < size ? memchr(field + at, '\0', size - at) : NULL;
        if (end == NULL) {
            return false;
        }
        at = (size_t)(end - field) + 1;
    }
    return count > 0 && field[0] == '/';
}

enum tatu_err tatu_launch_check_spec(const struct tatu_launch_spec *spec)
{
    if (spec->magic != TATU_LAUNCH_MAGIC) {
        return TATU_ERR_FORMAT;
    }
    if (!is_text(spec->component, sizeof(spec->component)) ||
        !is_text(spec->tenant, sizeof(spec->tenant)) ||
        !is_path(spec->block_device, sizeof(spec->block_device), false) ||
        !is_path(spec->control, sizeof(spec->control), false) ||
        !is_path(spec->deviceauth, sizeof(spec->deviceauth), true) ||
        spec->arg_count > TATU_LAUNCH_ARG_MAX ||
        !are_args(spec->args, sizeof(spec->args), spec->arg_count)) {
        return TATU_ERR_FORMAT;
    }
    if (spec->uid < UID_FIRST || spec->uid > UID_LAST || spec->body_len == 0 ||
        spec->body_offset % SECTOR != 0 || spec->verity_data_len % SECTOR != 0 ||
        spec->verity_data_len >= spec->body_len) {
        return TATU_ERR_ARGUMENT;
    }
    return TATU_OK;
}
