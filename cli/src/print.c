#include "print.h"

#include <stdlib.h>
#include <string.h>

enum {
    CELL_MAX = 400,
    COLUMN_MAX = 8,
    NAME_MAX_LEN = 64,
};

struct column {
    char path[NAME_MAX_LEN];
    const char *title; /* last name of the path */
    size_t width;
};

/* Length of the UTF-8 sequence at text, 0 when it is none. C1 controls (U+0080..9F) are none. */
static size_t sequence_len(const unsigned char *text)
{
    if (text[0] >= 0x20 && text[0] < 0x7f) {
        return 1;
    }
    if (text[0] == 0xc2) {
        return text[1] >= 0xa0 && text[1] < 0xc0 ? 2 : 0;
    }
    size_t len = text[0] >= 0xc3 && text[0] < 0xe0   ? 2
                 : text[0] >= 0xe0 && text[0] < 0xf0 ? 3
                 : text[0] >= 0xf0 && text[0] < 0xf5 ? 4
                                                     : 0;
    for (size_t i = 1; i < len; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return len;
}

void tatu_cli_escape(const char *text, char *out, size_t cap)
{
    size_t at = 0;
    while (*text != '\0') {
        size_t len = sequence_len((const unsigned char *)text);
        if (at + (len > 0 ? len : 1) >= cap) {
            break;
        }
        if (len == 0) {
            out[at++] = '?';
            text++;
            continue;
        }
        memcpy(out + at, text, len);
        at += len;
        text += len;
    }
    out[at] = '\0';
}

json_t *tatu_cli_find(json_t *json, const char *path)
{
    while (json != NULL && *path != '\0') {
        char name[NAME_MAX_LEN];
        size_t len = strcspn(path, ".");
        if (len >= sizeof(name)) {
            return NULL;
        }
        memcpy(name, path, len);
        name[len] = '\0';
        json = json_object_get(json, name);
        path += len + (path[len] == '.');
    }
    return json;
}

static void format_cell(json_t *value, char out[CELL_MAX])
{
    if (value == NULL || json_is_null(value)) {
        (void)strcpy(out, "-");
    } else if (json_is_string(value)) {
        tatu_cli_escape(json_string_value(value), out, CELL_MAX);
    } else {
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        tatu_cli_escape(text == NULL ? "-" : text, out, CELL_MAX);
        free(text);
    }
}

static size_t read_columns(const char *columns, struct column *out)
{
    size_t count = 0;
    while (*columns != '\0' && count < COLUMN_MAX) {
        size_t len = strcspn(columns, ",");
        struct column *column = &out[count];
        if (len >= sizeof(column->path)) {
            return count;
        }
        memcpy(column->path, columns, len);
        column->path[len] = '\0';
        const char *dot = strrchr(column->path, '.');
        column->title = dot == NULL ? column->path : dot + 1;
        column->width = strlen(column->title);
        count++;
        columns += len + (columns[len] == ',');
    }
    return count;
}

static void print_row(FILE *out, const struct column *columns, size_t count, json_t *row)
{
    for (size_t i = 0; i < count; i++) {
        char cell[CELL_MAX];
        if (row == NULL) {
            (void)snprintf(cell, sizeof(cell), "%s", columns[i].title);
        } else {
            format_cell(tatu_cli_find(row, columns[i].path), cell);
        }
        bool last = i + 1 == count;
        (void)fprintf(out, "%-*s%s", last ? 0 : (int)columns[i].width, cell, last ? "\n" : "  ");
    }
}

static void print_table(FILE *out, json_t *rows, const char *names)
{
    struct column columns[COLUMN_MAX];
    size_t count = read_columns(names, columns);
    size_t index;
    json_t *row;
    json_array_foreach(rows, index, row)
    {
        for (size_t i = 0; i < count; i++) {
            char cell[CELL_MAX];
            format_cell(tatu_cli_find(row, columns[i].path), cell);
            size_t width = strlen(cell);
            columns[i].width = width > columns[i].width ? width : columns[i].width;
        }
    }
    print_row(out, columns, count, NULL);
    json_array_foreach(rows, index, row)
    {
        print_row(out, columns, count, row);
    }
}

static void print_lines(FILE *out, json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        if (strcmp(key, "properties") == 0 && json_is_object(value)) {
            const char *inner;
            json_t *inner_value;
            json_object_foreach(value, inner, inner_value)
            {
                char cell[CELL_MAX];
                format_cell(inner_value, cell);
                (void)fprintf(out, "%s: %s\n", inner, cell);
            }
            continue;
        }
        char cell[CELL_MAX];
        format_cell(value, cell);
        (void)fprintf(out, "%s: %s\n", key, cell);
    }
}

void tatu_cli_print(FILE *out, json_t *result, bool as_json, const char *columns)
{
    if (as_json) {
        (void)json_dumpf(result, out, JSON_INDENT(2) | JSON_ENCODE_ANY);
        (void)fprintf(out, "\n");
    } else if (json_is_array(result) && columns != NULL) {
        print_table(out, result, columns);
    } else if (json_is_object(result)) {
        print_lines(out, result);
    } else {
        (void)json_dumpf(result, out, JSON_INDENT(2) | JSON_ENCODE_ANY);
        (void)fprintf(out, "\n");
    }
}
