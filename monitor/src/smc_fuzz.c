/*
 * A hostile normal world: the input is a sequence of SMCs.
 *   u8 function (0: the page call; else an index into odd function numbers), u8 where (0: a good
 *   page; else an index into odd addresses), u16 r2, u8 event (what goes wrong meanwhile),
 *   u16 n, n bytes of the page.
 * After each, the monitor's invariants must hold.
 */
#include <stdlib.h>
#include <string.h>

#include "chip_sim.h"
#include "set.h"
#include "stage.h"
#include "state.h"

#define PAGE (TATU_MAP_RAM_BASE + 0x7000u)
#define CALL_HEAD 7u
#define CALL_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tatu_monitor m;

static const uint32_t functions[] = {TATU_SMC_CALL,
                                     TATU_SMC_PSCI_VERSION,
                                     TATU_SMC_PSCI_FEATURES,
                                     TATU_SMC_PSCI_OFF,
                                     TATU_SMC_PSCI_RESET,
                                     0,
                                     0x84000003u,
                                     UINT32_MAX};
static const uint32_t addresses[] = {PAGE,
                                     0,
                                     TATU_MAP_SECRAM_BASE,
                                     TATU_MAP_RAM_BASE,
                                     TATU_MAP_RAM_BASE + TATU_MAP_RAM_SIZE_DEFAULT - 4096,
                                     TATU_MAP_RAM_BASE + TATU_MAP_RAM_SIZE_DEFAULT,
                                     PAGE + 4,
                                     0xfffff000u};

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static struct tatu_monitor_chip *power_on(void)
{
    static struct tatu_monitor_chip *chip;
    struct tatu_monitor_entry entry;
    if (chip == NULL) {
        chip = sim_make();
        require(chip != NULL);
    }
    sim_blank(chip);
    sim_put_set(chip, 0, 2);
    sim_put_set(chip, 1, 2);
    require(tatu_monitor_boot(&m, chip, &entry) == TATU_OK);
    chip->log_len = 0;
    return chip;
}

static bool is_in_areas(const struct tatu_table_app *place)
{
    uint32_t end = place->offset + place->len;
    return (place->offset >= TATU_FLASH_APPS0_AT &&
            end <= TATU_FLASH_APPS0_AT + TATU_FLASH_APPS0_SIZE) ||
           (place->offset >= TATU_FLASH_APPS1_AT &&
            end <= TATU_FLASH_APPS1_AT + TATU_FLASH_APPS1_SIZE);
}

/* The running set is as it was, and the other one, when it looks whole, is good. */
static void check_sets(struct tatu_monitor_chip *chip)
{
    static uint8_t good[TATU_MONITOR_PART_COUNT][512];
    static bool known;
    bool whole = tatu_monitor_is_set_whole(chip, 1);
    for (uint32_t i = 0; i < TATU_MONITOR_PART_COUNT; i++) {
        struct tatu_verified_image image;
        const uint8_t *part = chip->flash + tatu_monitor_part_at(0, i);
        uint32_t footer = tatu_monitor_parts[i].size - TATU_FLASH_FOOTER_SIZE;
        if (!known) {
            memcpy(good[i], part, 400);
            memcpy(good[i] + 400, part + footer, TATU_FLASH_FOOTER_SIZE);
        }
        require(memcmp(good[i], part, 400) == 0);
        require(memcmp(good[i] + 400, part + footer, TATU_FLASH_FOOTER_SIZE) == 0);
        uint32_t at = tatu_monitor_part_at(1, i);
        require(!whole ||
                tatu_monitor_verify_image(&m.vault, TATU_MAP_FLASH_BASE + at,
                                          tatu_get_le32(chip->flash + at + footer + 4),
                                          tatu_monitor_parts[i].type, 0, &image) == TATU_OK);
    }
    known = true;
}

/* What is staged lies in the areas and not on what is installed; the factory's is untouched. */
static void check_invariants(struct tatu_monitor_chip *chip)
{
    static const uint8_t blank[256] = {[0 ... 255] = 0xff};
    require(m.apps.installed_count <= TATU_TABLE_APP_MAX);
    check_sets(chip);
    for (size_t i = 0; i < TATU_MONITOR_STAGE_MAX; i++) {
        const struct tatu_monitor_stage *stage = &m.apps.staged[i];
        if (stage->state == TATU_MONITOR_STAGE_FREE) {
            continue;
        }
        require(is_in_areas(&stage->app.place));
        for (uint32_t j = 0; j < m.apps.installed_count; j++) {
            const struct tatu_table_app *place = &m.apps.installed[j].place;
            require(stage->app.place.offset + stage->app.place.len <= place->offset ||
                    place->offset + place->len <= stage->app.place.offset);
        }
    }
    require(memcmp(chip->flash + TATU_FLASH_FACTORY_AT, blank, sizeof(blank)) == 0);
    for (size_t i = 0; i < TATU_MAP_WINDOW_COUNT; i++) {
        require(chip->windows[i].locked);
    }
}

/* Some of what the world does while the normal world attacks. */
static void let_happen(struct tatu_monitor_chip *chip, uint8_t event)
{
    chip->vault_dumb = event == 1;
    chip->vault_stale = event == 2 ? 2 : 0;
    chip->flash_fails = event >= 16 ? event - 15u : 0;
    chip->vault_err = event == 3 ? TATU_ERR_IO : 0;
    chip->vault_cut_len = event == 4 ? 3 : 0;
    chip->uptime_s += event == 5 ? 0 : 30; /* or nothing would be left to spend */
}

static size_t call_once(struct tatu_monitor_chip *chip, const uint8_t *in, size_t size)
{
    size_t len = tatu_get_le16(in + 5) % (TATU_SMC_PAGE_SIZE + 1);
    uint8_t *page = chip->ram + (PAGE - TATU_MAP_RAM_BASE);
    len = len < size - CALL_HEAD ? len : size - CALL_HEAD;
    memset(page, 0, TATU_SMC_PAGE_SIZE);
    memcpy(page, in + CALL_HEAD, len);
    let_happen(chip, in[4]);
    struct tatu_monitor_registers registers = {{functions[in[0] % TATU_COUNT_OF(functions)],
                                                addresses[in[1] % TATU_COUNT_OF(addresses)],
                                                tatu_get_le16(in + 2), 0}};
    tatu_monitor_handle_smc(&m, &registers);
    require(registers.r[0] != TATU_OK || registers.r[1] <= TATU_SMC_PAGE_SIZE ||
            in[0] % TATU_COUNT_OF(functions) != 0);
    let_happen(chip, 0);
    check_invariants(chip);
    return CALL_HEAD + len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tatu_monitor_chip *chip = power_on();
    for (int i = 0; i < CALL_MAX && size >= CALL_HEAD; i++) {
        size_t used = call_once(chip, data, size);
        data += used;
        size -= used;
    }
    return 0;
}
