/* tatu discovery: tells tools of the original which devices are attached. */
#include "discovery.h"

static enum tatu_err discovery(struct tatu_cli *cli)
{
    const char *named = tatu_cli_option(cli, "--port");
    uint64_t port = tatu_cli_discovery_port(cli);
    if (named != NULL) {
        TATU_TRY(tatu_cli_read_number(cli, "--port", named, 1, UINT16_MAX, &port));
    }
    if (port == 0) {
        return tatu_cli_fail(cli, TATU_ERR_STATE,
                             "TATU_DISCOVERY says that it is off; unset it, or give --port");
    }
    return tatu_cli_serve_discovery(cli, (uint16_t)port);
}

static const struct tatu_cli_option options[] = {
    {"--port", CLI_OPTIONAL, "PORT", "of the loopback; 48938", NULL},
};

static const struct tatu_cli_command commands[] = {
    {.words = "discovery",
     CLI_OPTIONS(options),
     .run = discovery,
     .summary = "Serve http://localhost:48938/api/service/devices as long as a board runs"},
};
CLI_CHAPTER(tatu_cli_discovery, commands);
