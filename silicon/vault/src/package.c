#include "package.h"

#include "mem.h"

enum signer { SIGNED_BY_ROOT, SIGNED_BY_RELEASE, SIGNED_BY_OWNER }; /* the first two: twice */
#define NO_FLOOR 0xffu

static const struct rule {
    uint16_t type;
    uint8_t signer;
    uint8_t floor;
} rules[] = {
    {TATU_IMAGE_RECOVERY, SIGNED_BY_RELEASE, TATU_FUSE_FLOOR_MONITOR},
    {TATU_IMAGE_RECOVERY_MANIFEST, SIGNED_BY_RELEASE, NO_FLOOR}, /* the parts have theirs */
    {TATU_IMAGE_VAULT_RUNTIME, SIGNED_BY_RELEASE, TATU_FUSE_FLOOR_VAULT},
    {TATU_IMAGE_MONITOR, SIGNED_BY_RELEASE, TATU_FUSE_FLOOR_MONITOR},
    {TATU_IMAGE_DTB, SIGNED_BY_RELEASE, TATU_FUSE_FLOOR_OS},
    {TATU_IMAGE_KERNEL, SIGNED_BY_RELEASE, TATU_FUSE_FLOOR_OS},
    {TATU_IMAGE_ROOT, SIGNED_BY_RELEASE, TATU_FUSE_FLOOR_OS},
    {TATU_IMAGE_APPLICATION, SIGNED_BY_OWNER, NO_FLOOR},
    {TATU_IMAGE_CAPABILITY, SIGNED_BY_OWNER, NO_FLOOR},
    {TATU_IMAGE_KEYSTORE, SIGNED_BY_ROOT, TATU_FUSE_FLOOR_KEYSTORE},
};

enum tatu_err tatu_vault_digest(struct tatu_vault_chip *chip, struct tatu_span bytes,
                                uint8_t out_digest[32])
{
    TATU_TRY(tatu_vault_chip_hash_init(chip));
    TATU_TRY(tatu_vault_chip_hash(chip, bytes));
    return tatu_vault_chip_hash_done(chip, out_digest);
}

uint32_t tatu_vault_floor(struct tatu_vault_chip *chip, uint32_t floor)
{
    uint32_t count = 0;
    for (uint32_t word = 0; word < TATU_FUSE_FLOOR_BITS / 32; word++) {
        uint32_t bits = tatu_vault_chip_fuse(chip, TATU_FUSE_FLOOR + 8 * floor + 4 * word);
        for (; bits != 0; bits &= bits - 1) {
            count++;
        }
    }
    return count;
}

enum tatu_err tatu_vault_slot_len(struct tatu_vault_chip *chip, uint32_t slot_at,
                                  uint32_t slot_size, uint32_t *out_len)
{
    uint8_t footer[TATU_FLASH_FOOTER_SIZE];
    tatu_vault_chip_flash(chip, slot_at + slot_size - sizeof(footer), footer, sizeof(footer));
    uint32_t magic = tatu_get_le32(footer);
    uint32_t len = tatu_get_le32(footer + 4);
    if (magic == 0xffffffffu) {
        return TATU_ERR_NOT_FOUND;
    }
    if (magic != TATU_FLASH_FOOTER_MAGIC || tatu_get_le32(footer + 8) != ~len) {
        return TATU_ERR_FORMAT;
    }
    if (len > slot_size - sizeof(footer)) {
        return TATU_ERR_LONG;
    }
    *out_len = len;
    return TATU_OK;
}

/* The public keys of one signer; lms is NULL for who signs with one key only. */
struct keys {
    const uint8_t *ecdsa;
    const uint8_t *lms;
};

static enum tatu_err check_root(struct tatu_vault_chip *chip, const struct tatu_keystore *keystore)
{
    uint8_t digest[32];
    static const uint8_t unused[32];
    TATU_TRY(tatu_vault_chip_hash_init(chip));
    TATU_TRY(tatu_vault_chip_hash(chip, TATU_SPAN_OF(keystore->root)));
    TATU_TRY(tatu_vault_chip_hash(chip, TATU_SPAN_OF(keystore->root_lms)));
    TATU_TRY(tatu_vault_chip_hash_done(chip, digest));
    for (uint32_t n = 0; n < TATU_FUSE_ROOT_COUNT; n++) {
        uint8_t fused[32];
        for (uint32_t at = 0; at < sizeof(fused); at += 4) {
            tatu_put_le32(fused + at,
                          tatu_vault_chip_fuse(chip, TATU_FUSE_ROOT_HASH + 32 * n + at));
        }
        if (tatu_base_equal_ct(fused, unused, sizeof(fused)) ||
            !tatu_base_equal_ct(fused, digest, sizeof(fused))) {
            continue;
        }
        bool revoked = (tatu_vault_chip_fuse(chip, TATU_FUSE_ROOT_REVOKED) >> n & 1) != 0;
        return revoked ? TATU_ERR_KEY_REVOKED : TATU_OK;
    }
    return TATU_ERR_KEY_UNKNOWN;
}

