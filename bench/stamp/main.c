/* main crash: says when it began, and crashes after a while, again and again.
 * main send PORT: sends to the host, again and again. */
#include <applibs/log.h>
#include <stdlib.h>

#include "pump.h"

#define ALIVE_S 12 /* the board becomes idle in between */
#define PUMPS 5

int main(int argc, char **argv)
{
    const long long began = pump_now_us();

    (void)Log_Debug("main at %lld us\n", began);
    if (argc > 2 && strcmp(argv[1], "send") == 0) {
        for (int i = 0; i < PUMPS; i++) {
            (void)sleep(1);
            (void)pump((unsigned short)atoi(argv[2]), "allowed\n");
        }
        (void)Log_Debug("sent\n");
        for (;;) {
            (void)sleep(1000);
        }
    }
    (void)sleep(ALIVE_S);
    (void)Log_Debug("ends at %lld us\n", pump_now_us());
    abort();
}
