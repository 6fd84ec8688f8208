#define MBEDTLS_ALLOW_PRIVATE_ACCESS
#include "lms.h"

#include "keys.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mbedtls/platform_util.h> /* first: lms.h takes its types for granted */

#include <mbedtls/lms.h>
#include <mbedtls/private/lmots.h>
#include <psa/crypto.h>

#define STATE_MAGIC 0x534d4c54u /* "TLMS" */
#define STATE_VERSION 1u

enum {
    LEAF_SIZE = 32,
    LEAVES_SIZE = CLI_LMS_SIGNATURES * LEAF_SIZE,
    IDENTIFIER_SIZE = 16,
    SEED_SIZE = 32,
    STATE_BODY = 12 + IDENTIFIER_SIZE + SEED_SIZE + TATU_LMS_KEY_SIZE,
    STATE_SIZE = STATE_BODY + 32, /* and its SHA-256 */
    THREADS_MAX = 16,
};

_Static_assert(TATU_LMS_KEY_SIZE == MBEDTLS_LMS_PUBLIC_KEY_LEN(MBEDTLS_LMS_SHA256_M32_H10), "RFC");
_Static_assert(TATU_IMAGE_SECOND_SIZE ==
                   MBEDTLS_LMS_SIG_LEN(MBEDTLS_LMS_SHA256_M32_H10, MBEDTLS_LMOTS_SHA256_N32_W8),
               "RFC");

/* The file NAME: u32 magic, u32 version, u32 next, identifier, seed, public key, SHA-256 of these.
 */
struct state {
    uint32_t next;
    uint8_t identifier[IDENTIFIER_SIZE];
    uint8_t seed[SEED_SIZE];
    uint8_t public_key[TATU_LMS_KEY_SIZE];
};

static void wipe_state(struct state *state)
{
    tatu_base_wipe(state, sizeof(*state));
}
#define STATE __attribute__((cleanup(wipe_state))) struct state

void tatu_cli_free_lms(struct tatu_cli_lms *key)
{
    free(key->dir);
    free(key->name);
    free(key->leaves);
    *key = (struct tatu_cli_lms){.left = 0};
}

static int draw(void *context, unsigned char *out, size_t len)
{
    (void)context;
    return len <= 256 && getrandom(out, len, 0) == (ssize_t)len ? 0 : -1; /* 256 come whole */
}

/* ---- one-time keys -------------------------------------------------------------------------- */

static bool make_one_time(const struct state *state, uint32_t n, mbedtls_lmots_private_t *out)
{
    mbedtls_lmots_private_init(out);
    return mbedtls_lmots_generate_private_key(out, MBEDTLS_LMOTS_SHA256_N32_W8, state->identifier,
                                              n, state->seed, sizeof(state->seed)) == 0;
}

static bool make_leaf(const struct state *state, uint32_t n, uint8_t out[LEAF_SIZE])
{
    mbedtls_lmots_private_t private_key;
    mbedtls_lmots_public_t public_key;
    mbedtls_lmots_public_init(&public_key);
    bool made = make_one_time(state, n, &private_key) &&
                mbedtls_lmots_calculate_public_key(&public_key, &private_key) == 0;
    mbedtls_lmots_private_free(&private_key);
    memcpy(out, public_key.public_key, LEAF_SIZE);
    return made;
}

struct job {
    const struct state *state;
    uint32_t begin;
    uint32_t step;
    uint8_t *leaves;
    pthread_t thread;
    bool made;
};

static void *run_job(void *argument)
{
    struct job *job = argument;
    job->made = true;
    for (uint32_t n = job->begin; n < CLI_LMS_SIGNATURES && job->made; n += job->step) {
        job->made = make_leaf(job->state, n, job->leaves + n * LEAF_SIZE);
    }
    return NULL;
}

/* All leaves: nine million hashes, shared between the processors. */
static bool make_leaves(const struct state *state, uint8_t *leaves)
{
    struct job jobs[THREADS_MAX];
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t count = processors < 1             ? 1
                     : processors > THREADS_MAX ? THREADS_MAX
                                                : (uint32_t)processors;
    uint32_t started = 0;
    bool made = true;
    for (; started < count; started++) {
        struct job *job = &jobs[started];
        *job = (struct job){state, started, count, leaves, 0, false};
        if (pthread_create(&job->thread, NULL, run_job, job) != 0) {
            made = false;
            break;
        }
    }
    for (uint32_t i = 0; i < started; i++) {
        made = pthread_join(jobs[i].thread, NULL) == 0 && jobs[i].made && made;
    }
    return made;
}

