/*
 * SPDX-License-Identifier: GPL-2.0-only
 * Wiring of the real-time cores, their mailboxes and the peripheral firewall.
 */
#include "qemu/osdep.h"

#include "hw/irq.h"
#include "qapi/error.h"
#include "tatu-rt.h"

#define SIDES (1 + TATU_RT_COUNT)
#define SPI_MAILBOX 42
#define SPI_GPIO 48
#define SPI_ISU 72

static DeviceState *make(const TatuRtParts *p, const char *name, const char *type)
{
    DeviceState *dev = qdev_new(type);

    object_property_add_child(p->machine, name, OBJECT(dev));
    return dev;
}

static void realize(DeviceState *dev)
{
    sysbus_realize_and_unref(SYS_BUS_DEVICE(dev), &error_fatal);
}

static void link_to(DeviceState *dev, const char *name, void *object)
{
    object_property_set_link(OBJECT(dev), name, OBJECT(object), &error_abort);
}

static void link_nth(DeviceState *dev, const char *name, unsigned n, void *object)
{
    g_autofree char *numbered = g_strdup_printf("%s%u", name, n);

    link_to(dev, numbered, object);
}

static void map(MemoryRegion *view, hwaddr base, DeviceState *dev, int n)
{
    memory_region_add_subregion(view, base, sysbus_mmio_get_region(SYS_BUS_DEVICE(dev), n));
}

static TatuRt *make_cores(const TatuRtParts *p, DeviceState **mailbox)
{
    DeviceState *dev = make(p, "rt", TYPE_TATU_RT);

    link_to(dev, "ram", p->ram);
    link_to(dev, "flash", p->flash);
    for (unsigned n = 0; n < TATU_RT_COUNT; n++) {
        link_nth(dev, "mailbox", n, mailbox[n]);
    }
    realize(dev);
    map(p->secure, TATU_MAP_RTCTL_BASE, dev, 0);
    for (unsigned n = 0; n < TATU_RT_COUNT; n++) {
        map(p->secure, TATU_MAP_RTTCM_BASE + n * TATU_MAP_RTTCM_STRIDE, dev, 1 + n);
    }
    return TATU_RT(dev);
}

static void wire_mailbox(const TatuRtParts *p, TatuRt *rt, unsigned n, DeviceState *mailbox)
{
    SysBusDevice *bus = SYS_BUS_DEVICE(mailbox);

    map(p->normal, TATU_MAP_RTMAIL_BASE + n * TATU_MAP_RTMAIL_STRIDE, mailbox, 0);
    map(tatu_rt_view(rt, n), TATU_RT_MAILBOX_BASE, mailbox, 1);
    sysbus_connect_irq(bus, 0, qdev_get_gpio_in(p->gic, SPI_MAILBOX + n));
    sysbus_connect_irq(bus, 1, tatu_rt_irq(rt, n, TATU_RT_MAILBOX_IRQ));
}

/* Peripherals of one kind: where both sides see them, and their interrupts there. */
typedef struct Kind {
    unsigned first, count; /* numbers in the firewall */
    hwaddr acore_base, acore_stride, rt_base, rt_stride;
    unsigned lines, spi, rt_line; /* interrupts of each; numbers of the first one's first */
} Kind;

static const Kind kinds[] = {
    {TATU_PFW_GPIO, TATU_MAP_GPIO_COUNT, TATU_MAP_GPIO_BASE, TATU_MAP_GPIO_STRIDE,
     TATU_RT_GPIO_BASE, TATU_RT_GPIO_STRIDE, 1, SPI_GPIO, TATU_RT_GPIO_IRQ},
    {TATU_PFW_ISU, TATU_MAP_ISU_COUNT, TATU_MAP_ISU_BASE, TATU_MAP_ISU_STRIDE, TATU_RT_ISU_BASE,
     TATU_RT_ISU_STRIDE, 2, SPI_ISU, TATU_RT_ISU_IRQ},
    {TATU_PFW_PWM, TATU_MAP_PWM_COUNT, TATU_MAP_PWM_BASE, TATU_MAP_PWM_STRIDE, TATU_RT_PWM_BASE,
     TATU_RT_PWM_STRIDE, 0, 0, 0},
    {TATU_PFW_ADC, 1, TATU_MAP_ADC_BASE, 0, TATU_RT_ADC_BASE, 0, 0, 0, 0},
};

static void connect_side(DeviceState *pfw, unsigned guarded, uint32_t side, unsigned line,
                         qemu_irq to)
{
    unsigned output = (guarded * SIDES + side) * TATU_PFW_LINES + line;

    qdev_connect_gpio_out_named(pfw, TATU_PFW_IRQ, output, to);
}

static void wire_lines(const TatuRtParts *p, TatuRt *rt, DeviceState *pfw, const Kind *kind,
                       unsigned n)
{
    unsigned guarded = kind->first + n;

    for (unsigned line = 0; line < kind->lines; line++) {
        unsigned of_kind = n * kind->lines + line;

        sysbus_connect_irq(SYS_BUS_DEVICE(p->guarded[guarded]), line,
                           qdev_get_gpio_in(pfw, guarded * TATU_PFW_LINES + line));
        connect_side(pfw, guarded, TATU_PFW_TO_ACORE, line,
                     qdev_get_gpio_in(p->gic, kind->spi + of_kind));
        for (unsigned core = 0; core < TATU_RT_COUNT; core++) {
            connect_side(pfw, guarded, TATU_PFW_TO_RT0 + core, line,
                         tatu_rt_irq(rt, core, kind->rt_line + of_kind));
        }
    }
}

static void wire_guarded(const TatuRtParts *p, TatuRt *rt, DeviceState *pfw, const Kind *kind,
                         unsigned n)
{
    unsigned guarded = kind->first + n;

    memory_region_add_subregion(p->normal, kind->acore_base + n * kind->acore_stride,
                                tatu_pfw_gate(TATU_PFW(pfw), guarded, TATU_PFW_TO_ACORE));
    for (unsigned core = 0; core < TATU_RT_COUNT; core++) {
        memory_region_add_subregion(tatu_rt_view(rt, core), kind->rt_base + n * kind->rt_stride,
                                    tatu_pfw_gate(TATU_PFW(pfw), guarded, TATU_PFW_TO_RT0 + core));
    }
    wire_lines(p, rt, pfw, kind, n);
}

static void make_firewall(const TatuRtParts *p, TatuRt *rt)
{
    DeviceState *pfw = make(p, "pfw", TYPE_TATU_PFW);

    for (unsigned n = 0; n < TATU_PFW_COUNT; n++) {
        link_nth(pfw, "device", n, p->guarded[n]);
    }
    realize(pfw);
    map(p->secure, TATU_MAP_PFW_BASE, pfw, 0);
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        for (unsigned n = 0; n < kinds[i].count; n++) {
            wire_guarded(p, rt, pfw, &kinds[i], n);
        }
    }
}

TatuRt *tatu_rt_wire(const TatuRtParts *p)
{
    DeviceState *mailbox[TATU_RT_COUNT];
    TatuRt *rt;

    for (unsigned n = 0; n < TATU_RT_COUNT; n++) {
        g_autofree char *name = g_strdup_printf("rt-mailbox%u", n);

        mailbox[n] = make(p, name, TYPE_TATU_RT_MAILBOX);
        realize(mailbox[n]);
    }
    rt = make_cores(p, mailbox);
    for (unsigned n = 0; n < TATU_RT_COUNT; n++) {
        wire_mailbox(p, rt, n, mailbox[n]);
    }
    make_firewall(p, rt);
    return rt;
}
