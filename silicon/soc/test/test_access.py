# SPDX-License-Identifier: GPL-2.0-only
"""Who reaches what."""
import time

from agents import M
from expect import (FLASH, FLASHCTL, RAM, SECRAM, SYSCTL, VCTL, VFLASH, VSRAM, WINDOW, STEP, equal,
                    faults)

SECURE_ONLY = (M['MAP_AROM_BASE'], FLASH, FLASH + M['FLASH_SIZE'] - 4, FLASHCTL, SYSCTL + 4,
               M['MAP_MAILBOX_BASE'] + 4, M['MAP_RECOVERY_BASE'] + 0x18, M['MAP_MAILRAM_BASE'],
               M['MAP_MAILRAM_BASE'] + M['MAP_MAILRAM_SIZE'] - 4, SECRAM,
               SECRAM + M['MAP_SECRAM_SIZE'] - 4)
SHARED = (M['MAP_GICD_BASE'], M['MAP_GICC_BASE'], M['MAP_UART_BASE'] + 0x18, M['MAP_RTC_BASE'],
          M['MAP_GPIO_BASE'] + 0x400, M['MAP_GPIO_BASE'] + 20 * M['MAP_GPIO_STRIDE'] + 0x400,
          M['MAP_ISU_BASE'] + 0x18, M['MAP_ISU_BASE'] + 4 * M['MAP_ISU_STRIDE'] + M['ISU_SPI_SELECT'],
          M['MAP_PWM_BASE'], M['MAP_PWM_BASE'] + 2 * M['MAP_PWM_STRIDE'], M['MAP_ADC_BASE'],
          M['MAP_VIRTIO_BASE'], M['MAP_VIRTIO_BASE'] + 7 * M['MAP_VIRTIO_STRIDE'], RAM,
          RAM + M['MAP_RAM_SIZE_DEFAULT'] - 4)
HOLES = (0x09115000, 0x09203000, 0x09214000, 0x09303000, 0x09401000, 0x00001000, 0x05000000, 0x09001000 + 0x10000, 0x0b005000 + 0x1000, 0x0b00f000,
         0x0b010000 + 0x4000, 0x0c030000, 0x0e040000, WINDOW, WINDOW + 7 * STEP, 0x18000000,
         0x20000000, 0x3ffffffc, RAM + M['MAP_RAM_SIZE_DEFAULT'], 0x60000000, 0xfffffffc)
BX_LR = 0xe12fff1e


def test_acore_is_off_until_the_vault_releases_it(board):
    c = board.start()
    box = M['MAP_VMAILRAM_BASE']
    c.write(box, 1)
    time.sleep(0.5)
    equal(c.read(box), 1, 'somebody answered')
    equal(c.read(VCTL + M['VCTL_ACORE']), 0)
    c.write(VCTL + M['VCTL_ACORE'], 2)
    time.sleep(0.2)
    equal(c.read(box + 0x1c), 0, 'another word than 1 released it')
    c.write(box, 0)
    c.release()
    equal(c.read(VCTL + M['VCTL_ACORE']), 1)
    c.write(VCTL + M['VCTL_ACORE'], 0)
    equal(c.read(VCTL + M['VCTL_ACORE']), 1, 'the release was taken back')
    c.secure_read(SECRAM)


def test_normal_world_cannot_reach_the_secure_world(board):
    c = board.start()
    c.release()
    c.secure_write(SECRAM + 0x100, 0x5ec2e7)
    for address in SECURE_ONLY:
        c.secure_read(address)
        faults(c.normal_read, address)
        faults(c.normal_write, address, 0)
    equal(c.secure_read(SECRAM + 0x100), 0x5ec2e7, 'secure RAM was changed')


def test_both_worlds_reach_what_is_shared(board):
    c = board.start()
    c.release()
    for address in SHARED:
        c.normal_read(address)
        c.secure_read(address)
    c.normal_write(RAM + 0x1000, 0x1234)
    equal(c.secure_read(RAM + 0x1000), 0x1234)
    c.secure_write(RAM + 0x1004, 0x4321)
    equal(c.normal_read(RAM + 0x1004), 0x4321)


def test_holes_of_the_map_fault_in_both_worlds(board):
    c = board.start()
    c.release()
    for address in HOLES:
        faults(c.normal_read, address)
        faults(c.normal_write, address, 0)
        faults(c.secure_read, address)
        faults(c.secure_write, address, 0)


def test_nothing_of_the_vault_is_in_the_acore_map(board):
    c = board.start()
    c.release()
    c.put(VSRAM, b'vault secret')
    for address in (VSRAM, VSRAM + M['MAP_VSRAM_SIZE'] - 4, VFLASH):
        faults(c.secure_read, address)
        faults(c.secure_write, address, 0)
    # Some of the vault's addresses are RAM for the A-core: the same number, another place.
    nvm, record = M['MAP_VNVM_BASE'], b'kept by the vault alone' + bytes(41)
    c.put_words(nvm, record)
    c.secure_write(nvm, 0xdead)
    equal(c.secure_read(nvm), 0xdead)
    equal(c.get(nvm, 64), record)
    c.secure_write(M['MAP_VFUSE_BASE'] + M['FUSE_FLOOR'], 1)
    equal(c.read(M['MAP_VFUSE_BASE'] + M['FUSE_FLOOR']), 0)


