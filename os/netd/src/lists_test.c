#include "lists.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
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
    struct tatu_net_allow allow = {.host_count = 2, .hosts = {"192.0.2.7", "node.tatu.org"}};
    (void)snprintf(allow.group, sizeof(allow.group), "%s", group);
    return tatu_netd_put_list(&lists, 1000, &allow);
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

/* The answer for a group that is there; false where the test may not make one. */
static bool ask_for_true_group(enum tatu_err *out_err)
{
    char root[] = "/tmp/tatu-lists-XXXXXX", group[64];
    if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        return false;
    }
    assert_non_null(mkdtemp(root));
    (void)snprintf(group, sizeof(group), "%s/tatu-lists-%d", root, (int)getpid());
    const bool ready = mount("none", root, "cgroup2", 0, NULL) == 0 && mkdir(group, 0755) == 0 &&
                       tatu_netd_make_own_map(&lists.own_fd) == TATU_OK;
    *out_err = ready ? ask_for(group) : TATU_OK;
    (void)rmdir(group);
    (void)umount2(root, MNT_DETACH);
    (void)rmdir(root);
    return ready;
}

/* Closes the one list that is used; whether a look-up is under way for it. */
static bool close_list(void)
{
    size_t used = 0;
    bool busy = false;
    for (size_t i = 0; i < TATU_LIST_MAX; i++) {
        struct tatu_list *list = &lists.lists[i];
        if (list->used) {
            assert_true(list->addresses.count == 1); /* the literal one */
            busy = busy || list->lookup.busy;
            tatu_netd_stop_lookup(&list->lookup);
            tatu_netd_close_filter(&list->filter);
            used++;
        }
    }
    assert_int_equal(used, 1);
    (void)close(lists.own_fd);
    return busy;
}

static void an_application_starts_without_a_network(void **state)
{
    enum tatu_err err = TATU_OK;
    (void)state;
    if (!ask_for_true_group(&err)) {
        skip();
    }
    assert_int_equal(err, TATU_OK);
    assert_false(close_list());
}

static void an_application_does_not_wait_for_its_names(void **state)
{
    const struct tatu_resolver_server silent = {.address = {[10] = 0xff, 0xff, 127, 0, 0, 9}};
    enum tatu_err err = TATU_OK;
    (void)state;
    tatu_netd_set_servers(&resolver, &silent, 1);
    lists.up = true;
    if (!ask_for_true_group(&err)) {
        skip();
    }
    assert_int_equal(err, TATU_OK);
    assert_true(close_list());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(applications_that_are_gone_take_no_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(those_that_are_there_keep_theirs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_application_starts_without_a_network, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_application_does_not_wait_for_its_names, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
