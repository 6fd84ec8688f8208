/* The flows that write, as the OS services drive them: each may be begun again after a cut. */
#include <string.h>

#include "board.h"
#include "proto/capability.h"
#include "proto/cose.h"

#define NOTHING ((struct tatu_span){NULL, 0})
#define PIECE 1024u

static const uint8_t tenant[16] = {0x7e, 1, 2, 3};

/* ---- steps ------------------------------------------------------------------------------------
 */

bool tatu_sim_heal(struct tatu_sim_board *board)
{
    return sim_order(board, TATU_SMC_HEALTHY, NOTHING) == TATU_OK;
}

static bool write_stage(struct tatu_sim_board *board, uint32_t handle,
                        const struct sim_package_bytes *package)
{
    uint8_t arguments[8 + PIECE];
    tatu_put_le32(arguments, handle);
    for (size_t at = 0; at < package->len; at += PIECE) {
        size_t len = package->len - at < PIECE ? package->len - at : PIECE;
        tatu_put_le32(arguments + 4, (uint32_t)at);
        memcpy(arguments + 8, package->bytes + at, len);
        if (sim_order(board, TATU_SMC_STAGE_WRITE, (struct tatu_span){arguments, 8 + len}) !=
            TATU_OK) {
            return false;
        }
    }
    return true;
}

/* EXISTS: it was staged or installed before. */
static bool finish_stage(struct tatu_sim_board *board, uint32_t handle)
{
    uint8_t argument[4];
    tatu_put_le32(argument, handle);
    enum tatu_err err = sim_order(board, TATU_SMC_STAGE_FINISH, TATU_SPAN_OF(argument));
    if (err == TATU_ERR_EXISTS) {
        err = sim_order(board, TATU_SMC_STAGE_ABORT, TATU_SPAN_OF(argument));
    }
    return err == TATU_OK;
}

static bool begin_stage(struct tatu_sim_board *board, uint32_t call, struct tatu_span arguments,
                        uint32_t *out_handle)
{
    uint8_t answer[TATU_SMC_PAGE_SIZE];
    struct tatu_buf out = TATU_BUF_OF(answer);
    if (sim_call(board, call, arguments, &out) != TATU_OK) {
        return false;
    }
    *out_handle = tatu_get_le32(answer);
    return true;
}

static bool stage(struct tatu_sim_board *board, uint16_t type,
                  const struct sim_package_bytes *package)
{
    uint8_t arguments[8] = {0};
    uint32_t handle = 0;
    tatu_put_le16(arguments, type);
    tatu_put_le32(arguments + 4, (uint32_t)package->len);
    return begin_stage(board, TATU_SMC_STAGE_BEGIN, TATU_SPAN_OF(arguments), &handle) &&
           write_stage(board, handle, package) && finish_stage(board, handle);
}

static bool copy_part(struct tatu_sim_board *board, uint16_t type)
{
    uint8_t arguments[4] = {0};
    uint32_t handle = 0;
    tatu_put_le16(arguments, type);
    return begin_stage(board, TATU_SMC_STAGE_COPY, TATU_SPAN_OF(arguments), &handle) &&
           finish_stage(board, handle);
}

static bool install_app(struct tatu_sim_board *board, uint32_t version)
{
    uint8_t ids[4 + 16] = {1};
    memset(ids + 4, (int)version, 16);
    return stage(board, TATU_IMAGE_APPLICATION, &board->app[version - 1]) &&
           sim_order(board, TATU_SMC_COMMIT_APPS, TATU_SPAN_OF(ids)) == TATU_OK;
}

/* The other set becomes this version. A part whose bytes the running set has too is copied. */
static bool install_os(struct tatu_sim_board *board, uint32_t version, uint32_t copied_parts)
{
    for (uint32_t i = 0; i < SIM_OS_PART_COUNT; i++) {
        bool done = (copied_parts >> i & 1) != 0
                        ? copy_part(board, sim_os_types[i])
                        : stage(board, sim_os_types[i], &board->os[version - 1][i]);
        if (!done) {
            return false;
        }
    }
    return sim_order(board, TATU_SMC_INSTALL_SET, NOTHING) == TATU_OK;
}

