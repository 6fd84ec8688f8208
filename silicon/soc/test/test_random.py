# SPDX-License-Identifier: GPL-2.0-only
"""The random source: its DRBG against a second implementation, its health tests, and what stops when one fails."""
import hmac
import json
import os
import subprocess

from agents import HERE, FuseFile, M
from expect import VENGINE, VFUSE, burn, differ, equal, faults, reset_by_vault, says
from test_engine import EMPTY, OK, do, fill_secrets, get, put
from test_seal import seal, unseal

ENTROPY = M['ENGINE_FAIL_ENTROPY']
HEALTH, RANDOM = VENGINE + M['ENGINE_HEALTH'], VENGINE + M['ENGINE_RANDOM']
REPETITIONS, WINDOW, PROPORTION = 9, 512, 71
READS_MAX = 1000  # words after which every source was reseeded


def primitives(board, lines):
    """What the chip's own code answers, without the chip."""
    program = board.path('primitives')
    if not os.path.exists(program):
        soc = os.path.dirname(HERE)
        sources = [os.path.join(soc, name) for name in ('test/primitives.c', 'tatu-drbg.c', 'tatu-health.c')]
        subprocess.run(['gcc', '-O1', '-Wall', '-Wextra', '-Werror', '-D_GNU_SOURCE', '-I' + soc, '-o', program, *sources,
                        '-lnettle'], check=True)
    return subprocess.run([program], input='\n'.join(lines) + '\n', capture_output=True, text=True,
                          check=True).stdout.split()


class Drbg:
    """SP 800-90A §10.1.2."""

    def __init__(self, seed):
        self.k, self.v = bytes(32), b'\1' * 32
        self.update(seed)

    def update(self, data):
        for n in (b'\0', b'\1') if data else (b'\0',):
            self.k = hmac.digest(self.k, self.v + n + data, 'sha256')
            self.v = hmac.digest(self.k, self.v, 'sha256')

    def generate(self, n):
        out = b''
        while len(out) < n:
            self.v = hmac.digest(self.k, self.v, 'sha256')
            out += self.v
        self.update(b'')
        return out[:n]


def test_drbg_agrees_with_a_second_implementation(board):
    seed, again = os.urandom(96), os.urandom(64)
    ours = Drbg(seed + b'tatu-1')
    lengths = (32, 1, 4, 31, 33, 64, 1000, 4)
    wanted = [ours.generate(n) for n in lengths]
    ours.update(again)
    wanted += [ours.generate(n) for n in lengths]
    asked = [f'g {n}' for n in lengths]
    got = primitives(board, [f'i {seed.hex()}', *asked, f'r {again.hex()}', *asked])
    equal(got, [piece.hex() for piece in wanted])


def healthy(n):
    """Samples that pass."""
    return bytes(i * 7 % 150 for i in range(n))


def test_health_tests_count_as_documented(board):
    run = b'\x11' * (REPETITIONS - 1)
    spread = lambda n: b''.join(b'\x99' + bytes([i % 90]) * 2 for i in range(n))  # every third sample
    rows = ((healthy(4096), None),
            (run + b'\x12' + run, None),
            (run + b'\x11', REPETITIONS - 1),
            (healthy(100) + run + b'\x11', 100 + REPETITIONS - 1),
            (spread(PROPORTION - 1) + healthy(WINDOW), None),
            (spread(PROPORTION), 3 * (PROPORTION - 1)),
            (spread(PROPORTION - 1) + healthy(WINDOW - 3 * (PROPORTION - 1)) + spread(PROPORTION - 1), None),
            (bytes(i & 3 for i in range(WINDOW)), 4 * (PROPORTION - 1)))
    got = primitives(board, [f'h {samples.hex()}' for samples, _ in rows])
    equal(got, [str(len(samples) if at is None else at) for samples, at in rows])


def refuses_randomness(c):
    equal(c.read(HEALTH), 1)
    equal(do(c, 'GENERATE', 9), ENTROPY)
    equal(do(c, 'SIGN', 9), EMPTY, 'a key without randomness')
    equal(c.read(RANDOM), 0, 'a word of a source that failed')


