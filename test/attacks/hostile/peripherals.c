/* Pins that the manifest does not name, and the two sockets an application has, treated badly. */
#include <applibs/gpio.h>
#include <applibs/log.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "attack.h"
#include "parts.h"

#define OWN_PIN 10   /* in the manifest */
#define OTHER_PIN 12 /* the doorbell's, and not in the manifest */
#define CONTROL "/run/control"
#define SIGN "/run/deviceauth/sign"
#define CERTIFICATE "/run/deviceauth/cert.pem"
#define DIGEST_SIZE 32
#define ANSWER_SIGNED 68 /* no error and a signature */
#define CERTIFICATE_WAIT_S 60

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, path);
    const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* The first word of the answer to `len` bytes, -1 for none; the answer and its length. */
static int64_t ask_for(const char *path, const void *bytes, size_t len, uint8_t *out,
                       size_t out_size, ssize_t *out_len)
{
    uint32_t first;
    const int fd = connect_to(path);
    if (fd < 0 || send(fd, bytes, len, MSG_NOSIGNAL) != (ssize_t)len ||
        !attack_wait(fd, POLLIN, 3000)) {
        (void)close(fd);
        return -1;
    }
    *out_len = recv(fd, out, out_size, 0);
    (void)close(fd);
    memcpy(&first, out, sizeof(first));
    return *out_len >= (ssize_t)sizeof(first) ? (int64_t)first : -1;
}

static int64_t ask(const char *path, const void *bytes, size_t len, ssize_t *out_len)
{
    uint8_t answer[128] = {0};
    return ask_for(path, bytes, len, answer, sizeof(answer), out_len);
}

static void expect_error(const char *name, const char *path, const void *bytes, size_t len)
{
    ssize_t got = 0;
    const int64_t err = ask(path, bytes, len, &got);
    attack_tell(name, err > 0, "answered %lld in %zd bytes", (long long)err, got);
}

static void try_pins(void)
{
    attack_tell_refused("pin not in the manifest", GPIO_OpenAsInput(9), EACCES);
    attack_tell_refused("pin of another application", GPIO_OpenAsInput(OTHER_PIN), EACCES);
    attack_tell_refused("pin that does not exist", GPIO_OpenAsInput(84), ENODEV);
    const int first = GPIO_OpenAsOutput(OWN_PIN, GPIO_OutputMode_PushPull, GPIO_Value_High);
    attack_tell("control: own pin", first >= 0, "%s", strerror(errno));
    attack_tell_refused("own pin twice", GPIO_OpenAsInput(OWN_PIN), EBUSY);
    (void)close(first);
}

static void try_control(void)
{
    static uint8_t large[8192];
    const uint32_t bad_op[4] = {3, OWN_PIN, 0, 0}, no_op[4] = {0, OWN_PIN, 0, 0},
                   bad_mode[4] = {2, OWN_PIN, 3, 0};
    const uint32_t bad_value[4] = {2, OWN_PIN, 0, 2}, far[4] = {1, 0xffffffff, 0, 0},
                   five[5] = {1, OWN_PIN, 0, 0, 0};
    expect_error("control: unknown request", CONTROL, bad_op, sizeof(bad_op));
    expect_error("control: no request", CONTROL, no_op, sizeof(no_op));
    expect_error("control: unknown mode", CONTROL, bad_mode, sizeof(bad_mode));
    expect_error("control: unknown value", CONTROL, bad_value, sizeof(bad_value));
    expect_error("control: pin far away", CONTROL, far, sizeof(far));
    expect_error("control: half a request", CONTROL, bad_op, 8);
    expect_error("control: one byte", CONTROL, bad_op, 1);
    expect_error("control: more than a request", CONTROL, five, sizeof(five));
    expect_error("control: much more than a request", CONTROL, large, sizeof(large));
    int silent[40];
    for (int i = 0; i < 40; i++) {
        silent[i] = connect_to(CONTROL);
    }
    const int pin = GPIO_OpenAsInput(OWN_PIN);
    attack_tell("control: forty silent connections", pin >= 0, "it no longer serves: %s",
                strerror(errno));
    (void)close(pin);
    for (int i = 0; i < 40; i++) {
        (void)close(silent[i]);
    }
}

/* Whoever reads the log compares it with those of other applications. */
void peripherals_tell_certificate(void)
{
    char line[128];
    bool inside = false;
    for (int s = 0; s < CERTIFICATE_WAIT_S && access(CERTIFICATE, R_OK) != 0; s++) {
        (void)sleep(1);
    }
    FILE *file = fopen(CERTIFICATE, "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "-----END", 8) == 0) {
            break; /* the authority follows */
        }
        if (inside) {
            (void)Log_Debug("certificate %s\n", line);
        }
        inside = true;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
}

static void put_hex(const uint8_t *bytes, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++) {
        (void)sprintf(out + 2 * i, "%02x", bytes[i]);
    }
}

static void tell_signature(const uint8_t *digest, const uint8_t *signature)
{
    char texts[3][2 * DIGEST_SIZE + 1];
    put_hex(digest, DIGEST_SIZE, texts[0]);
    put_hex(signature, DIGEST_SIZE, texts[1]);
    put_hex(signature + DIGEST_SIZE, DIGEST_SIZE, texts[2]);
    (void)Log_Debug("signed %s %s %s\n", texts[0], texts[1], texts[2]);
}

static void try_signing(void)
{
    static const uint8_t digest[256] = {1, 2, 3};
    uint8_t answer[ANSWER_SIGNED] = {0};
    ssize_t len = 0;
    expect_error("sign 31 bytes", SIGN, digest, DIGEST_SIZE - 1);
    expect_error("sign 33 bytes", SIGN, digest, DIGEST_SIZE + 1);
    expect_error("sign 256 bytes", SIGN, digest, sizeof(digest));
    const int64_t err = ask_for(SIGN, digest, DIGEST_SIZE, answer, sizeof(answer), &len);
    attack_tell("control: sign 32 bytes", err == 0 && len == ANSWER_SIGNED,
                "answered %lld in %zd bytes", (long long)err, len);
    tell_signature(digest, answer + 4);
}

void peripherals_attack(void)
{
    try_pins();
    try_control();
    try_signing();
}