def test_nothing_of_the_acore_is_in_the_vault_map(board):
    c = board.start()
    for address in (FLASH, M['MAP_UART_BASE'], FLASHCTL, SYSCTL, M['MAP_MAILBOX_BASE'], SECRAM,
                    RAM + 0x100000, M['MAP_GICD_BASE'], WINDOW, 0x00008000, 0x20020000, 0x40008000,
                    0x40014000, 0x61000000):
        faults(c.read, address)
        faults(c.write, address, 0)


def test_roms_refuse_writes(board):
    c = board.start()
    before = c.read(M['MAP_VROM_BASE'])
    faults(c.write, M['MAP_VROM_BASE'], ~before & 0xffffffff)
    faults(c.write_byte, M['MAP_VROM_BASE'] + 1, 0x55)
    equal(c.read(M['MAP_VROM_BASE']), before)
    c.release()
    before = c.secure_read(M['MAP_AROM_BASE'])
    faults(c.secure_write, M['MAP_AROM_BASE'], 0)
    equal(c.secure_read(M['MAP_AROM_BASE']), before)


def test_normal_world_cannot_execute_secure_code(board):
    c = board.start()
    c.release()
    c.secure_write(SECRAM + 0x200, BX_LR)
    c.secure_execute(SECRAM + 0x200)
    faults(c.normal_execute, SECRAM + 0x200)
    c.normal_write(RAM + 0x2000, BX_LR)
    c.normal_execute(RAM + 0x2000)
    faults(c.normal_execute, 0x0c000000)


def test_registers_take_words_only(board):
    c = board.start()
    for address in (VCTL, M['MAP_VFUSE_BASE'], M['MAP_VENGINE_BASE'] + 4,
                    M['MAP_VMAILBOX_BASE'] + 4):
        faults(c.read_byte, address)
        faults(c.write_byte, address, 0)
    for address in (VCTL + 0x100, M['MAP_VFUSE_BASE'] + 0x300, M['MAP_VENGINE_BASE'] + 0x300,
                    M['MAP_VMAILBOX_BASE'] + 0x10):
        faults(c.read, address)
        faults(c.write, address, 0)
    c.release()
    for address in (FLASHCTL + 0x20, SYSCTL + 0x18, M['MAP_MAILBOX_BASE'] + 0x0c):
        faults(c.secure_read, address)
        faults(c.secure_write, address, 0)


def test_mailbox_rings_each_way(board):
    c = board.start()
    c.release()
    vault, core = M['MAP_VMAILBOX_BASE'], M['MAP_MAILBOX_BASE']
    ring, status, clear = M['MAILBOX_RING'], M['MAILBOX_STATUS'], M['MAILBOX_CLEAR']
    equal((c.read(vault + status), c.secure_read(core + status)), (0, 0))
    c.secure_write(core + ring, 1)
    equal((c.read(vault + status), c.secure_read(core + status)), (1, 0))
    c.secure_write(core + clear, 1)
    equal(c.read(vault + status), 1, 'one side cleared what is the other side\'s')
    c.write(vault + clear, 1)
    equal(c.read(vault + status), 0)
    c.write(vault + ring, 1)
    equal((c.read(vault + status), c.secure_read(core + status)), (0, 1))
    c.secure_write(M['MAP_MAILRAM_BASE'] + M['MAILRAM_REQUEST'] + 0x40, 0xabcd)
    equal(c.read(M['MAP_VMAILRAM_BASE'] + M['MAILRAM_REQUEST'] + 0x40), 0xabcd)


def test_mailbox_interrupts_reach_both_cores(board):
    c = board.start()
    c.release()
    nvic_pending, gic_pending = 0xe000e200, M['MAP_GICD_BASE'] + 0x200 + 4 * ((32 + 40) // 32)
    bit = 1 << ((32 + 40) % 32)
    equal(c.read(nvic_pending) & 1, 0)
    equal(c.secure_read(gic_pending) & bit, 0)
    c.secure_write(M['MAP_MAILBOX_BASE'] + M['MAILBOX_RING'], 1)
    equal(c.read(nvic_pending) & 1, 1)
    c.write(M['MAP_VMAILBOX_BASE'] + M['MAILBOX_RING'], 1)
    equal(c.secure_read(gic_pending) & bit, bit)
    c.secure_write(M['MAP_MAILBOX_BASE'] + M['MAILBOX_CLEAR'], 1)
    equal(c.secure_read(gic_pending) & bit, 0)
