/*
 * SPDX-License-Identifier: GPL-2.0-only
 * A serial unit: UART, I2C and SPI master in one window, each QEMU's own model, with what the board
 * has on their pins. Behaviour: docs/chip/isu.md.
 */
#include "qemu/osdep.h"

#include "hw/char/pl011.h"
#include "hw/i2c/arm_sbcon_i2c.h"
#include "hw/irq.h"
#include "hw/ssi/pl022.h"
#include "hw/ssi/ssi.h"
#include "qapi/error.h"
#include "tatu-board.h"
#include "tatu-soc.h"

#define PAGE 0x1000
#define SENSOR_ADDRESS 0x6a

#define UART_DATA 0x00
#define UART_FLAGS 0x18
#define UART_FLAG_RX_EMPTY 0x10
#define UART_CLEAR 0x44
#define I2C_SET 0x00
#define I2C_BOTH_LINES 3
#define SPI_CONTROL0 0x00
#define SPI_CONTROL1 0x04
#define SPI_PRESCALE 0x10

/* What a UART's registers hold after reset: offset, value. */
static const uint16_t uart_reset[][2] = {
    {0x38, 0}, {0x20, 0}, {0x24, 0}, {0x28, 0}, {0x2c, 0}, {0x30, 0x300}, {0x34, 0x12},
};

/* A sensor behind a select of the SPI: bits go both ways at once. */
typedef struct SpiPort {
    TatuSensor sensor;
    uint8_t in, out;
    unsigned bits; /* of this byte, so far */
    bool addressed, reading;
    uint8_t address;
} SpiPort;

struct TatuIsu {
    SysBusDevice parent;
    MemoryRegion registers;
    PL011State uart;
    ArmSbconI2CState i2c;
    PL022State spi;
    TatuLine *line;
    SpiPort port[TATU_ISU_SELECT_COUNT];
    uint32_t select;
    bool has_sensors;
    qemu_irq irq[TATU_PFW_LINES];
};

/* ---- The I2C sensor -------------------------------------------------------------------------- */

#define TYPE_TATU_I2C_SENSOR "tatu-i2c-sensor"
OBJECT_DECLARE_SIMPLE_TYPE(TatuI2CSensor, TATU_I2C_SENSOR)

struct TatuI2CSensor {
    I2CSlave parent;
    TatuSensor sensor;
    uint8_t address;
    bool addressed;
};

static int i2c_sensor_event(I2CSlave *slave, enum i2c_event event)
{
    if (event == I2C_START_SEND) {
        TATU_I2C_SENSOR(slave)->addressed = false;
    }
    return 0;
}

static int i2c_sensor_send(I2CSlave *slave, uint8_t byte)
{
    TatuI2CSensor *s = TATU_I2C_SENSOR(slave);

    if (!s->addressed) {
        s->address = byte % TATU_SENSOR_REGISTER_COUNT;
        s->addressed = true;
        return 0;
    }
    tatu_sensor_write(&s->sensor, s->address, byte);
    s->address = tatu_sensor_next(&s->sensor, s->address);
    return 0;
}

static uint8_t i2c_sensor_recv(I2CSlave *slave)
{
    TatuI2CSensor *s = TATU_I2C_SENSOR(slave);
    uint8_t byte = tatu_sensor_read(&s->sensor, s->address);

    s->address = tatu_sensor_next(&s->sensor, s->address);
    return byte;
}

/* QEMU's own match lets every device answer a general call; this part does not. */
static bool i2c_sensor_match(I2CSlave *slave, uint8_t address, bool broadcast,
                             I2CNodeList *current_devs)
{
    I2CNode *node;

    if (broadcast || address != slave->address) {
        return false;
    }
    node = g_new(I2CNode, 1);
    node->elt = slave;
    QLIST_INSERT_HEAD(current_devs, node, next);
    return true;
}

