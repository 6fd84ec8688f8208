/* A sealed file whose parts open: what is inside of them is as hostile as the vault's own bytes
 * could ever be. The input is the file; parts are taken as they stand, without a seal. */
#include "os/lib/store.h"

#include <assert.h>

#include "proto/mailbox.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum tatu_err open_all(void *context, uint32_t number, struct tatu_span in,
                              struct tatu_buf *out)
{
    (void)context;
    (void)number;
    if (in.len < 20 || tatu_get_le16(in.data) != TATU_VAULT_UNSEAL) {
        return TATU_ERR_SIGNATURE;
    }
    return tatu_base_put_bytes(out, (struct tatu_span){in.data + 20, in.len - 20});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t room[TATU_OS_STORE_FILE_MAX];
    const struct tatu_os_monitor monitor = {.call = open_all, .fd = -1};
    struct tatu_buf out = TATU_BUF_OF(room);

    if (tatu_os_open_sealed(&monitor, (struct tatu_span){data, size}, "label", &out) != TATU_OK) {
        assert(out.len == 0);
    }
    return 0;
}