static bool repair(struct tatu_sim_board *board)
{
    uint8_t answer[TATU_SMC_PAGE_SIZE] = {1};
    for (uint32_t i = 0; i < 64 && answer[0] != 0; i++) {
        struct tatu_buf out = TATU_BUF_OF(answer);
        if (sim_call(board, TATU_SMC_REPAIR, NOTHING, &out) != TATU_OK) {
            return false;
        }
    }
    return answer[0] == 0;
}

static bool update_to(struct tatu_sim_board *board, uint32_t version, uint32_t copied_parts)
{
    return board->monitor.boot.os_version >= version ||
           (install_os(board, version, copied_parts) && tatu_sim_boot(board) &&
            tatu_sim_heal(board));
}

static bool claim(struct tatu_sim_board *board)
{
    uint8_t request[32 + 16 + 64] = {0};
    uint8_t answer[TATU_SMC_PAGE_SIZE];
    struct tatu_buf out = TATU_BUF_OF(answer);
    memcpy(request + 32, tenant, sizeof(tenant));
    fake_public(board->owner, request + 48);
    return sim_ask(board, TATU_VAULT_CLAIM, TATU_SPAN_OF(request), &out) == TATU_OK;
}

static bool report(struct tatu_sim_board *board, uint8_t fill, size_t len)
{
    uint8_t arguments[4 + 512] = {TATU_RECORD_CRASH};
    memset(arguments + 4, fill, sizeof(arguments) - 4);
    return sim_order(board, TATU_SMC_RECORD_APPEND, (struct tatu_span){arguments, 4 + len}) ==
           TATU_OK;
}

static bool boot_and_heal(struct tatu_sim_board *board)
{
    return tatu_sim_boot(board) && tatu_sim_heal(board);
}

static bool ready(struct tatu_sim_board *board)
{
    return boot_and_heal(board) && claim(board) && install_app(board, 1) && report(board, 0x11, 40);
}

/* ---- flows ------------------------------------------------------------------------------------
 */

static bool install_next_app(struct tatu_sim_board *board)
{
    return install_app(board, 2);
}

static bool update_os(struct tatu_sim_board *board)
{
    return update_to(board, 2, 0);
}

/* Version 2 again, of which root and device tree are what runs already. */
static bool prepare_copy(struct tatu_sim_board *board)
{
    return ready(board) && update_os(board);
}

static bool update_by_copies(struct tatu_sim_board *board)
{
    return install_os(board, 2, 1u << 2 | 1u << 4) && tatu_sim_boot(board) && tatu_sim_heal(board);
}

static bool change_release_key(struct tatu_sim_board *board)
{
    return update_to(board, 3, 0);
}

static bool confirm(struct tatu_sim_board *board)
{
    struct tatu_confirmation confirmation = {.floors = {2, 2, 2, 2}};
    uint8_t bytes[128];
    struct tatu_buf payload = TATU_BUF_OF(bytes);
    memcpy(confirmation.implementation, board->vault.evidence.implementation, 32);
    return tatu_sim_heal(board) &&
           tatu_proto_encode_confirmation(&confirmation, &payload) == TATU_OK &&
           sim_ask_signed(board, TATU_VAULT_CONFIRM, board->release, TATU_COSE_AAD_CONFIRM,
                          (struct tatu_span){payload.data, payload.len}) == TATU_OK &&
           repair(board);
}

/* Version 2 is preferred, and two boots of it did not become healthy; the start of the flow is the
 * third. */
static bool prepare_rollback(struct tatu_sim_board *board)
{
    return ready(board) && install_os(board, 2, 0) && tatu_sim_boot(board) && tatu_sim_boot(board);
}

static bool damage_other_set(struct tatu_sim_board *board)
{
    uint32_t other = board->monitor.boot.set ^ 1u;
    board->chip->flash[other * TATU_FLASH_SET_STRIDE + TATU_FLASH_KERNEL_AT + 20] ^= 4;
    board->chip->flash[other * TATU_FLASH_SET_STRIDE + TATU_FLASH_MONITOR_AT + 70] ^= 1;
    return true;
}

static bool prepare_repair(struct tatu_sim_board *board)
{
    return ready(board) && damage_other_set(board) && tatu_sim_boot(board) && tatu_sim_heal(board);
}

static bool append_report(struct tatu_sim_board *board)
{
    return report(board, 0x22, 300);
}

static bool acknowledge(struct tatu_sim_board *board)
{
    uint8_t argument[4];
    tatu_put_le32(argument, 1);
    return sim_order(board, TATU_SMC_RECORD_ACK, TATU_SPAN_OF(argument)) == TATU_OK;
}

