"""One chip under gdb, on which the trials of a stage run one after the other."""
import os
import threading
import time
from collections import namedtuple

import arm
import route
from recovery.test.host import READ, Host
from silicon.harness import ERRORS, FAR_S, Chip, FuseFile, M, new_key, run_tool, symbol
from silicon.harness.fuses import COUNTERS_AT, HEADER
from silicon.harness.gdb import ACORE, FLAGS, PC, VAULT, Gdb, Gone
from stages import ACORE_SLED

ADDR2LINE = "arm-linux-gnueabihf-addr2line"
BOOT = 100000  # the boot counter's start: it prints as many digits at each trial
SLOW, SLOW_S = 8, 0.15  # a trial takes so many times the usual at most, and so long at least
SP, LR = 13, 14
ASKS_AGAIN_S = 1.5  # for an image over the recovery port that did not come
CFSR, CFSR_NO_FETCH = 0xe000ed28, 1  # the vault core's fault: the instruction was not even fetched
FOLLOWED = 20  # of so many that wait for the vault's answer, one
NOTES_AT = 0xf70  # on-die memory from here: the wish for a recovery, the last halt, the last good boot
WISH = b"WISH\1"
PIECE = 0x400  # bytes; gdb's packets carry them
BLOCK = 0x10000
NVM_AT = 0x200  # in the fuse file's payload

SURVIVED, REFUSED, CRASHED, RESET, HUNG, MISSED = "survived", "refused", "crashed", "reset", "hung", "missed"

# way   breakpoints to go through, (address, how often); at the last stop the fault happens
# kind  skip: the instruction there does not run. flip: before it runs, `bit` of `register` changes
Trial = namedtuple("Trial", "way kind register bit", defaults=(0, 0))