/* ---- the library's key ---------------------------------------------------------------------- */

static void free_private(mbedtls_lms_private_t *key)
{
    if (key->ots_private_keys != NULL) {
        tatu_base_wipe(key->ots_private_keys, CLI_LMS_SIGNATURES * sizeof(*key->ots_private_keys));
    }
    free(key->ots_private_keys);
    free(key->ots_public_keys);
    key->ots_private_keys = NULL;
    key->ots_public_keys = NULL;
}
#define PRIVATE __attribute__((cleanup(free_private))) mbedtls_lms_private_t

/* The key as the library would have it after deriving all one-time keys, but for the private ones.
 */
static bool fill_private(const uint8_t identifier[IDENTIFIER_SIZE], const uint8_t *leaves,
                         mbedtls_lms_private_t *out)
{
    mbedtls_lms_private_init(out);
    out->params.type = MBEDTLS_LMS_SHA256_M32_H10;
    out->params.otstype = MBEDTLS_LMOTS_SHA256_N32_W8;
    memcpy(out->params.I_key_identifier, identifier, IDENTIFIER_SIZE);
    out->have_private_key = 1;
    out->ots_private_keys = calloc(CLI_LMS_SIGNATURES, sizeof(*out->ots_private_keys));
    out->ots_public_keys = calloc(CLI_LMS_SIGNATURES, sizeof(*out->ots_public_keys));
    if (out->ots_private_keys == NULL || out->ots_public_keys == NULL) {
        return false;
    }
    for (uint32_t n = 0; n < CLI_LMS_SIGNATURES; n++) {
        memcpy(out->ots_public_keys[n].public_key, leaves + n * LEAF_SIZE, LEAF_SIZE);
    }
    return true;
}

static bool make_public(const uint8_t identifier[IDENTIFIER_SIZE], const uint8_t *leaves,
                        uint8_t out[TATU_LMS_KEY_SIZE])
{
    PRIVATE private_key = {.ots_private_keys = NULL};
    mbedtls_lms_public_t public_key;
    mbedtls_lms_public_init(&public_key);
    return psa_crypto_init() == PSA_SUCCESS && fill_private(identifier, leaves, &private_key) &&
           mbedtls_lms_calculate_public_key(&public_key, &private_key) == 0 &&
           mbedtls_lms_export_public_key(&public_key, out, TATU_LMS_KEY_SIZE, NULL) == 0;
}

enum tatu_err tatu_cli_check_lms(const uint8_t public_key[TATU_LMS_KEY_SIZE],
                                 const uint8_t digest[32],
                                 const uint8_t signature[TATU_IMAGE_SECOND_SIZE])
{
    mbedtls_lms_public_t key;
    mbedtls_lms_public_init(&key);
    bool good = psa_crypto_init() == PSA_SUCCESS &&
                mbedtls_lms_import_public_key(&key, public_key, TATU_LMS_KEY_SIZE) == 0 &&
                mbedtls_lms_verify(&key, digest, 32, signature, TATU_IMAGE_SECOND_SIZE) == 0;
    return good ? TATU_OK : TATU_ERR_SIGNATURE;
}

/* ---- files ---------------------------------------------------------------------------------- */

static enum tatu_err join_leaves(struct tatu_cli *cli, const char *dir, const char *name, char *out)
{
    char leaves[NAME_MAX + 1];
    (void)snprintf(leaves, sizeof(leaves), "%.200s.leaves", name);
    return tatu_cli_join(cli, dir, leaves, out);
}

static enum tatu_err encode_state(const struct state *state, uint8_t out[STATE_SIZE])
{
    tatu_put_le32(out, STATE_MAGIC);
    tatu_put_le32(out + 4, STATE_VERSION);
    tatu_put_le32(out + 8, state->next);
    memcpy(out + 12, state->identifier, IDENTIFIER_SIZE);
    memcpy(out + 12 + IDENTIFIER_SIZE, state->seed, SEED_SIZE);
    memcpy(out + 12 + IDENTIFIER_SIZE + SEED_SIZE, state->public_key, TATU_LMS_KEY_SIZE);
    const struct tatu_span body = {out, STATE_BODY};
    return tatu_cli_hash(&body, 1, out + STATE_BODY);
}

