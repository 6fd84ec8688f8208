#include "zip.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum {
    LOCAL_MAGIC = 0x04034b50,
    CENTRAL_MAGIC = 0x02014b50,
    END_MAGIC = 0x06054b50,
    LOCAL_LEN = 30,
    CENTRAL_LEN = 46,
    END_LEN = 22,
    VERSION = 20,
    UTF8_NAMES = 0x800,
    FIRST_DAY = 1 << 5 | 1, /* 1980-01-01: the files have no date of their own */
};

static void put(struct tatu_cli_zip *zip, const void *data, size_t len)
{
    zip->failed = zip->failed || fwrite(data, 1, len, zip->file) != len;
    zip->at += (uint32_t)len;
}

enum tatu_err tatu_cli_open_zip(struct tatu_cli *cli, const char *path, struct tatu_cli_zip *out)
{
    *out = (struct tatu_cli_zip){.file = NULL};
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    out->file = fd < 0 ? NULL : fdopen(fd, "wb");
    if (out->file == NULL) {
        return tatu_cli_fail(cli, TATU_ERR_IO, "%s cannot be written: %s; choose another place",
                             path, strerror(errno));
    }
    return TATU_OK;
}

/* What local header and directory have in common: from the version to the length of the name. */
static void fill_common(uint8_t *p, uint32_t crc, uint32_t len, size_t name_len)
{
    tatu_put_le16(p, VERSION);
    tatu_put_le16(p + 2, UTF8_NAMES);
    tatu_put_le16(p + 4, 0); /* stored */
    tatu_put_le16(p + 6, 0);
    tatu_put_le16(p + 8, FIRST_DAY);
    tatu_put_le32(p + 10, crc);
    tatu_put_le32(p + 14, len);
    tatu_put_le32(p + 18, len);
    tatu_put_le16(p + 22, (uint16_t)name_len);
}

void tatu_cli_add_to_zip(struct tatu_cli_zip *zip, const char *name, struct tatu_span bytes)
{
    uint8_t head[LOCAL_LEN] = {0};
    if (zip->count == CLI_ZIP_MEMBER_MAX || strlen(name) >= sizeof(zip->members[0].name) ||
        bytes.len > UINT32_MAX / 2 - zip->at) {
        zip->failed = true;
        return;
    }
    size_t i = zip->count++;
    (void)strcpy(zip->members[i].name, name);
    zip->members[i].crc = tatu_base_crc32(bytes);
    zip->members[i].len = (uint32_t)bytes.len;
    zip->members[i].at = zip->at;
    tatu_put_le32(head, LOCAL_MAGIC);
    fill_common(head + 4, zip->members[i].crc, zip->members[i].len, strlen(name));
    put(zip, head, sizeof(head));
    put(zip, name, strlen(name));
    put(zip, bytes.data, bytes.len);
}

static void put_directory(struct tatu_cli_zip *zip)
{
    const uint32_t start = zip->at;
    for (size_t i = 0; i < zip->count; i++) {
        uint8_t head[CENTRAL_LEN] = {0};
        size_t name_len = strlen(zip->members[i].name);
        tatu_put_le32(head, CENTRAL_MAGIC);
        tatu_put_le16(head + 4, VERSION);
        fill_common(head + 6, zip->members[i].crc, zip->members[i].len, name_len);
        tatu_put_le32(head + 42, zip->members[i].at);
        put(zip, head, sizeof(head));
        put(zip, zip->members[i].name, name_len);
    }
    uint8_t end[END_LEN] = {0};
    tatu_put_le32(end, END_MAGIC);
    tatu_put_le16(end + 8, (uint16_t)zip->count);
    tatu_put_le16(end + 10, (uint16_t)zip->count);
    tatu_put_le32(end + 12, zip->at - start);
    tatu_put_le32(end + 16, start);
    put(zip, end, sizeof(end));
}

enum tatu_err tatu_cli_close_zip(struct tatu_cli *cli, const char *path, struct tatu_cli_zip *zip)
{
    put_directory(zip);
    if (fclose(zip->file) != 0 || zip->failed) {
        (void)unlink(path);
        return tatu_cli_fail(cli, TATU_ERR_IO, "%s cannot be written; look at the disk", path);
    }
    return TATU_OK;
}
