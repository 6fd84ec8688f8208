#include <string.h>

#include "os/manifest/admission.h"
#include "proto/asxipfs.h"

#define MANIFEST_FILE "app_manifest.json"

/* ---- the entry point: as much of ELF as says what it needs to start ---- */

#define ELF_HEADER_SIZE 52u
#define ELF_TYPE_AT 16u
#define ELF_MACHINE_AT 18u
#define ELF_SEGMENTS_AT 28u
#define ELF_SEGMENT_SIZE_AT 42u
#define ELF_SEGMENT_COUNT_AT 44u
#define ELF_SEGMENT_SIZE 32u
#define ELF_MACHINE_ARM 40u
#define SEGMENT_MEMORY_AT 20u
#define SEGMENT_FLAGS_AT 24u
#define SEGMENT_LOAD 1u
#define SEGMENT_WRITABLE 2u

static enum tatu_err measure_program(struct tatu_span elf, uint32_t *out_ram)
{
    static const uint8_t magic[] = {0x7f, 'E', 'L', 'F', 1, 1, 1}; /* 32 bit, little-endian */
    uint64_t ram = 0;
    if (elf.len < ELF_HEADER_SIZE || memcmp(elf.data, magic, sizeof(magic)) != 0 ||
        tatu_get_le16(elf.data + ELF_MACHINE_AT) != ELF_MACHINE_ARM ||
        tatu_get_le16(elf.data + ELF_SEGMENT_SIZE_AT) != ELF_SEGMENT_SIZE) {
        return TATU_ERR_FORMAT;
    }
    const size_t count = tatu_get_le16(elf.data + ELF_SEGMENT_COUNT_AT);
    struct tatu_span table;
    if (tatu_base_take_span(elf, tatu_get_le32(elf.data + ELF_SEGMENTS_AT),
                            count * ELF_SEGMENT_SIZE, &table) != TATU_OK) {
        return TATU_ERR_FORMAT;
    }
    for (size_t i = 0; i < count; i++) {
        const uint8_t *segment = table.data + i * ELF_SEGMENT_SIZE;
        const bool counts = tatu_get_le32(segment) == SEGMENT_LOAD &&
                            (tatu_get_le32(segment + SEGMENT_FLAGS_AT) & SEGMENT_WRITABLE) != 0;
        ram += counts ? tatu_get_le32(segment + SEGMENT_MEMORY_AT) : 0;
    }
    *out_ram = ram > UINT32_MAX ? UINT32_MAX : (uint32_t)ram;
    return TATU_OK;
}

/* ---- the body ---- */

static enum tatu_err find(const struct tatu_asxipfs *fs, const char *path,
                          struct tatu_asxipfs_node *out)
{
    TATU_TRY(tatu_proto_find_asxipfs(fs, path, out));
    return (out->mode & TATU_ASXIPFS_TYPE_MASK) == TATU_ASXIPFS_FILE ? TATU_OK : TATU_ERR_TYPE;
}

/* Real-time programs have no operating system under them that could say how they begin. */
static enum tatu_err check_entry_point(const struct tatu_asxipfs *fs,
                                       const struct tatu_manifest *manifest, uint32_t *out_ram,
                                       uint32_t *out_number)
{
    struct tatu_asxipfs_node program;
    const enum tatu_err err = find(fs, manifest->entry_point + 1, &program);
    if (err != TATU_OK) {
        *out_number = err == TATU_ERR_TYPE
                          ? TATU_NUMBER_APP_MANIFEST_SPECIFIED_ENTRY_POINT_IS_NOT_A_FILE
                          : TATU_NUMBER_APP_MANIFEST_SPECIFIED_ENTRY_POINT_DOES_NOT_EXIST;
        return TATU_ERR_NOT_FOUND;
    }
    if (manifest->type == TATU_MANIFEST_REAL_TIME) {
        return TATU_OK;
    }
    *out_number = TATU_NUMBER_APP_MANAGER_FAILED_TO_EXEC_PROCESS;
    TATU_TRY(measure_program(program.data, out_ram));
    *out_number = 0;
    return TATU_OK;
}

enum tatu_err tatu_manifest_read_body(struct tatu_span body, const uint8_t component[16],
                                      struct tatu_manifest *out,
                                      struct tatu_manifest_cost *out_cost, uint32_t *out_number)
{
    struct tatu_asxipfs fs;
    struct tatu_asxipfs_node file;
    struct tatu_manifest manifest;
    struct tatu_manifest_cost cost = {0, 0};
    *out_number = TATU_NUMBER_MOUNTER_MOUNT_FAILED;
    TATU_TRY(tatu_proto_open_asxipfs(body, &fs));
    *out_number = TATU_NUMBER_APP_MANIFEST_NO_APP_MANIFEST;
    if (find(&fs, MANIFEST_FILE, &file) != TATU_OK) {
        return TATU_ERR_NOT_FOUND;
    }
    TATU_TRY(tatu_manifest_decode(file.data, &manifest, out_number));
    if (memcmp(manifest.component, component, sizeof(manifest.component)) != 0) {
        *out_number = TATU_NUMBER_REST_UPDATE_INCONSISTENT_COMPONENT_IMAGE_DATA;
        return TATU_ERR_MANIFEST;
    }
    TATU_TRY(check_entry_point(&fs, &manifest, &cost.ram, out_number));
    cost.flash = (uint32_t)fs.image.len;
    *out = manifest;
    *out_cost = cost;
    return TATU_OK;
}
