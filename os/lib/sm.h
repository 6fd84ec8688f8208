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
#define TATU_OS_STAGE_CHUNK 4080u

/**
 * Who answers: the device, or in tests a monitor of their own. `call` takes the arguments (without
 * the header: the kernel fills in the caller's rights) and appends the answer to `out`, which is
 * empty and has room for TATU_SMC_PAGE_SIZE.
 */
struct tatu_os_monitor {
    enum tatu_err (*call)(void *context, uint32_t number, struct tatu_span in,
                          struct tatu_buf *out);
    void *context;
    int fd; /* of the device; -1 for none */
};

/** One that answers IO to every call, for a process that goes on without. */
void tatu_os_have_no_monitor(struct tatu_os_monitor *out);

/** Errors: IO (no device, or no right to it). */
enum tatu_err tatu_os_open_monitor(const char *path, struct tatu_os_monitor *out);
void tatu_os_close_monitor(struct tatu_os_monitor *monitor);

enum tatu_err tatu_os_get_boot(const struct tatu_os_monitor *monitor, struct tatu_smc_boot *out);

/** Any vault command as bytes; the typed ones are in os/lib/vault.h. Errors: LONG, the vault's. */
enum tatu_err tatu_os_ask_vault(const struct tatu_os_monitor *monitor, uint16_t command,
                                struct tatu_span payload, struct tatu_buf *out);

/** Errors: LONG over TATU_RECORD_MAX; BUSY too many in a short time; FULL nobody has read the boot
 *  records that are in the way. */
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

/* The other OS set: each of its parts is staged (or copied) and finished, then all are installed.
 */
/** Stages the running set's part as it is, to be finished. */
enum tatu_err tatu_os_copy_stage(const struct tatu_os_monitor *monitor, uint16_t image_type,
                                 uint32_t *out_handle);
/** The next boot is of the other set. Errors: STATE when not all its parts are finished. */
enum tatu_err tatu_os_install_set(const struct tatu_os_monitor *monitor);
/** One step of looking after the other set; *out_left is 0 when it is good. Errors: STATE. */
enum tatu_err tatu_os_repair_set(const struct tatu_os_monitor *monitor, uint32_t *out_left);
/** This boot came up: its set is kept. */
enum tatu_err tatu_os_tell_healthy(const struct tatu_os_monitor *monitor);

/** Exactly these images are installed afterwards. Errors: ARGUMENT over TATU_SMC_APPS_MAX. */
enum tatu_err tatu_os_commit_apps(const struct tatu_os_monitor *monitor, const uint8_t images[][16],
                                  size_t count);
enum tatu_err tatu_os_list_apps(const struct tatu_os_monitor *monitor,
                                struct tatu_smc_app out[TATU_SMC_APPS_MAX], size_t *out_count);

/** Bytes of the body of an image that is installed, or staged and verified.
 *  Errors: NOT_FOUND; ARGUMENT they are not all inside. */
enum tatu_err tatu_os_read_app(const struct tatu_os_monitor *monitor, const uint8_t image[16],
                               uint32_t offset, uint8_t *out, size_t len);

/** The endorsement, a COSE_Sign1. Errors: FULL when it does not fit. */
enum tatu_err tatu_os_read_factory(const struct tatu_os_monitor *monitor, struct tatu_buf *out);
/** The verified keystore's body, for tatu_proto_decode_keystore. Errors: FULL. */
enum tatu_err tatu_os_read_keystore(const struct tatu_os_monitor *monitor, struct tatu_buf *out);

/** Starts the count-down again; the chip resets when it ends. 0 stops it. Errors: ARGUMENT > 60000.
 */
enum tatu_err tatu_os_feed_watchdog(const struct tatu_os_monitor *monitor, uint32_t timeout_ms);

/** Everything off until one of TATU_SYSCTL_WAKE_*; then the chip starts anew. Does not return but
 *  with an error. Errors: ARGUMENT none of them, or another bit. */
enum tatu_err tatu_os_power_down(const struct tatu_os_monitor *monitor, uint32_t wake_sources);

/** Gives a peripheral to TATU_PFW_TO_*. Errors: ARGUMENT; STATE once owners are locked. */
enum tatu_err tatu_os_set_owner(const struct tatu_os_monitor *monitor, uint32_t peripheral,
                                uint32_t owner);
/** Until reset. */
enum tatu_err tatu_os_lock_owners(const struct tatu_os_monitor *monitor);

/** Lets a real-time core run len bytes of an installed image's body. Errors: ARGUMENT, NOT_FOUND;
 *  STATE it runs. */
enum tatu_err tatu_os_start_core(const struct tatu_os_monitor *monitor, uint32_t core,
                                 const uint8_t image[16], uint32_t offset, uint32_t len);
enum tatu_err tatu_os_stop_core(const struct tatu_os_monitor *monitor, uint32_t core);
struct tatu_os_core {
    uint32_t status;   /* TATU_RTCTL_* bits */
    uint32_t fault_at; /* the address of the first access that was refused */
};
enum tatu_err tatu_os_get_core(const struct tatu_os_monitor *monitor, uint32_t core,
                               struct tatu_os_core *out);

#endif
