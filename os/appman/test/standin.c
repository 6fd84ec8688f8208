/*
 * Stands in for the services around appman. By the name it is started with:
 *   gatewayd  makes the board somebody's, then asks appman what its script says
 *   updated   installs the packages of a folder, then tells appman of it and of events
 *   netd      answers whatever is asked, and tells it
 *   attestd   is there
 * The script of a boot is /etc/test/<name>; a line is a number of milliseconds to wait and a word
 * with its arguments.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/lib/log.h"
#include "os/lib/loop.h"
#include "os/lib/request.h"
#include "os/lib/vault.h"
#include "proto/image.h"
#include "proto/network.h"

#define PACKAGE_MAX (256u * 1024)
#define PATIENCE_MS 10000u
#define SOCKET_FD 3

static struct tatu_os_log tell;
static struct tatu_os_monitor monitor;

static void say(const char *what, enum tatu_err err, uint32_t number)
{
    tatu_os_log(&tell, TATU_OS_LOG_NOTICE, "%s: %s %u", what, tatu_err_name(err), (unsigned)number);
}

static size_t read_whole(const char *path, uint8_t *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t len = 0;
    ssize_t got;

    while (fd >= 0 && (got = read(fd, out + len, size - len)) > 0) {
        len += (size_t)got;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return len;
}

/* ---- waiting, which serves others meanwhile: no service has a second process ---- */

static struct tatu_os_loop loop;

static void time_is_up(struct tatu_os_timer *timer)
{
    tatu_os_stop_loop(timer->context);
}

static void wait_ms(uint32_t time_ms)
{
    struct tatu_os_timer timer = {.fire = time_is_up, .context = &loop};
    tatu_os_set_timer(&loop, &timer, tatu_os_now_ms() + time_ms);
    if (tatu_os_run_loop(&loop) != TATU_OK) {
        _exit(1);
    }
}

/* ---- flags by which the stand-ins wait for each other; netd keeps them ---- */

#define OP_RAISE 0x7001u
#define OP_IS_RAISED 0x7002u
#define POLL_MS 200u

static uint32_t flags;

static enum tatu_err answer_flag(const struct tatu_ask *ask)
{
    if (ask->op == OP_RAISE) {
        flags |= 1u << ask->a;
        return TATU_OK;
    }
    return (flags >> ask->a & 1) != 0 ? TATU_OK : TATU_ERR_NOT_FOUND;
}

static void raise_flag(uint32_t number)
{
    const struct tatu_ask ask = {.op = OP_RAISE, .a = number};
    while (tatu_os_ask(TATU_NETD_SOCKET, &ask, PATIENCE_MS, NULL, NULL, NULL) != TATU_OK) {
        wait_ms(POLL_MS);
    }
}

static void await_flag(uint32_t number)
{
    const struct tatu_ask ask = {.op = OP_IS_RAISED, .a = number};
    while (tatu_os_ask(TATU_NETD_SOCKET, &ask, PATIENCE_MS, NULL, NULL, NULL) != TATU_OK) {
        wait_ms(POLL_MS);
    }
}

/* ---- netd, and gatewayd's own socket: answer everything ---- */

static enum tatu_err answer(void *context, const struct tatu_os_asked *asked,
                            struct tatu_os_reply *reply)
{
    char text[64];
    (void)context;
    if (asked->ask.op == OP_RAISE || asked->ask.op == OP_IS_RAISED) {
        return answer_flag(&asked->ask);
    }
    if (asked->ask.op == TATU_NETD_ALLOW &&
        asked->ask.payload.len == sizeof(struct tatu_net_allow)) {
        static struct tatu_net_allow allow;
        memcpy(&allow, asked->ask.payload.data, sizeof(allow));
        tatu_os_log(&tell, TATU_OS_LOG_NOTICE, "allow %s user %u hosts %u %s tcp %u %u udp %u",
                    allow.group, (unsigned)asked->ask.a, (unsigned)allow.host_count, allow.hosts[0],
                    (unsigned)allow.tcp_count, (unsigned)allow.tcp[0], (unsigned)allow.udp_count);
        return asked->uid == 0 ? TATU_OK : TATU_ERR_DENIED;
    }
    (void)snprintf(text, sizeof(text), "%s to %u op %x a %u", tell.name, (unsigned)asked->uid,
                   (unsigned)asked->ask.op, (unsigned)asked->ask.a);
    return asked->introduced
               ? tatu_base_put_bytes(&reply->payload,
                                     (struct tatu_span){(const uint8_t *)text, strlen(text)})
               : TATU_ERR_DENIED;
}

