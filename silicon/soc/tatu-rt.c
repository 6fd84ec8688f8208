/*
 * SPDX-License-Identifier: GPL-2.0-only
 * Two real-time cores (Cortex-M4F): what each sees, who starts and stops it, and the record of what
 * the bus refused it. The monitor decides all of it through the registers.
 *
 * A core runs on a thread of its own. Whatever changes it or its view is done by settle(), on that
 * thread between two instructions, so no access of the core can fall between the old and the new.
 */
#include "qemu/osdep.h"

#include "cpu.h"
#include "exec/exec-all.h"
#include "hw/arm/armv7m.h"
#include "hw/core/tcg-cpu-ops.h"
#include "hw/cpu/cluster.h"
#include "hw/irq.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "qapi/error.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "sysemu/reset.h"
#include "tatu-rt.h"

#define TYPE_RT_CORE ARM_CPU_TYPE_NAME("tatu-rt")
#define FIRST_CLUSTER 2 /* after the A-core's and the vault's */
#define CLOCK_HZ 200000000
#define IRQ_COUNT 64
#define STEP 0x1000
#define VIEW_SIZE (UINT64_C(1) << 32)

/* A range that the core sees only while the monitor shows it. */
typedef struct Window {
    MemoryRegion alias;
    uint32_t from, size;             /* as the registers say */
    uint32_t shown_from, shown_size; /* as the core sees it */
} Window;

typedef struct Core {
    CPUClusterState cluster;
    ARMv7MState m;
    TatuRtMailbox *mailbox;
    MemoryRegion view, outside, tcm, tcm_loader, sysram;
    Window xip, share;
    uint64_t lines; /* levels of the interrupt lines: the NVIC forgets them when it is reset */
    uint32_t control;
    uint32_t flags; /* LOCKED_UP, FAULTED, REFUSED */
    uint32_t fault_at;
    bool running;
    bool stop; /* it must not run on: CONTROL 0, its own reset request, or locked up */
    bool busy; /* settle() is on its way */
    bool locked;
} Core;

struct TatuRt {
    SysBusDevice parent;
    MemoryRegion registers;
    MemoryRegion *ram, *flash;
    Core core[TATU_RT_COUNT];
};

/* ---- Faults ---------------------------------------------------------------------------------- */

/* The debug port's accesses are not the core's: they are unspecified. */
static void record(Core *core, uint32_t address, MemTxAttrs attrs)
{
    if (!attrs.unspecified && !(core->flags & TATU_RTCTL_FAULTED)) {
        core->flags |= TATU_RTCTL_FAULTED;
        core->fault_at = address;
    }
}

/* Everything that is not in a core's map; the offset is the address. */
static MemTxResult outside_read(void *opaque, hwaddr offset, uint64_t *out, unsigned size,
                                MemTxAttrs attrs)
{
    record(opaque, offset, attrs);
    return tatu_bus_error(TYPE_TATU_RT, offset);
}

static MemTxResult outside_write(void *opaque, hwaddr offset, uint64_t value, unsigned size,
                                 MemTxAttrs attrs)
{
    record(opaque, offset, attrs);
    return tatu_bus_error(TYPE_TATU_RT, offset);
}

static const MemoryRegionOps outside_ops = {
    .read_with_attrs = outside_read,
    .write_with_attrs = outside_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
};

/* ---- The processor: a Cortex-M4 whose refused accesses are seen and whose lock-up ends only it -
 */

static struct TCGCPUOps core_ops;
static const struct TCGCPUOps *m4_ops;

static Core *core_of(CPUState *cs)
{
    return container_of((NVICState *)ARM_CPU(cs)->env.nvic, Core, m.nvic);
}

static void core_refused(CPUState *cs, hwaddr physaddr, vaddr addr, unsigned size,
                         MMUAccessType access_type, int mmu_idx, MemTxAttrs attrs,
                         MemTxResult response, uintptr_t retaddr)
{
    record(core_of(cs), physaddr, attrs);
    m4_ops->do_transaction_failed(cs, physaddr, addr, size, access_type, mmu_idx, attrs, response,
                                  retaddr);
}

