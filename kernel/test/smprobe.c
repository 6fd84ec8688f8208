/* Process 1 of a test: asks the security monitor's device in every wrong way, and in a few right ones. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/uapi/tatu_lsm.h"
#include "kernel/uapi/tatu_sm.h"

#define GET_INFO 16 /* of the vault */
#define INFO_SIZE 292
#define UNKNOWN_COMMAND 7 /* base/base.h */
#define DENIED 8
#define RIGHTS_OF_APP_MAN (TATU_SM_RIGHT_QUERY | TATU_SM_RIGHT_POWER | TATU_SM_RIGHT_RECORD | TATU_SM_RIGHT_STORAGE)

static int device;
static uint8_t in[8192], out[8192];

static int ask(struct tatu_sm_call *call)
{
    return ioctl(device, TATU_SM_CALL, call) == 0 ? 0 : errno;
}

static struct tatu_sm_call boot_call(void)
{
    return (struct tatu_sm_call){.call = TATU_SM_GET_BOOT,
                                 .in = (uintptr_t)in,
                                 .out_cap = TATU_SM_OUT_MAX,
                                 .out = (uintptr_t)out};
}

static void expect(const char *what, int got, int want)
{
    printf("[SM] %s %s (%d)\n", got == want ? "pass" : "FAIL", what, got);
}

static void wrong_calls(void)
{
    struct tatu_sm_call call = boot_call();

    call.in_len = TATU_SM_IN_MAX + 1;
    expect("too many arguments are EINVAL", ask(&call), EINVAL);
    call = boot_call();
    call.out_cap = TATU_SM_OUT_MAX + 1;
    expect("too much room is EINVAL", ask(&call), EINVAL);
    call = boot_call();
    call.pad = 1;
    expect("padding is EINVAL", ask(&call), EINVAL);
    call = boot_call();
    call.in_len = 4;
    call.in = 4096;
    expect("arguments nowhere are EFAULT", ask(&call), EFAULT);
    call.in = 0xc0008000;
    expect("arguments in the kernel are EFAULT", ask(&call), EFAULT);
    call.in = UINT64_C(0x100000000);
    expect("arguments above 4 GiB are EFAULT", ask(&call), EFAULT);
    call = boot_call();
    call.out = 0xc0008000;
    expect("an answer into the kernel is EFAULT", ask(&call), EFAULT);
    call = boot_call();
    call.out_cap = 15;
    call.out_len = 77;
    expect("an answer without room is EMSGSIZE", ask(&call), EMSGSIZE);
    expect("and changes nothing", (int)call.out_len, 77);
    expect("a structure nowhere is EFAULT", ioctl(device, TATU_SM_CALL, 4096) == 0 ? 0 : errno, EFAULT);
    expect("another request is ENOTTY", ioctl(device, _IOWR('T', 2, struct tatu_sm_call), &call) == 0 ? 0 : errno,
           ENOTTY);
    expect("reading is EINVAL", read(device, out, 1) < 0 ? errno : 0, EINVAL);
}

static void right_calls(void)
{
    struct tatu_sm_call call = boot_call();

    expect("the boot state is answered", ask(&call), 0);
    expect("by the monitor", (int)call.err, 0);
    expect("in 16 bytes", (int)call.out_len, 16);
    call.call = 999;
    expect("an unknown call is made", ask(&call), 0);
    expect("and refused by the monitor", (int)call.err, UNKNOWN_COMMAND);
    call = boot_call();
    call.call = TATU_SM_VAULT;
    memcpy(in, (uint8_t[]){GET_INFO, 0, 0, 0}, 4);
    call.in_len = 4;
    expect("the vault is asked", ask(&call), 0);
    expect("and answers all", (int)call.out_len, INFO_SIZE);
    call.in_len = TATU_SM_IN_MAX;
    expect("a full page of arguments is a call", ask(&call), 0);
    expect("refused by who reads it", call.err != 0, 1);
}

/* After 8 bytes of answer, a caller gets 8 bytes: nothing of the answer before is in the rest of the page. */
static void nothing_is_left_behind(void)
{
    struct tatu_sm_call call = boot_call();
    int left = 0;

    call.call = TATU_SM_VAULT;
    call.in_len = 4;
    (void)ask(&call);
    memset(out, 0xee, sizeof(out));
    call = boot_call();
    (void)ask(&call);
    for (size_t i = 16; i < sizeof(out); i++) {
        left += out[i] != 0xee;
    }
    expect("only the answer is copied", left, 0);
}

