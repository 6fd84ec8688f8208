/*
 * SPDX-License-Identifier: GPL-2.0-only
 * Tatu reference chip: wiring of cores, memories and devices. Addresses: proto/map.h.
 *
 * Views of memory: `system` is what bus masters see; `normal` lays the flash windows over it for
 * the A-core's normal world alone, since QEMU does not end a bus master's transfer where a view of
 * a ROM ends; `secure` lays the secure devices over that; `vault` is the vault core's and shares no
 * address with them.
 */
#include "qemu/osdep.h"

#include "cpu.h"
#include "exec/address-spaces.h"
#include "exec/exec-all.h"
#include "exec/ram_addr.h"
#include "hw/arm/armv7m.h"
#include "hw/arm/boot.h"
#include "hw/boards.h"
#include "hw/char/pl011.h"
#include "hw/cpu/cluster.h"
#include "hw/irq.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties-system.h"
#include "hw/qdev-properties.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "qemu/units.h"
#include "sysemu/reset.h"
#include "sysemu/sysemu.h"
#include "tatu-random.h"
#include "tatu-rt.h"
#include "tatu-soc.h"

#define TYPE_TATU_MACHINE MACHINE_TYPE_NAME("tatu")
OBJECT_DECLARE_SIMPLE_TYPE(TatuMachine, TATU_MACHINE)

#define GIC_SPI_COUNT 96
#define GIC_INTERNAL 32
#define VAULT_IRQ_COUNT 8
#define VAULT_IRQ_MAILBOX 0
#define VAULT_IRQ_TAMPER 1
#define VAULT_CLOCK_HZ 200000000
#define SPI_UART 1
#define SPI_RTC 2
#define SPI_VIRTIO 16
#define SPI_MAILBOX 40
#define SENSOR_UNITS 4 /* serial units that the board has a motion sensor on: the first ones */
#define RAM_SIZE_MAX (1 * GiB)

enum tatu_file { FILE_VAULT_ROM, FILE_AROM, FILE_FUSES, FILE_FLASH, FILE_RTC, FILE_COUNT };
enum tatu_port {
    PORT_PANEL,
    PORT_FAB,
    PORT_RECOVERY,
    PORT_DEBUG,
    PORT_UART,
    PORT_COUNT = PORT_UART + TATU_MAP_ISU_COUNT,
};
enum tatu_number { NUMBER_CUT, NUMBER_CUT_SEED, NUMBER_COUNT };

struct TatuMachine {
    MachineState parent;
    MemoryRegion normal, secure, vault;
    MemoryRegion arom, secram, vrom, vsram;
    MemoryRegion vault_flash, vault_mailram, vault_recovery;
    CPUClusterState cluster[2];
    ARMv7MState vault_core;
    ARMCPU *acore;
    DeviceState *gic;
    DeviceState *guarded[TATU_PFW_COUNT]; /* peripherals, as the firewall numbers them */
    TatuMotion *motion;
    DeviceState *random, *sysctl, *vctl, *fuses, *engine, *flash, *mailbox;
    TatuRt *rt;
    char *file[FILE_COUNT];
    char *port[PORT_COUNT];
    char *number[NUMBER_COUNT];
    char *trng_fault;
    bool blank, recovery, tamper;
};

/* ---- Shared by the devices ------------------------------------------------------------------- */

MemTxResult tatu_bus_error(const char *device, hwaddr offset)
{
    qemu_log_mask(LOG_GUEST_ERROR, "%s: bus error at 0x%" HWADDR_PRIx "\n", device, offset);
    return MEMTX_ERROR;
}

static MemTxResult rom_read(void *opaque, hwaddr offset, uint64_t *out, unsigned size,
                            MemTxAttrs attrs)
{
    return tatu_bus_error("tatu ROM", offset); /* reads go to memory and never come here */
}

static MemTxResult rom_write(void *opaque, hwaddr offset, uint64_t value, unsigned size,
                             MemTxAttrs attrs)
{
    return tatu_bus_error("tatu ROM", offset);
}

static const MemoryRegionOps rom_ops = {
    .read_with_attrs = rom_read,
    .write_with_attrs = rom_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
};