static void i2c_sensor_reset(Object *obj)
{
    TatuI2CSensor *s = TATU_I2C_SENSOR(obj);

    tatu_sensor_reset(&s->sensor);
    s->address = 0;
    s->addressed = false;
}

static void i2c_sensor_class_init(ObjectClass *klass, void *data)
{
    I2CSlaveClass *ic = I2C_SLAVE_CLASS(klass);

    ic->event = i2c_sensor_event;
    ic->send = i2c_sensor_send;
    ic->recv = i2c_sensor_recv;
    ic->match_and_add = i2c_sensor_match;
    RESETTABLE_CLASS(klass)->phases.hold = i2c_sensor_reset;
}

/* A START while a transfer is open may be for another device; the bus would not look again. */
static void end_before_restart(TatuIsu *s)
{
    if (s->i2c.bitbang.state == SENDING_BIT7 && s->i2c.bitbang.current_addr < 0 &&
        i2c_bus_busy(s->i2c.bitbang.bus)) {
        i2c_end_transfer(s->i2c.bitbang.bus);
    }
}

/* ---- The SPI sensors ------------------------------------------------------------------------- */

#define TYPE_TATU_SPI_WIRES "tatu-spi-wires"
OBJECT_DECLARE_SIMPLE_TYPE(TatuSpiWires, TATU_SPI_WIRES)

/* On the master's bus: hands its words to whom the unit selects. */
struct TatuSpiWires {
    SSIPeripheral parent;
    TatuIsu *isu;
};

static void begin_byte(SpiPort *p)
{
    bool answers = p->addressed && p->reading && !tatu_sensor_is_mute(&p->sensor);

    p->out = answers ? tatu_sensor_read(&p->sensor, p->address) : 0;
}

static void end_byte(SpiPort *p)
{
    if (!p->addressed) {
        p->addressed = true;
        p->reading = p->in & 0x80;
        p->address = p->in % TATU_SENSOR_REGISTER_COUNT;
        return;
    }
    if (!p->reading) {
        tatu_sensor_write(&p->sensor, p->address, p->in);
    }
    p->address = tatu_sensor_next(&p->sensor, p->address);
}

static unsigned clock_bit(SpiPort *p, unsigned bit)
{
    unsigned answer;

    if (p->bits == 0) {
        begin_byte(p);
    }
    answer = (p->out >> (7 - p->bits)) & 1;
    p->in = p->in << 1 | bit;
    p->bits = (p->bits + 1) % 8;
    if (p->bits == 0) {
        end_byte(p);
    }
    return answer;
}

static uint32_t spi_transfer(SSIPeripheral *peripheral, uint32_t word)
{
    TatuIsu *s = TATU_SPI_WIRES(peripheral)->isu;
    uint32_t answer = 0;

    for (unsigned n = 0; n < TATU_ISU_SELECT_COUNT; n++) {
        bool selected = s->has_sensors && ((s->select >> n) & 1);

        for (int bit = s->spi.cr0 & 15; selected && bit >= 0; bit--) {
            answer |= clock_bit(&s->port[n], (word >> bit) & 1) << bit;
        }
    }
    return answer;
}

static void spi_wires_realize(SSIPeripheral *peripheral, Error **errp)
{
}

static void spi_wires_class_init(ObjectClass *klass, void *data)
{
    SSIPeripheralClass *sc = SSI_PERIPHERAL_CLASS(klass);

    sc->realize = spi_wires_realize;
    sc->transfer_raw = spi_transfer;
}

/* Each edge of a select begins anew. */
static void set_select(TatuIsu *s, uint32_t select)
{
    uint32_t changed = s->select ^ select;

    s->select = select;
    for (unsigned n = 0; n < TATU_ISU_SELECT_COUNT; n++) {
        if ((changed >> n) & 1) {
            s->port[n].bits = 0;
            s->port[n].addressed = false;
        }
    }
}

