/* Mailbox: any sequence of requests, from any caller. Input: {caller, command, len as u16, payload}
 * again and again; a payload that is cut short is as long as what is left. */
#include "fake_chip.h"
#include "proto/mailbox.h"
#include "runtime.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_state(const struct tatu_vault *vault, enum tatu_err err)
{
    const struct tatu_evidence *evidence = &vault->evidence;
    bool sound = evidence->measurement_count <= TATU_MEASUREMENT_MAX &&
                 evidence->app_count <= TATU_EVIDENCE_APP_MAX &&
                 evidence->tenant_count <= TATU_EVIDENCE_TENANT_MAX &&
                 err <= TATU_ERR_CERTIFICATE &&
                 (vault->record.claimed || evidence->tenant_count == 0);
    if (!sound) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fake_world *world;
    static struct tatu_vault vault;
    if (world == NULL) {
        world = fake_world_new();
    }
    /* every input starts from the same unclaimed device */
    world->chip->counters[TATU_FUSE_COUNTER_OWNER] = 0;
    for (size_t i = 0; i < sizeof(world->chip->nvm); i++) {
        world->chip->nvm[i] = 0;
    }
    if (!fake_world_boot(world, &vault)) {
        abort();
    }
    while (size >= 4) {
        struct tatu_span answer;
        size_t len = tatu_get_le16(data + 2);
        len = len < size - 4 ? len : size - 4;
        len = len < TATU_MAILBOX_PAYLOAD_MAX ? len : TATU_MAILBOX_PAYLOAD_MAX;
        enum tatu_err err =
            fake_ask(&vault, data[0], data[1], (struct tatu_span){data + 4, len}, &answer);
        check_state(&vault, err);
        if (err != TATU_OK && answer.len != 0) {
            abort();
        }
        data += 4 + len;
        size -= 4 + len;
    }
    return 0;
}
