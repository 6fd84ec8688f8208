/* main ROLE [STRANGER STRANGER_PORT FRIEND_PORT] */
#include <applibs/log.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parts.h"

static void attack(const struct network_targets *targets)
{
    peripherals_tell_certificate(); /* from then on it has all that an application has */
    calls_attack();
    files_attack();
    memory_attack();
    peripherals_attack();
    requests_attack();
    storage_attack();
    network_attack(targets);
}

int main(int argc, char **argv)
{
    const char *role = argc > 1 ? argv[1] : "";
    struct network_targets targets = {0};
    if (argc > 4) {
        targets =
            (struct network_targets){argv[2], (uint16_t)atoi(argv[3]), (uint16_t)atoi(argv[4])};
    }
    if (strcmp(role, "attack") == 0) {
        attack(&targets);
        (void)Log_Debug("attacks are over\n");
        hunger_hammer();
    } else if (strcmp(role, "peer") == 0) {
        peripherals_tell_certificate();
        network_serve_peer(&targets);
    } else if (strcmp(role, "stack") == 0) {
        memory_attack_stack();
    } else if (strcmp(role, "flood") == 0) {
        hunger_flood();
    } else if (strcmp(role, "glutton") == 0) {
        hunger_attack();
    } else if (strcmp(role, "beat") == 0) {
        beat_keep();
    } else if (strcmp(role, "keeper") == 0) {
        keeper_keep();
    } else if (strncmp(role, "take-", 5) == 0) {
        hunger_take(role + 5);
    } else {
        (void)Log_Debug("runs without a role\n");
    }
    for (;;) {
        (void)pause();
    }
}
