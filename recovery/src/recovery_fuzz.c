/* Whatever a host sends: nothing is written that the vault did not verify as named by a verified
 * manifest. */
#include "fake_bench.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_recovered(struct tatu_monitor_chip *chip, const struct tatu_recovery_port *host)
{
    for (uint8_t set = 0; set < TATU_FLASH_SET_COUNT; set++) {
        for (size_t i = 0; i < TATU_RECOVERY_PART_COUNT; i++) {
            if (!fake_holds(chip, &host->packages[i], set)) {
                return false;
            }
        }
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tatu_monitor_chip *chip;
    static struct tatu_recovery_port host;
    if (chip == NULL) {
        chip = fake_chip_new(0xff);
    } else if (chip->operations != 0) {
        memset(chip->flash, 0xff, TATU_FLASH_SIZE);
    }
    fake_host_init(&host, chip, 1, 16);
    host.keeps_going = true;
    host.tape = (struct tatu_span){size == 0 ? (const uint8_t *)"" : data, size};
    bool done = fake_run(chip, &host);
    if ((done || chip->operations != 0) && !is_recovered(chip, &host)) {
        abort();
    }
    return 0;
}
