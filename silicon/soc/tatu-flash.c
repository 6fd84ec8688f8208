/*
 * SPDX-License-Identifier: GPL-2.0-only
 * 16 MiB of NOR flash in a host file, its controller, and the windows through which the normal
 * world sees parts of it. Only the controller changes content: programming clears bits, erasing
 * sets a sector to ones.
 */
#include "qemu/osdep.h"

#include "exec/ram_addr.h"
#include "hw/qdev-properties.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "tatu-cut.h"
#include "tatu-soc.h"

#define STATUS_REFUSED 2u
#define BUFFER_END (TATU_FLASHCTL_BUFFER + TATU_FLASH_PAGE_SIZE)
#define WINDOWS_END (TATU_FLASHCTL_WINDOW + TATU_FLASHCTL_WINDOW_STRIDE * TATU_MAP_WINDOW_COUNT)

typedef struct Window {
    MemoryRegion view; /* alias into the flash, enabled while length > 0 */
    uint32_t offset;
    uint32_t length;
    bool locked;
} Window;

struct TatuFlash {
    SysBusDevice parent;
    MemoryRegion registers;
    MemoryRegion content;
    char *file;
    TatuCut cut;
    uint32_t address;
    uint32_t status;
    uint8_t buffer[TATU_FLASH_PAGE_SIZE];
    Window window[TATU_MAP_WINDOW_COUNT];
};

static uint8_t *cells(TatuFlash *s, uint32_t at)
{
    return (uint8_t *)memory_region_get_ram_ptr(&s->content) + at;
}

/* All that ever changes content. Power may go in the middle. */
static void change(TatuFlash *s, uint32_t at, const uint8_t *target, uint32_t len)
{
    tatu_cut_step(&s->cut, cells(s, at), target, len);
    memcpy(cells(s, at), target, len);
    memory_region_flush_rom_device(&s->content, at, len);
}

static bool program(TatuFlash *s, const uint8_t *bytes, uint32_t len)
{
    uint8_t target[TATU_FLASH_PAGE_SIZE];

    assert(len <= sizeof(target));
    if (s->address % len != 0 || s->address > TATU_FLASH_SIZE - len) {
        return false;
    }
    for (uint32_t i = 0; i < len; i++) {
        target[i] = cells(s, s->address)[i] & bytes[i];
    }
    change(s, s->address, target, len);
    s->address += len;
    return true;
}

static bool erase(TatuFlash *s)
{
    uint8_t target[TATU_FLASH_SECTOR_SIZE];

    if (s->address >= TATU_FLASH_SIZE) {
        return false;
    }
    memset(target, 0xff, sizeof(target));
    change(s, s->address & ~(TATU_FLASH_SECTOR_SIZE - 1), target, sizeof(target));
    return true;
}

uint64_t tatu_flash_operations(const TatuFlash *s)
{
    return s->cut.done;
}

static bool program_word(TatuFlash *s, uint32_t value)
{
    uint8_t bytes[4];

    stl_le_p(bytes, value);
    return program(s, bytes, sizeof(bytes));
}

static bool command(TatuFlash *s, uint32_t word)
{
    bool ok;

    switch (word) {
    case TATU_FLASHCTL_COMMAND_ERASE:
        return erase(s);
    case TATU_FLASHCTL_COMMAND_PAGE:
        ok = program(s, s->buffer, TATU_FLASH_PAGE_SIZE);
        memset(s->buffer, 0xff, TATU_FLASH_PAGE_SIZE);
        return ok;
    default:
        return false;
    }
}

static void show_window(Window *w)
{
    memory_region_transaction_begin();
    memory_region_set_enabled(&w->view, false);
    if (w->length > 0) {
        memory_region_set_alias_offset(&w->view, w->offset);
        memory_region_set_size(&w->view, w->length);
        memory_region_set_enabled(&w->view, true);
    }
    memory_region_transaction_commit();
}

static bool place_window(Window *w, uint32_t offset, uint32_t length)
{
    if (w->locked || offset % TATU_FLASH_SECTOR_SIZE != 0 || length % TATU_FLASH_SECTOR_SIZE != 0 ||
        offset > TATU_FLASH_SIZE || length > TATU_FLASH_SIZE - offset) {
        return false;
    }
    w->offset = offset;
    w->length = length;
    show_window(w);
    return true;
}

static Window *window_at(TatuFlash *s, hwaddr offset)
{
    return &s->window[(offset - TATU_FLASHCTL_WINDOW) / TATU_FLASHCTL_WINDOW_STRIDE];
}

static MemTxResult window_write(TatuFlash *s, hwaddr offset, uint32_t value)
{
    Window *w = window_at(s, offset);
    bool ok = true;

    switch (offset % TATU_FLASHCTL_WINDOW_STRIDE) {
    case TATU_FLASHCTL_WINDOW_OFFSET:
        ok = place_window(w, value, w->length);
        break;
    case TATU_FLASHCTL_WINDOW_LENGTH:
        ok = place_window(w, w->offset, value);
        break;
    case TATU_FLASHCTL_WINDOW_LOCK:
        w->locked |= value & 1;
        break;
    default:
        return tatu_bus_error(TYPE_TATU_FLASH, offset);
    }
    s->status = ok ? 0 : STATUS_REFUSED;
    return MEMTX_OK;
}

