/*
 * What the calls of the normal world do, one function each. Each takes a request that was decoded
 * from the private copy, decides, acts, and appends its answer. The table of calls is in smc.c.
 */
#ifndef TATU_MONITOR_CALL_H
#define TATU_MONITOR_CALL_H

#include "state.h"

/** A decoded request; bytes lie in the private copy. */
struct tatu_monitor_request {
    uint16_t kind;
    uint32_t words[3];
    struct tatu_span bytes;
};

/* Heads a declaration and a definition; not every call uses each parameter. */
#define TATU_MONITOR_CALL(name)                                                                    \
    enum tatu_err tatu_monitor_call_##name(struct tatu_monitor *m __attribute__((unused)),         \
                                           const struct tatu_monitor_request *in                   \
                                           __attribute__((unused)),                                \
                                           struct tatu_buf *out __attribute__((unused)))

static inline enum tatu_err put_word(struct tatu_buf *out, uint32_t value)
{
    uint8_t bytes[4];
    tatu_put_le32(bytes, value);
    return tatu_base_put_bytes(out, TATU_SPAN_OF(bytes));
}

/* call_query.c: what is there */
TATU_MONITOR_CALL(get_boot);
TATU_MONITOR_CALL(list_apps);
TATU_MONITOR_CALL(read_app);
TATU_MONITOR_CALL(read_factory);
TATU_MONITOR_CALL(keystore);
TATU_MONITOR_CALL(vault);

/* call_flash.c: records, packages, sets */
TATU_MONITOR_CALL(record_append);
TATU_MONITOR_CALL(record_read);
TATU_MONITOR_CALL(record_ack);
TATU_MONITOR_CALL(stage_begin);
TATU_MONITOR_CALL(stage_copy);
TATU_MONITOR_CALL(stage_write);
TATU_MONITOR_CALL(stage_finish);
TATU_MONITOR_CALL(stage_abort);
TATU_MONITOR_CALL(commit_apps);
TATU_MONITOR_CALL(install_set);
TATU_MONITOR_CALL(repair);
TATU_MONITOR_CALL(healthy);

/* call_chip.c: watchdog, power, peripherals, real-time cores */
TATU_MONITOR_CALL(watchdog);
TATU_MONITOR_CALL(power_down);
TATU_MONITOR_CALL(set_owner);
TATU_MONITOR_CALL(lock_owners);
TATU_MONITOR_CALL(rt_start);
TATU_MONITOR_CALL(rt_stop);
TATU_MONITOR_CALL(rt_status);

/* call_store.c */
TATU_MONITOR_CALL(store_erase);
TATU_MONITOR_CALL(store_write);

#endif
