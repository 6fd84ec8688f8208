/*
 * Who owns what: catalogs, products, device groups, devices, makers, and the claim that binds a
 * device to a catalog. All functions work inside the transaction of their caller.
 * Source: docs/protocol/operator-api.md §1, §2.
 */
#ifndef TATU_SERVICE_FLEET_FLEET_H
#define TATU_SERVICE_FLEET_FLEET_H

#include "base/base.h"
#include "proto/evidence.h"
#include "service/crypto/crypto.h"
#include "service/identity/identity.h"
#include "service/store/store.h"

#define TATU_DESCRIPTION_MAX 200u

/* ---- catalogs ---- */
struct tatu_catalog_key {
    const char *sub; /* NULL: any, when only one matches */
    const char *rg;
    const char *name;
};

struct tatu_catalog {
    int64_t id;
    const char *sub;
    const char *rg;
    const char *name;
    uint8_t tenant[16];
    const char *tags; /* JSON text */
    int64_t created_s;
    const char *created_by;
    struct tatu_span ca_certificate;     /* DER */
    uint8_t owner_key[TATU_PUBLIC_SIZE]; /* owner anchor: the catalog's image key, or the owner's */
};

struct tatu_catalog_list {
    struct tatu_catalog *items;
    size_t count;
    bool more;
};

/**
 * Makes the catalog with its CA, or takes over the tags. It gets an image key, with which the
 * service signs what is uploaded, unless the owner keeps his own.
 *
 * owner_key   the owner's public key; NULL, 0: the service signs
 *
 * Errors    EXISTS  it is there with another owner key; FULL, IO
 */
enum tatu_err tatu_fleet_put_catalog(const struct tatu_call *call,
                                     const struct tatu_identity *identity,
                                     const struct tatu_catalog_key *key, const char *tags,
                                     struct tatu_span owner_key, struct tatu_catalog *out,
                                     bool *out_made);
/** Errors: NOT_FOUND; STATE when sub is NULL and two match. */
enum tatu_err tatu_fleet_get_catalog(const struct tatu_call *call,
                                     const struct tatu_catalog_key *key, struct tatu_catalog *out);
/** rg NULL: of all resource groups. */
enum tatu_err tatu_fleet_list_catalogs(const struct tatu_call *call, const char *sub,
                                       const char *rg, const struct tatu_page *page,
                                       struct tatu_catalog_list *out);
/** Errors: NOT_FOUND; STATE when it holds anything. */
enum tatu_err tatu_fleet_delete_catalog(const struct tatu_call *call,
                                        const struct tatu_catalog_key *key);
enum tatu_catalog_secret { TATU_CATALOG_CA_KEY, TATU_CATALOG_IMAGE_KEY };
/** Free the key. Errors: STATE when the owner keeps the image key. */
enum tatu_err tatu_fleet_get_catalog_key(const struct tatu_call *call, int64_t catalog,
                                         enum tatu_catalog_secret which, struct tatu_key **out);

/** The owner anchor of the catalog's devices. */
enum tatu_err tatu_fleet_get_owner_key(const struct tatu_call *call, int64_t catalog,
                                       uint8_t out[TATU_PUBLIC_SIZE]);

/* ---- products and groups ---- */
struct tatu_product {
    int64_t id;
    const char *name;
    const char *description;
    int64_t created_s;
    const char *created_by;
};
struct tatu_product_list {
    struct tatu_product *items;
    size_t count;
    bool more;
};

/** A new product gets the five default groups. description NULL: unchanged. */
enum tatu_err tatu_fleet_put_product(const struct tatu_call *call, int64_t catalog,
                                     const char *name, const char *description,
                                     struct tatu_product *out, bool *out_made);
enum tatu_err tatu_fleet_get_product(const struct tatu_call *call, int64_t catalog,
                                     const char *name, struct tatu_product *out);
enum tatu_err tatu_fleet_list_products(const struct tatu_call *call, int64_t catalog,
                                       const struct tatu_page *page, struct tatu_product_list *out);
/** Makes those of the five that are missing. */
enum tatu_err tatu_fleet_make_default_groups(const struct tatu_call *call, int64_t product);

/** Settings; NULL in a put: unchanged, or the default for a new group. */
struct tatu_group_settings {
    const char *description;
    const char *feed;   /* Retail, RetailEval */
    const char *policy; /* UpdateAll, No3rdPartyAppUpdates */
    const char *dumps;  /* Enabled, Disabled */
    const char *region; /* None, EU */
};
struct tatu_group {
    int64_t id; /* 0: in the catalog, in no group (".default", ".unassigned") */
    const char *name;
    const char *product;
    struct tatu_group_settings settings;
    int64_t renewal_grace_s; /* of its devices' tickets; 0: not armed */
    bool has_deployment;
    int64_t created_s;
    const char *created_by;
};
struct tatu_group_list {
    struct tatu_group *items;
    size_t count;
    bool more;
};

enum tatu_err tatu_fleet_put_group(const struct tatu_call *call, const struct tatu_product *product,
                                   const char *name, const struct tatu_group_settings *settings,
                                   struct tatu_group *out, bool *out_made);
enum tatu_err tatu_fleet_get_group(const struct tatu_call *call, int64_t catalog,
                                   const char *product, const char *name, struct tatu_group *out);
