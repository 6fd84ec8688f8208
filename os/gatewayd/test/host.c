/* The server itself over the world of the tests, on a port of this host, for test/api_test.py:
 *   host FOLDER [option...]    options: capable, new (not complete), ota
 * Prints the port; ends with its standard input. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/capability.h"
#include "server.h"
#include "world.h"

static void on_input(struct tatu_os_watch *watch, uint32_t events)
{
    char line[64];
    (void)events;
    if (read(watch->fd, line, sizeof(line)) <= 0) {
        tatu_os_stop_loop(watch->context);
    }
}

static void print_port(int fd)
{
    struct sockaddr_in6 here;
    socklen_t len = sizeof(here);
    if (getsockname(fd, (struct sockaddr *)&here, &len) == 0) {
        (void)printf("%u\n", ntohs(here.sin6_port));
        (void)fflush(stdout);
    }
}

static void print_capability(const struct world *world)
{
    uint8_t file[WORLD_CAPABILITY_SIZE];
    char text[2 * WORLD_CAPABILITY_SIZE + 1];
    world_make_capability(world, TATU_CAPABILITY_BIT(TATU_CAPABILITY_FIELD_SERVICING), file);
    tatu_base_encode_hex(TATU_SPAN_OF(file), text);
    (void)printf("%s\n", text);
}

int main(int argc, char **argv)
{
    static struct world world;
    static struct tatu_server server;
    static char identity[200];
    static struct tatu_os_loop loop;
    struct tatu_server_setup setup = {
        .name = "test.devices.tatu.local", .port = 0, .identity_path = identity};
    if (argc < 2) {
        return 2;
    }
    world_init(&world, argv[1]);
    (void)snprintf(identity, sizeof(identity), "%s/server", argv[1]);
    for (int i = 2; i < argc; i++) {
        world.stored |= strcmp(argv[i], "capable") == 0
                            ? TATU_CAPABILITY_BIT(TATU_CAPABILITY_APP_DEVELOPMENT)
                            : 0;
        world.lifecycle = strcmp(argv[i], "new") == 0 ? 1 : world.lifecycle;
        world.ota = world.ota || strcmp(argv[i], "ota") == 0;
    }
    struct tatu_os_watch input = {.ready = on_input, .context = &loop, .fd = STDIN_FILENO};
    if (tatu_os_init_loop(&loop) != TATU_OK ||
        tatu_os_add_watch(&loop, &input, EPOLLIN) != TATU_OK ||
        tatu_gatewayd_start_server(&server, &loop, &world.gateway, &setup) != TATU_OK) {
        return 1;
    }
    print_capability(&world);
    print_port(server.watch.fd);
    return tatu_os_run_loop(&loop) == TATU_OK ? 0 : 1;
}