static void rt_core_class_init(ObjectClass *klass, void *data)
{
    CPUClass *cc = CPU_CLASS(klass);

    m4_ops = cc->tcg_ops;
    core_ops = *m4_ops;
    core_ops.do_transaction_failed = core_refused;
    cc->tcg_ops = &core_ops;
}

static void power(Core *core, bool on)
{
    CPUState *cs = CPU(core->m.cpu);

    core->m.cpu->power_state = on ? PSCI_ON : PSCI_OFF;
    cs->halted = !on;
    if (!on) {
        cs->exception_index = EXCP_HLT;
    }
}

static void change(Core *core);

static G_NORETURN void lock_up(CPUState *cs)
{
    Core *core = core_of(cs);

    if (!qemu_mutex_iothread_locked()) {
        qemu_mutex_lock_iothread(); /* cpu_loop_exit() gives it back */
    }
    qemu_log_mask(LOG_GUEST_ERROR, "%s: core locked up\n", TYPE_TATU_RT);
    core->flags |= TATU_RTCTL_LOCKED_UP;
    core->control = 0;
    core->stop = true;
    power(core, false);
    change(core);
    cpu_loop_exit(cs);
}

/*
 * QEMU has no lock-up: it ends its process through cpu_abort(), and with it the chip. A program of
 * a real-time core must not be able to do that. The linker (--wrap, meson.build) brings every call
 * here first.
 */
G_NORETURN void __real_cpu_abort(CPUState *cs, const char *format, ...) G_GNUC_PRINTF(2, 3);
G_NORETURN void __wrap_cpu_abort(CPUState *cs, const char *format, ...) G_GNUC_PRINTF(2, 3);

void __wrap_cpu_abort(CPUState *cs, const char *format, ...)
{
    g_autofree char *message = NULL;
    va_list arguments;

    if (object_dynamic_cast(OBJECT(cs), TYPE_RT_CORE)) {
        lock_up(cs);
    }
    va_start(arguments, format);
    message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    __real_cpu_abort(cs, "%s", message);
}

/* ---- Start, stop, windows -------------------------------------------------------------------- */

static void show(Window *w, uint32_t at, uint32_t offset)
{
    if (w->shown_from == w->from && w->shown_size == w->size) {
        return;
    }
    w->shown_from = w->from;
    w->shown_size = w->size;
    memory_region_transaction_begin();
    memory_region_set_enabled(&w->alias, false);
    if (w->size > 0) {
        memory_region_set_address(&w->alias, at);
        memory_region_set_alias_offset(&w->alias, offset);
        memory_region_set_size(&w->alias, w->size);
        memory_region_set_enabled(&w->alias, true);
    }
    memory_region_transaction_commit();
}

static void show_windows(Core *core)
{
    show(&core->xip, TATU_RT_XIP_BASE, core->xip.from);
    show(&core->share, core->share.from, core->share.from - TATU_MAP_RAM_BASE);
}

/* The lines outside keep their levels: a waiting one must be seen by the next program. */
static void reset_interrupts(Core *core)
{
    uint64_t lines = core->lines;

    device_cold_reset(DEVICE(&core->m.nvic));
    device_cold_reset(DEVICE(&core->m.systick[M_REG_NS]));
    for (int n = 0; n < IRQ_COUNT; n++) {
        qemu_set_irq(qdev_get_gpio_in(DEVICE(&core->m), n), (lines >> n) & 1);
    }
}

static void hold(Core *core)
{
    core->running = false;
    power(core, false);
    tatu_rt_mailbox_core_held(core->mailbox);
    reset_interrupts(core);
}

static void start(Core *core)
{
    core->running = true;
    cpu_reset(CPU(core->m.cpu));
    power(core, true);
}

/* On the core's thread, which executes nothing meanwhile. A chip reset may have come first. */
static void settle(CPUState *cs, run_on_cpu_data data)
{
    Core *core = data.host_ptr;

    if (!core->busy) {
        return;
    }
    core->busy = false;
    if (core->stop) {
        core->stop = false;
        hold(core);
    }
    show_windows(core);
    if (core->control == 1 && !core->running) {
        start(core);
    }
}

static void change(Core *core)
{
    if (!core->busy) {
        core->busy = true;
        async_run_on_cpu(CPU(core->m.cpu), settle, RUN_ON_CPU_HOST_PTR(core));
    }
}

