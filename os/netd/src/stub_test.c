#include "stub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char table[] =
    "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode ref pointer drops\n"
    "  117: 3500007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   110        0 "
    "1234 2 0 0\n"
    "  254: 00000000:DC10 00000000:0000 07 00000000:00000000 00:00000000 00000000  1003        0 "
    "1235 2 0 0\n";

static enum tatu_err find(const char *text, uint16_t port, uid_t *out)
{
    return tatu_netd_find_port_owner((struct tatu_span){(const uint8_t *)text, strlen(text)}, port,
                                     out);
}

static void the_owner_of_a_port_is_found(void **state)
{
    uid_t uid = 7;
    (void)state;
    assert_int_equal(find(table, 0xdc10, &uid), TATU_OK);
    assert_int_equal(uid, 1003);
    assert_int_equal(find(table, 53, &uid), TATU_OK);
    assert_int_equal(uid, 110);
}

static void a_port_of_nobody_is_not_found(void **state)
{
    static const char *const lines[] = {"",
                                        "\n\n",
                                        " 1: DC10",
                                        " 1: 0:DC10 0:0 07 0 0 0",
                                        " 1: 0:DC10 0:0 07 0 0 0 x",
                                        " 1: 0:DC10 0:0 07 0 0 0 99999999999",
                                        " 1: 0:dc10 0:0 07 0 0 0 5"};
    uid_t uid = 7;
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(lines); i++) {
        assert_int_equal(find(lines[i], 0xdc10, &uid), TATU_ERR_NOT_FOUND);
    }
    assert_int_equal(find(table, 0xdc11, &uid), TATU_ERR_NOT_FOUND);
    assert_int_equal(uid, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_owner_of_a_port_is_found),
        cmocka_unit_test(a_port_of_nobody_is_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
