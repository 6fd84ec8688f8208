#include "certrequest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/device_errors.h"

/* applibs' errno, and our error, for each number of the store */
static const struct {
    uint32_t number;
    int error;
    enum tatu_err err;
} failures[] = {
    {TATU_NUMBER_CERT_STORAGE_CERT_IDENTIFIER_INVALID, EINVAL, TATU_ERR_ARGUMENT},
    {TATU_NUMBER_CERT_STORAGE_CERT_IDENTIFIER_TOO_LONG, ERANGE, TATU_ERR_LONG},
    {TATU_NUMBER_CERT_STORAGE_CERT_CONTENT_INVALID, EINVAL, TATU_ERR_CERTIFICATE},
    {TATU_NUMBER_CERT_STORAGE_CERT_NOT_FOUND, ENOENT, TATU_ERR_NOT_FOUND},
    {TATU_NUMBER_CERT_STORAGE_CERT_INDEX_OUT_OF_RANGE, ERANGE, TATU_ERR_NOT_FOUND},
    {TATU_NUMBER_CERT_STORAGE_OUT_OF_SPACE, ENOSPC, TATU_ERR_FULL},
    {TATU_NUMBER_CERT_STORAGE_INVALID_CERT_TYPE, EINVAL, TATU_ERR_ARGUMENT},
    {TATU_NUMBER_CERT_STORAGE_PUBLIC_CERT_CONTENT_INVALID, EINVAL, TATU_ERR_CERTIFICATE},
    {TATU_NUMBER_CERT_STORAGE_PUBLIC_CERT_CONTENT_TOO_LONG, ERANGE, TATU_ERR_LONG},
    {TATU_NUMBER_CERT_STORAGE_PRIVATE_KEY_CONTENT_INVALID, EINVAL, TATU_ERR_CERTIFICATE},
    {TATU_NUMBER_CERT_STORAGE_PRIVATE_KEY_CONTENT_TOO_LONG, ERANGE, TATU_ERR_LONG},
    {TATU_NUMBER_CERT_STORAGE_PRIVATE_KEY_NOT_ALLOWED, EINVAL, TATU_ERR_ARGUMENT},
    {TATU_NUMBER_CERT_STORAGE_PRIVATE_KEY_PASSWORD_TOO_LONG, ERANGE, TATU_ERR_LONG},
    {TATU_NUMBER_CERT_STORAGE_PRIVATE_KEY_PASSWORD_NOT_ALLOWED, EINVAL, TATU_ERR_ARGUMENT},
    {TATU_NUMBER_CERT_STORAGE_CERT_PRIVATE_KEY_MISMATCHED, EINVAL, TATU_ERR_FOREIGN},
    {TATU_NUMBER_CERT_STORAGE_PRIVATE_KEY_PASSWORD_NOT_REQUIRED, EINVAL, TATU_ERR_ARGUMENT},
};

static enum tatu_err fail(uint32_t number, uint32_t *out_errno)
{
    if (number == 0) {
        return TATU_OK;
    }
    for (size_t i = 0; i < TATU_COUNT_OF(failures); i++) {
        if (failures[i].number == number) {
            *out_errno = (uint32_t)failures[i].error;
            return failures[i].err;
        }
    }
    *out_errno = EAGAIN;
    return TATU_ERR_BUSY;
}

/* ---- an install on its way ---- */

static void end(struct tatu_certrequest *request, enum tatu_err err, uint32_t number)
{
    struct tatu_os_loop *loop = request->owner->loop;
    (void)tatu_os_send_answer(request->watch.fd, err, number, (struct tatu_span){NULL, 0}, -1);
    tatu_os_clear_timer(loop, &request->patience);
    tatu_os_remove_watch(loop, &request->watch);
    (void)close(request->watch.fd);
    request->watch.fd = -1;
    if (request->bytes != NULL) {
        tatu_base_wipe(request->bytes,
                       request->cert_len + request->key_len + request->password_len);
    }
    free(request->bytes);
    request->bytes = NULL;
}

static void on_patience(struct tatu_os_timer *timer)
{
    end(timer->context, TATU_ERR_TIMEOUT, EAGAIN);
}

static void install(struct tatu_certrequest *request)
{
    const uint8_t *p = request->bytes;
    const struct tatu_certstore_new new = {
        .type = request->type,
        .id = request->id,
        .certificate = {p, request->cert_len},
        .key = {p + request->cert_len, request->key_len},
        .password = {p + request->cert_len + request->key_len, request->password_len},
    };
    uint32_t number = 0;
    const enum tatu_err err = fail(tatu_certstore_install(request->owner->store, &new), &number);
    end(request, err, number);
}

