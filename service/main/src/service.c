#include "service.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "service/api/api.h"
#include "service/crypto/crypto.h"
#include "service/http/http.h"
#include "service/images/images.h"
#include "service/json/json.h"

struct service {
    const struct options *options;
    struct tatu_arena arena;
    struct tatu_store *store;
    struct tatu_identity *identity;
    struct tatu_api *api;
    struct tatu_http_server *server;
    char bound[TATU_API_SIDE_COUNT][TATU_HTTP_ADDRESS_SIZE];
    const char *what; /* the step in hand, for the one line that says what failed */
};

static int complain(const struct service *service, enum tatu_err err)
{
    (void)fprintf(stderr, "tatu-service: %s: %s (%s)\n", service->what, tatu_err_text(err),
                  tatu_err_name(err));
    return 1;
}

static enum tatu_err open_store(struct service *service)
{
    service->what = tatu_arena_format(&service->arena, "data folder %s", service->options->data);
    enum tatu_err err = tatu_store_open(service->options->data, &service->store);
    if (err == TATU_ERR_BUSY) {
        service->what = tatu_arena_format(
            &service->arena, "another service runs on the data folder %s", service->options->data);
    }
    if (err == TATU_ERR_DENIED) {
        service->what = tatu_arena_format(
            &service->arena, "data folder %s must belong to this user and to nobody else (0700)",
            service->options->data);
    }
    return err;
}

/* A clock that went back is told, and refuses what is dated; the operator can still read. */
static enum tatu_err check_clock(struct service *service)
{
    const int64_t now_s = (int64_t)time(NULL);
    service->what = "clock";
    if (service->options->accept_clock) {
        return tatu_store_accept_clock(service->store, now_s);
    }
    const enum tatu_err err = tatu_store_check_clock(service->store, now_s);
    if (err == TATU_ERR_CLOCK) {
        (void)fputs("tatu-service: the clock is before the latest time this folder knew; devices "
                    "are refused until it is right (or start with --accept-clock)\n",
                    stderr);
        return TATU_OK;
    }
    return err;
}

static enum tatu_err open_identity(struct service *service)
{
    const struct tatu_call call = {service->store, &service->arena, "service", (int64_t)time(NULL)};
    char token[TATU_TOKEN_TEXT_SIZE];
    bool made = false;
    service->what = "keys";
    TATU_TRY(tatu_identity_open(service->store, service->options->hosts,
                                service->options->host_count, call.now_s, &service->identity));
    service->what = "operator token";
    TATU_TRY(tatu_identity_first_token(&call, token, &made));
    if (made) {
        (void)printf("operator token (shown once): %s\n", token);
        tatu_base_wipe(token, sizeof(token));
    }
    tatu_images_clean(&call);
    return TATU_OK;
}

static enum tatu_err listen_one(struct service *service, enum tatu_api_side side,
                                const char *address, const struct tatu_http_tls *tls)
{
    const struct tatu_http_listener listener = {
        .address = address,
        .tls = *tls,
        .site = tatu_api_site(service->api, side),
        .body_max = tatu_api_body_max(side),
    };
    service->what = tatu_arena_format(&service->arena, "address %s", address);
    enum tatu_err err = tatu_http_listen(service->server, &listener, service->bound[side]);
    if (err == TATU_ERR_BUSY) {
        service->what =
            tatu_arena_format(&service->arena, "address %s is used by another program", address);
    }
    return err;
}

static enum tatu_err listen_all(struct service *service)
{
    const struct tatu_identity_facts *facts = tatu_identity_facts(service->identity);
    uint8_t room[TATU_KEY_DER_MAX];
    struct tatu_buf key = TATU_BUF_OF(room);
    service->what = "TLS key";
    TATU_TRY(tatu_crypto_encode_key(tatu_identity_tls_key(service->identity), &key));
    struct tatu_http_tls open = {
        facts->tls_certificate, facts->root_certificate, {key.data, key.len}, {NULL, 0}};
    struct tatu_http_tls update = open;
    update.client_ca = facts->update_certificate;
    enum tatu_err err =
        listen_one(service, TATU_API_OPERATOR, service->options->operator_address, &open);
    if (err == TATU_OK) {
        err = listen_one(service, TATU_API_FRONT, service->options->front_address, &open);
    }
    if (err == TATU_OK) {
        err = listen_one(service, TATU_API_UPDATE, service->options->update_address, &update);
    }
    tatu_base_wipe(room, sizeof(room));
    return err;
}

/* Tells other programs, in one step, where this service is. */
static enum tatu_err announce(struct service *service)
{
    struct tatu_json_writer json;
    tatu_json_start(&json, &service->arena);
    tatu_json_open_object(&json, NULL);
    tatu_json_put_text(&json, "operator", service->bound[TATU_API_OPERATOR]);
    tatu_json_put_text(&json, "front", service->bound[TATU_API_FRONT]);
    tatu_json_put_text(&json, "update", service->bound[TATU_API_UPDATE]);
    tatu_json_put_int(&json, "pid", (int64_t)getpid());
    tatu_json_close_object(&json);
    service->what = "service.json";
    TATU_TRY(tatu_store_replace_file(service->store, "service.json", tatu_json_finish(&json)));
    (void)printf("tatu-service ready: operator %s, front %s, update %s\n",
                 service->bound[TATU_API_OPERATOR], service->bound[TATU_API_FRONT],
                 service->bound[TATU_API_UPDATE]);
    (void)fflush(stdout);
    return TATU_OK;
}

static enum tatu_err run(struct service *service, const char *program)
{
    TATU_TRY(open_store(service));
    TATU_TRY(check_clock(service));
    TATU_TRY(open_identity(service));
    const struct tatu_api_options api = {service->store, service->identity, program};
    service->what = "start";
    TATU_TRY(tatu_api_open(&api, &service->api));
    TATU_TRY(tatu_http_open(&service->server));
    TATU_TRY(listen_all(service));
    TATU_TRY(announce(service));
    service->what = "event loop";
    return tatu_http_run(service->server);
}

int service_run(const struct options *options, const char *program)
{
    struct service service = {.options = options};
    tatu_arena_init(&service.arena);
    enum tatu_err err = run(&service, program);
    int status = err == TATU_OK ? 0 : complain(&service, err);
    tatu_http_close(service.server);
    if (service.bound[TATU_API_UPDATE][0] != 0) {
        tatu_store_remove_file(service.store, "service.json");
    }
    tatu_api_close(service.api);
    tatu_identity_close(service.identity);
    tatu_store_close(service.store);
    tatu_arena_done(&service.arena);
    return status;
}