void tatu_init_rom(MemoryRegion *region, Object *owner, const char *name, uint64_t size)
{
    memory_region_init_rom_device_nomigrate(region, owner, &rom_ops, NULL, name, size,
                                            &error_fatal);
}

/* memory_region_init_rom_device, on a shared mapping of a file. */
bool tatu_init_rom_from_fd(MemoryRegion *region, Object *owner, const char *name, uint64_t size,
                           int fd, Error **errp)
{
    memory_region_init(region, owner, name, size);
    region->ops = &rom_ops;
    region->terminates = true;
    region->rom_device = true;
    region->ram_block = qemu_ram_alloc_from_fd(size, region, RAM_SHARED, fd, 0, false, errp);
    return region->ram_block != NULL;
}

/* ---- Small pieces of wiring ------------------------------------------------------------------ */

static qemu_irq spi(TatuMachine *s, int n)
{
    return qdev_get_gpio_in(s->gic, n);
}

static MemoryRegion *mmio(DeviceState *dev, int n)
{
    return sysbus_mmio_get_region(SYS_BUS_DEVICE(dev), n);
}

static void map(MemoryRegion *view, hwaddr base, DeviceState *dev, int n)
{
    memory_region_add_subregion(view, base, mmio(dev, n));
}

static DeviceState *make(TatuMachine *s, const char *name, const char *type)
{
    DeviceState *dev = qdev_new(type);

    object_property_add_child(OBJECT(s), name, OBJECT(dev));
    return dev;
}

static void realize(DeviceState *dev)
{
    sysbus_realize_and_unref(SYS_BUS_DEVICE(dev), &error_fatal);
}

static void name_file(DeviceState *dev, const char *path)
{
    if (path != NULL) {
        qdev_prop_set_string(dev, "file", path);
    }
}

static void set_number(DeviceState *dev, const char *name, const char *text)
{
    if (text != NULL) {
        object_property_parse(OBJECT(dev), name, text, &error_fatal);
    }
}

static void link_to(DeviceState *dev, const char *name, void *object)
{
    object_property_set_link(OBJECT(dev), name, OBJECT(object), &error_abort);
}

static Chardev *port(TatuMachine *s, enum tatu_port n)
{
    Chardev *chr;

    if (s->port[n] == NULL) {
        return NULL;
    }
    chr = qemu_chr_find(s->port[n]);
    if (chr == NULL) {
        error_report("there is no -chardev with id '%s'", s->port[n]);
        exit(EXIT_FAILURE);
    }
    return chr;
}

static void load_rom(MemoryRegion *rom, const char *path, const char *option)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *bytes = NULL;
    gsize len;

    if (path == NULL) {
        error_report("the chip needs %s=FILE", option);
        exit(EXIT_FAILURE);
    }
    if (!g_file_get_contents(path, &bytes, &len, &error)) {
        error_report("%s: %s", option, error->message);
        exit(EXIT_FAILURE);
    }
    if (len == 0 || len > memory_region_size(rom)) {
        error_report("%s: '%s' has %zu bytes; the ROM holds 1 to %" PRIu64, option, path, len,
                     memory_region_size(rom));
        exit(EXIT_FAILURE);
    }
    memcpy(memory_region_get_ram_ptr(rom), bytes, len);
}

/* ---- Memories -------------------------------------------------------------------------------- */

