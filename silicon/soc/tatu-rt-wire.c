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

static void wire_gpio(const TatuRtParts *p, TatuRt *rt, DeviceState *pfw, unsigned n)
{
    unsigned guarded = TATU_PFW_GPIO + n;

    memory_region_add_subregion(p->normal, TATU_MAP_GPIO_BASE + n * TATU_MAP_GPIO_STRIDE,
                                tatu_pfw_gate(TATU_PFW(pfw), guarded, TATU_PFW_TO_ACORE));
    sysbus_connect_irq(SYS_BUS_DEVICE(p->gpio[n]), 0, qdev_get_gpio_in(pfw, guarded));
    qdev_connect_gpio_out_named(pfw, TATU_PFW_IRQ, guarded * SIDES + TATU_PFW_TO_ACORE,
                                qdev_get_gpio_in(p->gic, SPI_GPIO + n));
    for (unsigned core = 0; core < TATU_RT_COUNT; core++) {
        uint32_t side = TATU_PFW_TO_RT0 + core;

        memory_region_add_subregion(tatu_rt_view(rt, core),
                                    TATU_RT_GPIO_BASE + n * TATU_RT_GPIO_STRIDE,
                                    tatu_pfw_gate(TATU_PFW(pfw), guarded, side));
        qdev_connect_gpio_out_named(pfw, TATU_PFW_IRQ, guarded * SIDES + side,
                                    tatu_rt_irq(rt, core, TATU_RT_GPIO_IRQ + n));
    }
}

static void make_firewall(const TatuRtParts *p, TatuRt *rt)
{
    DeviceState *pfw = make(p, "pfw", TYPE_TATU_PFW);

    for (unsigned n = 0; n < TATU_MAP_GPIO_COUNT; n++) {
        link_nth(pfw, "device", TATU_PFW_GPIO + n, p->gpio[n]);
    }
    realize(pfw);
    map(p->secure, TATU_MAP_PFW_BASE, pfw, 0);
    for (unsigned n = 0; n < TATU_MAP_GPIO_COUNT; n++) {
        wire_gpio(p, rt, pfw, n);
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
