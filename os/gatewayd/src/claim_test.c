#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "os/gatewayd/gatewayd.h"

#define HEX16 "00112233445566778899aabbccddeeff"
#define NONCE "\"nonce\":\"" HEX16 HEX16 "\""
#define TENANT "\"tenant\":\"" HEX16 "\""
#define OWNER "\"ownerKey\":\"" HEX16 HEX16 HEX16 HEX16 "\""

static enum tatu_err decode(const char *text, struct tatu_gateway_claim *out)
{
    return tatu_gatewayd_decode_claim((struct tatu_span){(const uint8_t *)text, strlen(text)}, out);
}

static void a_claim_is_read(void **state)
{
    struct tatu_gateway_claim claim;
    (void)state;
    assert_int_equal(decode("{" OWNER "," NONCE "," TENANT "}", &claim), TATU_OK);
    assert_int_equal(claim.nonce[31], 0xff);
    assert_int_equal(claim.tenant[1], 0x11);
    assert_int_equal(claim.owner_key[63], 0xff);
}

static void what_is_not_a_claim_is_refused_and_changes_nothing(void **state)
{
    static const struct {
        const char *text;
        enum tatu_err err;
    } rows[] = {
        {"", TATU_ERR_SHORT},
        {"{", TATU_ERR_FORMAT},
        {"[]", TATU_ERR_FORMAT},
        {"{" NONCE "," TENANT "," OWNER "} ", TATU_OK},
        {"{" NONCE "," TENANT "," OWNER "}x", TATU_ERR_FORMAT},
        {"{" NONCE "," TENANT "," OWNER "," OWNER "}", TATU_ERR_FORMAT},
        {"{}", TATU_ERR_ARGUMENT},
        {"{" NONCE "," TENANT "}", TATU_ERR_ARGUMENT},
        {"{" NONCE "," TENANT "," OWNER ",\"more\":1}", TATU_ERR_ARGUMENT},
        {"{" NONCE "," TENANT ",\"ownerKey\":1}", TATU_ERR_ARGUMENT},
        {"{" NONCE "," TENANT ",\"ownerKey\":\"" HEX16 "\"}", TATU_ERR_ARGUMENT},
        {"{" NONCE "," OWNER ",\"tenant\":\"" HEX16 "0\"}", TATU_ERR_ARGUMENT},
        {"{" TENANT "," OWNER ",\"nonce\":\"" HEX16 "0011223344556677889900112233445g\"}",
         TATU_ERR_ARGUMENT},
    };
    struct tatu_gateway_claim claim;
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        memset(&claim, 0x5a, sizeof(claim));
        assert_int_equal(decode(rows[i].text, &claim), rows[i].err);
        assert_int_equal(claim.nonce[0], rows[i].err == TATU_OK ? 0 : 0x5a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_claim_is_read),
        cmocka_unit_test(what_is_not_a_claim_is_refused_and_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