static void on_bytes(struct tatu_os_watch *watch, uint32_t events)
{
    struct tatu_certrequest *request = watch->context;
    const size_t all = request->cert_len + request->key_len + request->password_len;
    (void)events;
    const ssize_t got = recv(watch->fd, request->bytes + request->len, all - request->len,
                             MSG_DONTWAIT | MSG_TRUNC);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got <= 0 || (size_t)got > all - request->len) {
        end(request, TATU_ERR_FORMAT, EINVAL);
        return;
    }
    request->len += (size_t)got;
    if (request->len == all) {
        install(request);
    }
}

static struct tatu_certrequest *find_place(struct tatu_certrequests *requests, uid_t uid)
{
    struct tatu_certrequest *place = NULL;
    for (size_t i = 0; i < TATU_CERTREQUEST_MAX; i++) {
        struct tatu_certrequest *one = &requests->pending[i];
        if (one->watch.fd >= 0 && one->uid == uid) {
            return NULL; /* one each, so that none keeps the others out */
        }
        place = one->watch.fd < 0 ? one : place;
    }
    return place;
}

/* Lengths are told before the bytes: what is too long never comes. */
static uint32_t check_lengths(const struct tatu_certrequest *wanted)
{
    const bool root = wanted->type == TATU_CERT_ROOT;
    if (!root && wanted->type != TATU_CERT_CLIENT) {
        return TATU_NUMBER_CERT_STORAGE_INVALID_CERT_TYPE;
    }
    if (wanted->cert_len == 0 || wanted->cert_len > TATU_CERT_BLOB_MAX) {
        return TATU_NUMBER_CERT_STORAGE_PUBLIC_CERT_CONTENT_TOO_LONG; /* both are ERANGE */
    }
    if (wanted->key_len > TATU_CERT_BLOB_MAX || (!root && wanted->key_len == 0)) {
        return TATU_NUMBER_CERT_STORAGE_PRIVATE_KEY_CONTENT_TOO_LONG;
    }
    if (root && (wanted->key_len != 0 || wanted->password_len != 0)) {
        return TATU_NUMBER_CERT_STORAGE_PRIVATE_KEY_NOT_ALLOWED;
    }
    return wanted->password_len > TATU_CERT_PASSWORD_MAX
               ? TATU_NUMBER_CERT_STORAGE_PRIVATE_KEY_PASSWORD_TOO_LONG
               : tatu_certstore_check_id(wanted->id);
}

static enum tatu_err begin(struct tatu_certrequests *requests, const struct tatu_os_asked *asked,
                           const char *id, struct tatu_os_reply *reply)
{
    struct tatu_certrequest wanted = {
        .owner = requests,
        .uid = asked->uid,
        .type = (enum tatu_cert_type)asked->ask.a,
        .cert_len = asked->ask.b,
        .key_len = asked->ask.c,
        .password_len = tatu_get_le32(asked->ask.payload.data + TATU_CERT_ID_MAX),
    };
    struct tatu_certrequest *place = find_place(requests, asked->uid);
    memcpy(wanted.id, id, sizeof(wanted.id));
    TATU_TRY(fail(check_lengths(&wanted), &reply->number));
    reply->number = EAGAIN;
    if (place == NULL) {
        return TATU_ERR_BUSY;
    }
    wanted.bytes = malloc(wanted.cert_len + wanted.key_len + wanted.password_len);
    if (wanted.bytes == NULL) {
        return TATU_ERR_MEMORY;
    }
    *place = wanted;
    place->watch = (struct tatu_os_watch){.ready = on_bytes, .context = place, .fd = asked->fd};
    place->patience = (struct tatu_os_timer){.fire = on_patience, .context = place};
    if (tatu_os_add_watch(requests->loop, &place->watch, EPOLLIN) != TATU_OK) {
        free(place->bytes);
        place->watch.fd = -1;
        return TATU_ERR_IO;
    }
    tatu_os_set_timer(requests->loop, &place->patience,
                      tatu_os_now_ms() + TATU_CERTREQUEST_TIME_MS);
    reply->keep = true;
    return TATU_OK;
}

/* ---- the quick ones ---- */

static enum tatu_err put_u32(uint32_t value, struct tatu_os_reply *reply)
{
    uint8_t bytes[4];
    tatu_put_le32(bytes, value);
    return tatu_base_put_bytes(&reply->payload, TATU_SPAN_OF(bytes));
}

static enum tatu_err give_figure(struct tatu_certstore *store, const struct tatu_ask *ask,
                                 struct tatu_os_reply *reply)
{
    uint32_t value = 0;
    TATU_TRY(fail(ask->op == TATU_CERT_COUNT ? tatu_certstore_count(store, &value)
                                             : tatu_certstore_space(store, &value),
                  &reply->number));
    return put_u32(value, reply);
}