static bool complete_device(struct tatu_sim_board *board)
{
    uint8_t word[4] = {3};
    uint8_t answer[16];
    struct tatu_buf out = TATU_BUF_OF(answer);
    enum tatu_err err = sim_ask(board, TATU_VAULT_SET_LIFECYCLE, TATU_SPAN_OF(word), &out);
    return err == TATU_OK;
}

static bool store_capability(struct tatu_sim_board *board)
{
    uint8_t body[TATU_CAPABILITY_SIZE];
    uint8_t request[SIM_PACKAGE_SIZE] = {1};
    struct tatu_buf buf = TATU_BUF_OF(body);
    uint8_t answer[16];
    struct tatu_buf out = TATU_BUF_OF(answer);
    if (tatu_proto_encode_capability(TATU_CAPABILITY_BIT(TATU_CAPABILITY_APP_DEVELOPMENT),
                                     board->vault.evidence.device_id, &buf) != TATU_OK) {
        return false;
    }
    size_t len = fake_pack(TATU_IMAGE_CAPABILITY, 0, TATU_SPAN_OF(body), board->owner, request + 4,
                           sizeof(request) - 4);
    return sim_ask(board, TATU_VAULT_SET_CAPABILITY, (struct tatu_span){request, 4 + len}, &out) ==
           TATU_OK;
}

static bool prepare_drop(struct tatu_sim_board *board)
{
    return ready(board) && store_capability(board);
}

static bool drop_capability(struct tatu_sim_board *board)
{
    uint8_t answer[16];
    struct tatu_buf out = TATU_BUF_OF(answer);
    return sim_ask(board, TATU_VAULT_DROP_CAPABILITY, NOTHING, &out) == TATU_OK;
}

static bool get_nonce(struct tatu_sim_board *board, uint16_t command, uint8_t out_nonce[32])
{
    struct tatu_buf out = {out_nonce, 0, 32};
    return sim_ask(board, command, NOTHING, &out) == TATU_OK;
}

static bool take_ticket(struct tatu_sim_board *board)
{
    struct tatu_ticket ticket = {.grace_s = 7200};
    uint8_t bytes[256];
    struct tatu_buf payload = TATU_BUF_OF(bytes);
    memcpy(ticket.device_id, board->vault.evidence.device_id, sizeof(ticket.device_id));
    return get_nonce(board, TATU_VAULT_TICKET_NONCE, ticket.nonce) &&
           tatu_proto_encode_ticket(&ticket, &payload) == TATU_OK &&
           sim_ask_signed(board, TATU_VAULT_SET_TICKET, board->service, TATU_COSE_AAD_TICKET,
                          (struct tatu_span){payload.data, payload.len}) == TATU_OK;
}

static bool take_time(struct tatu_sim_board *board)
{
    struct tatu_signed_time now = {.unix_s = 1790000000};
    uint8_t bytes[128];
    struct tatu_buf payload = TATU_BUF_OF(bytes);
    return get_nonce(board, TATU_VAULT_TIME_NONCE, now.nonce) &&
           tatu_proto_encode_time(&now, &payload) == TATU_OK &&
           sim_ask_signed(board, TATU_VAULT_SET_TIME, board->service, TATU_COSE_AAD_TIME,
                          (struct tatu_span){payload.data, payload.len}) == TATU_OK;
}

const struct tatu_sim_flow tatu_sim_flows[] = {
    {"boot", ready, boot_and_heal},
    {"claim", boot_and_heal, claim},
    {"install", ready, install_next_app},
    {"update", ready, update_os},
    {"update by copies", prepare_copy, update_by_copies},
    {"change of the release key", prepare_copy, change_release_key},
    {"confirm", prepare_copy, confirm},
    {"rollback", prepare_rollback, boot_and_heal, .is_either = true},
    {"repair", prepare_repair, repair},
    {"report", ready, append_report},
    {"acknowledge", ready, acknowledge},
    {"lifecycle", ready, complete_device},
    {"capability", ready, store_capability},
    {"no capability", prepare_drop, drop_capability},
    {"ticket", ready, take_ticket},
    {"time", ready, take_time},
};
const uint32_t tatu_sim_flow_count = TATU_COUNT_OF(tatu_sim_flows);
