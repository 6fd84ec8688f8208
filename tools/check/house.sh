#!/usr/bin/env bash
exec tools/house.py