static void make_memories(TatuMachine *s)
{
    MachineState *machine = MACHINE(s);
    MemoryRegion *system = get_system_memory();

    memory_region_add_subregion(system, TATU_MAP_RAM_BASE, machine->ram);

    memory_region_init(&s->normal, OBJECT(s), "tatu.normal", UINT64_MAX);
    memory_region_add_subregion_overlap(&s->normal, 0, system, -1);
    memory_region_init(&s->secure, OBJECT(s), "tatu.secure", UINT64_MAX);
    memory_region_add_subregion_overlap(&s->secure, 0, &s->normal, -1);
    tatu_init_rom(&s->arom, NULL, "tatu.arom", TATU_MAP_AROM_SIZE);
    memory_region_add_subregion(&s->secure, TATU_MAP_AROM_BASE, &s->arom);
    memory_region_init_ram(&s->secram, NULL, "tatu.secram", TATU_MAP_SECRAM_SIZE, &error_fatal);
    memory_region_add_subregion(&s->secure, TATU_MAP_SECRAM_BASE, &s->secram);

    memory_region_init(&s->vault, OBJECT(s), "tatu.vault", UINT64_MAX);
    tatu_init_rom(&s->vrom, NULL, "tatu.vrom", TATU_MAP_VROM_SIZE);
    memory_region_add_subregion(&s->vault, TATU_MAP_VROM_BASE, &s->vrom);
    memory_region_init_ram(&s->vsram, NULL, "tatu.vsram", TATU_MAP_VSRAM_SIZE, &error_fatal);
    memory_region_add_subregion(&s->vault, TATU_MAP_VSRAM_BASE, &s->vsram);

    load_rom(&s->arom, s->file[FILE_AROM], "arom");
    load_rom(&s->vrom, s->file[FILE_VAULT_ROM], "vault-rom");
}

/* ---- Cores ----------------------------------------------------------------------------------- */

static void reset_core(void *opaque)
{
    cpu_reset(opaque);
}

static DeviceState *make_cluster(TatuMachine *s, int n, const char *name)
{
    object_initialize_child(OBJECT(s), name, &s->cluster[n], TYPE_CPU_CLUSTER);
    qdev_prop_set_uint32(DEVICE(&s->cluster[n]), "cluster-id", n);
    return DEVICE(&s->cluster[n]);
}

/* Has no power until the vault gives it: VCTL_ACORE. */
static void make_acore(TatuMachine *s)
{
    DeviceState *cluster = make_cluster(s, 0, "acluster");
    Object *core = object_new(ARM_CPU_TYPE_NAME("cortex-a7"));

    object_property_add_child(OBJECT(cluster), "acore", core);
    object_property_set_bool(core, "has_el2", false, &error_abort);
    object_property_set_bool(core, "has_el3", true, &error_abort);
    object_property_set_bool(core, "start-powered-off", true, &error_abort);
    object_property_set_int(core, "core-count", 1, &error_abort); /* of its cluster */
    object_property_set_int(core, "reset-cbar", TATU_MAP_GICD_BASE, &error_abort);
    object_property_set_link(core, "memory", OBJECT(&s->normal), &error_abort);
    object_property_set_link(core, "secure-memory", OBJECT(&s->secure), &error_abort);
    qdev_realize(DEVICE(core), NULL, &error_fatal);
    qdev_realize(cluster, NULL, &error_fatal);
    s->acore = ARM_CPU(core);
    qemu_register_reset(reset_core, s->acore);
}

static void make_vault_core(TatuMachine *s)
{
    DeviceState *cluster = make_cluster(s, 1, "vcluster");
    Clock *clock = clock_new(OBJECT(s), "vault-clock");
    DeviceState *core;

    clock_set_hz(clock, VAULT_CLOCK_HZ);
    object_initialize_child(OBJECT(cluster), "vault", &s->vault_core, TYPE_ARMV7M);
    core = DEVICE(&s->vault_core);
    qdev_prop_set_uint32(core, "num-irq", VAULT_IRQ_COUNT);
    qdev_prop_set_string(core, "cpu-type", ARM_CPU_TYPE_NAME("cortex-m4"));
    qdev_connect_clock_in(core, "cpuclk", clock);
    link_to(core, "memory", &s->vault);
    sysbus_realize(SYS_BUS_DEVICE(core), &error_fatal);
    qdev_realize(cluster, NULL, &error_fatal);
    armv7m_load_kernel(s->vault_core.cpu, NULL, TATU_MAP_VROM_BASE, TATU_MAP_VROM_SIZE);
}