static MemTxResult window_read(TatuFlash *s, hwaddr offset, uint64_t *out)
{
    const Window *w = window_at(s, offset);

    switch (offset % TATU_FLASHCTL_WINDOW_STRIDE) {
    case TATU_FLASHCTL_WINDOW_OFFSET:
        *out = w->offset;
        return MEMTX_OK;
    case TATU_FLASHCTL_WINDOW_LENGTH:
        *out = w->length;
        return MEMTX_OK;
    case TATU_FLASHCTL_WINDOW_LOCK:
        *out = w->locked;
        return MEMTX_OK;
    default:
        return tatu_bus_error(TYPE_TATU_FLASH, offset);
    }
}

static MemTxResult flash_read(void *opaque, hwaddr offset, uint64_t *out, unsigned size,
                              MemTxAttrs attrs)
{
    TatuFlash *s = opaque;

    switch (offset) {
    case TATU_FLASHCTL_ADDRESS:
        *out = s->address;
        return MEMTX_OK;
    case TATU_FLASHCTL_STATUS:
        *out = s->status;
        return MEMTX_OK;
    case TATU_FLASHCTL_WINDOW ... WINDOWS_END - 1:
        return window_read(s, offset, out);
    default:
        return tatu_bus_error(TYPE_TATU_FLASH, offset);
    }
}

static MemTxResult flash_write(void *opaque, hwaddr offset, uint64_t value, unsigned size,
                               MemTxAttrs attrs)
{
    TatuFlash *s = opaque;

    switch (offset) {
    case TATU_FLASHCTL_ADDRESS:
        s->address = value;
        return MEMTX_OK;
    case TATU_FLASHCTL_DATA:
        s->status = program_word(s, value) ? 0 : STATUS_REFUSED;
        return MEMTX_OK;
    case TATU_FLASHCTL_COMMAND:
        s->status = command(s, value) ? 0 : STATUS_REFUSED;
        return MEMTX_OK;
    case TATU_FLASHCTL_WINDOW ... WINDOWS_END - 1:
        return window_write(s, offset, value);
    case TATU_FLASHCTL_BUFFER ... BUFFER_END - 1:
        stl_le_p(s->buffer + offset - TATU_FLASHCTL_BUFFER, value);
        return MEMTX_OK;
    default:
        return tatu_bus_error(TYPE_TATU_FLASH, offset);
    }
}

static const MemoryRegionOps flash_ops = {
    .read_with_attrs = flash_read,
    .write_with_attrs = flash_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = TATU_WORD_ACCESS,
    .impl = TATU_WORD_ACCESS,
};

static void flash_reset(Object *obj)
{
    TatuFlash *s = TATU_FLASH(obj);

    s->address = 0;
    s->status = 0;
    memset(s->buffer, 0xff, sizeof(s->buffer));
    for (int i = 0; i < TATU_MAP_WINDOW_COUNT; i++) {
        Window *w = &s->window[i];

        w->locked = false;
        w->offset = 0;
        w->length = 0;
        show_window(w);
    }
}

static int open_file(const char *path, Error **errp)
{
    struct stat st;
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0) {
        error_setg_errno(errp, errno, "cannot open flash file '%s'", path);
        return -1;
    }
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size != TATU_FLASH_SIZE) {
        error_setg(errp, "flash file '%s' must have exactly %d bytes", path, TATU_FLASH_SIZE);
    } else if (qemu_lock_fd(fd, 0, 0, true) < 0) {
        error_setg(errp, "flash file '%s' is in use by another chip", path);
    } else {
        return fd;
    }
    close(fd);
    return -1;
}

static void flash_realize(DeviceState *dev, Error **errp)
{
    TatuFlash *s = TATU_FLASH(dev);
    SysBusDevice *bus = SYS_BUS_DEVICE(dev);
    int fd;

    if (s->file == NULL) {
        error_setg(errp, "the chip needs flash=FILE");
        return;
    }
    fd = open_file(s->file, errp);
    if (fd < 0 ||
        !tatu_init_rom_from_fd(&s->content, OBJECT(s), "tatu.flash", TATU_FLASH_SIZE, fd, errp)) {
        return;
    }
    memory_region_init_io(&s->registers, OBJECT(s), &flash_ops, s, "tatu.flashctl",
                          TATU_REGISTERS_SIZE);
    sysbus_init_mmio(bus, &s->registers);
    sysbus_init_mmio(bus, &s->content);
    for (int i = 0; i < TATU_MAP_WINDOW_COUNT; i++) {
        MemoryRegion *view = &s->window[i].view;

        memory_region_init_alias(view, OBJECT(s), "tatu.window", &s->content, 0, TATU_FLASH_SIZE);
        memory_region_set_enabled(view, false);
        sysbus_init_mmio(bus, view);
    }
}

static Property flash_properties[] = {
    DEFINE_PROP_STRING("file", TatuFlash, file),
    DEFINE_PROP_UINT64("cut", TatuFlash, cut.at, 0),
    DEFINE_PROP_UINT64("cut-seed", TatuFlash, cut.seed, 0),
    DEFINE_PROP_END_OF_LIST(),
};

static void flash_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = flash_realize;
    device_class_set_props(dc, flash_properties);
    RESETTABLE_CLASS(klass)->phases.hold = flash_reset;
}

static const TypeInfo flash_types[] = {{
    .name = TYPE_TATU_FLASH,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(TatuFlash),
    .class_init = flash_class_init,
}};

DEFINE_TYPES(flash_types)