static void reset_requested(void *opaque, int n, int level)
{
    Core *core = opaque;

    if (level) {
        core->stop = true;
        change(core);
    }
}

static void line_changed(void *opaque, int n, int level)
{
    Core *core = opaque;

    core->lines = deposit64(core->lines, n, 1, level != 0);
    qemu_set_irq(qdev_get_gpio_in(DEVICE(&core->m), n), level);
}

/* ---- Registers ------------------------------------------------------------------------------- */

static bool set_control(Core *core, uint32_t value)
{
    if (value > 1) {
        return false;
    }
    core->control = value;
    if (value == 1) {
        core->flags &= ~(TATU_RTCTL_FAULTED | TATU_RTCTL_LOCKED_UP);
        core->fault_at = 0;
    } else {
        core->stop = true;
    }
    change(core);
    return true;
}

static bool fits(uint32_t from, uint32_t size, uint64_t base, uint64_t limit, uint32_t size_max)
{
    if (from % STEP != 0 || size % STEP != 0 || size > size_max) {
        return false;
    }
    return size == 0 || (from >= base && from < limit && size <= limit - from);
}

static bool set_xip(const TatuRt *s, Core *core, uint32_t offset, uint32_t length)
{
    if (core->running || core->control == 1 ||
        !fits(offset, length, 0, memory_region_size(s->flash), TATU_RT_XIP_SIZE)) {
        return false;
    }
    core->xip.from = offset;
    core->xip.size = length;
    change(core);
    return true;
}

static bool set_share(const TatuRt *s, Core *core, uint32_t base, uint32_t size)
{
    if (!fits(base, size, TATU_MAP_RAM_BASE, TATU_MAP_RAM_BASE + memory_region_size(s->ram),
              TATU_RTCTL_SHARE_MAX)) {
        return false;
    }
    core->share.from = base;
    core->share.size = size;
    change(core);
    return true;
}

static bool lock(Core *core, uint32_t value)
{
    if (value & 1) {
        core->locked = true;
        (void)set_control(core, 0);
    }
    return true;
}

static bool core_write(const TatuRt *s, Core *core, hwaddr offset, uint32_t value)
{
    if (core->locked) {
        return false;
    }
    switch (offset) {
    case TATU_RTCTL_CONTROL:
        return set_control(core, value);
    case TATU_RTCTL_XIP_OFFSET:
        return set_xip(s, core, value, core->xip.size);
    case TATU_RTCTL_XIP_LENGTH:
        return set_xip(s, core, core->xip.from, value);
    case TATU_RTCTL_LOCK:
        return lock(core, value);
    case TATU_RTCTL_SHARE_BASE:
        return set_share(s, core, value, core->share.size);
    default: /* SHARE_SIZE: rt_write() lets no other through */
        return set_share(s, core, core->share.from, value);
    }
}

static uint32_t status(const Core *core)
{
    return core->flags | (core->running ? TATU_RTCTL_RUNNING : 0) |
           (core->busy ? TATU_RTCTL_BUSY : 0);
}

static MemTxResult rt_read(void *opaque, hwaddr offset, uint64_t *out, unsigned size,
                           MemTxAttrs attrs)
{
    TatuRt *s = opaque;
    const Core *core = &s->core[offset / TATU_RTCTL_STRIDE % TATU_RT_COUNT];

    if (offset >= TATU_RT_COUNT * TATU_RTCTL_STRIDE) {
        return tatu_bus_error(TYPE_TATU_RT, offset);
    }
    switch (offset % TATU_RTCTL_STRIDE) {
    case TATU_RTCTL_CONTROL:
        *out = core->control;
        return MEMTX_OK;
    case TATU_RTCTL_STATUS:
        *out = status(core);
        return MEMTX_OK;
    case TATU_RTCTL_FAULT_AT:
        *out = core->fault_at;
        return MEMTX_OK;
    case TATU_RTCTL_XIP_OFFSET:
        *out = core->xip.from;
        return MEMTX_OK;
    case TATU_RTCTL_XIP_LENGTH:
        *out = core->xip.size;
        return MEMTX_OK;
    case TATU_RTCTL_LOCK:
        *out = core->locked;
        return MEMTX_OK;
    case TATU_RTCTL_SHARE_BASE:
        *out = core->share.from;
        return MEMTX_OK;
    case TATU_RTCTL_SHARE_SIZE:
        *out = core->share.size;
        return MEMTX_OK;
    default:
        return tatu_bus_error(TYPE_TATU_RT, offset);
    }
}

