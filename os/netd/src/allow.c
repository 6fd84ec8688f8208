#include <string.h>

#include "os/netd/netd.h"

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool has_only(const char *text, const char *others)
{
    for (; *text != '\0'; text++) {
        if (!is_letter_or_digit(*text) && strchr(others, *text) == NULL) {
            return false;
        }
    }
    return true;
}

/* Below the root, and nothing in it that leads elsewhere. */
static bool is_cgroup(const char *path)
{
    const size_t root = sizeof(TATU_NETD_CGROUP_ROOT) - 1;
    return strncmp(path, TATU_NETD_CGROUP_ROOT, root) == 0 && path[root] != '\0' &&
           has_only(path, "/-_.") && strstr(path, "..") == NULL && strstr(path, "//") == NULL;
}

/* Takes one NUL-ended text off the front of `in`. */
static enum tatu_err take_text(struct tatu_span *in, char *out, size_t size)
{
    const uint8_t *end = in->len == 0 ? NULL : memchr(in->data, 0, in->len);
    if (end == NULL) {
        return TATU_ERR_SHORT;
    }
    const size_t len = (size_t)(end - in->data) + 1;
    if (len > size) {
        return TATU_ERR_LONG;
    }
    memcpy(out, in->data, len);
    in->data += len;
    in->len -= len;
    return TATU_OK;
}

enum tatu_err tatu_netd_decode_allow(struct tatu_span in, struct tatu_netd_allow *out)
{
    static const char verb[] = "allow ";
    const size_t verb_len = sizeof(verb) - 1;
    struct tatu_netd_allow allow = {.host_count = 0};
    if (in.len < verb_len || memcmp(in.data, verb, verb_len) != 0) {
        return TATU_ERR_UNKNOWN_COMMAND;
    }
    struct tatu_span rest = {in.data + verb_len, in.len - verb_len};
    TATU_TRY(take_text(&rest, allow.cgroup, sizeof(allow.cgroup)));
    if (!is_cgroup(allow.cgroup)) {
        return TATU_ERR_ARGUMENT;
    }
    while (rest.len != 0) {
        if (allow.host_count == TATU_NETD_HOST_COUNT_MAX) {
            return TATU_ERR_LONG;
        }
        char *host = allow.hosts[allow.host_count];
        TATU_TRY(take_text(&rest, host, sizeof(allow.hosts[0])));
        if (host[0] == '\0' || !has_only(host, ".-_:")) {
            return TATU_ERR_FORMAT;
        }
        allow.host_count++;
    }
    *out = allow;
    return TATU_OK;
}
