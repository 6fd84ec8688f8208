"""Checks answers of the device API against schemas.json: shape, statuses, and that nothing was left out."""
import ipaddress
import json
import os
import re

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "schemas.json"), encoding="utf-8") as file:
    SCHEMAS = json.load(file)
SHAPES = SCHEMAS["shapes"]
NUMBERS = {"int": (0, 2**63 - 1), "i32": (-2**31, 2**31 - 1), "u32": (0, 2**32 - 1), "u64": (0, 2**64 - 1), "port": (0, 65535), "percent": (1, 100)}


class Mismatch(AssertionError):
    pass


def need(condition, where, what):
    if not condition:
        raise Mismatch(f"{where}: {what}")


def check_plain(value, shape, where):
    if shape == "text":
        need(isinstance(value, str), where, f"{value!r} is no text")
    elif shape == "bool":
        need(isinstance(value, bool), where, f"{value!r} is no boolean")
    elif shape in ("ipv4", "ipv6"):
        kind = ipaddress.IPv4Address if shape == "ipv4" else ipaddress.IPv6Address
        need(isinstance(value, str) and str(kind(value)), where, f"{value!r} is no address")
    elif shape in NUMBERS:
        low, high = NUMBERS[shape]
        need(isinstance(value, int) and not isinstance(value, bool), where, f"{value!r} is no number")
        need(low <= value <= high, where, f"{value} is out of range")
    else:
        return False
    return True


def check_text(value, shape, where):
    low, high = shape["text"]
    need(isinstance(value, str), where, f"{value!r} is no text")
    need(low <= len(value) <= high, where, f"{value!r} has {len(value)} characters")
    need("like" not in shape or re.fullmatch(shape["like"], value), where, f"{value!r} has another form")


def check(value, name, where=""):
    if isinstance(name, list):
        need(isinstance(value, list), where, f"{value!r} is no list")
        for index, item in enumerate(value):
            check(item, name[0], f"{where}[{index}]")
        return
    if check_plain(value, name, where):
        return
    shape = SHAPES[name]
    if "one of" in shape:
        need(value in shape["one of"], where, f"{value!r} is none of {shape['one of']}")
    elif "text" in shape:
        check_text(value, shape, where)
    else:
        members = dict(SHAPES[shape["like"]] if "like" in shape else shape)
        known = {**members["members"], **members.get("ours", {})}
        need(isinstance(value, dict), where, f"{value!r} is no object")
        for key in shape.get("must", []):
            need(key in value, where, f"{key} is missing")
        for key, item in value.items():
            need(key in known, where, f"{key} is not documented")
            check(item, known[key], f"{where}.{key}")


def find_operation(method, path):
    """The operation of a request, and its statuses; None when there is none."""
    for known_method, pattern, statuses in SCHEMAS["operations"]:
        expression = re.sub(r"\{[a-z]+\}", "[^/]+", pattern)
        if known_method == method and re.fullmatch(expression, path):
            return f"{method} {pattern}", statuses
    return None


def check_answer(method, path, status, content_type, body):
    """Raises Mismatch unless the answer is one that the operation has. Returns (operation, status)."""
    found = find_operation(method, path)
    need(found is not None, f"{method} {path}", "no such operation")
    operation, statuses = found
    where = f"{operation} {status}"
    if status == 403:
        need(operation not in SCHEMAS["open"], where, "it is open")
    common = "own_error" if path.startswith("/tatu/") else "error"
    shape = common if status in (403, 500) else statuses.get(str(status))
    need(shape is not None, where, "the operation has no such status")
    if shape == "binary":
        need(content_type == "application/octet-stream", where, f"it is {content_type}")
        return operation, status
    need(content_type == "application/json", where, f"it is {content_type}")
    check(json.loads(body), shape, where)
    return operation, status
