/* What appman answers: storage, memory, power, clock, events, other applications. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "applibs/application.h"
#include "applibs/applications.h"
#include "applibs/log.h"
#include "applibs/powermanagement.h"
#include "applibs/rtc.h"
#include "applibs/storage.h"
#include "applibs/sysevent.h"
#include "fake_system.h"

#include <cmocka.h>

int tatu_applibs_set_time(int64_t seconds, int64_t nanoseconds); /* timesync.h; clock.c calls it */

/* ---- storage ---- */

static void path_is_inside_the_image(void **state)
{
    (void)state;
    char *path = Storage_GetAbsolutePathInImagePackage("certs/a..pem");
    assert_string_equal(path, "/mnt/app/certs/a..pem");
    free(path);
}

static void path_that_leaves_the_image_is_refused(void **state)
{
    (void)state;
    const char *const refused[] = {"/etc/x", "..", "../x", "a/../b", "a/.."};
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        errno = 0;
        assert_null(Storage_GetAbsolutePathInImagePackage(refused[i]));
        assert_int_equal(errno, EINVAL);
        FAKE_FAILS(EINVAL, Storage_OpenFileInImagePackage(refused[i]));
    }
    assert_null(Storage_GetAbsolutePathInImagePackage(NULL));
    assert_int_equal(errno, EFAULT);
    FAKE_FAILS(EFAULT, Storage_OpenFileInImagePackage(NULL));
    FAKE_FAILS(ENOENT, Storage_OpenFileInImagePackage("not-there"));
}

static void the_mutable_file_is_asked_for(void **state)
{
    (void)state;
    fake_answer_descriptor();
    const int fd = Storage_OpenMutableFile();
    assert_true(fd >= 0);
    fake_expect(TATU_REQUEST_STORAGE_OPEN, 0, 0, 0, NULL, 0);
    (void)close(fd);
    fake_answer(0, NULL, 0);
    assert_int_equal(Storage_DeleteMutableFile(), 0);
    fake_expect(TATU_REQUEST_STORAGE_DELETE, 0, 0, 0, NULL, 0);
    FAKE_PASSES_ON(Storage_OpenMutableFile, EACCES, ENOSPC);
    FAKE_PASSES_ON(Storage_DeleteMutableFile, EACCES, ENOENT);
}

/* ---- memory, version ---- */

static void memory_is_told_in_kib(void **state)
{
    uint8_t figures[24] = {0};
    (void)state;
    tatu_put_le64(figures, 3u << 20);
    tatu_put_le64(figures + 8, 2048);
    tatu_put_le64(figures + 16, 2049);
    fake_answer(0, figures, sizeof(figures));
    assert_int_equal(Applications_GetTotalMemoryUsageInKB(), 3072);
    fake_expect(TATU_REQUEST_MEMORY, 0, 0, 0, NULL, 0);
    assert_int_equal(Applications_GetUserModeMemoryUsageInKB(), 2);
    assert_int_equal(Applications_GetPeakUserModeMemoryUsageInKB(), 3);
    fake_answer_badly();
    assert_int_equal(Applications_GetTotalMemoryUsageInKB(), 0);
    assert_int_equal(errno, EIO);
    assert_int_equal(Applications_GetUserModeMemoryUsageInKB(), 0);
    assert_int_equal(Applications_GetPeakUserModeMemoryUsageInKB(), 0);
}

static void the_version_is_cut_where_it_has_no_room(void **state)
{
    Applications_OsVersion version;
    (void)state;
    fake_answer(0, "26.11", 5);
    assert_int_equal(Applications_GetOsVersion(&version), 0);
    assert_string_equal(version.version, "26.11");
    fake_expect(TATU_REQUEST_OS_VERSION, 0, 0, 0, NULL, 0);
    fake_answer(0, "a version of thirty characters", 30);
    assert_int_equal(Applications_GetOsVersion(&version), 0);
    assert_string_equal(version.version, "a version of th");
    FAKE_FAILS(EFAULT, Applications_GetOsVersion(NULL));
    fake_answer_badly();
    FAKE_FAILS(EIO, Applications_GetOsVersion(&version));
}

/* ---- power, clock ---- */

static int power_down(void)
{
    return PowerManagement_ForceSystemPowerDown(60);
}

static int set_profile(void)
{
    return PowerManagement_SetSystemPowerProfile(PowerManagement_HighPerformance);
}

