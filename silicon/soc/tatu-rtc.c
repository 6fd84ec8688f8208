/*
 * SPDX-License-Identifier: GPL-2.0-only
 * The clock: a PL031 with a battery. Its registers are QEMU's PL031; this device keeps the time
 * that was set in a file, so that it outlives the process, and gives the interrupt to the A-core
 * and to the system controller, which it wakes.
 */
#include "qemu/osdep.h"

#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "hw/rtc/pl031.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/error-report.h"
#include "tatu-soc.h"

#define MAGIC 0x43545254u /* "TRTC" */
#define VERSION 1
#define FILE_SIZE 16

enum { LINE_ACORE, LINE_WAKE, LINE_COUNT };

struct TatuRtc {
    SysBusDevice parent;
    PL031State pl031;
    MemoryRegion registers;
    qemu_irq line[LINE_COUNT];
    char *file;
    int fd; /* -1: the time ends with the process */
};

/* ---- The battery: how far the clock is ahead of the host's --------------------------------- */

static void keep(TatuRtc *s)
{
    uint8_t bytes[FILE_SIZE];

    if (s->fd < 0) {
        return;
    }
    stl_le_p(bytes, MAGIC);
    stl_le_p(bytes + 4, VERSION);
    stl_le_p(bytes + 8, s->pl031.tick_offset);
    stl_le_p(bytes + 12, ~s->pl031.tick_offset);
    if (pwrite(s->fd, bytes, sizeof(bytes), 0) != sizeof(bytes)) {
        warn_report("'%s' cannot be written: the time that was set will be lost", s->file);
    }
}

/* An empty or damaged file is an empty battery: the clock has the host's time. */
static void restore(TatuRtc *s)
{
    uint8_t bytes[FILE_SIZE];
    ssize_t n = pread(s->fd, bytes, sizeof(bytes), 0);

    if (n == sizeof(bytes) && ldl_le_p(bytes) == MAGIC && ldl_le_p(bytes + 4) == VERSION &&
        ldl_le_p(bytes + 8) == (uint32_t)~ldl_le_p(bytes + 12)) {
        s->pl031.tick_offset = ldl_le_p(bytes + 8);
    } else if (n != 0) {
        warn_report("'%s' is damaged: the clock starts with the host's time", s->file);
    }
}

static bool open_file(TatuRtc *s, Error **errp)
{
    s->fd = -1;
    if (s->file == NULL) {
        return true;
    }
    s->fd = open(s->file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->fd < 0) {
        error_setg_errno(errp, errno, "cannot open clock file '%s'", s->file);
        return false;
    }
    restore(s);
    return true;
}

/* ---- Registers ------------------------------------------------------------------------------- */

static MemTxResult rtc_read(void *opaque, hwaddr offset, uint64_t *out, unsigned size,
                            MemTxAttrs attrs)
{
    TatuRtc *s = opaque;

    return memory_region_dispatch_read(&s->pl031.iomem, offset, out, size_memop(size) | MO_LE,
                                       attrs);
}

static MemTxResult rtc_write(void *opaque, hwaddr offset, uint64_t value, unsigned size,
                             MemTxAttrs attrs)
{
    TatuRtc *s = opaque;
    uint32_t before = s->pl031.tick_offset;
    MemTxResult result = memory_region_dispatch_write(&s->pl031.iomem, offset, value,
                                                      size_memop(size) | MO_LE, attrs);

    if (s->pl031.tick_offset != before) {
        keep(s);
    }
    return result;
}

static const MemoryRegionOps rtc_ops = {
    .read_with_attrs = rtc_read,
    .write_with_attrs = rtc_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 1, .max_access_size = 4},
    .impl = {.min_access_size = 1, .max_access_size = 4},
};

static void alarm_changed(void *opaque, int n, int level)
{
    TatuRtc *s = opaque;

    for (int i = 0; i < LINE_COUNT; i++) {
        qemu_set_irq(s->line[i], level);
    }
}

/* The alarm outlives a reset; the interrupt controller has forgotten its level. */
static void rtc_reset_exit(Object *obj)
{
    TatuRtc *s = TATU_RTC(obj);

    alarm_changed(s, 0, (s->pl031.is & s->pl031.im) != 0);
}

static void rtc_init(Object *obj)
{
    TatuRtc *s = TATU_RTC(obj);

    object_initialize_child(obj, "pl031", &s->pl031, TYPE_PL031);
    qdev_init_gpio_in(DEVICE(obj), alarm_changed, 1);
}

static void rtc_realize(DeviceState *dev, Error **errp)
{
    TatuRtc *s = TATU_RTC(dev);
    SysBusDevice *bus = SYS_BUS_DEVICE(dev);

    if (!sysbus_realize(SYS_BUS_DEVICE(&s->pl031), errp) || !open_file(s, errp)) {
        return;
    }
    sysbus_connect_irq(SYS_BUS_DEVICE(&s->pl031), 0, qdev_get_gpio_in(dev, 0));
    memory_region_init_io(&s->registers, OBJECT(s), &rtc_ops, s, "tatu.rtc", TATU_REGISTERS_SIZE);
    sysbus_init_mmio(bus, &s->registers);
    for (int i = 0; i < LINE_COUNT; i++) {
        sysbus_init_irq(bus, &s->line[i]);
    }
}

static Property rtc_properties[] = {
    DEFINE_PROP_STRING("file", TatuRtc, file),
    DEFINE_PROP_END_OF_LIST(),
};

static void rtc_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = rtc_realize;
    device_class_set_props(dc, rtc_properties);
    RESETTABLE_CLASS(klass)->phases.exit = rtc_reset_exit;
}

static const TypeInfo rtc_types[] = {{
    .name = TYPE_TATU_RTC,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(TatuRtc),
    .instance_init = rtc_init,
    .class_init = rtc_class_init,
}};

DEFINE_TYPES(rtc_types)
