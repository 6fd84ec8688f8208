#include "names.h"

#include <ctype.h>
#include <string.h>

const char *tatu_fleet_fold_name(struct tatu_arena *arena, const char *name)
{
    char *folded = tatu_arena_copy_text(arena, name, strlen(name));
    for (char *at = folded; *at != 0; at++) {
        *at = (char)tolower((unsigned char)*at);
    }
    return folded;
}

bool tatu_fleet_is_unassigned(const char *name)
{
    return strcmp(name, ".default") == 0 || strcmp(name, ".unassigned") == 0;
}
