#include "cli/cli.h"

#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char self[4096];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[len > 0 ? len : 0] = '\0';
    struct tatu_cli_surroundings around = {
        .config = getenv("TATU_CONFIG"),
        .home = getenv("HOME"),
        .chip = getenv("TATU_QEMU"),
        .epoch = getenv("SOURCE_DATE_EPOCH"),
        .self = self,
        .discovery = getenv("TATU_DISCOVERY"),
    };
    return tatu_cli_run(argc, argv, &around, stdout, stderr);
}