static void make_gic(TatuMachine *s)
{
    const int timer_irq[] = {
        [GTIMER_PHYS] = 30,
        [GTIMER_VIRT] = 27,
        [GTIMER_HYP] = 26,
        [GTIMER_SEC] = 29,
    };
    DeviceState *core = DEVICE(s->acore);
    SysBusDevice *bus;

    s->gic = make(s, "gic", "arm_gic");
    qdev_prop_set_uint32(s->gic, "revision", 2);
    qdev_prop_set_uint32(s->gic, "num-cpu", 1);
    qdev_prop_set_uint32(s->gic, "num-irq", GIC_SPI_COUNT + GIC_INTERNAL);
    qdev_prop_set_bit(s->gic, "has-security-extensions", true);
    realize(s->gic);
    bus = SYS_BUS_DEVICE(s->gic);
    sysbus_mmio_map(bus, 0, TATU_MAP_GICD_BASE);
    sysbus_mmio_map(bus, 1, TATU_MAP_GICC_BASE);
    for (int i = 0; i < ARRAY_SIZE(timer_irq); i++) {
        qdev_connect_gpio_out(core, i, qdev_get_gpio_in(s->gic, GIC_SPI_COUNT + timer_irq[i]));
    }
    sysbus_connect_irq(bus, 0, qdev_get_gpio_in(core, ARM_CPU_IRQ));
    sysbus_connect_irq(bus, 1, qdev_get_gpio_in(core, ARM_CPU_FIQ));
}

/* ---- Devices of both worlds ------------------------------------------------------------------ */

static DeviceState *make_uart(TatuMachine *s, const char *name, MemoryRegion *view, hwaddr base,
                              Chardev *chr)
{
    DeviceState *dev = make(s, name, TYPE_PL011);

    qdev_prop_set_chr(dev, "chardev", chr);
    realize(dev);
    map(view, base, dev, 0);
    return dev;
}

static void make_shared_devices(TatuMachine *s)
{
    MemoryRegion *system = get_system_memory();
    DeviceState *dev;

    dev = make_uart(s, "uart", system, TATU_MAP_UART_BASE, serial_hd(0));
    sysbus_connect_irq(SYS_BUS_DEVICE(dev), 0, spi(s, SPI_UART));
    /* Each new virtio bus goes to the front of the list that -device takes the first free one
     * from: made downwards, the first -device is at slot 0. */
    for (int i = TATU_MAP_VIRTIO_COUNT - 1; i >= 0; i--) {
        dev = qdev_new("virtio-mmio");
        qdev_prop_set_bit(dev, "force-legacy", false);
        realize(dev);
        sysbus_mmio_map(SYS_BUS_DEVICE(dev), 0, TATU_MAP_VIRTIO_BASE + i * TATU_MAP_VIRTIO_STRIDE);
        sysbus_connect_irq(SYS_BUS_DEVICE(dev), 0, spi(s, SPI_VIRTIO + i));
    }
}

/* make_rt() maps them. */
static void make_guarded(TatuMachine *s)
{
    for (int i = 0; i < TATU_MAP_GPIO_COUNT; i++) {
        s->guarded[TATU_PFW_GPIO + i] = sysbus_create_simple("pl061", -1, NULL);
    }
    s->motion = TATU_MOTION(object_new(TYPE_TATU_MOTION));
    object_property_add_child(OBJECT(s), "motion", OBJECT(s->motion));
    for (int i = 0; i < TATU_MAP_ISU_COUNT; i++) {
        TatuMotion *motion = i < SENSOR_UNITS ? s->motion : NULL;

        s->guarded[TATU_PFW_ISU + i] =
            DEVICE(tatu_isu_new(OBJECT(s), i, port(s, PORT_UART + i), motion));
    }
    for (int i = 0; i < TATU_MAP_PWM_COUNT; i++) {
        g_autofree char *name = g_strdup_printf("pwm%d", i);

        s->guarded[TATU_PFW_PWM + i] = make(s, name, TYPE_TATU_PWM);
        realize(s->guarded[TATU_PFW_PWM + i]);
    }
    s->guarded[TATU_PFW_ADC] = make(s, "adc", TYPE_TATU_ADC);
    realize(s->guarded[TATU_PFW_ADC]);
}

/* ---- Devices of the secure world and the vault ----------------------------------------------- */