static MemTxResult rt_write(void *opaque, hwaddr offset, uint64_t value, unsigned size,
                            MemTxAttrs attrs)
{
    TatuRt *s = opaque;
    Core *core = &s->core[offset / TATU_RTCTL_STRIDE % TATU_RT_COUNT];
    bool ok;

    if (offset >= TATU_RT_COUNT * TATU_RTCTL_STRIDE) {
        return tatu_bus_error(TYPE_TATU_RT, offset);
    }
    switch (offset % TATU_RTCTL_STRIDE) {
    case TATU_RTCTL_CONTROL:
    case TATU_RTCTL_XIP_OFFSET ... TATU_RTCTL_SHARE_SIZE:
        ok = core_write(s, core, offset % TATU_RTCTL_STRIDE, value);
        core->flags = ok ? core->flags & ~TATU_RTCTL_REFUSED : core->flags | TATU_RTCTL_REFUSED;
        return MEMTX_OK;
    default:
        return tatu_bus_error(TYPE_TATU_RT, offset);
    }
}

static const MemoryRegionOps rt_ops = {
    .read_with_attrs = rt_read,
    .write_with_attrs = rt_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = TATU_WORD_ACCESS,
    .impl = TATU_WORD_ACCESS,
};

/* ---- For the rest of the chip ---------------------------------------------------------------- */

MemoryRegion *tatu_rt_view(TatuRt *s, unsigned n)
{
    assert(n < TATU_RT_COUNT);
    return &s->core[n].view;
}

ARMCPU *tatu_rt_cpu(TatuRt *s, unsigned n)
{
    assert(n < TATU_RT_COUNT);
    return s->core[n].m.cpu;
}

static const char *const line_names[TATU_RT_COUNT] = {"core0", "core1"};

qemu_irq tatu_rt_irq(TatuRt *s, unsigned n, unsigned line)
{
    assert(n < TATU_RT_COUNT && line < IRQ_COUNT);
    return qdev_get_gpio_in_named(DEVICE(s), line_names[n], line);
}

/* ---- Life ------------------------------------------------------------------------------------ */

static void reset_processor(void *opaque)
{
    cpu_reset(opaque);
}

static void rt_reset(Object *obj)
{
    TatuRt *s = TATU_RT(obj);

    for (int n = 0; n < TATU_RT_COUNT; n++) {
        Core *core = &s->core[n];

        core->control = 0;
        core->flags = 0;
        core->fault_at = 0;
        core->running = core->stop = core->busy = core->locked = false;
        core->xip.from = core->xip.size = 0;
        core->share.from = core->share.size = 0;
        show_windows(core);
    }
}

static void make_ram(TatuRt *s, int n, MemoryRegion *ram, const char *what, uint64_t size)
{
    g_autofree char *name = g_strdup_printf("tatu.rt%d-%s", n, what);

    memory_region_init_ram(ram, OBJECT(s), name, size, &error_fatal);
}

static void make_window(TatuRt *s, Core *core, Window *w, const char *name, MemoryRegion *target,
                        hwaddr at)
{
    memory_region_init_alias(&w->alias, OBJECT(s), name, target, 0, STEP);
    memory_region_set_enabled(&w->alias, false);
    memory_region_add_subregion(&core->view, at, &w->alias);
}

static void make_view(TatuRt *s, int n)
{
    Core *core = &s->core[n];

    memory_region_init(&core->view, OBJECT(s), "tatu.rt-view", VIEW_SIZE);
    memory_region_init_io(&core->outside, OBJECT(s), &outside_ops, core, "tatu.rt-outside",
                          VIEW_SIZE);
    memory_region_add_subregion_overlap(&core->view, 0, &core->outside, -1);
    make_ram(s, n, &core->tcm, "tcm", TATU_RT_TCM_SIZE);
    memory_region_add_subregion(&core->view, TATU_RT_TCM_BASE, &core->tcm);
    make_ram(s, n, &core->sysram, "sysram", TATU_RT_SYSRAM_SIZE);
    memory_region_add_subregion(&core->view, TATU_RT_SYSRAM_BASE, &core->sysram);
    make_window(s, core, &core->xip, "tatu.rt-xip", s->flash, TATU_RT_XIP_BASE);
    make_window(s, core, &core->share, "tatu.rt-share", s->ram, TATU_MAP_RAM_BASE);
    memory_region_init_alias(&core->tcm_loader, OBJECT(s), "tatu.rt-loader", &core->tcm, 0,
                             TATU_RT_TCM_SIZE);
    sysbus_init_mmio(SYS_BUS_DEVICE(s), &core->tcm_loader);
}

