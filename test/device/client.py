"""A client of the device API, made from its description (device-api.yaml): a method for each operation, and every
answer checked against what the description says of it."""
import http.client
import json
import os
import re
import ssl
import urllib.parse

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
METHODS = ("get", "put", "post", "patch", "delete")
TIMEOUT_S = 60


class Wrong(Exception):
    """An answer that is not as described, or not as expected."""


class Answer:
    def __init__(self, operation, status, headers, body):
        self.operation, self.status, self.headers, self.body = operation, status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        return self.json["error"]

    def expect(self, status, number=None):
        """This answer, when it is the expected one. number: of the error, or (category, code)."""
        wanted = number[0] << 20 | number[1] if isinstance(number, tuple) else number
        if self.status != status or (wanted is not None and self.error != wanted):
            raise Wrong(f"{self.operation}: {self.status} {self.body[:120]!r}, not {status}"
                        + ("" if wanted is None else f" with {wanted} ({wanted >> 20}, {wanted & 0xfffff})"))
        return self


class Description:
    def __init__(self, path=os.path.join(HERE, "device-api.yaml")):
        with open(path, encoding="utf-8") as file:
            self.root = yaml.safe_load(file)
        self.version = self.root["info"]["version"]
        self.operations = {}
        for path_name, item in self.root["paths"].items():
            for method in METHODS:
                if method in item:
                    self.operations[item[method]["operationId"]] = (method.upper(), path_name, item[method])

    def resolve(self, node):
        while "$ref" in node:
            target = self.root
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node

    def is_open(self, operation):
        return self.operations[operation][2]["x-access"] == "open"

    # ---- schemas: the keywords that the description uses, and no others ----

    KINDS = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}
    KEYWORDS = {"type", "required", "properties", "items", "enum", "pattern", "minLength", "maxLength", "minimum",
                "maximum", "allOf", "anyOf", "not", "format", "maxProperties"}

    def check(self, value, schema, where):
        schema = self.resolve(schema)
        unknown = set(schema) - self.KEYWORDS
        if unknown:
            raise ValueError(f"the description uses {unknown} at {where}")
        for part in schema.get("allOf", []):
            self.check(value, part, where)
        if "anyOf" in schema and not any(self.fits(value, part) for part in schema["anyOf"]):
            raise Wrong(f"{where}: {value!r} is none of the kinds")
        if "not" in schema and self.fits(value, schema["not"]):
            raise Wrong(f"{where}: must not be there")
        if "type" in schema:
            self.check_type(value, schema, where)
        if "enum" in schema and value not in schema["enum"]:
            raise Wrong(f"{where}: {value!r} is none of {schema['enum']}")

    def fits(self, value, schema):
        try:
            self.check(value, schema, "")
            return True
        except Wrong:
            return False

    def check_type(self, value, schema, where):
        kind = self.KINDS[schema["type"]]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise Wrong(f"{where}: {value!r} is no {schema['type']}")
        if kind is dict:
            if len(value) > schema.get("maxProperties", len(value)):
                raise Wrong(f"{where}: {value} has more than it may")
            for name in schema.get("required", []):
                if name not in value:
                    raise Wrong(f"{where}: {name} is missing in {value}")
            for name, part in schema.get("properties", {}).items():
                if name in value:
                    self.check(value[name], part, f"{where}.{name}")
        elif kind is list:
            for index, item in enumerate(value):
                self.check(item, schema.get("items", {}), f"{where}[{index}]")
        elif kind is str:
            if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
                raise Wrong(f"{where}: {value!r} has {len(value)} characters")
            if "pattern" in schema and re.search(schema["pattern"], value) is None:
                raise Wrong(f"{where}: {value!r} is not {schema['pattern']}")
        elif kind is int and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            raise Wrong(f"{where}: {value} is out of its range")

    def check_answer(self, answer):
        _, _, operation = self.operations[answer.operation]
        if str(answer.status) not in operation["responses"]:
            raise Wrong(f"{answer.operation}: status {answer.status} is not described, {answer.body[:120]!r}")
        if answer.headers.get("REST-API-Version") != self.version:
            raise Wrong(f"{answer.operation}: REST-API-Version {answer.headers.get('REST-API-Version')}, not {self.version}")
        (kind, content), = self.resolve(operation["responses"][str(answer.status)])["content"].items()
        got = (answer.headers.get("Content-Type") or "").split(";")[0].strip()
        if got != kind:
            raise Wrong(f"{answer.operation}: {answer.status} of type {got!r}, not {kind}")
        if kind == "application/json":
            self.check(answer.json, content["schema"], f"{answer.operation} {answer.status}")


class Caller:
    """Carries the operations to one board; counts what was called and how it was answered."""

    def __init__(self, description, address, port, headers=None):
        self.description, self.address, self.port = description, address, port
        self.headers = dict(headers or {})
        self.counts = {name: {} for name in description.operations}

    def connect(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # the board's certificate is its own; the vault's signatures are what counts
        return http.client.HTTPSConnection(self.address, self.port, context=context, timeout=TIMEOUT_S)

    def raw(self, operation, method, path, body=None, headers=None, connection=None):
        """Any request, whose answer is checked as the operation's."""
        link = connection or self.connect()
        try:
            link.request(method, path, body=body, headers={**self.headers, **(headers or {})})
            got = link.getresponse()
            answer = Answer(operation, got.status, got.headers, got.read())
        finally:
            if connection is None:
                link.close()
        self.description.check_answer(answer)
        counts = self.counts[operation]
        counts[answer.status] = counts.get(answer.status, 0) + 1
        return answer

    def call(self, operation, places, body, headers, connection):
        method, path, spec = self.description.operations[operation]
        holes = re.findall(r"{(\w+)}", path)
        if len(holes) != len(places):
            raise TypeError(f"{operation} takes {holes}")
        for hole, value in zip(holes, places):
            path = path.replace("{" + hole + "}", urllib.parse.quote(str(value), safe=""))
        headers = dict(headers or {})
        if body is not None:
            kind, = spec["requestBody"]["content"]
            headers.setdefault("Content-Type", kind)
            body = json.dumps(body).encode() if kind == "application/json" and not isinstance(body, bytes) else body
        return self.raw(operation, method, path, body, headers, connection)


def make_client(description):
    """The class of the client: operations become methods, the names of a path their arguments."""
    def method(operation):
        def run(self, *places, body=None, headers=None, connection=None):
            return self.call(operation, places, body, headers, connection)
        run.__name__ = operation
        run.__doc__ = "{0} {1}".format(*description.operations[operation][:2])
        return run
    return type("Client", (Caller,), {name: method(name) for name in description.operations})
