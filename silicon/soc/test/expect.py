# SPDX-License-Identifier: GPL-2.0-only
"""Shorthand of the tests: what is expected, what must be refused, where devices are."""
import time

from agents import FAR_S, Fault, M

VFUSE = M['MAP_VFUSE_BASE']
VCTL = M['MAP_VCTL_BASE']
VENGINE = M['MAP_VENGINE_BASE']
VNVM = M['MAP_VNVM_BASE']
VSRAM = M['MAP_VSRAM_BASE']
VFLASH = M['MAP_VFLASH_BASE']
FLASHCTL = M['MAP_FLASHCTL_BASE']
SYSCTL = M['MAP_SYSCTL_BASE']
FLASH = M['MAP_FLASH_BASE']
RAM = M['MAP_RAM_BASE']
SECRAM = M['MAP_SECRAM_BASE']
WINDOW = M['MAP_WINDOW_BASE']
STEP = M['MAP_WINDOW_STRIDE']


def equal(got, wanted, what=''):
    assert got == wanted, f'{what}: got {got!r}, wanted {wanted!r}'


def differ(got, unwanted, what=''):
    assert got != unwanted, f'{what}: got {got!r}'


def says(text, part):
    assert part in text, f'{text!r} does not say {part!r}'


def faults(access, *arguments):
    try:
        access(*arguments)
    except Fault:
        return
    raise AssertionError(f'{access.__name__}{arguments} was not refused')


def fuse(c, offset):
    return c.read(VFUSE + offset)


def burn(c, offset, bits):
    c.write(VFUSE + offset, bits)


def counter(c, n):
    at = VFUSE + M['FUSE_COUNTER'] + 8 * n
    return c.read(at) | c.read(at + 4) << 32


def count(c, n):
    c.write(VFUSE + M['FUSE_COUNTER'] + 8 * n, 0)


def restart(c, reason, cause, *arguments):
    """Does what resets the chip, and asks nothing until the agent has started again."""
    before = c.starts()
    cause(*arguments)
    end = time.time() + FAR_S
    while c.starts() == before:
        assert time.time() < end, 'the chip did not reset'
        time.sleep(0.01)
    c.fab.drop(0.05)  # an answer of the run before that came late
    equal(c.read(VCTL + M['VCTL_REASON']), reason, 'reason of the reset')


def reset_by_vault(c):
    restart(c, M['RESET_VAULT'], c.send_unanswered, 'w', VCTL + M['VCTL_RESET'],
            M['SYSCTL_POWER_RESET'])