static void make_flash(TatuMachine *s)
{
    MemoryRegion *content;

    s->flash = make(s, "flash-device", TYPE_TATU_FLASH);
    name_file(s->flash, s->file[FILE_FLASH]);
    set_number(s->flash, "cut", s->number[NUMBER_CUT]);
    set_number(s->flash, "cut-seed", s->number[NUMBER_CUT_SEED]);
    realize(s->flash);
    map(&s->secure, TATU_MAP_FLASHCTL_BASE, s->flash, 0);
    content = mmio(s->flash, 1);
    memory_region_add_subregion(&s->secure, TATU_MAP_FLASH_BASE, content);
    memory_region_init_alias(&s->vault_flash, OBJECT(s), "tatu.vault-flash", content, 0,
                             TATU_MAP_FLASH_SIZE);
    memory_region_add_subregion(&s->vault, TATU_MAP_VFLASH_BASE, &s->vault_flash);
    for (int i = 0; i < TATU_MAP_WINDOW_COUNT; i++) {
        map(&s->normal, TATU_MAP_WINDOW_BASE + i * TATU_MAP_WINDOW_STRIDE, s->flash, 2 + i);
    }
}

static void make_rt(TatuMachine *s)
{
    const TatuRtParts parts = {
        .machine = OBJECT(s),
        .normal = get_system_memory(),
        .secure = &s->secure,
        .ram = MACHINE(s)->ram,
        .flash = mmio(s->flash, 1),
        .gic = s->gic,
        .guarded = s->guarded,
    };

    s->rt = tatu_rt_wire(&parts);
}

static void make_mailbox(TatuMachine *s)
{
    MemoryRegion *memory;

    s->mailbox = make(s, "mailbox", TYPE_TATU_MAILBOX);
    realize(s->mailbox);
    map(&s->secure, TATU_MAP_MAILBOX_BASE, s->mailbox, 0);
    map(&s->vault, TATU_MAP_VMAILBOX_BASE, s->mailbox, 1);
    memory = mmio(s->mailbox, 2);
    memory_region_add_subregion(&s->secure, TATU_MAP_MAILRAM_BASE, memory);
    memory_region_init_alias(&s->vault_mailram, OBJECT(s), "tatu.vault-mailram", memory, 0,
                             TATU_MAP_MAILRAM_SIZE);
    memory_region_add_subregion(&s->vault, TATU_MAP_VMAILRAM_BASE, &s->vault_mailram);
    sysbus_connect_irq(SYS_BUS_DEVICE(s->mailbox), 0, spi(s, SPI_MAILBOX));
    sysbus_connect_irq(SYS_BUS_DEVICE(s->mailbox), 1,
                       qdev_get_gpio_in(DEVICE(&s->vault_core), VAULT_IRQ_MAILBOX));
}

static void make_random(TatuMachine *s)
{
    s->random = make(s, "random", TYPE_TATU_RANDOM);
    if (s->trng_fault != NULL) {
        object_property_set_str(OBJECT(s->random), "fault", s->trng_fault, &error_fatal);
    }
    realize(s->random);
}

static void make_fuses(TatuMachine *s)
{
    s->fuses = make(s, "fuse-device", TYPE_TATU_FUSES);
    name_file(s->fuses, s->file[FILE_FUSES]);
    qdev_prop_set_bit(s->fuses, "blank", s->blank);
    link_to(s->fuses, "random", s->random);
    realize(s->fuses);
    map(&s->vault, TATU_MAP_VFUSE_BASE, s->fuses, 0);
    map(&s->vault, TATU_MAP_VNVM_BASE, s->fuses, 1);
}

static void make_engine(TatuMachine *s)
{
    s->engine = make(s, "engine", TYPE_TATU_ENGINE);
    link_to(s->engine, "vault-memory", &s->vault);
    link_to(s->engine, "acore-memory", &s->secure);
    link_to(s->engine, "fuses", s->fuses);
    link_to(s->engine, "random", s->random);
    qdev_prop_set_uint64(s->engine, "ram-size", MACHINE(s)->ram_size);
    realize(s->engine);
    map(&s->vault, TATU_MAP_VENGINE_BASE, s->engine, 0);
}

