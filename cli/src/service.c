#include "service.h"

#include "config.h"
#include "print.h"

#include <stdlib.h>
#include <string.h>

#define API_VERSION "2024-04-01"

enum {
    URL_MAX = 4096,
    CALL_TIMEOUT_S = 60,
    PAGE_MAX = 10000, /* a service that never ends its list is wrong */
};

struct endpoint {
    const char *service;
    const char *token;
    const char *ca_pem;
};

static enum tatu_err find_endpoint(struct tatu_cli *cli, struct endpoint *out)
{
    TATU_TRY(tatu_cli_load_config(cli));
    struct endpoint endpoint = {
        json_string_value(json_object_get(cli->config, "service")),
        json_string_value(json_object_get(cli->config, "token")),
        json_string_value(json_object_get(cli->config, "ca")),
    };
    if (endpoint.service == NULL || endpoint.token == NULL || endpoint.ca_pem == NULL) {
        return tatu_cli_fail(
            cli, TATU_ERR_STATE,
            "no service is known here; run 'tatu login --service URL --token-file F "
            "--ca F' first");
    }
    *out = endpoint;
    return TATU_OK;
}

/* One step of a path: fixed text, then the name of a place. */
struct level {
    const char *head;
    enum tatu_cli_place place;
    enum tatu_cli_scope depth;
};

static enum tatu_err put_levels(struct tatu_cli *cli, const struct level *levels, size_t count,
                                enum tatu_cli_scope depth, char path[CLI_PATH_LEN_MAX])
{
    path[0] = '\0';
    for (size_t i = 0; i < count && depth >= levels[i].depth; i++) {
        size_t at = strlen(path);
        (void)snprintf(path + at, CLI_PATH_LEN_MAX - at, "%s", levels[i].head);
        TATU_TRY(tatu_cli_put_segment(cli, cli->places[levels[i].place], path, CLI_PATH_LEN_MAX));
    }
    return TATU_OK;
}

enum tatu_err tatu_cli_arm_path(struct tatu_cli *cli, enum tatu_cli_scope depth, const char *tail,
                                char out[CLI_PATH_LEN_MAX])
{
    static const struct level levels[] = {
        {"/subscriptions/", CLI_SUBSCRIPTION, CLI_SCOPE_GROUP},
        {"/resourceGroups/", CLI_RESOURCE_GROUP, CLI_SCOPE_GROUP},
        {"/providers/Microsoft.AzureSphere/catalogs/", CLI_CATALOG, CLI_SCOPE_CATALOG},
        {"/products/", CLI_PRODUCT, CLI_SCOPE_PRODUCT},
        {"/deviceGroups/", CLI_DEVICE_GROUP, CLI_SCOPE_DEVICE_GROUP},
    };
    char path[CLI_PATH_LEN_MAX];
    TATU_TRY(put_levels(cli, levels, TATU_COUNT_OF(levels), depth, path));
    size_t at = strlen(path);
    int len = tail == NULL ? 0 : snprintf(path + at, sizeof(path) - at, "/%s", tail);
    if (len < 0 || at + (size_t)len >= sizeof(path)) {
        return tatu_cli_fail(cli, TATU_ERR_LONG, "a name is too long; use a shorter one");
    }
    memcpy(out, path, sizeof(path));
    return TATU_OK;
}

enum tatu_err tatu_cli_own_path(struct tatu_cli *cli, enum tatu_cli_scope depth,
                                char out[CLI_PATH_LEN_MAX])
{
    static const struct level levels[] = {
        {"/tatu/v1/catalogs/", CLI_RESOURCE_GROUP, CLI_SCOPE_GROUP},
        {"/", CLI_CATALOG, CLI_SCOPE_CATALOG},
        {"/products/", CLI_PRODUCT, CLI_SCOPE_PRODUCT},
        {"/deviceGroups/", CLI_DEVICE_GROUP, CLI_SCOPE_DEVICE_GROUP},
        {"?subscription=", CLI_SUBSCRIPTION, CLI_SCOPE_GROUP},
    };
    return put_levels(cli, levels, TATU_COUNT_OF(levels), depth, out);
}

