#include "discovery.h"

#include "attached.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

#define DEVICES_PATH "/api/service/devices"

enum {
    LOOK_S = 2,
    IDLE_LOOKS = 3, /* without a board, before it ends */
    HEAD_MAX = 4096,
    ANSWER_S = 5,
};

struct discovery {
    struct tatu_cli *cli;
    struct event_base *base;
    int idle;
};

/* ---- what there is --------------------------------------------------------------------------- */

static enum tatu_err add_board(struct tatu_cli *cli, const struct tatu_board *board, void *context)
{
    (void)cli;
    if (tatu_board_find_process(board) != 0) {
        (void)json_array_append_new(context, json_pack("{s:s, s:s}", "IpAddress", board->address,
                                                       "DeviceConnectionPath", board->dir));
    }
    return TATU_OK;
}

static json_t *list_devices(struct tatu_cli *cli)
{
    json_t *list = json_array();
    if (tatu_cli_each_board(cli, add_board, list) != TATU_OK) {
        cli->failure[0] = '\0';
    }
    return list;
}

/* ---- answering ------------------------------------------------------------------------------- */

/* A page of the web that calls itself by another name for this address learns nothing. */
static bool is_local_name(const char *host)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
    for (size_t i = 0; host != NULL && i < TATU_COUNT_OF(names); i++) {
        size_t len = strlen(names[i]);
        if (strncasecmp(host, names[i], len) == 0 && (host[len] == '\0' || host[len] == ':')) {
            return true;
        }
    }
    return false;
}

static void answer_devices(struct evhttp_request *request, void *context)
{
    struct discovery *discovery = context;
    const char *host = evhttp_find_header(evhttp_request_get_input_headers(request), "Host");
    if (!is_local_name(host)) {
        evhttp_send_error(request, 403, "Forbidden");
        return;
    }
    json_auto_t *list = list_devices(discovery->cli);
    char *text = json_dumps(list, JSON_COMPACT);
    struct evbuffer *body = evbuffer_new();
    if (text == NULL || body == NULL || evbuffer_add(body, text, strlen(text)) != 0) {
        evhttp_send_error(request, 500, "Internal Server Error");
    } else {
        (void)evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
                                "application/json");
        evhttp_send_reply(request, 200, "OK", body);
    }
    if (body != NULL) {
        evbuffer_free(body);
    }
    free(text);
}

static void answer_other(struct evhttp_request *request, void *context)
{
    (void)context;
    evhttp_send_error(request, 404, "Not Found");
}

/* ---- its life -------------------------------------------------------------------------------- */

static void look(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct discovery *discovery = context;
    json_auto_t *list = list_devices(discovery->cli);
    discovery->idle = json_array_size(list) > 0 ? 0 : discovery->idle + 1;
    if (discovery->idle >= IDLE_LOOKS) {
        (void)event_base_loopbreak(discovery->base);
    }
}

static bool listen_on(struct evhttp *http, uint16_t port)
{
    if (evhttp_bind_socket_with_handle(http, "127.0.0.1", port) == NULL) {
        return false;
    }
    (void)evhttp_bind_socket_with_handle(http, "::1", port); /* a host need not have IPv6 */
    return true;
}

static enum tatu_err run(struct discovery *discovery, struct evhttp *http, uint16_t port)
{
    const struct timeval every = {LOOK_S, 0};
    struct event *timer = event_new(discovery->base, -1, EV_PERSIST, look, discovery);
    evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
    evhttp_set_max_headers_size(http, HEAD_MAX);
    evhttp_set_max_body_size(http, 0);
    evhttp_set_timeout(http, ANSWER_S);
    evhttp_set_gencb(http, answer_other, NULL);
    if (timer == NULL || event_add(timer, &every) != 0 ||
        evhttp_set_cb(http, DEVICES_PATH, answer_devices, discovery) != 0) {
        return TATU_ERR_MEMORY;
    }
    if (!listen_on(http, port)) {
        event_free(timer);
        return tatu_cli_fail(discovery->cli, TATU_ERR_BUSY,
                             "port %u of the loopback is in use: %s; another discovery service "
                             "answers there",
                             (unsigned)port, strerror(errno));
    }
    (void)event_base_dispatch(discovery->base);
    event_free(timer);
    return TATU_OK;
}

enum tatu_err tatu_cli_serve_discovery(struct tatu_cli *cli, uint16_t port)
{
    struct discovery discovery = {.cli = cli, .base = event_base_new()};
    struct evhttp *http = discovery.base == NULL ? NULL : evhttp_new(discovery.base);
    (void)signal(SIGPIPE, SIG_IGN);
    enum tatu_err err = http == NULL ? TATU_ERR_MEMORY : run(&discovery, http, port);
    if (http != NULL) {
        evhttp_free(http);
    }
    if (discovery.base != NULL) {
        event_base_free(discovery.base);
    }
    return err;
}

uint16_t tatu_cli_discovery_port(const struct tatu_cli *cli)
{
    const char *named = cli->around->discovery;
    if (named == NULL || *named == '\0') {
        return CLI_DISCOVERY_PORT;
    }
    long port = strtol(named, NULL, 10); /* "off" is 0 */
    return port > 0 && port <= UINT16_MAX ? (uint16_t)port : 0;
}

void tatu_cli_start_discovery(struct tatu_cli *cli)
{
    static char name[] = "tatu", verb[] = "discovery";
    char *const argv[] = {name, verb, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t pid;
    if (tatu_cli_discovery_port(cli) == 0 || cli->around->self == NULL ||
        posix_spawn_file_actions_init(&actions) != 0) {
        return;
    }
    /* a session of its own: it lives as long as a board, not as long as this terminal */
    if (posix_spawnattr_init(&attributes) == 0) {
        (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
        for (int fd = 0; fd < 3; fd++) {
            (void)posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
        }
        (void)posix_spawn(&pid, cli->around->self, &actions, &attributes, argv, environ);
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
}
