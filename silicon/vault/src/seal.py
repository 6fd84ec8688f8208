#!/usr/bin/python3
"""Appends the CRC-32 that the mask ROM checks at each start. Usage: seal.py IN OUT"""
import sys
import zlib

with open(sys.argv[1], "rb") as file:
    code = file.read()
with open(sys.argv[2], "wb") as file:
    file.write(code + zlib.crc32(code).to_bytes(4, "little"))