static enum tatu_err make_url(struct tatu_cli *cli, const char *service, const char *path,
                              char *out)
{
    bool arm = strncmp(path, "/tatu/", 6) != 0;
    const char *version = strstr(path, "api-version=") != NULL || !arm ? ""
                          : strchr(path, '?') != NULL                  ? "&api-version=" API_VERSION
                                                      : "?api-version=" API_VERSION;
    int len = snprintf(out, URL_MAX, "%s%s%s", service, path, version);
    if (len < 0 || len >= URL_MAX) {
        return tatu_cli_fail(cli, TATU_ERR_LONG, "a name is too long; use a shorter one");
    }
    return TATU_OK;
}

static const char *next_step(long status)
{
    return status == 401   ? "log in again with a fresh token"
           : status == 403 ? "give the proof it asks for"
           : status == 404 ? "see what there is with the 'list' commands"
           : status == 409 ? "look at what is there with the 'show' commands"
           : status == 413 ? "make it smaller"
           : status == 507 ? "give the service's disk room, then try again"
           : status >= 500 ? "try again; the service's log says more"
                           : "correct the command and run it again";
}

static enum tatu_err kind_of(long status)
{
    return status == 401 || status == 403   ? TATU_ERR_DENIED
           : status == 404                  ? TATU_ERR_NOT_FOUND
           : status == 409                  ? TATU_ERR_EXISTS
           : status == 400 || status == 413 ? TATU_ERR_ARGUMENT
                                            : TATU_ERR_REJECTED;
}

enum tatu_err tatu_cli_tell_status(struct tatu_cli *cli, const char *who,
                                   const struct tatu_cli_answer *answer)
{
    json_auto_t *json =
        json_loadb((const char *)answer->body.data, answer->body.len, JSON_REJECT_DUPLICATES, NULL);
    const char *code = json_string_value(tatu_cli_find(json, "error.code"));
    const char *message = json_string_value(tatu_cli_find(json, "error.message"));
    enum tatu_err err = kind_of(answer->status);
    if (code == NULL || message == NULL) {
        return tatu_cli_fail(cli, err, "%s answered with status %ld; %s", who, answer->status,
                             next_step(answer->status));
    }
    size_t len = strlen(message);
    while (len > 0 && (message[len - 1] == '.' || message[len - 1] == ';')) {
        len--;
    }
    (void)tatu_cli_fail(cli, err, "%.*s; %s", (int)(len < 400 ? len : 400), message,
                        next_step(answer->status));
    tatu_cli_escape(code, cli->failure_name, sizeof(cli->failure_name));
    return err;
}

