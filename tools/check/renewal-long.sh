#!/usr/bin/env bash
# The same, and a device that gets no ticket for ten minutes.
exec /usr/bin/python3 test/e2e/renewal.py --long