/* Calls and commands to the vault, one for each right, that change nothing. */
static const struct {
    const char *name;
    uint32_t call;
    uint32_t in_len;
    uint8_t in[8];
    uint32_t right;
} asked[] = {
    {"GET_BOOT", 1, 0, {0}, TATU_SM_RIGHT_QUERY},
    {"STAGE_ABORT", 9, 4, {0}, TATU_SM_RIGHT_UPDATE},
    {"WATCHDOG", 14, 4, {0}, TATU_SM_RIGHT_POWER},
    {"RECORD_APPEND of no kind", 3, 4, {0}, TATU_SM_RIGHT_RECORD},
    {"RECORD_READ", 4, 4, {0}, TATU_SM_RIGHT_RECORDS},
    {"RT_STATUS", 24, 4, {0}, TATU_SM_RIGHT_PERIPHERAL},
    {"TIME_NONCE", 2, 4, {17}, TATU_SM_RIGHT_ATTEST},
    {"CLAIM of nothing", 2, 4, {22}, TATU_SM_RIGHT_SECURITY},
    {"DERIVE of nothing", 2, 4, {28}, TATU_SM_RIGHT_STORAGE},
    {"RANDOM", 2, 6, {23, 0, 0, 0, 8, 0}, TATU_SM_RIGHT_RANDOM},
};

/* Whether this process is denied exactly what its credential has no right to. */
static int rights_are(uint32_t rights)
{
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        struct tatu_sm_call call = boot_call();

        call.call = asked[i].call;
        call.in_len = asked[i].in_len;
        memcpy(in, asked[i].in, sizeof(asked[i].in));
        if (ask(&call) != 0 || (call.err == DENIED) != ((asked[i].right & rights) == 0)) {
            printf("[SM] %s of %d: %d\n", asked[i].name, (int)geteuid(), (int)call.err);
            return 0;
        }
    }
    return 1;
}

/* The same with another credential, which is no other user's, and the descriptor that this process has opened. */
static int rights_with_credential_are(uint32_t rights)
{
    struct tatu_lsm_credential told = {.capabilities = rights};
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        int fd = open("/proc/self/attr/exec", O_WRONLY);

        _exit(write(fd, &told, sizeof(told)) == (ssize_t)sizeof(told) && rights_are(rights) ? 0 : 1);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Another user has the credential of who became it; so has root of a user namespace. */
static int rights_of_user_are(uid_t uid, uint32_t rights)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        _exit(setresuid(uid, uid, uid) == 0 && rights_are(rights) && unshare(CLONE_NEWUSER) == 0 && rights_are(rights) ? 0 : 1);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void each_credential_has_its_rights(void)
{
    char what[64];

    expect("appman asks for what it uses", rights_are(RIGHTS_OF_APP_MAN), 1);
    expect("as any user", rights_of_user_are(111, RIGHTS_OF_APP_MAN), 1);
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        snprintf(what, sizeof(what), "with its right alone: %s", asked[i].name);
        expect(what, rights_with_credential_are(asked[i].right), 1);
    }
    expect("without one nothing is asked", rights_with_credential_are(0), 1);
    expect("with all everything", rights_with_credential_are(TATU_SM_RIGHT_ALL), 1);
}

static void the_kernels_own_calls(void)
{
    struct tatu_sm_call call = boot_call();

    call.in_len = 4;
    call.call = TATU_SM_STORE_ERASE;
    expect("nobody erases the store past the kernel", ask(&call), EPERM);
    call.in_len = 8;
    call.call = TATU_SM_STORE_WRITE;
    expect("or writes it", ask(&call), EPERM);
}

static void random_source(void)
{
    uint8_t first[64], second[64];
    char name[32] = {0};
    int fd = open("/sys/class/misc/hw_random/rng_current", O_RDONLY);

    expect("the vault is the source", read(fd, name, sizeof(name) - 1) > 0 && strncmp(name, "tatu-vault", 10) == 0, 1);
    fd = open("/dev/hwrng", O_RDONLY);
    expect("it gives bytes", (int)read(fd, first, sizeof(first)), sizeof(first));
    expect("again", (int)read(fd, second, sizeof(second)), sizeof(second));
    expect("which differ", memcmp(first, second, sizeof(first)) != 0, 1);
    expect("the kernel's own is seeded", (int)getrandom(first, sizeof(first), GRND_NONBLOCK), sizeof(first));
}

int main(void)
{
    struct stat info = {0};

    setvbuf(stdout, NULL, _IOLBF, 0);
    expect("sysfs", mount("sysfs", "/sys", "sysfs", 0, NULL), 0);
    expect("proc", mount("proc", "/proc", "proc", 0, NULL), 0);
    expect("the device is for its owner and group", stat("/dev/security-monitor", &info) == 0 ? (int)(info.st_mode & 07777) : -1,
           0660);
    device = open("/dev/security-monitor", O_RDWR | O_CLOEXEC);
    wrong_calls();
    right_calls();
    nothing_is_left_behind();
    each_credential_has_its_rights();
    the_kernels_own_calls();
    random_source();
    printf("[SM] done\n");
    fflush(stdout);
    sleep(1);
    reboot(RB_POWER_OFF);
    return 0;
}