static bool decode_state(struct tatu_span bytes, struct state *out)
{
    uint8_t digest[32];
    const struct tatu_span body = {bytes.data, STATE_BODY};
    if (bytes.len != STATE_SIZE || tatu_get_le32(bytes.data) != STATE_MAGIC ||
        tatu_get_le32(bytes.data + 4) != STATE_VERSION ||
        tatu_cli_hash(&body, 1, digest) != TATU_OK ||
        memcmp(digest, bytes.data + STATE_BODY, sizeof(digest)) != 0) {
        return false;
    }
    out->next = tatu_get_le32(bytes.data + 8);
    memcpy(out->identifier, bytes.data + 12, IDENTIFIER_SIZE);
    memcpy(out->seed, bytes.data + 12 + IDENTIFIER_SIZE, SEED_SIZE);
    memcpy(out->public_key, bytes.data + 12 + IDENTIFIER_SIZE + SEED_SIZE, TATU_LMS_KEY_SIZE);
    return out->next <= CLI_LMS_SIGNATURES;
}

static enum tatu_err read_state(struct tatu_cli *cli, const char *dir, const char *name,
                                struct state *out)
{
    char path[PATH_MAX];
    CLI_BYTES bytes = {NULL, 0};
    TATU_TRY(tatu_cli_join(cli, dir, name, path));
    TATU_TRY(tatu_cli_check_private(cli, path));
    TATU_TRY(tatu_cli_read_file(cli, path, STATE_SIZE, &bytes));
    bool good = decode_state(CLI_SPAN(bytes), out);
    tatu_base_wipe(bytes.data, bytes.len);
    return good ? TATU_OK
                : tatu_cli_fail(cli, TATU_ERR_FORMAT,
                                "%s is not an LMS key, or damaged; never put an older copy in its "
                                "place: make a new platform",
                                path);
}

static enum tatu_err fail_making(struct tatu_cli *cli)
{
    return tatu_cli_fail(cli, TATU_ERR_MEMORY, "an LMS key could not be made; try again");
}

/* The leaves, out of their file when that is right; else made again and kept. */
static enum tatu_err get_leaves(struct tatu_cli *cli, const char *dir, const char *name,
                                const struct state *state, struct tatu_cli_bytes *out)
{
    char path[PATH_MAX];
    uint8_t public_key[TATU_LMS_KEY_SIZE];
    CLI_BYTES leaves = {NULL, 0};
    TATU_TRY(join_leaves(cli, dir, name, path));
    if (access(path, F_OK) != 0 || tatu_cli_read_file(cli, path, LEAVES_SIZE, &leaves) != TATU_OK ||
        leaves.len != LEAVES_SIZE || !make_public(state->identifier, leaves.data, public_key) ||
        memcmp(public_key, state->public_key, sizeof(public_key)) != 0) {
        tatu_cli_free_bytes(&leaves);
        TATU_TRY(tatu_cli_alloc(cli, LEAVES_SIZE, &leaves));
        if (psa_crypto_init() != PSA_SUCCESS || !make_leaves(state, leaves.data)) {
            return fail_making(cli);
        }
        TATU_TRY(tatu_cli_write_over(cli, path, 0600, CLI_SPAN(leaves)));
    }
    *out = leaves;
    leaves.data = NULL;
    return TATU_OK;
}

enum tatu_err tatu_cli_make_lms(struct tatu_cli *cli, const char *dir, const char *name)
{
    char path[PATH_MAX];
    uint8_t bytes[STATE_SIZE];
    STATE state = {.next = 0};
    CLI_BYTES leaves = {NULL, 0};
    TATU_TRY(tatu_cli_join(cli, dir, name, path));
    if (access(path, F_OK) == 0) {
        return tatu_cli_fail(cli, TATU_ERR_EXISTS,
                             "%s is there already; it is kept as it is, name another place", path);
    }
    if (draw(NULL, state.identifier, sizeof(state.identifier)) != 0 ||
        draw(NULL, state.seed, sizeof(state.seed)) != 0) {
        return fail_making(cli);
    }
    TATU_TRY(get_leaves(cli, dir, name, &state, &leaves));
    if (!make_public(state.identifier, leaves.data, state.public_key)) {
        return fail_making(cli);
    }
    TATU_TRY(encode_state(&state, bytes));
    enum tatu_err err = tatu_cli_write_new(cli, path, 0600, TATU_SPAN_OF(bytes));
    tatu_base_wipe(bytes, sizeof(bytes));
    return err;
}