static void power_is_asked_for(void **state)
{
    (void)state;
    fake_answer(0, NULL, 0);
    assert_int_equal(PowerManagement_ForceSystemReboot(), 0);
    fake_expect(TATU_REQUEST_REBOOT, 0, 0, 0, NULL, 0);
    assert_int_equal(power_down(), 0);
    fake_expect(TATU_REQUEST_POWER_DOWN, 60, 0, 0, NULL, 0);
    assert_int_equal(set_profile(), 0);
    fake_expect(TATU_REQUEST_POWER_PROFILE, 2, 0, 0, NULL, 0);
    FAKE_PASSES_ON(PowerManagement_ForceSystemReboot, EACCES, EBUSY);
    FAKE_PASSES_ON(power_down, EACCES, EBUSY, EINVAL);
    FAKE_PASSES_ON(set_profile, EACCES, EINVAL);
}

static void the_clock_is_set_through_the_system(void **state)
{
    static const uint8_t wire[16] = {0x00, 0xf1, 0x53, 0x65, 0, 0, 0, 0, 0xff, 0xc9, 0x9a, 0x3b};
    (void)state;
    fake_answer(0, NULL, 0);
    assert_int_equal(clock_systohc(), 0);
    fake_expect(TATU_REQUEST_SET_RTC, 0, 0, 0, NULL, 0);
    FAKE_PASSES_ON(clock_systohc, EACCES, EIO);
    fake_answer(0, NULL, 0);
    assert_int_equal(tatu_applibs_set_time(1700000000, 999999999), 0);
    fake_expect(TATU_REQUEST_SET_TIME, 0, 0, 0, wire, sizeof(wire));
    FAKE_FAILS(EINVAL, tatu_applibs_set_time(-1, 0));
    FAKE_FAILS(EINVAL, tatu_applibs_set_time(1, -1));
    FAKE_FAILS(EINVAL, tatu_applibs_set_time(1, 1000000000));
    fake_answer(EACCES, NULL, 0);
    FAKE_FAILS(EPERM, tatu_applibs_set_time(1, 0)); /* as the C library's call has it */
    fake_answer(ERANGE, NULL, 0);
    FAKE_FAILS(ERANGE, tatu_applibs_set_time(1, 0));
}

/* ---- log ---- */

static void log_writes_one_message(void **state)
{
    int pipes[2];
    char text[2048];
    (void)state;
    assert_int_equal(pipe(pipes), 0);
    const int saved = dup(STDERR_FILENO);
    assert_int_equal(dup2(pipes[1], STDERR_FILENO), STDERR_FILENO);
    const int result = Log_Debug("%s %d\n", "number", 7);
    const int longer = Log_Debug("%1500d", 1);
    assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
    (void)close(saved);
    assert_int_equal(result, 0);
    assert_int_equal(longer, 0);
    const ssize_t got = read(pipes[0], text, sizeof(text));
    assert_int_equal(got, 9 + 1023);
    assert_memory_equal(text, "number 7\n", 9);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
    const char *volatile nothing = NULL;
    FAKE_FAILS(EFAULT, Log_Debug(nothing, 1));
}

/* ---- other applications ---- */

static int connect_peer(void)
{
    return Application_Connect("005180bc-402f-4cb3-a662-72937dbcde47");
}

static void a_peer_is_asked_for_as_images_name_it(void **state)
{
    static const uint8_t wire[16] = {0xbc, 0x80, 0x51, 0x00, 0x2f, 0x40, 0xb3, 0x4c,
                                     0xa6, 0x62, 0x72, 0x93, 0x7d, 0xbc, 0xde, 0x47};
    static const char *const refused[] = {
        "",
        "005180bc-402f-4cb3-a662-72937dbcde4",
        "005180bc-402f-4cb3-a662-72937dbcde471",
        "005180bc-402f-4cb3-a66272937-dbcde47",
        "005180bg-402f-4cb3-a662-72937dbcde47",
        "{05180bc-402f-4cb3-a662-72937dbcde4}",
    };
    (void)state;
    fake_answer_descriptor();
    int fd = connect_peer();
    assert_true(fd >= 0);
    fake_expect(TATU_REQUEST_CONNECT, 0, 0, 0, wire, sizeof(wire));
    (void)close(fd);
    fd = Application_Socket("005180BC-402F-4CB3-A662-72937DBCDE47");
    assert_true(fd >= 0);
    fake_expect(TATU_REQUEST_CONNECT, 0, 0, 0, wire, sizeof(wire));
    (void)close(fd);
    FAKE_PASSES_ON(connect_peer, EACCES, ENOENT, ECONNREFUSED);
    FAKE_FAILS(EFAULT, Application_Connect(NULL));
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        FAKE_FAILS(EINVAL, Application_Connect(refused[i]));
    }
}

