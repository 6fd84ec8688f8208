#include "signer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define COMPONENT_AT (4u + 1u + 16u) /* in the arguments of the vault's SIGN_TLS */

/* A vault whose signature begins with the component that it signed for. */
static enum tatu_err call(void *context, uint32_t number, struct tatu_span in, struct tatu_buf *out)
{
    uint8_t signature[64] = {0};
    (void)context;
    if (number != TATU_SMC_VAULT || tatu_get_le16(in.data) != TATU_VAULT_SIGN_TLS ||
        in.len != COMPONENT_AT + 16 + 32) {
        return TATU_ERR_FORMAT;
    }
    memcpy(signature, in.data + COMPONENT_AT, 16);
    return tatu_base_put_bytes(out, TATU_SPAN_OF(signature));
}

static const struct tatu_os_monitor monitor = {.call = call, .fd = -1};
static const struct tatu_signer_key one = {TATU_KEY_TENANT, {9}, {1}};
static const struct tatu_signer_key two = {TATU_KEY_TENANT, {9}, {2}};
static struct tatu_signer signer; /* its thread goes on until the end of the program */
static char paths[2][64];

static int start(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        (void)snprintf(paths[i], sizeof(paths[i]), "/tmp/tatu-sign-%d-%d", (int)getpid(), i);
    }
    return tatu_signer_start(&signer, &monitor) != TATU_OK;
}

static int end(void **state)
{
    (void)state;
    (void)unlink(paths[0]);
    (void)unlink(paths[1]);
    return 0;
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    const struct timeval patience = {5, 0};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* The component for which this socket signed; -1: it did not. */
static int sign_at(const char *path, size_t digest_len)
{
    uint8_t digest[64] = {0}, answer[68];
    int fd = connect_to(path);
    if (fd < 0) {
        return -1;
    }
    assert_int_equal(send(fd, digest, digest_len, MSG_NOSIGNAL), digest_len);
    const ssize_t got = recv(fd, answer, sizeof(answer), 0);
    (void)close(fd);
    return got == (ssize_t)sizeof(answer) && tatu_get_le32(answer) == TATU_OK ? answer[4] : -1;
}

static void add(const struct tatu_signer_key *key, const char *path)
{
    assert_int_equal(tatu_signer_add(&signer, key, path, 0600, 0), TATU_OK);
}

static void each_socket_signs_with_the_key_of_its_application(void **state)
{
    (void)state;
    add(&one, paths[0]);
    add(&two, paths[1]);
    assert_int_equal(sign_at(paths[0], 32), 1);
    assert_int_equal(sign_at(paths[1], 32), 2);
    assert_int_equal(sign_at(paths[0], 31), -1);
    assert_int_equal(sign_at(paths[0], 33), -1);
}

static void socket_that_was_removed_is_made_again(void **state)
{
    (void)state;
    add(&one, paths[0]);
    assert_int_equal(unlink(paths[0]), 0);
    assert_int_equal(sign_at(paths[0], 32), -1);
    add(&one, paths[0]);
    assert_int_equal(sign_at(paths[0], 32), 1);
}

static void key_of_a_removed_application_signs_no_more(void **state)
{
    (void)state;
    add(&one, paths[0]);
    add(&two, paths[1]);
    int silent = connect_to(paths[0]);
    assert_true(silent >= 0);
    assert_int_equal(sign_at(paths[0], 32), 1); /* so the silent one was taken before */
    tatu_signer_keep(&signer, &two, 1);
    assert_int_equal(sign_at(paths[0], 32), -1);
    assert_int_equal(sign_at(paths[1], 32), 2);
    (void)close(silent);
}

static void there_is_room_for_every_key_and_no_more(void **state)
{
    struct tatu_signer_key key = one;
    char path[80];
    (void)state;
    tatu_signer_keep(&signer, NULL, 0);
    for (uint8_t i = 0; i <= TATU_SIGNER_SLOT_MAX; i++) {
        key.component[0] = (uint8_t)(100 + i);
        (void)snprintf(path, sizeof(path), "%s-%u", paths[0], i);
        assert_int_equal(tatu_signer_add(&signer, &key, path, 0600, 0),
                         i < TATU_SIGNER_SLOT_MAX ? TATU_OK : TATU_ERR_FULL);
        (void)unlink(path);
    }
    tatu_signer_keep(&signer, NULL, 0);
    add(&one, paths[0]);
    assert_int_equal(sign_at(paths[0], 32), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_socket_signs_with_the_key_of_its_application),
        cmocka_unit_test(socket_that_was_removed_is_made_again),
        cmocka_unit_test(key_of_a_removed_application_signs_no_more),
        cmocka_unit_test(there_is_room_for_every_key_and_no_more),
    };
    return cmocka_run_group_tests_name("attestd signer", tests, start, end);
}
