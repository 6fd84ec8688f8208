/*
 * SPDX-License-Identifier: GPL-2.0-only
 * Real-time cores, their mailboxes and the peripheral firewall, for each other and for tatu.c.
 * Behaviour: docs/chip/rt.md, rt-mailbox.md, pfw.md.
 */
#ifndef TATU_RT_H
#define TATU_RT_H

#include "target/arm/cpu-qom.h"
#include "tatu-soc.h"

#define TYPE_TATU_RT "tatu-rt"
#define TYPE_TATU_RT_MAILBOX "tatu-rt-mailbox"
#define TYPE_TATU_PFW "tatu-pfw"

OBJECT_DECLARE_SIMPLE_TYPE(TatuRt, TATU_RT)
OBJECT_DECLARE_SIMPLE_TYPE(TatuRtMailbox, TATU_RT_MAILBOX)
OBJECT_DECLARE_SIMPLE_TYPE(TatuPfw, TATU_PFW)

/* Named outputs of the firewall, (n * (1 + TATU_RT_COUNT) + side) * TATU_PFW_LINES + line:
 * interrupts of peripheral n. */
#define TATU_PFW_IRQ "irq"

/** What the rest of the chip has for them; all borrowed. */
typedef struct TatuRtParts {
    Object *machine;
    MemoryRegion *normal, *secure; /* views of the A-core */
    MemoryRegion *ram, *flash;
    DeviceState *gic;
    DeviceState **guarded; /* TATU_PFW_COUNT peripherals, nowhere mapped yet */
} TatuRtParts;

/** Makes both cores, their mailboxes and the firewall, and puts the peripherals behind it. */
TatuRt *tatu_rt_wire(const TatuRtParts *parts);

/** What core n sees. n < TATU_RT_COUNT. */
MemoryRegion *tatu_rt_view(TatuRt *rt, unsigned n);

/** Interrupt line `line` of core n; remembered while the core is held. */
qemu_irq tatu_rt_irq(TatuRt *rt, unsigned n, unsigned line);

/** The processor of core n. */
ARMCPU *tatu_rt_cpu(TatuRt *rt, unsigned n);

/** The core is held: empties its FIFO and clears its side's doorbells and enables. */
void tatu_rt_mailbox_core_held(TatuRtMailbox *mailbox);

/** The way to peripheral n for `side`: TATU_PFW_TO_ACORE, _RT0 or _RT1. After realize. */
MemoryRegion *tatu_pfw_gate(TatuPfw *pfw, unsigned n, uint32_t side);

#endif
