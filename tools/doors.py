#!/usr/bin/python3
"""Makes one include folder per room that holds links to the front doors the room may use, so that
a forbidden include does not compile. Usage: doors.py OUT_DIR (run from the repository root)."""
import os
import sys
import glob


def read_rules(path):
    rules = {}
    with open(path, encoding="utf-8") as rules_file:
        for line in rules_file:
            line = line.split("#")[0].strip()
            if line:
                room, _, doors = line.partition(":")
                rules[room.strip()] = doors.split()
    return rules


def link(out_dir, room, door_room):
    for header in glob.glob(os.path.join(door_room, "*.h")):
        place = os.path.join(out_dir, room.replace("/", "-"), header)
        source = os.path.abspath(header)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        if os.path.islink(place) and os.readlink(place) == source:
            continue
        if os.path.lexists(place):
            os.remove(place)
        os.symlink(source, place)


def remove_dead_links(out_dir):
    for folder, _, names in os.walk(out_dir):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.islink(path) and not os.path.exists(path):
                os.remove(path)


def main():
    out_dir = sys.argv[1]
    for room, doors in read_rules("tools/doors.txt").items():
        os.makedirs(os.path.join(out_dir, room.replace("/", "-")), exist_ok=True)
        for door_room in [room, *doors]:
            link(out_dir, room, door_room)
    remove_dead_links(out_dir)


if __name__ == "__main__":
    main()