/* ---- Window ---------------------------------------------------------------------------------- */

static MemoryRegion *master_at(TatuIsu *s, hwaddr offset)
{
    switch (offset / PAGE * PAGE) {
    case TATU_ISU_UART:
        return &s->uart.iomem;
    case TATU_ISU_I2C:
        return &s->i2c.iomem;
    case TATU_ISU_SPI:
        return &s->spi.iomem;
    default:
        return NULL;
    }
}

static MemTxResult isu_read(void *opaque, hwaddr offset, uint64_t *out, unsigned size,
                            MemTxAttrs attrs)
{
    TatuIsu *s = opaque;

    if (offset == TATU_ISU_SPI_SELECT) {
        *out = s->select;
        return MEMTX_OK;
    }
    return memory_region_dispatch_read(master_at(s, offset), offset % PAGE, out,
                                       size_memop(size) | MO_LE, attrs);
}

static MemTxResult isu_write(void *opaque, hwaddr offset, uint64_t value, unsigned size,
                             MemTxAttrs attrs)
{
    TatuIsu *s = opaque;
    MemTxResult result;

    if (offset == TATU_ISU_SPI_SELECT) {
        set_select(s, value & MAKE_64BIT_MASK(0, TATU_ISU_SELECT_COUNT));
        return MEMTX_OK;
    }
    result = memory_region_dispatch_write(master_at(s, offset), offset % PAGE, value,
                                          size_memop(size) | MO_LE, attrs);
    end_before_restart(s);
    return result;
}

static const MemoryRegionOps isu_ops = {
    .read_with_attrs = isu_read,
    .write_with_attrs = isu_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 1, .max_access_size = 4},
    .impl = {.min_access_size = 1, .max_access_size = 4},
};

/* ---- Life ------------------------------------------------------------------------------------ */

static void poke(MemoryRegion *registers, hwaddr offset, uint32_t value)
{
    memory_region_dispatch_write(registers, offset, value, MO_32 | MO_LE, MEMTXATTRS_UNSPECIFIED);
}

static uint32_t peek(MemoryRegion *registers, hwaddr offset)
{
    uint64_t value = 0;

    memory_region_dispatch_read(registers, offset, &value, MO_32 | MO_LE, MEMTXATTRS_UNSPECIFIED);
    return value;
}

/* QEMU's UART and I2C know no reset, and its SPI keeps its interrupt line: after they had theirs.
 */
static void isu_reset_exit(Object *obj)
{
    TatuIsu *s = TATU_ISU(obj);

    for (size_t i = 0; i < ARRAY_SIZE(uart_reset); i++) {
        poke(&s->uart.iomem, uart_reset[i][0], uart_reset[i][1]);
    }
    tatu_line_drop(s->line);
    while (!(peek(&s->uart.iomem, UART_FLAGS) & UART_FLAG_RX_EMPTY)) {
        peek(&s->uart.iomem, UART_DATA);
    }
    poke(&s->uart.iomem, UART_CLEAR, 0x7ff);
    poke(&s->i2c.iomem, I2C_SET, I2C_BOTH_LINES);
    end_before_restart(s);
    poke(&s->spi.iomem, SPI_CONTROL1, 0);
    poke(&s->spi.iomem, SPI_CONTROL0, 0);
    poke(&s->spi.iomem, SPI_PRESCALE, 0);
    s->select = 0;
    for (unsigned n = 0; n < TATU_ISU_SELECT_COUNT; n++) {
        s->port[n].bits = 0;
        s->port[n].addressed = false;
        tatu_sensor_reset(&s->port[n].sensor);
    }
}

static void interrupt_changed(void *opaque, int n, int level)
{
    TatuIsu *s = opaque;

    qemu_set_irq(s->irq[n], level);
}

