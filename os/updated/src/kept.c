#include "kept.h"

#include <stdio.h>
#include <string.h>

#include "os/lib/store.h"

#define ID_SIZE 16u
#define SEQUENCE_FILE "sequence"
#define SEQUENCE_LABEL "update sequence"
#define SEQUENCE_SIZE (8u + ID_SIZE) /* u64, tenant */
#define HALF_FILE "half"
#define HALF_LABEL "update half done"

struct path {
    char text[TATU_OS_STORE_PATH_MAX];
};

static const char *path_of(const struct tatu_kept *kept, const char *name, struct path *out)
{
    (void)snprintf(out->text, sizeof(out->text), "%s/%s", kept->folder, name);
    return out->text;
}

enum tatu_err tatu_kept_load_sequence(const struct tatu_kept *kept, const uint8_t tenant[16],
                                      uint64_t *out)
{
    struct path path;
    uint8_t bytes[SEQUENCE_SIZE];
    struct tatu_buf buf = TATU_BUF_OF(bytes);
    TATU_TRY(tatu_os_load_sealed(kept->monitor, path_of(kept, SEQUENCE_FILE, &path), SEQUENCE_LABEL,
                                 &buf));
    if (buf.len != sizeof(bytes)) {
        return TATU_ERR_FORMAT;
    }
    if (memcmp(bytes + 8, tenant, ID_SIZE) != 0) {
        return TATU_ERR_FOREIGN;
    }
    *out = tatu_get_le64(bytes);
    return TATU_OK;
}

enum tatu_err tatu_kept_save_sequence(const struct tatu_kept *kept, const uint8_t tenant[16],
                                      uint64_t sequence)
{
    struct path path;
    uint8_t bytes[SEQUENCE_SIZE];
    tatu_put_le64(bytes, sequence);
    memcpy(bytes + 8, tenant, ID_SIZE);
    return tatu_os_save_sealed(kept->monitor, path_of(kept, SEQUENCE_FILE, &path), SEQUENCE_LABEL,
                               TATU_SPAN_OF(bytes));
}

enum tatu_err tatu_kept_load_half(const struct tatu_kept *kept, uint8_t out_deployment[16])
{
    struct path path;
    uint8_t bytes[ID_SIZE];
    struct tatu_buf buf = TATU_BUF_OF(bytes);
    TATU_TRY(tatu_os_load_sealed(kept->monitor, path_of(kept, HALF_FILE, &path), HALF_LABEL, &buf));
    if (buf.len != sizeof(bytes)) {
        return TATU_ERR_FORMAT;
    }
    memcpy(out_deployment, bytes, sizeof(bytes));
    return TATU_OK;
}

enum tatu_err tatu_kept_save_half(const struct tatu_kept *kept, const uint8_t deployment[16])
{
    struct path path;
    return tatu_os_save_sealed(kept->monitor, path_of(kept, HALF_FILE, &path), HALF_LABEL,
                               (struct tatu_span){deployment, ID_SIZE});
}

enum tatu_err tatu_kept_drop_half(const struct tatu_kept *kept)
{
    struct path path;
    return tatu_os_remove_file(path_of(kept, HALF_FILE, &path));
}
