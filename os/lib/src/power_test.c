/* Power fails while small files are saved; and the campaign finds it when they are saved
 * carelessly. */
#include "os/lib/power.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "os/lib/file.h"
#include "os/lib/store.h"

#define LABEL "a file"
#define LARGE 20000u

static uint8_t bytes[LARGE + 1];

static const char *path_of(const struct tatu_power *power, const char *name)
{
    static char path[2][64];
    static int turn;
    turn ^= 1;
    (void)snprintf(path[turn], sizeof(path[turn]), "%s/%s", tatu_power_root(power), name);
    return path[turn];
}

static struct tatu_span filled(uint8_t with, size_t len)
{
    memset(bytes, with, len);
    return (struct tatu_span){bytes, len};
}

/* One letter and how many of it, or that it is a mix. */
static void say_file(struct tatu_power *power, const char *name, enum tatu_err err,
                     const struct tatu_buf *file)
{
    bool is_mixed = false;
    for (size_t i = 1; i < file->len; i++) {
        is_mixed |= file->data[i] != file->data[0];
    }
    if (err != TATU_OK) {
        tatu_power_say(power, "%s %s ", name, tatu_err_name(err));
    } else if (is_mixed) {
        tatu_power_say(power, "%s MIXED ", name);
    } else {
        tatu_power_say(power, "%s %zu of %c ", name, file->len,
                       file->len == 0 ? '-' : file->data[0]);
    }
}

static void say_plain(struct tatu_power *power)
{
    struct tatu_buf file = TATU_BUF_OF(bytes);
    const enum tatu_err err = tatu_os_load_file(path_of(power, "a"), &file);
    say_file(power, "a", err, &file);
    file.len = 0;
    const enum tatu_err other = tatu_os_load_file(path_of(power, "b"), &file);
    say_file(power, "b", other, &file);
}

static bool save(struct tatu_power *power, const char *name, uint8_t with, size_t len)
{
    return tatu_os_save_file(path_of(power, name), filled(with, len)) == TATU_OK;
}

static bool save_small(struct tatu_power *power)
{
    return save(power, "a", 'o', 5) && save(power, "b", 'b', 7);
}

static bool save_other(struct tatu_power *power)
{
    return save(power, "a", 'n', 8);
}

static bool save_large(struct tatu_power *power)
{
    return save(power, "a", 'l', LARGE);
}

static bool save_nothing(struct tatu_power *power)
{
    return save(power, "a", 'x', 0);
}

static bool drop(struct tatu_power *power)
{
    return tatu_os_remove_file(path_of(power, "a")) == TATU_OK;
}

static void say_sealed(struct tatu_power *power)
{
    struct tatu_buf file = TATU_BUF_OF(bytes);
    const enum tatu_err err =
        tatu_os_load_sealed(tatu_power_monitor(power), path_of(power, "a"), LABEL, &file);
    say_file(power, "a", err, &file);
}

static bool save_sealed(struct tatu_power *power, uint8_t with, size_t len)
{
    return tatu_os_save_sealed(tatu_power_monitor(power), path_of(power, "a"), LABEL,
                               filled(with, len)) == TATU_OK;
}

static bool seal_old(struct tatu_power *power)
{
    return save_sealed(power, 'o', LARGE);
}

static bool seal_new(struct tatu_power *power)
{
    return save_sealed(power, 'n', LARGE - 3000);
}

static const struct tatu_power_flow flows[] = {
    {"a first file", NULL, save_other, say_plain, NULL, false},
    {"a file replaced", save_small, save_other, say_plain, NULL, false},
    {"by a large one", save_small, save_large, say_plain, NULL, false},
    {"a large one by an empty one", save_large, save_nothing, say_plain, NULL, false},
    {"a file removed", save_small, drop, say_plain, NULL, false},
    {"a first sealed file", NULL, seal_new, say_sealed, NULL, false},
    {"a sealed file replaced", seal_old, seal_new, say_sealed, NULL, false},
};

/* ---- what must not pass ---- */

static bool write_over(struct tatu_power *power)
{
    TATU_OS_CLOSING int fd = open(path_of(power, "a"), O_WRONLY | O_CLOEXEC);
    const struct tatu_span all = filled('n', 5);
    return fd >= 0 && write(fd, all.data, all.len) == (ssize_t)all.len && fsync(fd) == 0;
}

static bool rename_new(struct tatu_power *power, bool syncs_file, bool syncs_folder)
{
    const struct tatu_span all = filled('n', 8);
    TATU_OS_CLOSING int fd =
        open(path_of(power, "a.new"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    TATU_OS_CLOSING int folder = open(tatu_power_root(power), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && write(fd, all.data, all.len) == (ssize_t)all.len &&
           (!syncs_file || fsync(fd) == 0) &&
           rename(path_of(power, "a.new"), path_of(power, "a")) == 0 &&
           (!syncs_folder || fsync(folder) == 0);
}

static bool rename_unsynchronised(struct tatu_power *power)
{
    return rename_new(power, false, true);
}

static bool rename_in_a_hurry(struct tatu_power *power)
{
    return rename_new(power, true, false);
}

static const struct tatu_power_flow careless[] = {
    {"written over", save_small, write_over, say_plain, NULL, true},
    {"content not synchronised", save_small, rename_unsynchronised, say_plain, NULL, false},
    {"name not synchronised", save_small, rename_in_a_hurry, say_plain, NULL, false},
};

/* Each of them is found; what the campaign says of it is for nobody. */
static bool finds_all_careless(char **argv)
{
    bool all = true;
    (void)fflush(stdout);
    const int told = dup(STDOUT_FILENO);
    TATU_OS_CLOSING int nobody = open("/dev/null", O_WRONLY | O_CLOEXEC);
    (void)dup2(nobody, STDOUT_FILENO);
    for (size_t i = 0; i < TATU_COUNT_OF(careless); i++) {
        all = tatu_power_main(1, argv, &careless[i], 1) == 1 && all;
    }
    (void)fflush(stdout);
    (void)dup2(told, STDOUT_FILENO);
    (void)close(told);
    return all;
}

int main(int argc, char **argv)
{
    if (argc == 1 && !finds_all_careless(argv)) {
        printf("FAILED: a careless flow was not found\n0 passed, 1 failed\n");
        return 1;
    }
    return tatu_power_main(argc, argv, flows, TATU_COUNT_OF(flows));
}
