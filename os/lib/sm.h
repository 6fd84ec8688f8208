/*
 * The Security Monitor's calls, one function each, over /dev/security-monitor.
 * Every function fails with the monitor's own error, or with IO when the monitor could not be asked
 * and FORMAT when its answer is not what proto/smc.h promises.
 * Source: proto/smc.h, docs/protocol/os.md.
 */
#ifndef TATU_OS_LIB_SM_H
#define TATU_OS_LIB_SM_H

#include "base/base.h"
#include "proto/mailbox.h"
#include "proto/smc.h"

#define TATU_OS_MONITOR_PATH "/dev/security-monitor"
/* Bytes of one TATU_SMC_STAGE_WRITE: what fits the page, in whole words. */
#define TATU_OS_STAGE_CHUNK 4084u

/**
 * Who answers: the device, or in tests a monitor of their own. `call` takes the arguments (without
 * the call's number) and appends the answer to `out`, which is empty and has room for
 * TATU_SMC_PAGE_SIZE.
 */
struct tatu_os_monitor {
    enum tatu_err (*call)(void *context, uint32_t number, struct tatu_span in,
                          struct tatu_buf *out);
    void *context;
    int fd; /* of the device; -1 for none */
};

/** Errors: IO (no device, or no right to it). */
enum tatu_err tatu_os_open_monitor(const char *path, struct tatu_os_monitor *out);
void tatu_os_close_monitor(struct tatu_os_monitor *monitor);

enum tatu_err tatu_os_get_boot(const struct tatu_os_monitor *monitor, struct tatu_smc_boot *out);

/** Any vault command as bytes; the typed ones are in os/lib/vault.h. Errors: LONG, the vault's. */
enum tatu_err tatu_os_ask_vault(const struct tatu_os_monitor *monitor, uint16_t command,
                                struct tatu_span payload, struct tatu_buf *out);

/** Errors: LONG over TATU_RECORD_MAX. */
enum tatu_err tatu_os_append_record(const struct tatu_os_monitor *monitor, uint16_t kind,
                                    struct tatu_span bytes, uint32_t *out_id);
struct tatu_os_record {
    uint32_t id;
    uint16_t kind; /* enum tatu_record_kind */
    uint16_t len;
    uint8_t bytes[TATU_RECORD_MAX];
};
/** The first record after `after` (0: the first of all). Errors: NOT_FOUND when there is none. */
enum tatu_err tatu_os_read_record(const struct tatu_os_monitor *monitor, uint32_t after,
                                  struct tatu_os_record *out);
enum tatu_err tatu_os_ack_record(const struct tatu_os_monitor *monitor, uint32_t id);

enum tatu_err tatu_os_begin_stage(const struct tatu_os_monitor *monitor, uint16_t image_type,
                                  uint32_t package_len, uint32_t *out_handle);
/** At most TATU_OS_STAGE_CHUNK bytes, a multiple of 4 but for the package's end. Errors: LONG. */
enum tatu_err tatu_os_write_stage(const struct tatu_os_monitor *monitor, uint32_t handle,
                                  uint32_t offset, struct tatu_span bytes);
enum tatu_err tatu_os_finish_stage(const struct tatu_os_monitor *monitor, uint32_t handle,
                                   struct tatu_verified_image *out);
enum tatu_err tatu_os_abort_stage(const struct tatu_os_monitor *monitor, uint32_t handle);

/** Exactly these images are installed afterwards. Errors: ARGUMENT over TATU_SMC_APPS_MAX. */
enum tatu_err tatu_os_commit_apps(const struct tatu_os_monitor *monitor, const uint8_t images[][16],
                                  size_t count);
enum tatu_err tatu_os_list_apps(const struct tatu_os_monitor *monitor,
                                struct tatu_smc_app out[TATU_SMC_APPS_MAX], size_t *out_count);

/** The endorsement, a COSE_Sign1. Errors: FULL when it does not fit. */
enum tatu_err tatu_os_read_factory(const struct tatu_os_monitor *monitor, struct tatu_buf *out);
/** The verified keystore's body, for tatu_proto_decode_keystore. Errors: FULL. */
enum tatu_err tatu_os_read_keystore(const struct tatu_os_monitor *monitor, struct tatu_buf *out);

/** Starts the count-down again; the chip resets when it ends. 0 stops it. Errors: ARGUMENT > 60000.
 */
enum tatu_err tatu_os_feed_watchdog(const struct tatu_os_monitor *monitor, uint32_t timeout_ms);

#endif
