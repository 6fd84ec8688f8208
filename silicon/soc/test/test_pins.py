# SPDX-License-Identifier: GPL-2.0-only
"""Tamper pin, recovery strap, destruction of the secrets."""
import time

from agents import FuseFile, M
from expect import SYSCTL, VCTL, VENGINE, VFUSE, burn, equal, fuse, reset_by_vault, restart

STRAPS = VCTL + M['VCTL_STRAPS']
RECOVERY, TAMPER = 1, 2
NVIC_PENDING, TAMPER_LINE = 0xe000e200, 1 << 1
OK, EMPTY = 0, 6
WIPE, NOW = VFUSE + M['FUSE_WIPE'], M['FUSE_WIPE_NOW']


def told(c, *lines):
    """Says it to the panel, and waits until the panel has heard it."""
    for line in (*lines, 'end'):
        c.panel.send(line.encode() + b'\n')
    answer = c.panel.line()
    assert answer.startswith('error '), answer


def do(c, command, slot, arg=0):
    for register, value in (('SLOT', slot), ('ARG', arg), ('COMMAND', M['ENGINE_DO_' + command])):
        c.write(VENGINE + M['ENGINE_' + register], value)
    return c.read(VENGINE + M['ENGINE_STATUS'])


def fill_secrets(c):
    for n in range(3):
        c.write(VFUSE + M['FUSE_SECRET_COMMAND'], n)
    equal(c.read(VFUSE + M['FUSE_SECRET_STATUS']), 7)


def test_recovery_strap_follows_the_panel(board):
    c = board.start()
    equal(c.read(STRAPS), 0)
    told(c, 'recovery 1')
    equal(c.read(STRAPS), RECOVERY)
    reset_by_vault(c)
    equal(c.read(STRAPS), RECOVERY)
    told(c, 'recovery 0')
    equal(c.read(STRAPS), 0)


def test_tamper_interrupts_the_vault_and_is_remembered(board):
    c = board.start()
    equal(c.read(NVIC_PENDING) & TAMPER_LINE, 0)
    told(c, 'tamper 0')
    equal(c.read(STRAPS), 0)
    told(c, 'tamper 1', 'tamper 0')
    equal(c.read(NVIC_PENDING) & TAMPER_LINE, TAMPER_LINE)
    equal(c.read(STRAPS), TAMPER, 'a short pulse is forgotten')
    restart(c, M['RESET_TAMPER'], c.send_unanswered, 'w', VCTL + M['VCTL_RESET'],
            M['SYSCTL_POWER_RESET'])
    equal(c.read(STRAPS), TAMPER, 'a reset hides it')
    equal(c.read(NVIC_PENDING) & TAMPER_LINE, TAMPER_LINE)


def test_tamper_during_power_down_is_remembered(board):
    c = board.start()
    c.release()
    c.secure_write(SYSCTL + M['SYSCTL_WAKE'], M['SYSCTL_WAKE_PIN'])
    c.last_write(SYSCTL, M['SYSCTL_POWER_DOWN'])
    time.sleep(0.3)
    told(c, 'tamper 1', 'tamper 0')
    restart(c, M['RESET_WAKEUP'], told, c, 'wakeup 0')
    equal(c.read(STRAPS), TAMPER)


def test_tamper_raised_at_power_on_is_seen(board):
    c = board.start(tamper='on')
    equal(c.read(STRAPS), TAMPER)
    equal(c.read(NVIC_PENDING) & TAMPER_LINE, TAMPER_LINE)


def test_tamper_empties_all_slots_without_the_vault(board):
    c = board.start()
    fill_secrets(c)
    for slot in range(2, M['ENGINE_SLOT_COUNT']):
        equal(do(c, 'GENERATE', slot), OK)
    equal(do(c, 'LOAD_FUSE', 0, 0), OK)
    equal(do(c, 'LOAD_FUSE', 1, 1), OK)
    c.write(VCTL + M['VCTL_LOCK'], 1)
    for slot in range(M['ENGINE_SLOT_COUNT']):
        equal(do(c, 'SIGN', slot), OK)
    told(c, 'tamper 1')
    for slot in range(M['ENGINE_SLOT_COUNT']):
        equal(do(c, 'SIGN', slot), EMPTY, f'slot {slot}')


def test_wiped_secrets_are_nowhere_and_never_again(board):
    c = board.start()
    fill_secrets(c)
    secrets = [FuseFile(board.fuses).secret(n) for n in range(3)]
    assert len(set(secrets)) == 3 and bytes(32) not in secrets, 'the test looks at the wrong bytes'
    burn(c, M['FUSE_FLOOR'], 3)
    burn(c, M['FUSE_FAB_LOCK'], 1)
    burn(c, M['FUSE_LIFECYCLE'], 3)
    c.write(VCTL + M['VCTL_LOCK'], 1)
    for word in (0, 1, NOW ^ 1, 0xffffffff):
        c.write(WIPE, word)
        equal(c.read(WIPE), 0)
    equal(c.read(VFUSE + M['FUSE_SECRET_STATUS']), 7)
    c.write(WIPE, NOW)
    equal(c.read(WIPE), 1)
    for again in (False, True):
        with open(board.fuses, 'rb') as file:
            content = file.read()
        for secret in secrets:
            assert secret not in content, 'a bank of the file still has a secret'
        c.write(WIPE, 0)
        equal(c.read(WIPE), 1, 'it can be undone')
        equal(c.read(VFUSE + M['FUSE_SECRET_STATUS']), 0)
        equal(do(c, 'LOAD_FUSE', 5, 0), EMPTY)
        equal(do(c, 'HMAC', 5), EMPTY)
        equal(fuse(c, M['FUSE_FLOOR']), 3, 'a floor fell')
        if not again:
            c.kill()
            c = board.start()


def test_wiped_blank_chip_gets_no_secrets_any_more(board):
    c = board.start()
    c.write(WIPE, NOW)
    for n in range(3):
        c.write(VFUSE + M['FUSE_SECRET_COMMAND'], n)
    equal(c.read(VFUSE + M['FUSE_SECRET_STATUS']), 0)


def test_wipe_that_power_cut_in_half_is_finished_at_the_next_start(board):
    c = board.start()
    fill_secrets(c)
    secret = FuseFile(board.fuses).secret(0)
    with open(board.fuses, 'rb') as file:
        before = file.read()
    c.write(WIPE, NOW)
    c.kill()
    with open(board.fuses, 'rb') as file:
        after = file.read()
    old = FuseFile(board.fuses).newest  # the second of its two commits lies where the newest of before lay
    half = bytearray(after)
    half[old * FuseFile.BANK:(old + 1) * FuseFile.BANK] = before[old * FuseFile.BANK:(old + 1) * FuseFile.BANK]
    assert secret in half, 'the test cuts nothing'
    with open(board.fuses, 'r+b') as file:
        file.write(half)
    c = board.start()
    equal(c.read(WIPE), 1)
    with open(board.fuses, 'rb') as file:
        assert secret not in file.read()
