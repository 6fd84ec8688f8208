#include "lists.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define GONE TATU_NET_GROUP_ROOT "apps/tatu-lists-test-%u"

static struct tatu_os_loop loop;
static struct tatu_resolver resolver;
static struct tatu_lists lists;

/* As after the life of an application: `group` is where its control group is or was. */
static void put(size_t at, const char *group)
{
    struct tatu_list *list = &lists.lists[at];
    list->used = true;
    list->lists = &lists;
    list->waiting_fd = -1;
    list->due_ms = UINT64_MAX;
    list->filter = (struct tatu_filter){-1, -1};
    (void)snprintf(list->allow.group, sizeof(list->allow.group), "%s", group);
}

static void put_gone(size_t first)
{
    char group[TATU_NET_GROUP_SIZE];
    for (size_t i = first; i < TATU_LIST_MAX; i++) {
        (void)snprintf(group, sizeof(group), GONE, (unsigned)i);
        put(i, group);
    }
}

/* What who asks for the firewall of one more, with a name in it, is answered. */
static enum tatu_err ask_for(const char *group)
{
    struct tatu_net_allow allow = {.host_count = 1, .hosts = {"node.tatu.org"}};
    uint8_t answer[8];
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    (void)snprintf(allow.group, sizeof(allow.group), "%s", group);
    tatu_netd_put_list(&lists, 1000, &allow, pair[1]);
    assert_int_equal(recv(pair[0], answer, sizeof(answer), MSG_DONTWAIT), sizeof(answer));
    (void)close(pair[0]);
    return (enum tatu_err)tatu_get_le32(answer);
}

/* One that has no group either: it is never OK. */
static enum tatu_err ask(void)
{
    return ask_for(TATU_NET_GROUP_ROOT "apps/tatu-lists-test");
}

static int set_up(void **state)
{
    static struct tatu_os_log log;
    (void)state;
    memset(&lists, 0, sizeof(lists));
    tatu_os_init_log(&log, "test", STDERR_FILENO);
    assert_int_equal(tatu_os_init_loop(&loop), TATU_OK);
    tatu_netd_init_resolver(&resolver, &loop);
    tatu_netd_start_lists(&lists, &resolver, &log);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tatu_os_done_loop(&loop);
    return 0;
}

static void applications_that_are_gone_take_no_room(void **state)
{
    (void)state;
    put_gone(0);
    assert_int_not_equal(ask(), TATU_ERR_FULL);
    for (size_t i = 0; i < TATU_LIST_MAX; i++) {
        assert_false(lists.lists[i].used);
    }
}

static void those_that_are_there_keep_theirs(void **state)
{
    (void)state;
    put_gone(1);
    put(0, "/tmp");
    (void)ask();
    assert_true(lists.lists[0].used);
    for (size_t i = 0; i < TATU_LIST_MAX; i++) {
        put(i, "/tmp");
    }
    assert_int_equal(ask(), TATU_ERR_FULL);
}

static void an_application_starts_without_a_network(void **state)
{
    char root[] = "/tmp/tatu-lists-XXXXXX", group[64];
    (void)state;
    if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        skip();
    }
    assert_non_null(mkdtemp(root));
    (void)snprintf(group, sizeof(group), "%s/tatu-lists-%d", root, (int)getpid());
    const bool ready = mount("none", root, "cgroup2", 0, NULL) == 0 && mkdir(group, 0755) == 0 &&
                       tatu_netd_make_own_map(&lists.own_fd) == TATU_OK;
    const enum tatu_err err = ready ? ask_for(group) : TATU_OK;
    (void)rmdir(group);
    (void)umount2(root, MNT_DETACH);
    (void)rmdir(root);
    if (!ready) {
        skip();
    }
    assert_int_equal(err, TATU_OK);
    size_t used = 0;
    for (size_t i = 0; i < TATU_LIST_MAX; i++) {
        assert_false(lists.lists[i].lookup.busy);
        if (lists.lists[i].used) {
            tatu_netd_close_filter(&lists.lists[i].filter);
            used++;
        }
    }
    assert_int_equal(used, 1);
    (void)close(lists.own_fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(applications_that_are_gone_take_no_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(those_that_are_there_keep_theirs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_application_starts_without_a_network, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