enum tatu_err tatu_cli_load_lms(struct tatu_cli *cli, const char *dir, const char *name,
                                struct tatu_cli_lms *out)
{
    STATE state;
    CLI_LMS key = {.left = 0};
    CLI_BYTES leaves = {NULL, 0};
    uint8_t public_key[TATU_LMS_KEY_SIZE];
    TATU_TRY(read_state(cli, dir, name, &state));
    TATU_TRY(get_leaves(cli, dir, name, &state, &leaves));
    key.dir = strdup(dir);
    key.name = strdup(name);
    if (key.dir == NULL || key.name == NULL ||
        !make_public(state.identifier, leaves.data, public_key)) {
        return fail_making(cli);
    }
    if (memcmp(public_key, state.public_key, sizeof(public_key)) != 0) {
        return tatu_cli_fail(cli, TATU_ERR_FORMAT, "%s/%s is damaged; make a new platform", dir,
                             name);
    }
    key.leaves = leaves.data;
    leaves.data = NULL;
    memcpy(key.public_key, public_key, sizeof(key.public_key));
    key.left = CLI_LMS_SIGNATURES - state.next;
    *out = key;
    key = (struct tatu_cli_lms){.left = 0};
    return TATU_OK;
}

/* ---- signing -------------------------------------------------------------------------------- */

static void close_fd(const int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd); /* unlocks */
    }
}

/* Takes the next one-time key for good: the file says so, on disk, when this returns. */
static enum tatu_err take_next(struct tatu_cli *cli, const struct tatu_cli_lms *key,
                               struct state *out)
{
    char path[PATH_MAX];
    uint8_t bytes[STATE_SIZE];
    int folder __attribute__((cleanup(close_fd))) =
        open(key->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0 || flock(folder, LOCK_EX) != 0) {
        return tatu_cli_fail(cli, TATU_ERR_IO, "%s cannot be locked; check the path", key->dir);
    }
    TATU_TRY(tatu_cli_join(cli, key->dir, key->name, path));
    TATU_TRY(read_state(cli, key->dir, key->name, out));
    if (out->next >= CLI_LMS_SIGNATURES) {
        return tatu_cli_fail(cli, TATU_ERR_FULL,
                             "%s has made all its %u signatures; make a new platform and move the "
                             "devices to its keystore",
                             path, CLI_LMS_SIGNATURES);
    }
    struct state after = *out;
    after.next++;
    enum tatu_err err = encode_state(&after, bytes);
    wipe_state(&after);
    if (err == TATU_OK) {
        err = tatu_cli_write_over(cli, path, 0600, TATU_SPAN_OF(bytes));
    }
    tatu_base_wipe(bytes, sizeof(bytes));
    TATU_TRY(err);
    return fsync(folder) == 0
               ? TATU_OK
               : tatu_cli_fail(cli, TATU_ERR_IO, "%s cannot be written; check the disk", key->dir);
}

enum tatu_err tatu_cli_sign_lms(struct tatu_cli *cli, struct tatu_cli_lms *key,
                                const uint8_t digest[32], uint8_t out[TATU_IMAGE_SECOND_SIZE])
{
    STATE state;
    PRIVATE private_key = {.ots_private_keys = NULL};
    uint8_t signature[TATU_IMAGE_SECOND_SIZE];
    TATU_TRY(take_next(cli, key, &state));
    key->left = CLI_LMS_SIGNATURES - state.next - 1;
    bool made = fill_private(state.identifier, key->leaves, &private_key) &&
                make_one_time(&state, state.next, &private_key.ots_private_keys[state.next]);
    private_key.q_next_usable_key = state.next;
    made = made && mbedtls_lms_sign(&private_key, draw, NULL, digest, 32, signature,
                                    sizeof(signature), NULL) == 0;
    /* a folder that was changed meanwhile shows here */
    if (!made || tatu_cli_check_lms(key->public_key, digest, signature) != TATU_OK) {
        return tatu_cli_fail(cli, TATU_ERR_MEMORY, "%s/%s could not sign; try again", key->dir,
                             key->name);
    }
    memcpy(out, signature, sizeof(signature));
    return TATU_OK;
}