static int ask_ready(void)
{
    bool ready;
    return Application_IsDeviceAuthReady(&ready);
}

static void the_daily_certificate_is_there_or_not(void **state)
{
    static const uint8_t words[2][4] = {{0}, {1}};
    bool ready = true;
    (void)state;
    fake_answer(0, words[0], 4);
    assert_int_equal(Application_IsDeviceAuthReady(&ready), 0);
    assert_false(ready);
    fake_expect(TATU_REQUEST_DEVICEAUTH_READY, 0, 0, 0, NULL, 0);
    fake_answer(0, words[1], 4);
    assert_int_equal(Application_IsDeviceAuthReady(&ready), 0);
    assert_true(ready);
    FAKE_FAILS(EFAULT, Application_IsDeviceAuthReady(NULL));
    FAKE_PASSES_ON(ask_ready, EACCES);
}

/* ---- system events ---- */

static struct {
    unsigned int count;
    SysEvent_Events event;
    SysEvent_Status status;
    int result; /* of GetUpdateData */
    SysEvent_Info_UpdateData data;
    EventRegistration *end; /* inside the callback */
} seen;

static void on_event(SysEvent_Events event, SysEvent_Status status, const SysEvent_Info *info,
                     void *context)
{
    assert_ptr_equal(context, &seen);
    seen.count++;
    seen.event = event;
    seen.status = status;
    seen.result = SysEvent_Info_GetUpdateData(info, &seen.data);
    FAKE_FAILS(EFAULT, SysEvent_Info_GetUpdateData(info, NULL));
    if (seen.end != NULL) {
        assert_int_equal(SysEvent_UnregisterForEventNotifications(seen.end), 0);
        seen.end = NULL;
    }
}

static EventLoop *el;

static EventRegistration *listen_to_all(void)
{
    memset(&seen, 0, sizeof(seen));
    fake_answer(0, NULL, 0);
    return SysEvent_RegisterForEventNotifications(el, SysEvent_Events_Mask, on_event, &seen);
}

static void send_event(uint32_t event, uint32_t status, uint32_t minutes, uint32_t type)
{
    uint8_t bytes[16];
    tatu_put_le32(bytes, event);
    tatu_put_le32(bytes + 4, status);
    tatu_put_le32(bytes + 8, minutes);
    tatu_put_le32(bytes + 12, type);
    assert_int_equal(send(fake_listener, bytes, sizeof(bytes), 0), sizeof(bytes));
}

static void drop_listener(void)
{
    (void)close(fake_listener);
    fake_listener = -1;
}

static void events_come_to_their_callback(void **state)
{
    (void)state;
    EventRegistration *reg = listen_to_all();
    assert_non_null(reg);
    fake_expect(TATU_REQUEST_EVENTS, 7, 0, 0, NULL, 0);
    send_event(1, 1, 1439, 2);
    assert_int_equal(EventLoop_Run(el, 1000, true), EventLoop_Run_Finished);
    assert_int_equal(seen.event, SysEvent_Events_UpdateReadyForInstall);
    assert_int_equal(seen.status, SysEvent_Status_Pending);
    assert_int_equal(seen.result, 0);
    assert_int_equal(seen.data.max_deferral_time_in_minutes, 1439);
    assert_int_equal(seen.data.update_type, SysEvent_UpdateType_System);
    send_event(4, 0, 0, 0);
    send_event(2, 0, 0, 1);
    assert_int_equal(EventLoop_Run(el, 1000, true), EventLoop_Run_Finished);
    assert_int_equal(seen.event, SysEvent_Events_NoUpdateAvailable);
    assert_int_equal(seen.result, -1); /* it is about no update */
    seen.end = reg;
    assert_int_equal(EventLoop_Run(el, 1000, true), EventLoop_Run_Finished);
    assert_int_equal(seen.count, 3);
    assert_int_equal(seen.event, SysEvent_Events_UpdateStarted);
    FAKE_FAILS(EINVAL, SysEvent_UnregisterForEventNotifications(reg));
    FAKE_FAILS(EFAULT, SysEvent_UnregisterForEventNotifications(NULL));
    drop_listener();
}

