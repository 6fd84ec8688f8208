#include "names.h"

#include <ctype.h>
#include <string.h>

#include "proto/image.h"

#define SUBSCRIPTION_MAX 64u
#define GROUP_MAX 90u
#define NUMBER_MAX 18u

/* Every character is a letter, a digit or one of `more`; between low and high of them. */
static bool all_of(const char *text, const char *more, size_t low, size_t high)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)text[i]) && strchr(more, text[i]) == NULL) {
            return false;
        }
    }
    return len >= low && len <= high;
}

static bool all_digits(const char *text, int (*is)(int), size_t low, size_t high)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        if (is((unsigned char)text[i]) == 0) {
            return false;
        }
    }
    return len >= low && len <= high;
}

static bool check_sub(const char *text)
{
    return all_of(text, "-", 1, SUBSCRIPTION_MAX);
}

static bool check_rg(const char *text)
{
    return all_of(text, "-_.()", 1, GROUP_MAX) && text[strlen(text) - 1] != '.';
}

static bool check_catalog(const char *text)
{
    return all_of(text, "_-", 1, 50);
}

static bool is_unassigned(const char *text)
{
    return strcmp(text, ".default") == 0 || strcmp(text, ".unassigned") == 0;
}

/* ^[\w][\w\s]{1,48}[\w]$ */
static bool check_product(const char *text)
{
    return is_unassigned(text) ||
           (all_of(text, "_ ", 3, 50) && text[0] != ' ' && text[strlen(text) - 1] != ' ');
}

/* ^[A-Za-z0-9]{1,2}$|^[A-Za-z0-9][A-Za-z0-9\s]{1,48}[A-Za-z0-9]$ */
static bool check_group(const char *text)
{
    return is_unassigned(text) ||
           (all_of(text, " ", 1, 50) && text[0] != ' ' && text[strlen(text) - 1] != ' ');
}

static bool check_device(const char *text)
{
    return all_digits(text, isxdigit, 128, 128);
}

static bool check_guid(const char *text)
{
    uint8_t guid[16];
    return tatu_proto_parse_guid(text, strlen(text), guid) == TATU_OK;
}

static bool check_deployment(const char *text)
{
    return strcmp(text, ".default") == 0 || check_guid(text);
}

static bool check_serial(const char *text)
{
    return strcmp(text, ".default") == 0 || all_digits(text, isxdigit, 1, 40);
}

static bool check_name(const char *text)
{
    return all_of(text, "_-.", 1, 64);
}

static bool check_number(const char *text)
{
    return all_digits(text, isdigit, 1, NUMBER_MAX);
}

static bool check_hex32(const char *text)
{
    return all_digits(text, isxdigit, 32, 32);
}

const struct tatu_http_kind tatu_api_name_kinds[] = {
    {"sub", check_sub},         {"rg", check_rg},         {"catalog", check_catalog},
    {"product", check_product}, {"group", check_group},   {"device", check_device},
    {"guid", check_guid},       {"serial", check_serial}, {"deployment", check_deployment},
    {"name", check_name},       {"number", check_number}, {"hex32", check_hex32},
};
const size_t tatu_api_name_kind_count = TATU_COUNT_OF(tatu_api_name_kinds);

bool tatu_api_check_name(const char *kind, const char *text)
{
    for (size_t i = 0; i < tatu_api_name_kind_count; i++) {
        if (strcmp(tatu_api_name_kinds[i].name, kind) == 0) {
            return tatu_api_name_kinds[i].check(text);
        }
    }
    return false;
}
