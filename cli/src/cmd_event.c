/* tatu event: what devices reported and what the service noticed. */
#include "filter.h"

static enum tatu_err list(struct tatu_cli *cli)
{
    return tatu_cli_give_filtered(cli, "events");
}

static const struct tatu_cli_option list_options[] = {
    {"--device", CLI_OPTIONAL, "ID", "of this device only"},
};

static const struct tatu_cli_command commands[] = {
    {.words = "event list",
     CLI_FILTERED,
     CLI_OPTIONS(list_options),
     .run = list,
     .columns = "occurredAt,kind,codeName,text,deviceId",
     .summary = "List events, newest first"},
};
CLI_CHAPTER(tatu_cli_event, commands);
