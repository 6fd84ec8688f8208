#include "storage.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define FIRST "00000000-0000-0000-0000-000000000001"
#define SECOND "00000000-0000-0000-0000-000000000002"

static char folder[] = "/tmp/tatu-storage-XXXXXX";
static char root[64];

static int open_of(const char *component)
{
    int fd = -1;
    assert_int_equal(tatu_apps_open_storage(root, component, getgid(), &fd), 0);
    return fd;
}

static char path[160];

static const char *path_of(const char *component, const char *name)
{
    (void)snprintf(path, sizeof(path), "%s/%s/%s", root, component, name);
    return path;
}

static void a_component_has_one_file_of_its_own(void **state)
{
    char text[8] = {0};
    struct stat info;
    int fd = open_of(FIRST), other = open_of(SECOND);
    (void)state;
    assert_int_equal(write(fd, "one", 3), 3);
    (void)close(fd);
    fd = open_of(FIRST);
    assert_int_equal(read(fd, text, sizeof(text)), 3);
    assert_string_equal(text, "one");
    assert_int_equal(read(other, text, sizeof(text)), 0);
    assert_int_equal(tatu_apps_get_stored(root, FIRST), 3);
    assert_int_equal(tatu_apps_get_stored(root, SECOND), 0);
    assert_int_equal(fstat(fd, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(info.st_uid, getuid());
    (void)close(fd);
    (void)close(other);
}

static void a_deleted_file_is_gone_and_begins_empty(void **state)
{
    int fd = open_of(FIRST);
    char byte;
    (void)state;
    assert_int_equal(write(fd, "secret", 6), 6);
    assert_int_equal(tatu_apps_delete_storage(root, FIRST), 0);
    assert_int_equal(tatu_apps_delete_storage(root, FIRST), ENOENT);
    assert_int_equal(tatu_apps_get_stored(root, FIRST), 0);
    /* what an old descriptor writes after that is not in the new file */
    assert_int_equal(pwrite(fd, "late", 4, 0), 4);
    int again = open_of(FIRST);
    assert_int_equal(read(again, &byte, 1), 0);
    (void)close(again);
    (void)close(fd);
}

/* However often it is deleted and made: one inode, so one quota. */
static void descriptors_that_stay_open_give_no_more_room(void **state)
{
    struct stat first, next;
    int fd = open_of(FIRST);
    (void)state;
    assert_int_equal(fstat(fd, &first), 0);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(tatu_apps_delete_storage(root, FIRST), 0);
        int again = open_of(FIRST);
        assert_int_equal(fstat(again, &next), 0);
        assert_int_equal(next.st_ino, first.st_ino);
        (void)close(again);
    }
    (void)close(fd);
}

static void old_data_is_not_seen_again(void **state)
{
    static char text[4096], zero[4096];
    int fd = open_of(FIRST);
    (void)state;
    memset(text, 'x', sizeof(text));
    assert_int_equal(write(fd, text, sizeof(text)), sizeof(text));
    assert_int_equal(ftruncate(fd, 1), 0);
    assert_int_equal(ftruncate(fd, sizeof(text)), 0);
    assert_int_equal(pread(fd, text, sizeof(text), 0), sizeof(text));
    assert_int_equal(text[0], 'x');
    assert_memory_equal(text + 1, zero, sizeof(zero) - 1);
    (void)close(fd);
}

/* What a container sets up for its application. */
static void the_limit_on_files_is_the_quota(void **state)
{
    int status;
    (void)state;
    const pid_t pid = fork();
    if (pid == 0) {
        const struct rlimit quota = {4096, 4096};
        char page[4096] = {1};
        int fd;
        (void)signal(SIGXFSZ, SIG_IGN);
        if (tatu_apps_open_storage(root, FIRST, getgid(), &fd) != 0 ||
            setrlimit(RLIMIT_FSIZE, &quota) != 0 || write(fd, page, 4096) != 4096) {
            _exit(1);
        }
        _exit(write(fd, page, 1) == -1 && errno == EFBIG && pwrite(fd, page, 1, 100000) == -1 &&
                      ftruncate(fd, 4097) == -1
                  ? 0
                  : 2);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static bool keeps_first(void *context, const char *name)
{
    (void)context;
    return strcmp(name, FIRST) == 0;
}

static void what_is_swept_leaves_no_trace(void **state)
{
    enum tatu_err err;
    (void)state;
    (void)close(open_of(FIRST));
    (void)close(open_of(SECOND));
    assert_int_equal(mkdir(path_of("..", "apps/strange"), 0700), 0);
    assert_int_equal(symlink("/etc", path_of("..", "apps/link")), 0);
    assert_int_equal(tatu_apps_sweep_storage(root, keeps_first, NULL, &err), 3);
    assert_int_equal(err, TATU_OK);
    assert_int_equal(access(path_of(FIRST, "file"), F_OK), 0);
    assert_int_equal(access(path_of(SECOND, ""), F_OK), -1);
    assert_int_equal(access("/etc/passwd", F_OK), 0);
    assert_int_equal(tatu_apps_sweep_storage(root, keeps_first, NULL, &err), 0);
    assert_int_equal(tatu_apps_sweep_storage("/nowhere/at/all", keeps_first, NULL, &err), 0);
    assert_int_equal(err, TATU_OK);
}

/* The file is there, and it is a new one. */
static void begins_empty(const char *component)
{
    struct stat info;
    int fd = open_of(component);
    assert_int_equal(fstat(fd, &info), 0);
    assert_true(S_ISREG(info.st_mode));
    assert_int_equal(info.st_size, 0);
    (void)close(fd);
}

static void write_secret(const char *component)
{
    int fd = open_of(component);
    assert_int_equal(write(fd, "secret", 6), 6);
    (void)close(fd);
}

static void what_a_changed_store_puts_in_place_of_the_file_is_not_given(void **state)
{
    char other[160];
    (void)state;
    write_secret(SECOND);
    (void)strcpy(other, path_of(SECOND, "file"));
    (void)close(open_of(FIRST));
    assert_int_equal(unlink(path_of(FIRST, "file")), 0);
    assert_int_equal(symlink(other, path), 0);
    assert_int_equal(tatu_apps_delete_storage(root, FIRST), ELOOP);
    begins_empty(FIRST);
    assert_int_equal(unlink(path_of(FIRST, "file")), 0);
    assert_int_equal(link(other, path), 0); /* two names for one file */
    begins_empty(FIRST);
    assert_int_equal(unlink(path_of(FIRST, "file")), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    begins_empty(FIRST);
    assert_int_equal(unlink(path_of(FIRST, "file")), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    begins_empty(FIRST);
    write_secret(FIRST);
    assert_int_equal(chmod(path_of(FIRST, "file"), 04600), 0);
    begins_empty(FIRST);
}

static void a_file_that_was_made_for_another_user_is_not_given(void **state)
{
    (void)state;
    write_secret(FIRST);
    if (chown(path_of(FIRST, "file"), (uid_t)-1, getgid() + 1) != 0) {
        skip(); /* only root can make it so */
    }
    begins_empty(FIRST);
}

static int empty(void **state)
{
    char command[128];
    (void)state;
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", root);
    return system(command);
}

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(root, sizeof(root), "%s/apps", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)empty(state);
    return rmdir(folder);
}

#define TEST(name) cmocka_unit_test_setup(name, empty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_component_has_one_file_of_its_own),
        TEST(a_deleted_file_is_gone_and_begins_empty),
        TEST(descriptors_that_stay_open_give_no_more_room),
        TEST(old_data_is_not_seen_again),
        TEST(the_limit_on_files_is_the_quota),
        TEST(what_is_swept_leaves_no_trace),
        TEST(what_a_changed_store_puts_in_place_of_the_file_is_not_given),
        TEST(a_file_that_was_made_for_another_user_is_not_given),
    };
    return cmocka_run_group_tests_name("storage", tests, make_folder, remove_folder);
}