/** Errors: ARGUMENT when it is neither 0 nor in TATU_TICKET_GRACE_MIN_S..MAX_S. */
enum tatu_err tatu_fleet_set_renewal_grace(const struct tatu_call *call,
                                           const struct tatu_group *group, int64_t grace_s);
enum tatu_err tatu_fleet_list_groups(const struct tatu_call *call,
                                     const struct tatu_product *product,
                                     const struct tatu_page *page, struct tatu_group_list *out);

/* ---- makers and release keys: named public keys ---- */
enum tatu_key_list { TATU_KEYS_MAKER, TATU_KEYS_RELEASE };
struct tatu_named_key {
    const char *name;
    uint8_t public_key[TATU_PUBLIC_SIZE];
    uint8_t thumbprint[TATU_THUMBPRINT_SIZE];
    int64_t created_s;
};
struct tatu_named_key_list {
    struct tatu_named_key *items;
    size_t count;
    bool more;
};
/** Errors: EXISTS when the name has another key or the key another name; FORMAT: no P-256 key. */
enum tatu_err tatu_fleet_put_key(const struct tatu_call *call, enum tatu_key_list list,
                                 const char *name, const uint8_t public_key[TATU_PUBLIC_SIZE],
                                 struct tatu_named_key *out, bool *out_made);
enum tatu_err tatu_fleet_list_keys(const struct tatu_call *call, enum tatu_key_list list,
                                   const struct tatu_page *page, struct tatu_named_key_list *out);
/** By thumbprint, as COSE objects name it. Errors: KEY_UNKNOWN. */
enum tatu_err tatu_fleet_find_key(const struct tatu_call *call, enum tatu_key_list list,
                                  struct tatu_span thumbprint, struct tatu_named_key *out);
/** Errors: ENDORSEMENT for everything that is wrong with it; FULL, IO. */
enum tatu_err tatu_fleet_check_endorsement(const struct tatu_call *call, struct tatu_span object,
                                           struct tatu_endorsement *out, const char **out_maker);

/* ---- devices ---- */
struct tatu_device {
    uint8_t id[64];
    int64_t catalog_id; /* 0: unclaimed */
    int64_t group_id;
    const char *rg; /* NULL when unclaimed; product and group NULL when in none */
    const char *catalog;
    const char *product;
    const char *group;
    const char *policy;
    int64_t renewal_grace_s; /* of the group; 0 in none */
    const char *maker;
    uint8_t attestation[TATU_PUBLIC_SIZE];
    uint8_t implementation[32];
    uint32_t board_class;
    struct tatu_span evidence; /* payload of the last that was accepted; empty: none yet */
    int64_t created_s;
    int64_t claimed_s;
    int64_t attested_s;
    int64_t seen_s;
    int64_t deployment_s;
    uint32_t verdict;
    const char *release;
};
struct tatu_device_list {
    struct tatu_device *items;
    size_t count;
    bool more;
};

/** Filters of a list; 0: any. in_group with group 0: those in no group. */
struct tatu_device_filter {
    int64_t catalog;
    bool in_group;
    int64_t group;
    const uint8_t *id; /* NULL: any */
};
/** Errors: NOT_FOUND. */
enum tatu_err tatu_fleet_get_device(const struct tatu_call *call, const uint8_t id[64],
                                    struct tatu_device *out);
enum tatu_err tatu_fleet_list_devices(const struct tatu_call *call,
                                      const struct tatu_device_filter *filter,
                                      const struct tatu_page *page, struct tatu_device_list *out);
enum tatu_err tatu_fleet_count_devices(const struct tatu_call *call, int64_t catalog, int64_t *out);
/** Errors: NOT_FOUND when it is not in that catalog. group 0: in none. */
enum tatu_err tatu_fleet_move_device(const struct tatu_call *call, int64_t catalog,
                                     const uint8_t id[64], int64_t group);

/** Makes the row of an endorsed device, or leaves the one that is there. Errors: ENDORSEMENT when
 *  the device is known with another attestation key, implementation or class. */
enum tatu_err tatu_fleet_note_device(const struct tatu_call *call,
                                     const struct tatu_endorsement *endorsement, const char *maker);

struct tatu_claim_proof {
    struct tatu_span statement;   /* COSE_Sign1, signed by the identity key */
    struct tatu_span endorsement; /* COSE_Sign1, signed by a maker */
};
/**
 * Binds a device to a catalog and puts it in a group.
 *
 * proof    NULL: the bare id, which needs a maker's import for this catalog
 *
 * Errors   OWNED        another catalog has it
 *          ENDORSEMENT  no listed maker endorsed this id
 *          SIGNATURE    the statement is not signed by the identity key
 *          FOREIGN      the statement names another device, tenant or owner key
 *          REPLAY       its nonce was not given for this catalog, is used or too old
 *          DENIED       a bare id that nobody imported for this catalog
 */
enum tatu_err tatu_fleet_claim(const struct tatu_call *call, struct tatu_nonces *nonces,
                               const struct tatu_catalog *catalog, int64_t group,
                               const uint8_t id[64], const struct tatu_claim_proof *proof,
                               bool *out_new);

struct tatu_import {
    uint8_t device_id[64];
    struct tatu_span endorsement;
};
/** All or nothing. Errors: NOT_FOUND (maker), ENDORSEMENT, OWNED when imported for another catalog.
 */
enum tatu_err tatu_fleet_import(const struct tatu_call *call, const char *maker, int64_t catalog,
                                const struct tatu_import *devices, size_t count);

#endif
