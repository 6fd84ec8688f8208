/* Bodies of operators' requests: JSON text to checked structs. Nothing here changes anything. Every
 * decoder: ARGUMENT or FORMAT with a sentence in *why, or LONG. Results live in the arena. */
#ifndef BODIES_H
#define BODIES_H

#include "proto/evidence.h"
#include "service/fleet/fleet.h"
#include "service/json/json.h"

#define BODY_IMPORT_MAX 1000u

struct body_catalog {
    const char *tags;           /* JSON object, compact */
    struct tatu_span owner_key; /* 64 bytes when the owner keeps the key; else empty */
};
enum tatu_err tatu_api_decode_catalog(struct tatu_span text, struct tatu_arena *arena,
                                      struct body_catalog *out, const char **why);

/** The set of capabilities that a body of names asks for, at least one. */
enum tatu_err tatu_api_decode_capabilities(struct tatu_span text, uint32_t *out, const char **why);

/** description NULL: not given. */
enum tatu_err tatu_api_decode_product(struct tatu_span text, struct tatu_arena *arena,
                                      const char **out_description, const char **why);
enum tatu_err tatu_api_decode_group(struct tatu_span text, struct tatu_arena *arena,
                                    struct tatu_group_settings *out, const char **why);

enum tatu_err tatu_api_decode_renewal(struct tatu_span text, int64_t *out_grace_s,
                                      const char **why);

struct body_claim {
    bool has_proof;
    struct tatu_claim_proof proof;
};
enum tatu_err tatu_api_decode_claim(struct tatu_span text, struct tatu_arena *arena,
                                    struct body_claim *out, const char **why);

/** A group named by its resource id. */
struct body_move {
    const char *sub;
    const char *rg;
    const char *catalog;
    const char *product;
    const char *group;
};
enum tatu_err tatu_api_decode_move(struct tatu_span text, struct tatu_arena *arena,
                                   struct body_move *out, const char **why);

struct body_image {
    struct tatu_span package;
    bool has_image_id;
    uint8_t image_id[16];
    const char *description;
    const char *region;
};
enum tatu_err tatu_api_decode_image(struct tatu_span text, struct tatu_arena *arena,
                                    struct body_image *out, const char **why);

struct body_deployment {
    uint8_t images[TATU_EVIDENCE_APP_MAX][16];
    size_t count;
};
enum tatu_err tatu_api_decode_deployment(struct tatu_span text, struct tatu_arena *arena,
                                         struct body_deployment *out, const char **why);

enum tatu_err tatu_api_decode_key(struct tatu_span text, uint8_t out[TATU_PUBLIC_SIZE],
                                  const char **why);
enum tatu_err tatu_api_decode_reference(struct tatu_span text, struct tatu_arena *arena,
                                        struct tatu_span *out, const char **why);

struct body_confirmation {
    const char *release;
    struct tatu_span object;
};
enum tatu_err tatu_api_decode_confirmation(struct tatu_span text, struct tatu_arena *arena,
                                           struct body_confirmation *out, const char **why);

struct body_import {
    const char *rg;
    const char *catalog;
    struct tatu_import *devices;
    size_t count;
};
enum tatu_err tatu_api_decode_import(struct tatu_span text, struct tatu_arena *arena,
                                     struct body_import *out, const char **why);

#endif