class Bench:
    def __init__(self, stage, firmware, qemu):
        self.stage, self.usual_s = stage, 5
        self.leftover = self.lasting = None
        self.asked = {}
        self.blocks = []
        self.elfs = {"rom": firmware.vault_rom[:-4] + ".elf", "runtime": firmware.vault_runtime[:-4] + ".elf",
                     "monitor": firmware.monitor_elf}
        self.of = {name: arm.disassemble(elf) for name, elf in self.elfs.items()}
        self.code = {at: code for every in self.of.values() for at, code in every.items()}
        self.reset_at = self._symbol("rom", "reset")
        self.store_good = self._symbol("rom", "tatu_vault_store_good")
        self.store_halt = self._symbol("rom", "tatu_vault_store_halt")
        self.store_wish = self._symbol("rom", "tatu_vault_store_wish")
        # where the runtime notes its end: the end itself shares a page with hot loops, which a breakpoint slows down
        self.notes = self._symbol("runtime", "tatu_vault_store_halt")
        self.crashes = {self._symbol("rom", "fault"), self._symbol("monitor", "tatu_monitor_panic")}
        self.halts = {at for name in ("rom", "monitor") for at, code in self.of[name].items() if code.name == "wfi"}
        wait = self._symbol("monitor", "tatu_monitor_wait_vault")
        self.wait, self.waits = range(wait, wait + 128), 0
        # where each asks the recovery port, and for how many images before one was refused
        self.asks = {self._symbol("rom", "tatu_vault_recover"): 2, self._symbol("runtime", "tatu_vault_recover"): 1}
        self.halts |= set(self.asks)
        self.watched = {self.reset_at, stage.reached, self.notes} | self.crashes | self.halts
        sockets = ["fab", "panel", "recovery-port"] if stage.offer else ["fab", "panel"]
        self.chip = Chip(firmware.vault_rom, firmware.arom, qemu=qemu, sockets=sockets)
        self.chip.attacker, self.chip.bodies = new_key(), {**firmware.bodies(), **stage.sleds}
        self.chip.program = self.chip.keys.package("RECOVERY", ACORE_SLED)
        self.chip.jump_at = self._symbol("rom", "jump_to_runtime") | 1
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def _symbol(self, program, name):
        return symbol(self.elfs[program], name) & ~1

    def _prepare(self):
        """First the same chip with good images: what the trials look for is seen when it is there."""
        for which in (0, 1):
            self.chip.image.install(which, self.chip.keys.boot_set(self.chip.bodies))
        self.offered = self.stage.offer and self.stage.offer(self.chip)
        self.chip.write_flash()
        self.chip.make(lab=True)
        FuseFile(self.chip.fuses).set_counter(M["FUSE_COUNTER_BOOT"], BOOT)
        self._power_on()
        outcome = self.run()
        assert outcome == SURVIVED, f"{self.stage.name}: a good boot is '{outcome}'\n{self.chip.explain()}"
        self.leftover = self._last_memory()
        self.chip.power_off()
        self.stage.spoil(self.chip)
        self.offered = self.stage.offer and self.stage.offer(self.chip)
        self.chip.write_flash()
        self.made, self.lasting = self.chip.state(), lasting(self.chip.fuses)
        self.blocks = used_blocks(self.made[self.chip.flash]) if self.stage.released else []
        self._power_on()
        self.control()

    def where(self, at):
        """Function and line."""
        elf = next(elf for name, elf in self.elfs.items() if at in self.of[name])
        return " ".join(run_tool(ADDR2LINE, "-fse", elf, hex(at)).split())

    def _last_memory(self):
        """What a good boot leaves where the stage works: when it ends, or before the secure world cannot be seen."""
        self.start()
        leave = next(at for at, code in self.code.items() if (code.name, code.operands) == ("movs", "pc, lr"))
        assert self._reach(leave, 1, FAR_S) if self.stage.released else self._go(FAR_S)
        return self._read(*self.stage.kept)

    def close(self):
        self.chip.remove()

    def _power_on(self):
        self.chip.power_on("-S", *self.chip.door("gdb"), **self.stage.machine)
        if self.offered:
            port = self.chip.link("recovery-port")
            threading.Thread(target=answer, args=(Host(port, self.offered),), daemon=True).start()
        self.gdb = Gdb(self.chip)
        for at in self.watched:
            self.gdb.stop_at(at)

    def _renew(self):
        """A fault changed what outlives a reset, or ended the chip."""
        self.chip.power_off()
        self.chip.set_state(self.made)
        self._power_on()

    # ---- Memory and calls

    def _read(self, core, start, length):
        """Pieces of memory by address, without those that are not mapped."""
        self.gdb.select(core)
        pieces = ((at, self.gdb.read(at, PIECE)) for at in range(start, start + length, PIECE))
        return [(at, data) for at, data in pieces if data is not None]

    def _word(self, at):
        return int.from_bytes(self.gdb.read(at, 4), "little")

    def _call(self, function, *values):
        """Calls a function of the ROM, which returns to the ROM's entry."""
        self.gdb.set_all({**dict(enumerate(values)), LR: self.reset_at | 1, PC: function})
        self._go_to_reset()

    def _reset(self):
        self.gdb.monitor("system_reset")
        self._go_to_reset()

    def _go_to_reset(self):
        self.stops, self.stood = {self.reset_at}, None
        self._go(FAR_S)
        self.stops, self.stood = self.watched, self.reset_at
        self.gdb.select(VAULT)
        assert self.gdb.get(PC) == self.reset_at, f"at {self.gdb.get(PC):#x} instead of the reset"

    # ---- A trial

    def start(self):
        """Resets the chip. It stands at its first instruction; what outlives a reset is as at each other trial."""
        self._reset()
        boots = self._word(M["MAP_VFUSE_BASE"] + M["FUSE_COUNTER"])
        self._call(self.store_good, 0, 0, boots, 0)
        self._call(self.store_halt, 0, ERRORS["NO_BOOT_SET"])
        self._call(self.store_wish, 0, False)
        self._reset()
        self.asked = {}
        if self.leftover is not None:
            self.gdb.select(self.stage.kept[0])
            self.gdb.write_all(self.leftover)
            self.gdb.select(VAULT)
        with open(self.chip.flash, "r+b") as file:  # the chip maps it
            for at, data in self.blocks:
                file.seek(at)
                file.write(data)

    def run(self, trial=None, limit_s=None):
        """How it ends; without a trial nothing is faulted."""
        try:
            self.start()
            least_s = ASKS_AGAIN_S if self.offered else SLOW_S
            outcome = self._try(trial, limit_s or max(SLOW * self.usual_s, least_s))
        except Gone:  # QEMU ends when the vault core locks up
            self._renew()
            return CRASHED
        if self.lasting is not None and lasting(self.chip.fuses) != self.lasting:
            self._renew()
        return outcome

    def trace(self):
        """Addresses of all instructions, in order, of a trial without a fault."""
        self.start()
        return route.record(self.gdb, self.chip.path("trace"), lambda: self._try(None, FAR_S))

    def control(self):
        """Without a fault the boot is refused, in the usual time."""
        started = self._computed_s()
        outcome = self.run(limit_s=FAR_S)
        assert outcome == REFUSED, f"{self.stage.name}: without a fault it is '{outcome}'\n{self.chip.explain()}"
        self.usual_s = self._computed_s() - started

    def _try(self, trial, limit_s):
        if trial is not None:
            for at, count in trial.way:
                if not self._reach(at, count, limit_s):
                    return MISSED
            self._fault(trial)
        core = self._go(limit_s)
        if core is None and self._is_followed():
            core = self._go(FAR_S)
        return self._judge(core)

    def _is_followed(self):
        """The monitor waits ten seconds for a vault that has not heard it; some of these are seen to their end."""
        self.gdb.select(ACORE)
        waits = self.gdb.get(PC) in self.wait
        self.waits += waits
        return waits and self.waits % FOLLOWED == 1

    def _go(self, limit_s):
        """On, past a breakpoint where it stands, until one stops a core. None when the chip has computed for so long,
        or sleeps; it is stopped then, too."""
        while True:
            if self.gdb.get(PC) == self.stood:
                self._pass()
            begun = self._computed_s()
            core = self.gdb.go(limit_s)
            while core is None and self._computed_s() < begun + limit_s and self._is_computing():
                core = self.gdb.wait(limit_s)
            if core is None:
                self.gdb.halt()
            elif not self._is_stop(core):
                continue
            return core

    def _pass(self):
        """One instruction; a wait for an interrupt may end at once."""
        code = self.code.get(self.stood)
        if code is not None and code.name == "wfi":
            self.gdb.set(PC, self.stood + code.size)
        else:
            self.gdb.step()

    def _is_stop(self, core):
        """Neither the echo of a breakpoint that both cores hit, nor a wish for an image that a host will answer."""
        self.gdb.select(core)
        at = self.gdb.get(PC)
        if at not in self.stops or (at == self.notes and self._is_recovering()):
            self.stood = at
            return False
        if not self.offered or self.asked.get(at, 0) >= self.asks.get(at, 0):
            return True
        self.asked[at] = self.asked.get(at, 0) + 1
        self.stood = at
        return False

    def _is_recovering(self):
        """The runtime notes that it found no monitor, and goes on."""
        return bool(self.offered) and self.gdb.get(1) == ERRORS["NO_BOOT_SET"]

    def _threads(self):
        """State and ticks of each thread of the chip."""
        folder = f"/proc/{self.chip.process.pid}/task"
        for thread in os.listdir(folder):
            with open(f"{folder}/{thread}/stat", encoding="ascii") as file:
                fields = file.read().rpartition(")")[2].split()
            yield fields[0], int(fields[11]) + int(fields[12])

    def _computed_s(self):
        return sum(ticks for _, ticks in self._threads()) / os.sysconf("SC_CLK_TCK")

    def _is_computing(self):
        """Seen at one of a few moments: it may wait for a lock or for the host at another."""
        for _ in range(5):
            if any(state == "R" for state, _ in self._threads()):
                return True
            time.sleep(0.01)
        return False

    def _reach(self, at, count, limit_s):
        if at not in self.watched:
            self.gdb.stop_at(at)
        self.stops = self.watched | {at}
        for n in range(count):
            if n == 0 and self.gdb.get(PC) == at:
                continue  # where it stands
            core = self._go(limit_s)
            self.gdb.select(core or VAULT)
            if self.gdb.get(PC) != at:
                break
            self.stood = at
        self.stops = self.watched
        if at not in self.watched:
            self.gdb.pass_by(at)
        return self.gdb.get(PC) == at

    def _fault(self, trial):
        if trial.kind == "flip":
            self.gdb.set(trial.register, self.gdb.get(trial.register) ^ 1 << trial.bit)
        else:
            at = trial.way[-1][0]
            flags = arm.after_skipped(self.gdb.get(FLAGS))
            self.gdb.set_all({FLAGS: flags, PC: at + self.code[at].size})

    def _judge(self, core):
        hung = core is None
        self.gdb.select(core or VAULT)
        at = self.gdb.get(PC)
        self.seen = self._see()
        if self.seen:
            return SURVIVED
        if hung:
            return HUNG
        if at == self.notes:
            return CRASHED if self.gdb.get(1) == ERRORS["IO"] else REFUSED
        if at == self.reset_at:
            return REFUSED if payload(self.chip.fuses)[NVM_AT + NOTES_AT:].startswith(WISH) else RESET
        return REFUSED if at in self.halts else CRASHED

    def _see(self):
        """What must not be, in words; "" if all is well."""
        seen, places = [], []
        for core in (ACORE, VAULT):
            self.gdb.select(core)
            places.append((core, self.gdb.get(PC)))
        if self.gdb.get(PC) in self.crashes and not self._word(CFSR) & CFSR_NO_FETCH:
            places.append((VAULT, self._word(self.gdb.get(SP) + 24)))  # what faulted, and did run
        if self._word(M["MAP_VCTL_BASE"] + M["VCTL_ACORE"]) and not self.stage.released:
            seen.append("A-core released")
        seen += [f"{'?av'[core]}core at {at:#x}" for core, at in places
                 for forbidden, start, length in self.stage.forbidden
                 if core == forbidden and start <= at < start + length]
        return ", ".join(seen)


def answer(host):
    """Sends what it is asked for, again and again, until the power is off."""
    while True:
        try:
            message = host.next(FAR_S)
            if message.kind == READ:
                host.answer(message)
        except (AssertionError, TimeoutError):
            pass  # a faulted device says anything, or nothing
        except (OSError, EOFError):
            return


def payload(path):
    return FuseFile(path).bank[HEADER:]


def lasting(path):
    """Of a fuse file: fuses, secrets, counters and on-die memory, but for the boot counter and the notes."""
    kept = payload(path)
    return kept[:COUNTERS_AT] + kept[COUNTERS_AT + 8:NVM_AT + NOTES_AT]


def used_blocks(flash):
    """What has content, and what the monitor writes at its start."""
    blank = b"\xff" * BLOCK
    every = ((at, flash[at:at + BLOCK]) for at in range(0, len(flash), BLOCK))
    return [(at, data) for at, data in every if data != blank or at >= M["FLASH_RECORDS_AT"]]