/* ---- updated ---- */

static enum tatu_err stage(const char *path, uint8_t out_image[16])
{
    static uint8_t package[PACKAGE_MAX];
    const size_t len = read_whole(path, package, sizeof(package));
    struct tatu_verified_image image;
    uint32_t handle;
    TATU_TRY(tatu_os_begin_stage(&monitor, TATU_IMAGE_APPLICATION, (uint32_t)len, &handle));
    for (size_t at = 0; at < len; at += TATU_OS_STAGE_CHUNK) {
        const size_t step = len - at < TATU_OS_STAGE_CHUNK ? len - at : TATU_OS_STAGE_CHUNK;
        TATU_TRY(tatu_os_write_stage(&monitor, handle, (uint32_t)at,
                                     (struct tatu_span){package + at, step}));
    }
    TATU_TRY(tatu_os_finish_stage(&monitor, handle, &image));
    memcpy(out_image, image.image, 16);
    return TATU_OK;
}

/* All packages of a folder; one that is there already is as good. */
static void install(const char *folder, uint32_t manual)
{
    uint8_t images[TATU_SMC_APPS_MAX][16];
    struct dirent **names;
    size_t count = 0;
    const int found = scandir(folder, &names, NULL, alphasort);
    for (int i = 0; i < found; i++) {
        char path[512];
        if (names[i]->d_name[0] == '.' || count == TATU_SMC_APPS_MAX) {
            continue;
        }
        (void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
        const enum tatu_err err = stage(path, images[count]);
        if (err == TATU_ERR_EXISTS) {
            /* its id is in its name: 32 digits */
            if (tatu_base_decode_hex(names[i]->d_name, 32, images[count], 16) != TATU_OK) {
                continue;
            }
        } else if (err != TATU_OK) {
            say(names[i]->d_name, err, 0);
            continue;
        }
        count++;
    }
    say("commit", tatu_os_commit_apps(&monitor, (const uint8_t(*)[16])images, count),
        (uint32_t)count);
    const struct tatu_ask ask = {.op = TATU_APPMAN_RELOAD, .a = manual};
    uint32_t number = 0;
    const enum tatu_err err =
        tatu_os_ask(TATU_APPMAN_SOCKET, &ask, PATIENCE_MS, &number, NULL, NULL);
    say("reload", err, number);
}

static void tell_event(uint32_t event, uint32_t status)
{
    const struct tatu_ask ask = {.op = TATU_APPMAN_UPDATE_EVENT, .a = event, .b = status, .c = 1};
    uint8_t bytes[8] = {0};
    struct tatu_buf out = TATU_BUF_OF(bytes);
    const enum tatu_err err = tatu_os_ask(TATU_APPMAN_SOCKET, &ask, PATIENCE_MS, NULL, &out, NULL);
    tatu_os_log(&tell, TATU_OS_LOG_NOTICE, "event %u %u: %s go %u again %u", (unsigned)event,
                (unsigned)status, tatu_err_name(err), (unsigned)tatu_get_le32(bytes),
                (unsigned)tatu_get_le32(bytes + 4));
}

/* ---- gatewayd ---- */

static void claim(void)
{
    uint8_t owner[16 + 64], nonce[32] = {1}, claim_bytes[TATU_OS_COSE_MAX];
    struct tatu_buf out = TATU_BUF_OF(claim_bytes);
    if (read_whole("/etc/test/owner", owner, sizeof(owner)) == sizeof(owner)) {
        say("claim", tatu_os_claim(&monitor, nonce, owner, owner + 16, &out), 0);
    }
}

static void put_app(const uint8_t *at)
{
    static const char *const states[] = {"stopped",  "waiting",   "running",
                                         "stopping", "debugging", "refused"};
    const uint32_t state = tatu_get_le32(at + 32);
    tatu_os_log(&tell, TATU_OS_LOG_NOTICE, "app %02x '%s' %s user %u starts %u restart %u ms",
                at[15], (const char *)at + 48, state < 6 ? states[state] : "?",
                (unsigned)tatu_get_le32(at + 36), (unsigned)tatu_get_le32(at + 40),
                (unsigned)tatu_get_le32(at + 44));
}

static void put_text(const uint8_t *bytes, size_t len)
{
    char line[200];
    size_t used = 0;
    for (size_t i = 0; i <= len; i++) {
        if (i == len || bytes[i] == '\n' || used == sizeof(line) - 1) {
            line[used] = '\0';
            if (used != 0) {
                tatu_os_log(&tell, TATU_OS_LOG_NOTICE, "text %s", line);
            }
            used = 0;
        } else {
            line[used++] = (char)bytes[i];
        }
    }
}

static void put_answer(uint32_t op, const uint8_t *bytes, size_t len)
{
    switch (op) {
    case TATU_APPMAN_LIST:
    case TATU_APPMAN_APP_STATE:
    case TATU_APPMAN_APP_TRIGGER:
        for (size_t at = 0; at + TATU_APPMAN_APP_SIZE <= len; at += TATU_APPMAN_APP_SIZE) {
            put_app(bytes + at);
        }
        break;
    case TATU_APPMAN_MEMORY:
        tatu_os_log(&tell, TATU_OS_LOG_NOTICE, "memory total %u user %u peak %u KiB",
                    (unsigned)(tatu_get_le64(bytes) / 1024),
                    (unsigned)(tatu_get_le64(bytes + 8) / 1024),
                    (unsigned)(tatu_get_le64(bytes + 16) / 1024));
        break;
    case TATU_APPMAN_QUOTA:
        tatu_os_log(&tell, TATU_OS_LOG_NOTICE, "quota %u of %u KiB", (unsigned)tatu_get_le32(bytes),
                    (unsigned)tatu_get_le32(bytes + 4));
        break;
    case TATU_APPMAN_APP_LOG:
        put_text(bytes + 4, len - 4);
        break;
    default:
        put_text(bytes, len);
    }
}

/* a is the last byte of a component, b an argument. */
static void ask_appman(uint32_t op, uint32_t a, uint32_t b)
{
    uint8_t component[16] = {0}, bytes[TATU_ANSWER_PAYLOAD_MAX];
    struct tatu_buf out = TATU_BUF_OF(bytes);
    struct tatu_ask ask = {.op = op, .a = b};
    uint32_t number = 0;
    char what[32];
    component[15] = (uint8_t)a;
    if (op != TATU_APPMAN_LIST && op != TATU_APPMAN_MEMORY && op < TATU_APPMAN_SERVICES) {
        ask.payload = TATU_SPAN_OF(component);
    }
    const enum tatu_err err =
        tatu_os_ask(TATU_APPMAN_SOCKET, &ask, PATIENCE_MS, &number, &out, NULL);
    (void)snprintf(what, sizeof(what), "ask %x %u %u", (unsigned)op, (unsigned)a, (unsigned)b);
    say(what, err, number);
    put_answer(op, bytes, out.len);
}

/* How often an application has said a text that is still in its ring; spaces are written _. */
static uint32_t count_said(uint8_t component_end, const char *text)
{
    uint8_t component[16] = {0};
    static uint8_t bytes[3 * TATU_ANSWER_PAYLOAD_MAX + 1];
    struct tatu_ask ask = {.op = TATU_APPMAN_APP_LOG, .payload = TATU_SPAN_OF(component)};
    size_t len = 0;
    uint32_t count = 0;
    component[15] = component_end;
    for (int i = 0; i < 3; i++) {
        uint8_t part[TATU_ANSWER_PAYLOAD_MAX];
        struct tatu_buf out = TATU_BUF_OF(part);
        if (tatu_os_ask(TATU_APPMAN_SOCKET, &ask, PATIENCE_MS, NULL, &out, NULL) != TATU_OK) {
            return 0;
        }
        ask.a = tatu_get_le32(part);
        memcpy(bytes + len, part + 4, out.len - 4);
        len += out.len - 4;
    }
    for (size_t i = 0; i < len; i++) {
        bytes[i] = bytes[i] == ' ' ? '_' : bytes[i];
    }
    bytes[len] = '\0';
    for (const char *at = (const char *)bytes; (at = strstr(at, text)) != NULL; at++) {
        count++;
    }
    return count;
}

static void await_said(uint8_t component_end, const char *text, uint32_t least)
{
    while (count_said(component_end, text) < least) {
        wait_ms(POLL_MS);
    }
}

static void await_unsaid(uint8_t component_end, const char *text)
{
    while (count_said(component_end, text) != 0) {
        wait_ms(POLL_MS);
    }
}

/* ---- the script ---- */

static void run_line(const char *word, const char *text, uint32_t a, uint32_t b)
{
    if (strcmp(word, "claim") == 0) {
        claim();
    } else if (strcmp(word, "install") == 0) {
        install(text, a);
    } else if (strcmp(word, "event") == 0) {
        tell_event((uint32_t)strtoul(text, NULL, 16), a);
    } else if (strcmp(word, "ask") == 0) {
        ask_appman((uint32_t)strtoul(text, NULL, 16), a, b);
    } else if (strcmp(word, "say") == 0) {
        tatu_os_log(&tell, TATU_OS_LOG_NOTICE, "%s", text);
    } else if (strcmp(word, "raise") == 0) {
        raise_flag(a);
    } else if (strcmp(word, "await") == 0) {
        await_flag(a);
    } else if (strcmp(word, "said") == 0) {
        await_said((uint8_t)a, text, b);
    } else if (strcmp(word, "unsaid") == 0) {
        await_unsaid((uint8_t)a, text);
    }
}

static void run_script(void)
{
    static char script[4096];
    char path[64], *next;
    (void)snprintf(path, sizeof(path), "/etc/test/%s", tell.name);
    script[read_whole(path, (uint8_t *)script, sizeof(script) - 1)] = '\0';
    for (char *line = script; line != NULL && *line != '\0'; line = next) {
        unsigned pause_ms = 0, a = 0, b = 0;
        char word[16] = "", text[128] = "";
        next = strchr(line, '\n');
        if (next != NULL) {
            *next++ = '\0';
        }
        (void)sscanf(line, "%u %15s %127s %u %u", &pause_ms, word, text, &a, &b);
        wait_ms(pause_ms);
        run_line(word, text, a, b);
    }
}

static bool serve(void)
{
    static struct tatu_os_server server;
    const bool serves = strcmp(tell.name, "netd") == 0 || strcmp(tell.name, "gatewayd") == 0;
    return tatu_os_init_loop(&loop) == TATU_OK &&
           (!serves || tatu_os_serve(&server, &loop, SOCKET_FD, answer, NULL) == TATU_OK);
}

int main(int count, char **args)
{
    (void)count;
    tatu_os_init_log(&tell, args[0], STDERR_FILENO);
    if (tatu_os_open_monitor(TATU_OS_MONITOR_PATH, &monitor) != TATU_OK) {
        tatu_os_log(&tell, TATU_OS_LOG_NOTICE, "no monitor");
    }
    if (serve()) {
        run_script();
        (void)!tatu_os_run_loop(&loop);
    }
    return 1;
}