enum tatu_err tatu_vault_find_release(struct tatu_vault_chip *chip,
                                      const struct tatu_keystore *keystore,
                                      const uint8_t *thumbprint, uint32_t *out_index)
{
    for (uint32_t n = 0; n < keystore->count; n++) {
        uint8_t digest[32];
        const uint8_t *key = keystore->keys[n].key;
        TATU_TRY(tatu_vault_digest(chip, (struct tatu_span){key, 64}, digest));
        if (!tatu_base_equal_ct(digest, thumbprint, TATU_IMAGE_THUMBPRINT_SIZE)) {
            continue;
        }
        if (keystore->keys[n].revoked != 0) {
            return TATU_ERR_KEY_REVOKED;
        }
        if ((keystore->keys[n].usage & TATU_KEY_USAGE_FIRMWARE) == 0) {
            return TATU_ERR_KEY_UNKNOWN;
        }
        *out_index = n;
        return TATU_OK;
    }
    return TATU_ERR_KEY_UNKNOWN;
}

static enum tatu_err find_keys(struct tatu_vault_chip *chip, const struct tatu_vault_trust *trust,
                               enum signer signer, const uint8_t *thumbprint, struct keys *out)
{
    uint32_t n = 0;
    switch (signer) {
    case SIGNED_BY_ROOT:
        if (trust->root == NULL) {
            return TATU_ERR_TYPE; /* a keystore is checked by its own function only */
        }
        TATU_TRY(check_root(chip, trust->root));
        *out = (struct keys){trust->root->root, trust->root->root_lms};
        return TATU_OK;
    case SIGNED_BY_RELEASE:
        TATU_TRY(tatu_vault_find_release(chip, trust->keystore, thumbprint, &n));
        *out = (struct keys){trust->keystore->keys[n].key, trust->keystore->keys[n].lms};
        return TATU_OK;
    case SIGNED_BY_OWNER:
        if (trust->owner == NULL) {
            return TATU_ERR_DENIED;
        }
        *out = (struct keys){trust->owner, NULL};
        return TATU_OK;
    }
    return TATU_ERR_KEY_UNKNOWN;
}

/* The private copy of metadata and signature, cut as the two signatures cover it. */
struct trailer {
    struct tatu_span metadata; /* what the first signature covers, behind the body */
    struct tatu_span whole;    /* with that signature */
    struct tatu_span plain;    /* what the second signature covers ... */
    struct tatu_span second;
    struct tatu_span length; /* ... and this behind it */
};

static enum tatu_err cut_trailer(struct tatu_span tail, const struct tatu_image_info *info,
                                 struct trailer *out)
{
    size_t metadata_len = info->signed_len - info->body_len;
    size_t at = tail.len - TATU_IMAGE_SIGNATURE_SIZE - metadata_len;
    struct trailer cut = {0};
    TATU_TRY(tatu_base_take_span(tail, at, metadata_len, &cut.metadata));
    TATU_TRY(tatu_base_take_span(tail, at, metadata_len + TATU_IMAGE_SIGNATURE_SIZE, &cut.whole));
    if (info->has_second) {
        size_t second_at = tatu_proto_second_at(info) - info->body_len;
        size_t length_at = second_at + TATU_IMAGE_SECOND_SIZE;
        TATU_TRY(tatu_base_take_span(cut.metadata, 0, second_at, &cut.plain));
        TATU_TRY(tatu_base_take_span(cut.metadata, second_at, TATU_IMAGE_SECOND_SIZE, &cut.second));
        TATU_TRY(
            tatu_base_take_span(cut.metadata, length_at, metadata_len - length_at, &cut.length));
    }
    *out = cut;
    return TATU_OK;
}

/* Body from where it is, what comes behind it from the private copy: what was decoded is what gets
 * hashed. */
static enum tatu_err hash_package(struct tatu_vault_chip *chip,
                                  const struct tatu_vault_package *package, uint32_t body_len,
                                  struct tatu_span behind, struct tatu_span last,
                                  uint8_t out_digest[32])
{
    TATU_TRY(tatu_vault_chip_hash_init(chip));
    if (package->local != NULL) {
        TATU_TRY(tatu_vault_chip_hash(chip, (struct tatu_span){package->local, body_len}));
    } else {
        TATU_TRY(tatu_vault_chip_hash_remote(chip, package->remote, body_len));
    }
    TATU_TRY(tatu_vault_chip_hash(chip, behind));
    TATU_TRY(tatu_vault_chip_hash(chip, last));
    return tatu_vault_chip_hash_done(chip, out_digest);
}

/* What was decoded and hashed, and all that the decision over it looks at. */
struct facts {
    const struct tatu_image_info *info;
    struct tatu_span second;
    uint8_t first_digest[32];
    uint8_t second_digest[32];
};

/* The whole decision. It has no memory, so asking it again is a second opinion. The verdict grows
 * at its end alone: an answer of OK may come from a way that left out what it should have asked. */
