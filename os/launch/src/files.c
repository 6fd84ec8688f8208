/* Landlock: the files an application may open, the one it may start, and whom it may speak to. */
#include <linux/landlock.h>

#include "launch_impl.h"
#include "os/lib/walls.h"

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

/* A library is mapped, which reading is enough for. Only the program whose headers were looked at
 * may be started, and its loader. */
static const struct tatu_os_file_rule rules[] = {
    {"/mnt/app", READ},
    {"/lib", READ},
    {"/usr/lib", READ},
    {"/etc", READ},
    {"/proc", READ},
    {"/run", READ},
    {"/dev", LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE},
};

bool tatu_launch_restrict_files(const char *program)
{
    /* which ports is the matter of its control group */
    const struct tatu_os_files files = {
        .rules = rules, .count = TATU_COUNT_OF(rules), .program = program, .any_port = true};
    return tatu_os_restrict_files(&files) == TATU_OK || tatu_launch_fail("landlock");
}