static void make_core(TatuRt *s, int n, Clock *clock)
{
    Core *core = &s->core[n];
    DeviceState *cluster = DEVICE(&core->cluster), *m = DEVICE(&core->m);

    qdev_prop_set_uint32(cluster, "cluster-id", FIRST_CLUSTER + n);
    qdev_prop_set_uint32(m, "num-irq", IRQ_COUNT);
    qdev_prop_set_uint32(m, "init-nsvtor", TATU_RT_TCM_BASE);
    qdev_prop_set_string(m, "cpu-type", TYPE_RT_CORE);
    qdev_prop_set_bit(m, "start-powered-off", true);
    qdev_connect_clock_in(m, "cpuclk", clock);
    object_property_set_link(OBJECT(m), "memory", OBJECT(&core->view), &error_abort);
    sysbus_realize(SYS_BUS_DEVICE(m), &error_fatal);
    qdev_realize(cluster, NULL, &error_fatal);
    /* Without it a program's own reset request would restart the whole chip. */
    qdev_connect_gpio_out_named(m, "SYSRESETREQ", 0, qemu_allocate_irq(reset_requested, core, 0));
    qemu_register_reset(reset_processor, core->m.cpu);
}

static void rt_init(Object *obj)
{
    TatuRt *s = TATU_RT(obj);

    for (int n = 0; n < TATU_RT_COUNT; n++) {
        Core *core = &s->core[n];
        g_autofree char *cluster = g_strdup_printf("cluster%d", n);
        g_autofree char *mailbox = g_strdup_printf("mailbox%d", n);

        object_initialize_child(obj, cluster, &core->cluster, TYPE_CPU_CLUSTER);
        object_initialize_child(OBJECT(&core->cluster), "core", &core->m, TYPE_ARMV7M);
        object_property_add_link(obj, mailbox, TYPE_TATU_RT_MAILBOX, (Object **)&core->mailbox,
                                 qdev_prop_allow_set_link_before_realize, OBJ_PROP_LINK_STRONG);
        qdev_init_gpio_in_named_with_opaque(DEVICE(obj), line_changed, core, line_names[n],
                                            IRQ_COUNT);
    }
}

static void rt_realize(DeviceState *dev, Error **errp)
{
    TatuRt *s = TATU_RT(dev);
    Clock *clock = clock_new(OBJECT(s), "clock");

    assert(s->ram && s->flash);
    clock_set_hz(clock, CLOCK_HZ);
    memory_region_init_io(&s->registers, OBJECT(s), &rt_ops, s, "tatu.rtctl", TATU_REGISTERS_SIZE);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->registers);
    for (int n = 0; n < TATU_RT_COUNT; n++) {
        assert(s->core[n].mailbox);
        make_view(s, n);
        make_core(s, n, clock);
    }
}

static Property rt_properties[] = {
    DEFINE_PROP_LINK("ram", TatuRt, ram, TYPE_MEMORY_REGION, MemoryRegion *),
    DEFINE_PROP_LINK("flash", TatuRt, flash, TYPE_MEMORY_REGION, MemoryRegion *),
    DEFINE_PROP_END_OF_LIST(),
};

static void rt_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = rt_realize;
    device_class_set_props(dc, rt_properties);
    RESETTABLE_CLASS(klass)->phases.hold = rt_reset;
}

static const TypeInfo rt_types[] = {
    {
        .name = TYPE_TATU_RT,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(TatuRt),
        .instance_init = rt_init,
        .class_init = rt_class_init,
    },
    {
        .name = TYPE_RT_CORE,
        .parent = ARM_CPU_TYPE_NAME("cortex-m4"),
        .class_init = rt_core_class_init,
    },
};

DEFINE_TYPES(rt_types)