static enum tatu_err judge(struct tatu_vault_chip *chip, const struct tatu_vault_trust *trust,
                           const struct rule *rule, const struct facts *facts, uint32_t *verdict)
{
    const struct tatu_image_info *info = facts->info;
    struct keys keys;
    if (info->type != rule->type) {
        return TATU_ERR_TYPE;
    }
    TATU_TRY(find_keys(chip, trust, (enum signer)rule->signer, info->thumbprint, &keys));
    TATU_TRY(tatu_vault_chip_verify(chip, keys.ecdsa, facts->first_digest, info->signature));
    if (rule->signer != SIGNED_BY_OWNER) {
        TATU_TRY(info->has_second ? tatu_vault_chip_verify_lms(chip, keys.lms, facts->second_digest,
                                                               facts->second)
                                  : TATU_ERR_SIGNATURE);
    }
    if (rule->floor != NO_FLOOR && info->security_version < tatu_vault_floor(chip, rule->floor)) {
        return TATU_ERR_ROLLBACK;
    }
    *verdict += TATU_VAULT_GOOD / 2;
    return TATU_OK;
}

/* Decodes, hashes and judges the package whose last bytes are in private memory. It is decoded
 * twice as well: each opinion has what it looks at from a reading of its own. */
static enum tatu_err check_tail(struct tatu_vault_chip *chip, const struct tatu_vault_trust *trust,
                                const struct tatu_vault_package *package, const struct rule *rule,
                                struct tatu_span tail, struct tatu_vault_image *out)
{
    static const struct tatu_span nothing;
    struct tatu_vault_image image = {0};
    struct tatu_image_info again;
    struct trailer trailer;
    TATU_TRY(tatu_proto_decode_image(tail, package->len, &image.info));
    TATU_TRY(tatu_proto_decode_image(tail, package->len, &again));
    TATU_TRY(cut_trailer(tail, &image.info, &trailer));
    uint32_t body_len = image.info.body_len;
    struct facts facts = {.info = &image.info, .second = trailer.second};
    TATU_TRY(hash_package(chip, package, body_len, trailer.metadata, nothing, facts.first_digest));
    if (image.info.has_second) {
        TATU_TRY(hash_package(chip, package, body_len, trailer.plain, trailer.length,
                              facts.second_digest));
    }
    TATU_TRY(judge(chip, trust, rule, &facts, &image.verdict));
    facts.info = &again;
    TATU_TRY(judge(chip, trust, rule, &facts, &image.verdict));
    TATU_TRY(hash_package(chip, package, body_len, trailer.whole, nothing, image.digest));
    *out = image;
    return TATU_OK;
}

static enum tatu_err check(struct tatu_vault_chip *chip, const struct tatu_vault_trust *trust,
                           const struct tatu_vault_package *package, const struct rule *rule,
                           struct tatu_vault_image *out)
{
    uint8_t copy[TATU_IMAGE_TRAILER_MAX];
    uint32_t tail_len =
        package->len < TATU_IMAGE_TRAILER_MAX ? package->len : TATU_IMAGE_TRAILER_MAX;
    struct tatu_span tail = {copy, tail_len};
    if (package->local != NULL) {
        tail.data = package->local + package->len - tail_len;
    } else {
        TATU_TRY(
            tatu_vault_chip_fetch(chip, package->remote + package->len - tail_len, copy, tail_len));
    }
    return check_tail(chip, trust, package, rule, tail, out);
}

static const struct rule *find_rule(uint16_t type)
{
    for (size_t i = 0; i < TATU_COUNT_OF(rules); i++) {
        if (rules[i].type == type) {
            return &rules[i];
        }
    }
    return NULL;
}

enum tatu_err tatu_vault_check_image(struct tatu_vault_chip *chip,
                                     const struct tatu_vault_trust *trust,
                                     const struct tatu_vault_package *package, uint16_t type,
                                     struct tatu_vault_image *out)
{
    const struct rule *rule = find_rule(type);
    return rule == NULL ? TATU_ERR_TYPE : check(chip, trust, package, rule, out);
}

enum tatu_err tatu_vault_check_keystore(struct tatu_vault_chip *chip, struct tatu_span package,
                                        struct tatu_keystore *out_keystore,
                                        struct tatu_vault_image *out_image)
{
    struct tatu_image_info info;
    struct tatu_keystore keystore;
    struct tatu_span body;
    TATU_TRY(tatu_proto_decode_image(package, (uint32_t)package.len, &info));
    if (info.type != TATU_IMAGE_KEYSTORE) {
        return TATU_ERR_TYPE;
    }
    TATU_TRY(tatu_base_take_span(package, 0, info.body_len, &body));
    TATU_TRY(tatu_proto_decode_keystore(body, &keystore));
    struct tatu_vault_trust trust = {.root = &keystore};
    struct tatu_vault_package place = {.local = package.data, .len = (uint32_t)package.len};
    TATU_TRY(check(chip, &trust, &place, find_rule(TATU_IMAGE_KEYSTORE), out_image));
    *out_keystore = keystore;
    return TATU_OK;
}
