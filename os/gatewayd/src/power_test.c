/* Power fails while certificates are installed, replaced, renamed and deleted. */
#include "os/lib/power.h"

#include <psa/crypto.h>
#include <stdio.h>
#include <string.h>

#include "certstore.h"
#include "keys.h"
#include "proto/device_errors.h"

#define GONE TATU_NUMBER_CERT_STORAGE_CERT_NOT_FOUND

static struct keys one, two;

static struct tatu_certstore *start(struct tatu_power *power)
{
    static struct tatu_certstore store;
    tatu_certstore_init(&store, tatu_power_monitor(power), tatu_power_root(power));
    return &store;
}

static bool add_root(struct tatu_certstore *store, const char *id, const struct keys *keys)
{
    const struct tatu_certstore_new new = {
        .type = TATU_CERT_ROOT, .id = id, .certificate = keys_text(keys->pem)};
    return tatu_certstore_install(store, &new) == 0;
}

static bool add_client(struct tatu_certstore *store, const char *id, const struct keys *keys)
{
    const struct tatu_certstore_new new = {.type = TATU_CERT_CLIENT,
                                           .id = id,
                                           .certificate = keys_text(keys->pem),
                                           .key = keys_text(keys->key)};
    return tatu_certstore_install(store, &new) == 0;
}

/* Identifiers and whose they are, by their letters. */
static void describe(struct tatu_power *power)
{
    struct tatu_certstore *store = start(power);
    for (const char *id = "a\0b\0c\0"; *id != '\0'; id += 2) {
        struct tatu_cert_info info;
        const uint32_t number = tatu_certstore_info(store, id, &info);
        if (number == 0) {
            tatu_power_say(power, "%s %s, ", id, info.subject);
        } else if (number != GONE) {
            tatu_power_say(power, "%s NUMBER %u, ", id, (unsigned)number);
        }
    }
}

static bool install_first(struct tatu_power *power)
{
    return add_root(start(power), "a", &one);
}

static bool install_both(struct tatu_power *power)
{
    struct tatu_certstore *store = start(power);
    return add_client(store, "a", &one) && add_root(store, "b", &two);
}

static bool replace(struct tatu_power *power)
{
    return add_client(start(power), "a", &two);
}

static bool drop(struct tatu_power *power)
{
    const uint32_t number = tatu_certstore_delete(start(power), "a");
    return number == 0 || number == GONE;
}

static bool move_to(struct tatu_power *power, const char *id)
{
    const uint32_t number = tatu_certstore_move(start(power), "a", id);
    return number == 0 || number == GONE;
}

static bool move_away(struct tatu_power *power)
{
    return move_to(power, "c");
}

static bool move_over(struct tatu_power *power)
{
    return move_to(power, "b");
}

static const struct tatu_power_flow flows[] = {
    {"a first certificate", NULL, install_first, describe, NULL, false, "a /CN=one, "},
    {"a certificate and its key replaced", install_both, replace, describe, NULL, false,
     "a /CN=two, b /CN=two, "},
    {"a certificate is deleted", install_both, drop, describe, NULL, false, "b /CN=two, "},
    {"a certificate is renamed", install_both, move_away, describe, NULL, false,
     "b /CN=two, c /CN=one, "},
    {"in another's place", install_both, move_over, describe, NULL, false, "b /CN=one, "},
};

int main(int argc, char **argv)
{
    if (psa_crypto_init() != PSA_SUCCESS || !keys_make("one", &one) || !keys_make("two", &two)) {
        return 1;
    }
    return tatu_power_main(argc, argv, flows, TATU_COUNT_OF(flows));
}