static enum tatu_err read_answer(struct tatu_cli *cli, const char *url,
                                 const struct tatu_cli_answer *answer, json_t **out)
{
    if (answer->status < 200 || answer->status > 299) {
        return tatu_cli_tell_status(cli, "the service", answer);
    }
    if (out == NULL) {
        return TATU_OK;
    }
    if (answer->body.len == 0) {
        *out = json_null();
        return TATU_OK;
    }
    json_t *json = json_loadb((const char *)answer->body.data, answer->body.len,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    if (json == NULL) {
        return tatu_cli_fail(cli, TATU_ERR_FORMAT,
                             "%s answered what is not JSON; check the address", url);
    }
    *out = json;
    return TATU_OK;
}

static enum tatu_err call_endpoint(struct tatu_cli *cli, const struct endpoint *endpoint,
                                   const char *method, const char *path, struct tatu_span body,
                                   const char *content_type, json_t **out)
{
    char url[URL_MAX];
    TATU_TRY(make_url(cli, endpoint->service, path, url));
    struct tatu_cli_request request = {
        .method = method,
        .url = url,
        .token = endpoint->token,
        .ca_pem = endpoint->ca_pem,
        .content_type = content_type,
        .body = body,
        .timeout_s = CALL_TIMEOUT_S,
    };
    struct tatu_cli_answer answer;
    TATU_TRY(tatu_cli_exchange(cli, &request, &answer));
    enum tatu_err err = read_answer(cli, url, &answer, out);
    tatu_cli_free_bytes(&answer.body);
    return err;
}

enum tatu_err tatu_cli_call(struct tatu_cli *cli, const char *method, const char *path,
                            json_t *body, json_t **out)
{
    char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
    bool lost = body != NULL && text == NULL;
    json_decref(body);
    struct endpoint endpoint;
    enum tatu_err err = lost ? TATU_ERR_MEMORY : find_endpoint(cli, &endpoint);
    if (err == TATU_OK) {
        struct tatu_span span = {(const uint8_t *)text, text == NULL ? 0 : strlen(text)};
        err = call_endpoint(cli, &endpoint, method, path, span, "application/json", out);
    }
    free(text);
    return err;
}

enum tatu_err tatu_cli_send(struct tatu_cli *cli, const char *method, const char *path,
                            struct tatu_span body, json_t **out)
{
    struct endpoint endpoint;
    TATU_TRY(find_endpoint(cli, &endpoint));
    return call_endpoint(cli, &endpoint, method, path, body, "application/octet-stream", out);
}

enum tatu_err tatu_cli_probe(struct tatu_cli *cli, const char *service, const char *token,
                             const char *ca_pem, const char *path, json_t **out)
{
    struct endpoint endpoint = {service, token, ca_pem};
    return call_endpoint(cli, &endpoint, "GET", path, (struct tatu_span){NULL, 0},
                         "application/json", out);
}

/* The next page is only fetched from the service itself: the token goes nowhere else. */
static enum tatu_err take_next_link(struct tatu_cli *cli, const char *link, char *path)
{
    struct endpoint endpoint;
    TATU_TRY(find_endpoint(cli, &endpoint));
    size_t len = strlen(endpoint.service);
    if (link[0] != '/' && (strncmp(link, endpoint.service, len) != 0 || link[len] != '/')) {
        return tatu_cli_fail(cli, TATU_ERR_REJECTED,
                             "the service points to another server for the "
                             "rest of the list; log in with the address it calls itself");
    }
    const char *rest = link[0] == '/' ? link : link + len;
    if (strlen(rest) >= CLI_PATH_LEN_MAX) {
        return tatu_cli_fail(cli, TATU_ERR_LONG,
                             "the service's link to the next page is too long; "
                             "look at the service's version");
    }
    memmove(path, rest, strlen(rest) + 1);
    return TATU_OK;
}

static enum tatu_err add_page(struct tatu_cli *cli, json_t *page, json_t *all)
{
    json_t *value = json_object_get(page, "value");
    if (!json_is_array(value)) {
        return tatu_cli_fail(cli, TATU_ERR_FORMAT,
                             "the service's list is none; look at the service's "
                             "version");
    }
    return json_array_extend(all, value) == 0 ? TATU_OK : TATU_ERR_MEMORY;
}

enum tatu_err tatu_cli_list(struct tatu_cli *cli, const char *method, const char *path,
                            json_t **out)
{
    char next[CLI_PATH_LEN_MAX];
    (void)snprintf(next, sizeof(next), "%s", path);
    json_auto_t *all = json_array();
    for (int page_count = 0; page_count < PAGE_MAX; page_count++) {
        json_auto_t *page = NULL;
        json_t *body = strcmp(method, "POST") == 0 ? json_object() : NULL;
        TATU_TRY(tatu_cli_call(cli, method, next, body, &page));
        TATU_TRY(add_page(cli, page, all));
        const char *link = json_string_value(json_object_get(page, "nextLink"));
        if (link == NULL) {
            *out = json_incref(all);
            return TATU_OK;
        }
        TATU_TRY(take_next_link(cli, link, next));
    }
    return tatu_cli_fail(cli, TATU_ERR_LONG, "the service's list does not end; look at its log");
}

enum tatu_err tatu_cli_give_list(struct tatu_cli *cli, const char *method,
                                 enum tatu_cli_scope depth, const char *tail)
{
    char path[CLI_PATH_LEN_MAX];
    json_t *list = NULL;
    TATU_TRY(tatu_cli_arm_path(cli, depth, tail, path));
    TATU_TRY(tatu_cli_list(cli, method, path, &list));
    return tatu_cli_give(cli, list);
}

enum tatu_err tatu_cli_give_call(struct tatu_cli *cli, const char *method,
                                 enum tatu_cli_scope depth, const char *tail, json_t *body)
{
    char path[CLI_PATH_LEN_MAX];
    json_t *answer = NULL;
    enum tatu_err err = tatu_cli_arm_path(cli, depth, tail, path);
    if (err != TATU_OK) {
        json_decref(body);
        return err;
    }
    TATU_TRY(tatu_cli_call(cli, method, path, body, &answer));
    return tatu_cli_give(cli, answer);
}
