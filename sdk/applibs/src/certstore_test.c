#include "applibs/certstore.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include "fake_system.h"
#include "proto/certstore.h"

#include <cmocka.h>

static const uint8_t id[16] = "mine";
static char large[CERTSTORE_MAX_CERT_SIZE + 1];

static void an_install_sends_everything_behind_its_request(void **state)
{
    uint8_t wire[20 + 3 + 2 + 4] = "mine";
    (void)state;
    fake_answer(0, NULL, 0);
    assert_int_equal(CertStore_InstallClientCertificate("mine", "crt", 3, "ky", 2, "word"), 0);
    wire[16] = 4;
    memcpy(wire + 20, "crtkyword", 9);
    fake_expect(TATU_CERT_INSTALL, TATU_CERT_CLIENT, 3, 2, wire, sizeof(wire));
    assert_int_equal(CertStore_InstallClientCertificate("mine", "crt", 3, "ky", 2, NULL), 0);
    wire[16] = 0;
    fake_expect(TATU_CERT_INSTALL, TATU_CERT_CLIENT, 3, 2, wire, 25);
    assert_int_equal(CertStore_InstallRootCACertificate("mine", "crt", 3), 0);
    fake_expect(TATU_CERT_INSTALL, TATU_CERT_ROOT, 3, 0, wire, 23);
}

static void the_largest_blobs_come_whole(void **state)
{
    static uint8_t wire[20 + 2 * CERTSTORE_MAX_CERT_SIZE + 256];
    char password[257] = "";
    (void)state;
    memset(password, 'p', 256);
    for (size_t i = 0; i < sizeof(large); i++) {
        large[i] = (char)(i * 7);
    }
    memcpy(wire, id, sizeof(id));
    wire[17] = 1;
    memcpy(wire + 20, large, CERTSTORE_MAX_CERT_SIZE);
    memcpy(wire + 20 + CERTSTORE_MAX_CERT_SIZE, large, CERTSTORE_MAX_CERT_SIZE);
    memset(wire + 20 + 2 * CERTSTORE_MAX_CERT_SIZE, 'p', 256);
    fake_answer(0, NULL, 0);
    assert_int_equal(CertStore_InstallClientCertificate("mine", large, CERTSTORE_MAX_CERT_SIZE,
                                                        large, CERTSTORE_MAX_CERT_SIZE, password),
                     0);
    fake_expect(TATU_CERT_INSTALL, TATU_CERT_CLIENT, CERTSTORE_MAX_CERT_SIZE,
                CERTSTORE_MAX_CERT_SIZE, wire, sizeof(wire));
}

static int install_client(void)
{
    return CertStore_InstallClientCertificate("mine", "crt", 3, "ky", 2, NULL);
}

static int install_root(void)
{
    return CertStore_InstallRootCACertificate("mine", "crt", 3);
}

static int delete_one(void)
{
    return CertStore_DeleteCertificate("mine");
}

static int move_one(void)
{
    return CertStore_MoveCertificate("mine", "yours");
}

static int count(void)
{
    return (int)CertStore_GetCertificateCount();
}

static int space(void)
{
    return (int)CertStore_GetAvailableSpace();
}

static int id_at(void)
{
    CertStore_Identifier out;
    return CertStore_GetCertificateIdentifierAt(0, &out);
}

static int subject(void)
{
    CertStore_SubjectName out;
    return CertStore_GetCertificateSubjectName("mine", &out);
}

static int issuer(void)
{
    CertStore_IssuerName out;
    return CertStore_GetCertificateIssuerName("mine", &out);
}

static int not_before(void)
{
    struct tm out;
    return CertStore_GetCertificateNotBefore("mine", &out);
}

static int not_after(void)
{
    struct tm out;
    return CertStore_GetCertificateNotAfter("mine", &out);
}

static void each_refusal_of_the_store_is_an_errno(void **state)
{
    (void)state;
    FAKE_PASSES_ON(install_client, EACCES, EAGAIN, EINVAL, ERANGE, ENOSPC);
    FAKE_PASSES_ON(install_root, EACCES, EAGAIN, EINVAL, ERANGE, ENOSPC);
    FAKE_PASSES_ON(delete_one, EACCES, EAGAIN, EINVAL, ENOENT);
    FAKE_PASSES_ON(move_one, EACCES, EAGAIN, EINVAL, ENOENT);
    FAKE_PASSES_ON(count, EACCES, EAGAIN);
    FAKE_PASSES_ON(space, EACCES, EAGAIN);
    FAKE_PASSES_ON(id_at, EACCES, EAGAIN, ERANGE);
    FAKE_PASSES_ON(subject, EACCES, EAGAIN, EINVAL, ENOENT);
    FAKE_PASSES_ON(issuer, EACCES, EAGAIN, EINVAL, ENOENT);
    FAKE_PASSES_ON(not_before, EACCES, EAGAIN, EINVAL, ENOENT);
    FAKE_PASSES_ON(not_after, EACCES, EAGAIN, EINVAL, ENOENT);
}

