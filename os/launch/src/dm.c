/* Device-mapper: a linear piece of the flash, and dm-verity over it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <unistd.h>

#include "launch_impl.h"

#define BLOCK 4096u
#define SECTOR 512u
#define TABLE_MAX 512u

struct dm_request {
    struct dm_ioctl head;
    struct dm_target_spec target;
    char parameters[TABLE_MAX];
};

static struct {
    int control;
    char names[2][64];
    int count;
} made = {.control = -1};

static void init_request(struct dm_request *request, const char *name)
{
    memset(request, 0, sizeof(*request));
    request->head.version[0] = DM_VERSION_MAJOR;
    request->head.data_size = sizeof(*request);
    request->head.data_start = offsetof(struct dm_request, target);
    (void)snprintf(request->head.name, sizeof(request->head.name), "%s", name);
}

/* Creates, loads a one-target read-only table and starts it; the minor number. */
static bool make_device(const char *name, const char *type, uint64_t sectors,
                        const char *parameters, unsigned *out_minor)
{
    struct dm_request request;
    init_request(&request, name);
    if (ioctl(made.control, DM_DEV_CREATE, &request) != 0) {
        return tatu_launch_fail("device-mapper create");
    }
    (void)snprintf(made.names[made.count++], sizeof(made.names[0]), "%s", name);
    init_request(&request, name);
    request.head.flags = DM_READONLY_FLAG;
    request.head.target_count = 1;
    request.target.length = sectors;
    request.target.next = sizeof(request) - offsetof(struct dm_request, target);
    (void)snprintf(request.target.target_type, sizeof(request.target.target_type), "%s", type);
    (void)snprintf(request.parameters, sizeof(request.parameters), "%s", parameters);
    if (ioctl(made.control, DM_TABLE_LOAD, &request) != 0) {
        return tatu_launch_fail("device-mapper load");
    }
    init_request(&request, name);
    if (ioctl(made.control, DM_DEV_SUSPEND, &request) != 0) { /* without the flag: resume */
        return tatu_launch_fail("device-mapper start");
    }
    *out_minor = minor((dev_t)request.head.dev);
    return true;
}

static bool make_linear(const struct tatu_launch_spec *spec, unsigned *out_minor)
{
    char name[64], table[TABLE_MAX];
    (void)snprintf(name, sizeof(name), "%s-%d-body", spec->component, (int)getpid());
    (void)snprintf(table, sizeof(table), "%s %llu", spec->block_device,
                   (unsigned long long)(spec->body_offset / SECTOR));
    const uint64_t len = (spec->body_len + BLOCK - 1) / BLOCK * BLOCK;
    return make_device(name, "linear", len / SECTOR, table, out_minor);
}

static bool make_verity(const struct tatu_launch_spec *spec, unsigned linear, unsigned *out_minor)
{
    char name[64], table[TABLE_MAX], root[65];
    const unsigned long long blocks = spec->verity_data_len / BLOCK;
    tatu_base_encode_hex(TATU_SPAN_OF(spec->verity_root), root);
    (void)snprintf(name, sizeof(name), "%s-%d-image", spec->component, (int)getpid());
    (void)snprintf(table, sizeof(table), "1 /dev/dm-%u /dev/dm-%u %u %u %llu %llu sha256 %s -",
                   linear, linear, BLOCK, BLOCK, blocks, blocks, root);
    return make_device(name, "verity", spec->verity_data_len / SECTOR, table, out_minor);
}

bool tatu_launch_open_body(const struct tatu_launch_spec *spec, char *out_path, size_t path_size)
{
    unsigned device;
    made.control = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
    if (made.control < 0) {
        return tatu_launch_fail("/dev/mapper/control");
    }
    if (!make_linear(spec, &device) ||
        (spec->verity_data_len != 0 && !make_verity(spec, device, &device))) {
        (void)tatu_launch_forget_body();
        return false;
    }
    (void)snprintf(out_path, path_size, "/dev/dm-%u", device);
    return true;
}

bool tatu_launch_forget_body(void)
{
    bool ok = true;
    while (made.count > 0) {
        struct dm_request request;
        init_request(&request, made.names[--made.count]);
        request.head.flags = DM_DEFERRED_REMOVE;
        ok &= ioctl(made.control, DM_DEV_REMOVE, &request) == 0 || errno == ENXIO;
    }
    (void)close(made.control);
    made.control = -1;
    return ok || tatu_launch_fail("device-mapper remove");
}