static enum tatu_err give_id(struct tatu_certstore *store, uint32_t index,
                             struct tatu_os_reply *reply)
{
    char id[TATU_CERT_ID_MAX + 1] = {0};
    TATU_TRY(fail(tatu_certstore_id_at(store, index, id), &reply->number));
    return tatu_base_put_bytes(&reply->payload,
                               (struct tatu_span){(const uint8_t *)id, TATU_CERT_ID_MAX});
}

static enum tatu_err give_info(struct tatu_certstore *store, const char *id,
                               struct tatu_os_reply *reply)
{
    struct tatu_cert_info info;
    TATU_TRY(fail(tatu_certstore_info(store, id, &info), &reply->number));
    return tatu_base_put_bytes(&reply->payload,
                               (struct tatu_span){(const uint8_t *)&info, sizeof(info)});
}

/* An identifier of 16 bytes: text, then zeros alone. */
static bool read_id(struct tatu_span payload, size_t index, char out[TATU_CERT_ID_MAX + 1])
{
    const size_t at = index * TATU_CERT_ID_MAX;
    memset(out, 0, TATU_CERT_ID_MAX + 1);
    if (payload.len < at + TATU_CERT_ID_MAX) {
        return false;
    }
    memcpy(out, payload.data + at, TATU_CERT_ID_MAX);
    for (size_t i = strlen(out); i < TATU_CERT_ID_MAX; i++) {
        if (out[i] != 0) {
            return false;
        }
    }
    return true;
}

static const struct {
    uint32_t op;
    size_t payload_len;
    size_t id_count;
} shapes[] = {
    {TATU_CERT_INSTALL, TATU_CERT_ID_MAX + 4, 1},
    {TATU_CERT_DELETE, TATU_CERT_ID_MAX, 1},
    {TATU_CERT_MOVE, 2 * TATU_CERT_ID_MAX, 2},
    {TATU_CERT_COUNT, 0, 0},
    {TATU_CERT_ID_AT, 0, 0},
    {TATU_CERT_SPACE, 0, 0},
    {TATU_CERT_INFO, TATU_CERT_ID_MAX, 1},
};

static enum tatu_err decode(const struct tatu_ask *ask, char ids[2][TATU_CERT_ID_MAX + 1])
{
    for (size_t i = 0; i < TATU_COUNT_OF(shapes); i++) {
        if (shapes[i].op != ask->op) {
            continue;
        }
        if (ask->payload.len != shapes[i].payload_len) {
            return ask->payload.len < shapes[i].payload_len ? TATU_ERR_SHORT : TATU_ERR_LONG;
        }
        for (size_t k = 0; k < shapes[i].id_count; k++) {
            if (!read_id(ask->payload, k, ids[k])) {
                return TATU_ERR_FORMAT;
            }
        }
        return TATU_OK;
    }
    return TATU_ERR_UNKNOWN_COMMAND;
}

enum tatu_err tatu_certrequests_act(void *context, const struct tatu_os_asked *asked,
                                    struct tatu_os_reply *reply)
{
    struct tatu_certrequests *requests = context;
    struct tatu_certstore *store = requests->store;
    char ids[2][TATU_CERT_ID_MAX + 1];
    reply->number = EINVAL;
    if (!asked->introduced) {
        reply->number = EACCES;
        return TATU_ERR_DENIED;
    }
    TATU_TRY(decode(&asked->ask, ids));
    reply->number = 0;
    switch ((enum tatu_cert_op)asked->ask.op) {
    case TATU_CERT_INSTALL:
        return begin(requests, asked, ids[0], reply);
    case TATU_CERT_DELETE:
        return fail(tatu_certstore_delete(store, ids[0]), &reply->number);
    case TATU_CERT_MOVE:
        return fail(tatu_certstore_move(store, ids[0], ids[1]), &reply->number);
    case TATU_CERT_COUNT:
    case TATU_CERT_SPACE:
        return give_figure(store, &asked->ask, reply);
    case TATU_CERT_ID_AT:
        return give_id(store, asked->ask.a, reply);
    case TATU_CERT_INFO:
        return give_info(store, ids[0], reply);
    }
    return TATU_ERR_UNKNOWN_COMMAND;
}

void tatu_certrequests_init(struct tatu_certrequests *requests, struct tatu_certstore *store,
                            struct tatu_os_loop *loop)
{
    *requests = (struct tatu_certrequests){.store = store, .loop = loop};
    for (size_t i = 0; i < TATU_CERTREQUEST_MAX; i++) {
        requests->pending[i].watch.fd = -1;
    }
}