static void make_control(TatuMachine *s)
{
    s->sysctl = make(s, "sysctl", TYPE_TATU_SYSCTL);
    realize(s->sysctl);
    map(&s->secure, TATU_MAP_SYSCTL_BASE, s->sysctl, 0);

    s->vctl = make(s, "vctl", TYPE_TATU_VCTL);
    link_to(s->vctl, "sysctl", s->sysctl);
    link_to(s->vctl, "fuses", s->fuses);
    link_to(s->vctl, "engine", s->engine);
    link_to(s->vctl, "acore", s->acore);
    qdev_prop_set_bit(s->vctl, "recovery", s->recovery);
    qdev_prop_set_bit(s->vctl, "tamper", s->tamper);
    realize(s->vctl);
    map(&s->vault, TATU_MAP_VCTL_BASE, s->vctl, 0);
    sysbus_connect_irq(SYS_BUS_DEVICE(s->vctl), 0,
                       qdev_get_gpio_in(DEVICE(&s->vault_core), VAULT_IRQ_TAMPER));
}

static void make_rtc(TatuMachine *s)
{
    DeviceState *rtc = make(s, "rtc-device", TYPE_TATU_RTC);

    name_file(rtc, s->file[FILE_RTC]);
    realize(rtc);
    map(get_system_memory(), TATU_MAP_RTC_BASE, rtc, 0);
    sysbus_connect_irq(SYS_BUS_DEVICE(rtc), 0, spi(s, SPI_RTC));
    sysbus_connect_irq(SYS_BUS_DEVICE(rtc), 1, qdev_get_gpio_in(s->sysctl, 0));
}

static void make_recovery_port(TatuMachine *s)
{
    DeviceState *uart = make(s, "recovery-uart", TYPE_TATU_UART);

    qdev_prop_set_chr(uart, "chardev", port(s, PORT_RECOVERY));
    realize(uart);
    map(&s->secure, TATU_MAP_RECOVERY_BASE, uart, 0);
    memory_region_init_alias(&s->vault_recovery, OBJECT(s), "tatu.vault-recovery", mmio(uart, 0), 0,
                             TATU_REGISTERS_SIZE);
    memory_region_add_subregion(&s->vault, TATU_MAP_VRECOVERY_BASE, &s->vault_recovery);
}

static void make_debug_port(TatuMachine *s)
{
    DeviceState *debug = make(s, "debug-device", TYPE_TATU_DEBUG);

    qdev_prop_set_chr(debug, "chardev", port(s, PORT_DEBUG));
    link_to(debug, "vctl", s->vctl);
    link_to(debug, "vault-memory", &s->vault);
    link_to(debug, "vault-core", s->vault_core.cpu);
    link_to(debug, "acore-memory", &s->secure);
    link_to(debug, "acore-core", s->acore);
    for (unsigned n = 0; n < TATU_RT_COUNT; n++) {
        g_autofree char *memory = g_strdup_printf("rt%u-memory", n);
        g_autofree char *core = g_strdup_printf("rt%u-core", n);

        link_to(debug, memory, tatu_rt_view(s->rt, n));
        link_to(debug, core, tatu_rt_cpu(s->rt, n));
    }
    realize(debug);
}

static void make_panel(TatuMachine *s)
{
    DeviceState *panel = make(s, "panel-device", TYPE_TATU_PANEL);

    qdev_prop_set_chr(panel, "chardev", port(s, PORT_PANEL));
    link_to(panel, "sysctl", s->sysctl);
    link_to(panel, "vctl", s->vctl);
    link_to(panel, "flash", s->flash);
    for (int i = 0; i < TATU_PFW_COUNT; i++) {
        g_autofree char *name = g_strdup_printf("device%d", i);

        link_to(panel, name, s->guarded[i]);
    }
    link_to(panel, "motion", s->motion);
    realize(panel);
    for (int n = 0; n < TATU_GPIO_LINES; n++) {
        DeviceState *block = s->guarded[TATU_PFW_GPIO + n / TATU_MAP_GPIO_LINES];
        int line = n % TATU_MAP_GPIO_LINES;

        qdev_connect_gpio_out(block, line, qdev_get_gpio_in(panel, n));
        qdev_connect_gpio_out(panel, n, qdev_get_gpio_in(block, line));
    }
}

