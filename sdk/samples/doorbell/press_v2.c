#include "press.h"

#include <stddef.h>

struct chime {
    const char *name;
    int longest_ms;
    int played;
};

static struct chime chimes[] = {
    {"ding", 500, 0},
    {"ding-dong", 1500, 0},
};
static struct chime longest = {"ding-dong-ding", 0, 0};

static struct chime *find_chime(int duration_ms)
{
    for (size_t i = 0; i < sizeof(chimes) / sizeof(chimes[0]); i++) {
        if (duration_ms <= chimes[i].longest_ms) {
            return &chimes[i];
        }
    }
    return &longest;
}

const char *press_choose_chime(int duration_ms)
{
    struct chime *chime = find_chime(duration_ms);
    chime->played++;
    return chime->name;
}