static void isu_init(Object *obj)
{
    TatuIsu *s = TATU_ISU(obj);

    object_initialize_child(obj, "uart", &s->uart, TYPE_PL011);
    object_initialize_child(obj, "i2c", &s->i2c, TYPE_ARM_SBCON_I2C);
    object_initialize_child(obj, "spi", &s->spi, TYPE_PL022);
    qdev_init_gpio_in(DEVICE(obj), interrupt_changed, TATU_PFW_LINES);
}

static void isu_realize(DeviceState *dev, Error **errp)
{
    TatuIsu *s = TATU_ISU(dev);
    SysBusDevice *bus = SYS_BUS_DEVICE(dev);

    sysbus_realize(SYS_BUS_DEVICE(&s->uart), &error_fatal);
    sysbus_realize(SYS_BUS_DEVICE(&s->i2c), &error_fatal);
    sysbus_realize(SYS_BUS_DEVICE(&s->spi), &error_fatal);
    sysbus_connect_irq(SYS_BUS_DEVICE(&s->uart), 0, qdev_get_gpio_in(dev, 0));
    sysbus_connect_irq(SYS_BUS_DEVICE(&s->spi), 0, qdev_get_gpio_in(dev, 1));
    memory_region_init_io(&s->registers, OBJECT(s), &isu_ops, s, TYPE_TATU_ISU, TATU_ISU_SIZE);
    sysbus_init_mmio(bus, &s->registers);
    for (unsigned n = 0; n < TATU_PFW_LINES; n++) {
        sysbus_init_irq(bus, &s->irq[n]);
    }
    TATU_SPI_WIRES(ssi_create_peripheral(s->spi.ssi, TYPE_TATU_SPI_WIRES))->isu = s;
}

static void add_sensors(TatuIsu *s, const TatuMotion *motion)
{
    I2CSlave *slave =
        i2c_slave_create_simple(s->i2c.bitbang.bus, TYPE_TATU_I2C_SENSOR, SENSOR_ADDRESS);

    TATU_I2C_SENSOR(slave)->sensor.motion = motion;
    for (unsigned n = 0; n < TATU_ISU_SELECT_COUNT; n++) {
        s->port[n].sensor.motion = motion;
    }
    s->has_sensors = true;
}

TatuIsu *tatu_isu_new(Object *parent, unsigned n, Chardev *outside, const TatuMotion *motion)
{
    g_autofree char *name = g_strdup_printf("isu%u", n);
    g_autofree char *line = g_strdup_printf("tatu-uart%u", n);
    TatuIsu *s = TATU_ISU(qdev_new(TYPE_TATU_ISU));

    object_property_add_child(parent, name, OBJECT(s));
    s->line = tatu_line_new(line, outside);
    qemu_chr_fe_init(&s->uart.chr, CHARDEV(s->line), &error_fatal);
    sysbus_realize_and_unref(SYS_BUS_DEVICE(s), &error_fatal);
    if (motion != NULL) {
        add_sensors(s, motion);
    }
    return s;
}

TatuLine *tatu_isu_line(TatuIsu *s)
{
    return s->line;
}

static void isu_class_init(ObjectClass *klass, void *data)
{
    DEVICE_CLASS(klass)->realize = isu_realize;
    RESETTABLE_CLASS(klass)->phases.exit = isu_reset_exit;
}

static const TypeInfo isu_types[] = {
    {
        .name = TYPE_TATU_ISU,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(TatuIsu),
        .instance_init = isu_init,
        .class_init = isu_class_init,
    },
    {
        .name = TYPE_TATU_I2C_SENSOR,
        .parent = TYPE_I2C_SLAVE,
        .instance_size = sizeof(TatuI2CSensor),
        .class_init = i2c_sensor_class_init,
    },
    {
        .name = TYPE_TATU_SPI_WIRES,
        .parent = TYPE_SSI_PERIPHERAL,
        .instance_size = sizeof(TatuSpiWires),
        .class_init = spi_wires_class_init,
    },
};

DEFINE_TYPES(isu_types)