/* ---- The machine ----------------------------------------------------------------------------- */

static void tatu_init(MachineState *machine)
{
    TatuMachine *s = TATU_MACHINE(machine);

    if (machine->ram_size > RAM_SIZE_MAX) {
        error_report("the chip takes at most 1 GiB of RAM");
        exit(EXIT_FAILURE);
    }
    if (machine->kernel_filename || machine->firmware) {
        error_report("the chip starts from vault-rom only: -kernel and -bios are not for it");
        exit(EXIT_FAILURE);
    }
    memory_region_transaction_begin(); /* all views are drawn once, at the end */
    make_memories(s);
    make_acore(s);
    make_vault_core(s);
    make_gic(s);
    make_shared_devices(s);
    make_guarded(s);
    make_flash(s);
    make_rt(s);
    make_mailbox(s);
    make_random(s);
    make_fuses(s);
    make_engine(s);
    make_control(s);
    make_rtc(s);
    make_panel(s);
    make_uart(s, "vault-uart", &s->vault, TATU_MAP_VUART_BASE, serial_hd(1));
    make_uart(s, "fab-uart", &s->vault, TATU_MAP_VFAB_BASE, port(s, PORT_FAB));
    make_recovery_port(s);
    make_debug_port(s);
    memory_region_transaction_commit();
    tatu_lab_guard(TATU_FUSES(s->fuses));
}

/* ---- Power down ------------------------------------------------------------------------------ */

/* ROMs and the flash are not RAM. */
static int forget_block(RAMBlock *block, void *opaque)
{
    if (memory_region_is_ram(block->mr)) {
        memset(block->host, 0, block->used_length);
        memory_region_set_dirty(block->mr, 0, block->used_length);
    }
    return 0;
}

static void tatu_reset(MachineState *machine, ShutdownCause reason)
{
    TatuMachine *s = TATU_MACHINE(machine);

    qemu_devices_reset(reason);
    if (tatu_sysctl_is_down(TATU_SYSCTL(s->sysctl))) {
        s->vault_core.cpu->power_state = PSCI_OFF;
        CPU(s->vault_core.cpu)->halted = 1;
        qemu_ram_foreach_block(forget_block, NULL);
        tb_flush(CPU(s->vault_core.cpu));
    }
}

#define STRING_PROPERTY(name, field)                                                               \
    static char *get_##name(Object *obj, Error **errp)                                             \
    {                                                                                              \
        return g_strdup(TATU_MACHINE(obj)->field);                                                 \
    }                                                                                              \
    static void set_##name(Object *obj, const char *value, Error **errp)                           \
    {                                                                                              \
        g_free(TATU_MACHINE(obj)->field);                                                          \
        TATU_MACHINE(obj)->field = g_strdup(value);                                                \
    }

#define BOOL_PROPERTY(name)                                                                        \
    static bool get_##name(Object *obj, Error **errp)                                              \
    {                                                                                              \
        return TATU_MACHINE(obj)->name;                                                            \
    }                                                                                              \
    static void set_##name(Object *obj, bool value, Error **errp)                                  \
    {                                                                                              \
        TATU_MACHINE(obj)->name = value;                                                           \
    }

STRING_PROPERTY(vault_rom, file[FILE_VAULT_ROM])
STRING_PROPERTY(arom, file[FILE_AROM])
STRING_PROPERTY(fuses, file[FILE_FUSES])
STRING_PROPERTY(flash, file[FILE_FLASH])
STRING_PROPERTY(panel, port[PORT_PANEL])
STRING_PROPERTY(fab, port[PORT_FAB])
STRING_PROPERTY(rtc, file[FILE_RTC])
STRING_PROPERTY(recovery_port, port[PORT_RECOVERY])
STRING_PROPERTY(debug, port[PORT_DEBUG])
STRING_PROPERTY(uart0, port[PORT_UART])
STRING_PROPERTY(uart1, port[PORT_UART + 1])
STRING_PROPERTY(uart2, port[PORT_UART + 2])
STRING_PROPERTY(uart3, port[PORT_UART + 3])
STRING_PROPERTY(uart4, port[PORT_UART + 4])
STRING_PROPERTY(flash_cut, number[NUMBER_CUT])
STRING_PROPERTY(flash_cut_seed, number[NUMBER_CUT_SEED])
STRING_PROPERTY(trng_fault, trng_fault)
BOOL_PROPERTY(blank)
BOOL_PROPERTY(recovery)
BOOL_PROPERTY(tamper)

