/* For tests of the domain rooms: a store in a fresh folder, an identity, a catalog, and a device
 * made of software keys. */
#ifndef WORLD_H
#define WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/evidence.h"
#include "service/fleet/fleet.h"
#include "service/identity/identity.h"
#include "service/store/store.h"

#define WORLD_NOW 1795257840

struct world {
    char dir[64];
    struct tatu_arena arena;
    struct tatu_store *store;
    struct tatu_identity *identity;
    struct tatu_nonces *nonces;
    struct tatu_call call;
    struct tatu_catalog catalog;
    struct tatu_product product;
    struct tatu_group group; /* Production */
    struct tatu_key *maker;
    struct tatu_key *release;
};

struct world_device {
    uint8_t id[64];
    struct tatu_key *identity;
    struct tatu_key *attestation;
    struct tatu_key *update;
    struct tatu_key *tenant;
    struct tatu_span endorsement;
    struct tatu_evidence evidence; /* good; change it before signing */
};

/* setup and teardown of cmocka; *state is the world */
int world_open(void **state);
int world_close(void **state);
#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

/** A device endorsed by `maker`, whose evidence matches world_reference(). */
void world_make_device(struct world *world, const struct tatu_key *maker, uint32_t board_class,
                       struct world_device *out);
void world_free_device(struct world_device *device);
struct tatu_span world_sign_evidence(struct world *world, const struct tatu_key *key,
                                     const struct tatu_evidence *evidence);
struct tatu_span world_sign_claim(struct world *world, const struct tatu_key *key,
                                  const struct tatu_claim *claim);
struct tatu_span world_sign_reference(struct world *world, const struct tatu_key *key,
                                      const struct tatu_reference *reference);
struct tatu_span world_sign_confirmation(struct world *world, const struct tatu_key *key,
                                         const struct tatu_confirmation *confirmation);
struct tatu_reference world_reference(void);
/** A claim by statement that the catalog's service gave the nonce for. */
struct tatu_claim world_claim(struct world *world, const struct world_device *device);
/** Claims the device by statement into the world's group. */
void world_own(struct world *world, struct world_device *device);
/** An application package, signed by a stranger. */
struct tatu_span world_package(struct world *world, uint16_t type, uint8_t image, uint8_t component,
                               size_t body_len);

#endif
