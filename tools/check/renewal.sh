#!/usr/bin/env bash
# A device in trouble: boots that do not come up, a network that breaks, tickets, confirmed floors.
exec /usr/bin/python3 test/e2e/renewal.py