static void bad_arguments_are_refused_before_asking(void **state)
{
    static const char long_id[] = "seventeen letters";
    CertStore_SubjectName name;
    char password[258] = "";
    const unsigned int before = fake_count;
    (void)state;
    memset(password, 'p', 257);
    FAKE_FAILS(EFAULT, CertStore_InstallClientCertificate(NULL, "c", 1, "k", 1, NULL));
    FAKE_FAILS(EFAULT, CertStore_InstallClientCertificate("mine", NULL, 1, "k", 1, NULL));
    FAKE_FAILS(EFAULT, CertStore_InstallClientCertificate("mine", "c", 1, NULL, 1, NULL));
    FAKE_FAILS(EFAULT, CertStore_InstallRootCACertificate("mine", NULL, 1));
    FAKE_FAILS(ERANGE, CertStore_InstallRootCACertificate("", "c", 1));
    FAKE_FAILS(ERANGE, CertStore_InstallRootCACertificate(long_id, "c", 1));
    FAKE_FAILS(ERANGE, CertStore_InstallRootCACertificate("mine", large, sizeof(large)));
    FAKE_FAILS(ERANGE,
               CertStore_InstallClientCertificate("mine", "c", 1, large, sizeof(large), NULL));
    FAKE_FAILS(ERANGE, CertStore_InstallClientCertificate("mine", "c", 1, "k", 1, password));
    FAKE_FAILS(EFAULT, CertStore_DeleteCertificate(NULL));
    FAKE_FAILS(ERANGE, CertStore_DeleteCertificate(long_id));
    FAKE_FAILS(EFAULT, CertStore_MoveCertificate(NULL, "b"));
    FAKE_FAILS(EFAULT, CertStore_MoveCertificate("a", NULL));
    FAKE_FAILS(ERANGE, CertStore_MoveCertificate("a", long_id));
    FAKE_FAILS(EFAULT, CertStore_GetCertificateIdentifierAt(0, NULL));
    FAKE_FAILS(ERANGE, CertStore_GetCertificateIdentifierAt(SIZE_MAX, (void *)&name));
    FAKE_FAILS(EFAULT, CertStore_GetCertificateSubjectName("mine", NULL));
    FAKE_FAILS(EFAULT, CertStore_GetCertificateSubjectName(NULL, &name));
    FAKE_FAILS(EFAULT, CertStore_GetCertificateIssuerName("mine", NULL));
    FAKE_FAILS(EFAULT, CertStore_GetCertificateNotBefore("mine", NULL));
    FAKE_FAILS(EFAULT, CertStore_GetCertificateNotAfter("mine", NULL));
    assert_int_equal(fake_count, before);
}

static void changes_name_their_certificates(void **state)
{
    static const uint8_t full[16] = {'1', '2', '3', '4', '5', '6', '7', '8',
                                     '9', '0', 'a', 'b', 'c', 'd', 'e', 'f'};
    uint8_t both[32] = "mine";
    (void)state;
    memcpy(both + 16, full, sizeof(full));
    fake_answer(0, NULL, 0);
    assert_int_equal(CertStore_DeleteCertificate("mine"), 0);
    fake_expect(TATU_CERT_DELETE, 0, 0, 0, id, sizeof(id));
    assert_int_equal(CertStore_MoveCertificate("mine", "1234567890abcdef"), 0);
    fake_expect(TATU_CERT_MOVE, 0, 0, 0, both, sizeof(both));
}

static void what_the_store_tells_is_told(void **state)
{
    static const uint8_t number[4] = {0xc2, 0x5f},
                         full[16] = {'1', '2', '3', '4', '5', '6', '7', '8',
                                     '9', '0', 'a', 'b', 'c', 'd', 'e', 'f'};
    CertStore_Identifier identifier;
    CertStore_SubjectName subject_name;
    CertStore_IssuerName issuer_name;
    struct tm when;
    struct tatu_cert_info info = {.not_before = "2026-11-21T17:00:01",
                                  .not_after = "2026-11-22T00:00:00",
                                  .subject = "/C=PT/CN=a"};
    (void)state;
    memset(info.issuer, 'i', sizeof(info.issuer)); /* without its end */
    fake_answer(0, number, sizeof(number));
    assert_int_equal(CertStore_GetAvailableSpace(), 24514);
    fake_expect(TATU_CERT_SPACE, 0, 0, 0, NULL, 0);
    assert_int_equal(CertStore_GetCertificateCount(), 24514);
    fake_expect(TATU_CERT_COUNT, 0, 0, 0, NULL, 0);
    fake_answer(0, full, sizeof(full));
    assert_int_equal(CertStore_GetCertificateIdentifierAt(3, &identifier), 0);
    assert_string_equal(identifier.identifier, "1234567890abcdef");
    fake_expect(TATU_CERT_ID_AT, 3, 0, 0, NULL, 0);
    fake_answer(0, &info, sizeof(info));
    assert_int_equal(CertStore_GetCertificateSubjectName("mine", &subject_name), 0);
    assert_string_equal(subject_name.name, "/C=PT/CN=a");
    fake_expect(TATU_CERT_INFO, 0, 0, 0, id, sizeof(id));
    assert_int_equal(CertStore_GetCertificateIssuerName("mine", &issuer_name), 0);
    assert_int_equal(strlen(issuer_name.name), CERTSTORE_NAME_SIZE - 1);
    assert_int_equal(CertStore_GetCertificateNotBefore("mine", &when), 0);
    assert_int_equal(when.tm_year, 126);
    assert_int_equal(when.tm_mon, 10);
    assert_int_equal(when.tm_wday, 6);
    assert_int_equal(when.tm_sec, 1);
    assert_int_equal(CertStore_GetCertificateNotAfter("mine", &when), 0);
    assert_int_equal(when.tm_mday, 22);
    assert_int_equal(when.tm_yday, 325);
    strcpy(info.not_after, "some day");
    fake_answer(0, &info, sizeof(info));
    FAKE_FAILS(EIO, CertStore_GetCertificateNotAfter("mine", &when));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_install_sends_everything_behind_its_request),
        cmocka_unit_test(the_largest_blobs_come_whole),
        cmocka_unit_test(each_refusal_of_the_store_is_an_errno),
        cmocka_unit_test(bad_arguments_are_refused_before_asking),
        cmocka_unit_test(changes_name_their_certificates),
        cmocka_unit_test(what_the_store_tells_is_told),
    };
    return cmocka_run_group_tests_name("certstore", tests, fake_set_up, fake_tear_down);
}
