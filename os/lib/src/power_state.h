/* What the parts of power.h share: the state of one store, and what is done to it. */
#ifndef TATU_OS_LIB_POWER_STATE_H
#define TATU_OS_LIB_POWER_STATE_H

#include <sys/types.h>

#include "os/lib/power.h"
#include "power_disk.h"

#define POWER_KEPT_MAX 4u
#define POWER_STYLES 4
#define POWER_FOLDER "/dev/shm/tatu-power-XXXXXX"

struct power_kept {
    void *bytes;
    size_t size;
    uint8_t *saved;
};

struct tatu_power {
    char root[sizeof(POWER_FOLDER)];
    struct disk base; /* at the last start */
    struct disk live; /* with all that happened since */
    struct disk saved;
    ino_t real[DISK_INODE_MAX]; /* the file of each inode of `live` */
    dev_t device;
    struct disk_operation operations[DISK_OPERATION_MAX];
    size_t operation_count;

    uint32_t count; /* of lasting operations since the start */
    uint32_t cut_at;
    int style;
    uint32_t random;
    bool is_off;
    bool is_in_order;

    struct fake_vault vault, saved_vault;
    struct tatu_os_monitor monitor;
    enum tatu_err (*call)(void *context, uint32_t number, struct tatu_span in,
                          struct tatu_buf *out);
    void *call_context;
    struct power_kept kept[POWER_KEPT_MAX];
    size_t kept_count;
    char text[TATU_POWER_TEXT_MAX];
};

/* The program's calls have no argument of ours. */
extern struct tatu_power *fake_power_current;

/** Whether power fails in this operation. */
bool fake_power_fails_now(struct tatu_power *power);
/** False and errno: power is away. What it fails in may last in part. */
bool fake_power_note(struct tatu_power *power, struct disk_operation operation);
void fake_power_forget(struct tatu_power *power);
/** Empties the folder. */
void fake_power_wipe(const struct tatu_power *power);

/** Power comes back: the folder is what flash held. */
void fake_power_restart(struct tatu_power *power);
void fake_power_save(struct tatu_power *power);
void fake_power_restore(struct tatu_power *power);

enum tatu_err fake_power_call(void *context, uint32_t number, struct tatu_span in,
                              struct tatu_buf *out);

#endif