static const struct {
    const char *name, *what;
    char *(*get)(Object *, Error **);
    void (*set)(Object *, const char *, Error **);
} string_properties[] = {
    {"vault-rom", "file: ROM of the vault core", get_vault_rom, set_vault_rom},
    {"arom", "file: mask ROM of the A-core", get_arom, set_arom},
    {"fuses", "file: fuses, secrets, counters and NVM", get_fuses, set_fuses},
    {"flash", "file: content of the flash, 16 MiB", get_flash, set_flash},
    {"panel", "id of the -chardev of the board's panel", get_panel, set_panel},
    {"fab", "id of the -chardev of the vault's fab port", get_fab, set_fab},
    {"rtc", "file: the time that was set; made when it is absent", get_rtc, set_rtc},
    {"recovery-port", "id of the -chardev of the recovery port", get_recovery_port,
     set_recovery_port},
    {"debug", "id of the -chardev of the debug port", get_debug, set_debug},
    {"uart0", "id of the -chardev of ISU0's UART", get_uart0, set_uart0},
    {"uart1", "id of the -chardev of ISU1's UART", get_uart1, set_uart1},
    {"uart2", "id of the -chardev of ISU2's UART", get_uart2, set_uart2},
    {"uart3", "id of the -chardev of ISU3's UART", get_uart3, set_uart3},
    {"uart4", "id of the -chardev of ISU4's UART", get_uart4, set_uart4},
    {"flash-cut", "number of the flash operation in which power goes", get_flash_cut,
     set_flash_cut},
    {"flash-cut-seed", "decides how far that operation comes", get_flash_cut_seed,
     set_flash_cut_seed},
    {"trng-fault", "how the noise source fails: none, stuck or biased", get_trng_fault,
     set_trng_fault},
};

static const struct {
    const char *name, *what;
    bool (*get)(Object *, Error **);
    void (*set)(Object *, bool, Error **);
} bool_properties[] = {
    {"blank", "make the fuse file if there is none", get_blank, set_blank},
    {"recovery", "recovery strap", get_recovery, set_recovery},
    {"tamper", "tamper pin", get_tamper, set_tamper},
};

static void tatu_class_init(ObjectClass *klass, void *data)
{
    MachineClass *mc = MACHINE_CLASS(klass);

    mc->desc = "Tatu reference chip";
    mc->init = tatu_init;
    mc->reset = tatu_reset;
    mc->min_cpus = mc->max_cpus = mc->default_cpus = 2 + TATU_RT_COUNT;
    mc->default_cpu_type = ARM_CPU_TYPE_NAME("cortex-a7");
    mc->default_ram_size = TATU_MAP_RAM_SIZE_DEFAULT;
    mc->default_ram_id = "tatu.ram";
    mc->no_floppy = mc->no_cdrom = mc->no_parallel = 1;
    for (size_t i = 0; i < ARRAY_SIZE(string_properties); i++) {
        object_class_property_add_str(klass, string_properties[i].name, string_properties[i].get,
                                      string_properties[i].set);
        object_class_property_set_description(klass, string_properties[i].name,
                                              string_properties[i].what);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bool_properties); i++) {
        object_class_property_add_bool(klass, bool_properties[i].name, bool_properties[i].get,
                                       bool_properties[i].set);
        object_class_property_set_description(klass, bool_properties[i].name,
                                              bool_properties[i].what);
    }
}

static const TypeInfo tatu_types[] = {{
    .name = TYPE_TATU_MACHINE,
    .parent = TYPE_MACHINE,
    .instance_size = sizeof(TatuMachine),
    .class_init = tatu_class_init,
}};

DEFINE_TYPES(tatu_types)
