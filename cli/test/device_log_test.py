#!/usr/bin/env python3
"""tatu device log decode and tatu device telemetry decode, against files that this writes from docs/protocol/log.md.

usage: device_log_test.py TATU
"""
import json
import os
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

TATU = sys.argv.pop(1)


def bank(number, entries, count=None):
    used = b"".join(struct.pack("<HBBI", len(text), level, facility, ms) + text for ms, level, facility, text in entries)
    head = struct.pack("<4sHHHHI", b"TLOG", 1, number, len(used), len(entries) if count is None else count, zlib.crc32(used))
    return (head + used).ljust(4096, b"\0")


def telemetry(records):
    data = b"".join(struct.pack("<IHH", number, kind, len(body)) + body for number, kind, body in records)
    return b"TR\x01" + struct.pack(">H", len(data)) + data


EVENT = bytes([0xA5, 1, 1, 2, 0x50]) + bytes(range(16)) + bytes([3, 0x50]) + bytes(16) + bytes([4, 7, 5, 0x1A, 0x6B, 0, 0, 0])
BOOT = bytes([0x84, 1, 4, 13, 9])


class Decode(unittest.TestCase):
    def decode(self, what, data, *options):
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            return subprocess.run([TATU, "device", what, "decode", file.name, *options], capture_output=True, text=True, check=False,
                                  env={**os.environ, "TATU_CONFIG": "/nonexistent"})

    def test_log_is_shown_line_by_line(self):
        data = bank(0, [(1500, 6, 0, b"Booting"), (12345, 5, 1, b"netd: \x1b[2Jup")]) + bank(1, [(20000, 3, 1, b"")])
        done = self.decode("log", data)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.splitlines(), ["     1.500 info     kernel  Booting", "    12.345 notice   service netd: ?[2Jup",
                                                    "    20.000 error    service "])
        done = self.decode("log", data, "-o", "json")
        self.assertEqual(json.loads(done.stdout)[1]["milliseconds"], 12345)

    def test_what_is_no_log_is_refused(self):
        good = bank(0, [(1, 6, 0, b"text")])
        for bad in (good[:-1], good + b"x", b"x" * 4096, good[:20] + b"\xff" + good[21:], bank(0, [(1, 6, 0, b"text")], 2)):
            done = self.decode("log", bad)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertRegex(done.stderr, r"^error: FORMAT: byte \d+ is not part of a device log; ")

    def test_telemetry_is_shown_by_kind(self):
        done = self.decode("telemetry", telemetry([(4, 3, EVENT), (5, 1, BOOT), (6, 99, b"new")]), "-o", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        event, boot, new = json.loads(done.stdout)
        self.assertEqual((event["id"], event["event"], event["code"], event["component"]),
                         (4, 1, 7, "03020100-0504-0706-0809-0a0b0c0d0e0f"))
        self.assertEqual((boot["name"], boot["set"], boot["error"]), ("boot", "B", "SIGNATURE"))
        self.assertEqual(new, {"id": 6, "kind": 99, "bytes": 3})
        self.assertIn("SIGNATURE", self.decode("telemetry", telemetry([(5, 1, BOOT)])).stdout)
        self.assertEqual(json.loads(self.decode("telemetry", telemetry([]), "-o", "json").stdout), [])

    def test_what_is_no_telemetry_is_refused(self):
        good = telemetry([(4, 3, EVENT)])
        for bad in (b"", good[:-1], good + b"x", b"XX" + good[2:], good[:2] + b"\x02" + good[3:], b"TR\x01\x00\x03abc",
                    good[:11] + b"\xff" + good[12:]):
            self.assertEqual(self.decode("telemetry", bad).returncode, 1)
        done = self.decode("log", b"")
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_another_verb_is_refused(self):
        done = subprocess.run([TATU, "device", "log", "encode", "x"], capture_output=True, text=True, check=False)
        self.assertNotEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main()