static void a_listener_that_the_system_drops_is_quiet(void **state)
{
    (void)state;
    EventRegistration *reg = listen_to_all();
    assert_non_null(reg);
    drop_listener();
    (void)EventLoop_Run(el, 50, false);
    /* it does not wake for ever */
    assert_int_equal(EventLoop_Run(el, 0, false), EventLoop_Run_FinishedEmpty);
    assert_int_equal(seen.count, 0);
    assert_int_equal(SysEvent_UnregisterForEventNotifications(reg), 0);
    reg = listen_to_all();
    assert_non_null(reg);
    drop_listener();
    assert_int_equal(SysEvent_UnregisterForEventNotifications(reg), 0);
}

static void a_loop_has_one_listener_and_takes_it_along(void **state)
{
    struct pollfd gone;
    (void)state;
    EventRegistration *reg = listen_to_all();
    assert_non_null(reg);
    gone = (struct pollfd){.fd = fake_listener, .events = POLLIN};
    assert_null(SysEvent_RegisterForEventNotifications(el, 1, on_event, &seen));
    assert_int_equal(errno, EBUSY);
    EventLoop_Close(el);
    assert_int_equal(poll(&gone, 1, 1000), 1);
    assert_true((gone.revents & POLLHUP) != 0);
    FAKE_FAILS(EINVAL, SysEvent_UnregisterForEventNotifications(reg));
    drop_listener();
    el = EventLoop_Create();
}

static void bad_listeners_are_refused(void **state)
{
    (void)state;
    assert_null(SysEvent_RegisterForEventNotifications(NULL, 1, on_event, &seen));
    assert_int_equal(errno, EFAULT);
    assert_null(SysEvent_RegisterForEventNotifications(el, 1, NULL, &seen));
    assert_int_equal(errno, EFAULT);
    assert_null(SysEvent_RegisterForEventNotifications(el, 0, on_event, &seen));
    assert_int_equal(errno, EINVAL);
    assert_null(SysEvent_RegisterForEventNotifications(el, 8, on_event, &seen));
    assert_int_equal(errno, EINVAL);
    fake_answer(EACCES, NULL, 0);
    assert_null(SysEvent_RegisterForEventNotifications(el, 1, on_event, &seen));
    assert_int_equal(errno, EACCES);
    fake_answer_badly();
    assert_null(SysEvent_RegisterForEventNotifications(el, 1, on_event, &seen));
    assert_int_equal(errno, EIO);
    FAKE_FAILS(EFAULT, SysEvent_Info_GetUpdateData(NULL, &seen.data));
}

static int defer(void)
{
    return SysEvent_DeferEvent(SysEvent_Events_UpdateReadyForInstall, 5);
}

static int resume(void)
{
    return SysEvent_ResumeEvent(SysEvent_Events_UpdateReadyForInstall);
}

static void an_update_is_put_off(void **state)
{
    (void)state;
    fake_answer(0, NULL, 0);
    assert_int_equal(defer(), 0);
    fake_expect(TATU_REQUEST_DEFER, 1, 5, 0, NULL, 0);
    assert_int_equal(resume(), 0);
    fake_expect(TATU_REQUEST_RESUME, 1, 0, 0, NULL, 0);
    FAKE_PASSES_ON(defer, EACCES, EINVAL, ERANGE, ENOENT);
    FAKE_PASSES_ON(resume, EACCES, EINVAL, ENOENT);
}

static int set_up(void **state)
{
    el = EventLoop_Create();
    return el == NULL ? -1 : fake_set_up(state);
}

static int tear_down(void **state)
{
    EventLoop_Close(el);
    return fake_tear_down(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path_is_inside_the_image),
        cmocka_unit_test(path_that_leaves_the_image_is_refused),
        cmocka_unit_test(the_mutable_file_is_asked_for),
        cmocka_unit_test(memory_is_told_in_kib),
        cmocka_unit_test(the_version_is_cut_where_it_has_no_room),
        cmocka_unit_test(power_is_asked_for),
        cmocka_unit_test(the_clock_is_set_through_the_system),
        cmocka_unit_test(log_writes_one_message),
        cmocka_unit_test(a_peer_is_asked_for_as_images_name_it),
        cmocka_unit_test(the_daily_certificate_is_there_or_not),
        cmocka_unit_test(events_come_to_their_callback),
        cmocka_unit_test(a_listener_that_the_system_drops_is_quiet),
        cmocka_unit_test(a_loop_has_one_listener_and_takes_it_along),
        cmocka_unit_test(bad_listeners_are_refused),
        cmocka_unit_test(an_update_is_put_off),
    };
    return cmocka_run_group_tests_name("system", tests, set_up, tear_down);
}
