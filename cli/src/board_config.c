#include "board_config.h"

#include <string.h>

enum {
    MAGIC = (int)0xd00dfeed,
    HEAD_LEN = 40,
    VERSION = 17,
    OLDEST = 16,
    BEGIN_NODE = 1,
    END_NODE = 2,
    PROPERTY = 3,
    END = 9,
    MAP_LEN = 16, /* of reserved memory: its end alone */
    TREE_MAX = 1024,
    MAX_HZ = 8000000,
};

static const struct {
    const char *name;
    uint32_t unit;      /* ISU whose SPI master the chip is on */
    uint32_t interrupt; /* GPIO that it pulls */
} presets[] = {
    {"lan-enc28j60-isu0-int5", 0, 5},
    {"lan-enc28j60-isu1-int2", 1, 2},
};

struct tree {
    struct tatu_buf blocks;
    struct tatu_buf names;
    enum tatu_err err;
};

static void put_word(struct tatu_buf *buf, uint32_t word, enum tatu_err *err)
{
    const uint8_t bytes[4] = {(uint8_t)(word >> 24), (uint8_t)(word >> 16), (uint8_t)(word >> 8),
                              (uint8_t)word};
    *err = *err == TATU_OK ? tatu_base_put_bytes(buf, TATU_SPAN_OF(bytes)) : *err;
}

static void put_padded(struct tree *tree, const void *data, size_t len)
{
    static const uint8_t zero[4];
    const struct tatu_span padding = {zero, (4 - len % 4) % 4};
    if (tree->err == TATU_OK) {
        tree->err = tatu_base_put_bytes(&tree->blocks, (struct tatu_span){data, len});
    }
    if (tree->err == TATU_OK) {
        tree->err = tatu_base_put_bytes(&tree->blocks, padding);
    }
}

static void open_node(struct tree *tree, const char *name)
{
    put_word(&tree->blocks, BEGIN_NODE, &tree->err);
    put_padded(tree, name, strlen(name) + 1);
}

static void close_node(struct tree *tree)
{
    put_word(&tree->blocks, END_NODE, &tree->err);
}

static void put_property(struct tree *tree, const char *name, const void *data, size_t len)
{
    put_word(&tree->blocks, PROPERTY, &tree->err);
    put_word(&tree->blocks, (uint32_t)len, &tree->err);
    put_word(&tree->blocks, (uint32_t)tree->names.len, &tree->err);
    put_padded(tree, data, len);
    if (tree->err == TATU_OK) {
        tree->err = tatu_base_put_bytes(
            &tree->names, (struct tatu_span){(const uint8_t *)name, strlen(name) + 1});
    }
}

static void put_text(struct tree *tree, const char *name, const char *text)
{
    put_property(tree, name, text, strlen(text) + 1);
}

static void put_number(struct tree *tree, const char *name, uint32_t number)
{
    uint8_t bytes[4];
    struct tatu_buf buf = TATU_BUF_OF(bytes);
    put_word(&buf, number, &tree->err);
    put_property(tree, name, bytes, sizeof(bytes));
}

static void describe_ethernet(struct tree *tree, uint32_t unit, uint32_t interrupt)
{
    char node[16];
    (void)snprintf(node, sizeof(node), "isu%u", (unsigned)unit);
    open_node(tree, "");
    put_text(tree, "compatible", "tatu,board-config");
    open_node(tree, node);
    put_text(tree, "function", "spi");
    open_node(tree, "ethernet@0");
    put_text(tree, "compatible", "microchip,enc28j60");
    put_number(tree, "reg", 0);
    put_number(tree, "spi-max-frequency", MAX_HZ);
    put_number(tree, "interrupt-gpio", interrupt);
    put_text(tree, "label", "eth0");
    close_node(tree);
    close_node(tree);
    close_node(tree);
    put_word(&tree->blocks, END, &tree->err);
}

static enum tatu_err join(struct tatu_cli *cli, const struct tree *tree, struct tatu_cli_bytes *out)
{
    const uint32_t at = HEAD_LEN + MAP_LEN, names_at = at + (uint32_t)tree->blocks.len;
    const uint32_t total = names_at + (uint32_t)tree->names.len;
    const uint32_t head[] = {(uint32_t)MAGIC,
                             total,
                             at,
                             names_at,
                             HEAD_LEN,
                             VERSION,
                             OLDEST,
                             0,
                             (uint32_t)tree->names.len,
                             (uint32_t)tree->blocks.len};
    enum tatu_err err = tree->err;
    TATU_TRY(tatu_cli_alloc(cli, total, out));
    struct tatu_buf buf = {out->data, 0, total};
    for (size_t i = 0; i < TATU_COUNT_OF(head); i++) {
        put_word(&buf, head[i], &err);
    }
    buf.len += MAP_LEN; /* zero: the end of the map */
    memcpy(buf.data + buf.len, tree->blocks.data, tree->blocks.len);
    memcpy(buf.data + names_at, tree->names.data, tree->names.len);
    return err;
}

enum tatu_err tatu_cli_make_board_config(struct tatu_cli *cli, const char *preset,
                                         struct tatu_cli_bytes *out)
{
    uint8_t blocks[TREE_MAX], names[TREE_MAX];
    for (size_t i = 0; i < TATU_COUNT_OF(presets); i++) {
        if (strcmp(presets[i].name, preset) == 0) {
            struct tree tree = {.blocks = TATU_BUF_OF(blocks), .names = TATU_BUF_OF(names)};
            describe_ethernet(&tree, presets[i].unit, presets[i].interrupt);
            return join(cli, &tree, out);
        }
    }
    return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                         "there is no preset '%s'; give %s or %s, or a file with --input", preset,
                         presets[0].name, presets[1].name);
}

enum tatu_err tatu_cli_check_board_config(struct tatu_cli *cli, const char *path,
                                          struct tatu_span bytes)
{
    static const uint8_t magic[] = {0xd0, 0x0d, 0xfe, 0xed};
    uint32_t total = 0;
    if (bytes.len >= HEAD_LEN) {
        total = (uint32_t)bytes.data[4] << 24 | (uint32_t)bytes.data[5] << 16 |
                (uint32_t)bytes.data[6] << 8 | bytes.data[7];
    }
    if (total != bytes.len || memcmp(bytes.data, magic, sizeof(magic)) != 0) {
        return tatu_cli_fail(cli, TATU_ERR_FORMAT,
                             "%s is no flattened device tree; compile it with dtc", path);
    }
    return TATU_OK;
}