def start_with_a_broken_source(board, fault):
    c = board.start(trng_fault=fault)
    refuses_randomness(c)
    for n in range(3):
        burn(c, M['FUSE_SECRET_COMMAND'], n)
    equal(c.read(VFUSE + M['FUSE_SECRET_STATUS']), 0, 'a secret without randomness')
    reset_by_vault(c)
    refuses_randomness(c)
    c.kill()
    c = board.start()
    equal(c.read(HEALTH), 0)
    equal(do(c, 'GENERATE', 9), OK)


def test_stuck_source_is_noticed_at_the_start(board):
    start_with_a_broken_source(board, 'stuck')


def test_biased_source_is_noticed_at_the_start(board):
    start_with_a_broken_source(board, 'biased')


def break_source(c, fault):
    qmp = c.link('qmp')
    qmp.line()
    for command in ({'execute': 'qmp_capabilities'},
                    {'execute': 'qom-set',
                     'arguments': {'path': '/machine/random', 'property': 'fault', 'value': fault}}):
        qmp.send(json.dumps(command).encode() + b'\n')
        equal(json.loads(qmp.line()), {'return': {}})


def read_until_it_fails(c):
    for _ in range(READS_MAX):
        if c.read(HEALTH):
            return
        word = c.read(RANDOM)
        if c.read(HEALTH):  # the very read whose samples fail
            equal(word, 0)
            return
    raise AssertionError('a broken source was not noticed')


def test_source_that_breaks_later_stops_all_that_is_random(board):
    for fault in ('stuck', 'biased'):
        c = board.start(*board.door('qmp'))
        fill_secrets(c)
        equal(do(c, 'GENERATE', 4), OK)
        put(c, 'DIGEST', bytes(32))
        equal(do(c, 'SIGN', 4), OK)
        status, sealed = seal(c, b'label', b'secret')
        equal(status, OK)
        break_source(c, fault)
        read_until_it_fails(c)
        refuses_randomness(c)
        put(c, 'SIGNATURE', bytes(64))
        equal(do(c, 'SIGN', 4), ENTROPY)
        equal(get(c, 'SIGNATURE', 64), bytes(64), 'a signature without randomness')
        equal(seal(c, b'label', b'secret')[0], ENTROPY)
        equal(unseal(c, b'label', sealed), (OK, b'secret'), 'opening needs no randomness')
        equal(do(c, 'PUBLIC', 4), OK)
        equal(do(c, 'HASH_INIT'), OK)
        c.kill()
        os.unlink(board.fuses)


def test_recovered_source_is_trusted_after_reset_only(board):
    c = board.start(*board.door('qmp'))
    break_source(c, 'stuck')
    read_until_it_fails(c)
    c.link('qmp').send(json.dumps({'execute': 'qom-set', 'arguments': {
        'path': '/machine/random', 'property': 'fault', 'value': 'none'}}).encode() + b'\n')
    c.link('qmp').line()
    refuses_randomness(c)
    reset_by_vault(c)
    equal(c.read(HEALTH), 0)
    equal(do(c, 'GENERATE', 9), OK)


def test_health_is_read_only(board):
    faults(board.start().write, HEALTH, 0)


def test_faults_are_for_blank_and_lab_chips(board):
    says(board.refuses(trng_fault='noisy'), "none, stuck or biased, not 'noisy'")
    c = board.start()
    burn(c, M['FUSE_CLASS'], 1)
    burn(c, M['FUSE_FAB_LOCK'], 1)
    burn(c, M['FUSE_LIFECYCLE'], 1)
    c.kill()
    board.start(trng_fault='none').kill()
    for fault in ('stuck', 'biased'):
        says(board.refuses(trng_fault=fault), 'this chip is closed: trng-fault')


def test_secrets_of_two_chips_differ(board):
    fill_secrets(board.start())
    board.kill()
    first = [FuseFile(board.fuses).secret(n) for n in range(3)]
    os.unlink(board.fuses)
    fill_secrets(board.start())
    board.kill()
    second = [FuseFile(board.fuses).secret(n) for n in range(3)]
    equal(len(set(first + second)), 6)
    differ(first, second)
