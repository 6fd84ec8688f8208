#!/usr/bin/python3
"""Runs tatu-service and plays operator, maker, device and intruder against it, over real TLS, with a
second implementation of COSE, X.509 and the image format.
Usage: service_test.py TATU-SERVICE TATU-RECEIVER CRASH-ELF"""
import base64
import hashlib
import http.client
import json
import os
import resource
import signal
import socket
import sqlite3
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import uuid

import cbor2
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import pkcs7

SERVICE, RECEIVER, CRASH_ELF = sys.argv[1:4]
API = "api-version=2024-04-01"
PROVIDER = "/providers/Microsoft.AzureSphere/catalogs"
passed = failed = 0


def check(name, good, detail=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"FAILED {name}: {detail}", flush=True)


# ---- keys and COSE ----

def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def public(key):
    n = key.public_key().public_numbers()
    return n.x.to_bytes(32, "big") + n.y.to_bytes(32, "big")


def raw_sign(key, data):
    r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def raw_verify(public_bytes, data, signature):
    numbers = ec.EllipticCurvePublicNumbers(int.from_bytes(public_bytes[:32], "big"),
                                            int.from_bytes(public_bytes[32:], "big"),
                                            ec.SECP256R1())
    der = utils.encode_dss_signature(int.from_bytes(signature[:32], "big"),
                                     int.from_bytes(signature[32:], "big"))
    try:
        numbers.public_key().verify(der, data, ec.ECDSA(hashes.SHA256()))
        return True
    except InvalidSignature:
        return False


PROTECTED = cbor2.dumps({1: -7})


def sign1(key, aad, payload):
    signature = raw_sign(key, cbor2.dumps(["Signature1", PROTECTED, aad.encode(), payload]))
    kid = hashlib.sha256(public(key)).digest()[:20]
    return cbor2.dumps(cbor2.CBORTag(18, [PROTECTED, {4: kid}, payload, signature]))


def open1(public_bytes, aad, data):
    protected, _, payload, signature = cbor2.loads(data).value
    good = raw_verify(public_bytes, cbor2.dumps(["Signature1", protected, aad.encode(), payload]),
                      signature)
    return payload if good else None


# ---- the service as a process ----

class Service:
    def __init__(self, folder, *more, ports=("127.0.0.1:0",) * 3, limit=None):
        arguments = [SERVICE, "--data", folder, "--operator", ports[0], "--front", ports[1],
                     "--update", ports[2], *more]
        self.folder = folder
        self.process = subprocess.Popen(
            arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=limit)
        self.lines = []
        while True:
            line = self.process.stdout.readline()
            self.lines.append(line)
            if not line or line.startswith("tatu-service ready"):
                break
        self.started = bool(self.lines[-1])
        if self.started:
            with open(f"{folder}/service.json", encoding="utf-8") as file:
                self.addresses = json.load(file)
            with open(f"{folder}/operator.token", encoding="utf-8") as file:
                self.token = file.read()
            self.root = f"{folder}/keys/root.crt"

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        status = self.process.wait(60)
        errors = self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        return status, errors

    def context(self, client=None):
        context = ssl.create_default_context(cafile=self.root)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        if client:
            context.load_cert_chain(client)
        return context

    def request(self, side, method, path, body=None, headers=None, client=None):
        host, port = self.addresses[side].rsplit(":", 1)
        connection = http.client.HTTPSConnection(host, int(port), timeout=60,
                                                 context=self.context(client))
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers
        finally:
            connection.close()

    def operator(self, method, path, body=None, token=None, raw=False):
        headers = {"Authorization": "Bearer " + (token if token is not None else self.token)}
        data = body if raw or body is None else json.dumps(body)
        status, answer, headers = self.request("operator", method, path, data, headers)
        try:
            return status, json.loads(answer) if answer else None
        except ValueError:
            return status, answer

    def device(self, path, body):
        status, answer, _ = self.request("front", "POST", path, cbor2.dumps(body))
        return status, answer


def arm(catalog, rest="", query=""):
    return (f"/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg{PROVIDER}"
            f"/{catalog}{rest}?{API}{query}")


def code_of(answer):
    return answer[1]["error"]["code"] if isinstance(answer[1], dict) and "error" in answer[1] else answer


# ---- a device with software keys ----

TYPES = ["vault-runtime", "monitor", "device-tree", "kernel", "root"]
NUMBERS = [2, 4, 6, 7, 8]
IMPLEMENTATION = b"\x11" * 32
COMPONENTS = [b"\x0c" * 16, b"\x2c" * 16]  # two applications


class Device:
    def __init__(self, maker):
        self.identity, self.attestation = new_key(), new_key()
        self.update, self.customer, self.second = new_key(), new_key(), new_key()
        self.id = public(self.identity)
        self.hex = self.id.hex()
        self.digests = [bytes([0x20 + i]) * 32 for i in range(5)]
        self.tenant = None
        self.lifecycle = 0x2001
        self.fallback = False
        self.boots = 1
        self.mode = self.capabilities = 0
        self.endorsement = sign1(maker, "tatu-endorsement-1", cbor2.dumps(
            {1: self.id, 2: public(self.attestation), 3: IMPLEMENTATION, 4: 1, 5: int(time.time())}))

    def evidence(self, nonce, key=None):
        update = public(self.update)
        claims = {
            8: {1: {1: 2, -1: 1, -2: update[:32], -3: update[32:]}},
            10: nonce, 256: b"\x01" + hashlib.sha256(self.id).digest(), 263: 1,
            265: "tag:tatu-project,2026:evidence/2", 2395: self.lifecycle, 2396: IMPLEMENTATION,
            2399: [{1: t, 2: d, 4: "1"} for t, d in zip(TYPES, self.digests)],
            -75001: self.id, -75002: 1, -75003: self.boots, -75004: 500,
            -75005: [[component, bytes(16), bytes(32)] for component in COMPONENTS],
            -75006: [0, self.fallback],
            -75007: [[self.tenant, component, public(key)] for component, key in
                     zip(COMPONENTS, (self.customer, self.second))] if self.tenant else [],
            -75008: self.capabilities, -75009: self.mode,
        }
        return sign1(key or self.attestation, "tatu-evidence-1", cbor2.dumps(claims))

    def claim(self, answer, **changes):
        fields = {1: bytes.fromhex(answer["nonce"]), 2: self.id,
                  3: bytes.fromhex(answer["tenant"]), 4: bytes.fromhex(answer["ownerKey"])}
        fields.update(changes.get("fields", {}))
        return {"properties": {"tatu": {
            "statement": sign1(changes.get("key", self.identity), "tatu-claim-1",
                               cbor2.dumps(fields)).hex(),
            "endorsement": changes.get("endorsement", self.endorsement).hex()}}}

    def attest(self, service, **changes):
        nonce = changes.get("nonce")
        if nonce is None:
            status, answer = service.device("/device/v1/nonce", {})
            nonce = cbor2.loads(answer)[1]
        evidence = changes.get("evidence") or self.evidence(nonce, changes.get("key"))
        status, answer = service.device("/device/v1/attest", {
            1: evidence, 2: changes.get("endorsement", self.endorsement)})
        return status, cbor2.loads(answer)

    def save(self, folder, name, der, key):
        path = os.path.join(folder, f"{name}-{self.hex[:8]}.pem")
        with open(path, "wb") as file:
            file.write(key.private_bytes(serialization.Encoding.PEM,
                                         serialization.PrivateFormat.PKCS8,
                                         serialization.NoEncryption()))
            file.write(x509.load_der_x509_certificate(der).public_bytes(
                serialization.Encoding.PEM))
        return path


def package(image, component, body, kind=10):
    def section(name, data):
        return name + struct.pack("<H", len(data)) + data
    sections = [section(b"ID", struct.pack("<HH", kind, 0) + component.bytes_le + image.bytes_le),
                section(b"SG", b"\xee" * 20 + struct.pack("<I", 1)),
                section(b"DB", struct.pack("<Q", 1) + b"doorbell".ljust(32, b"\0")),
                section(b"TP", struct.pack("<I", 0)),
                section(b"ND", struct.pack("<III", 1, 12, 3))]
    head = struct.pack("<II", 0x4D345834, len(sections)) + b"".join(sections)
    signed = body + head + struct.pack("<I", len(head) + 4)
    return signed + raw_sign(new_key(), signed)


def reference(release_key, digests, current=True, release="26.11"):
    return sign1(release_key, "tatu-reference-1", cbor2.dumps({
        1: release, 2: IMPLEMENTATION, 3: [[n, 1, d] for n, d in zip(NUMBERS, digests)],
        4: current}))


def openssl_verify(folder, anchor_pem, leaf_der, *more):
    leaf, anchor = os.path.join(folder, "v-leaf.pem"), os.path.join(folder, "v-anchor.pem")
    with open(leaf, "wb") as file:
        file.write(x509.load_der_x509_certificate(leaf_der).public_bytes(
            serialization.Encoding.PEM))
    with open(anchor, "wb") as file:
        file.write(anchor_pem)
    result = subprocess.run(["openssl", "verify", "-x509_strict", "-CAfile", anchor, *more, leaf],
                            capture_output=True, text=True, check=False)
    return result.returncode == 0, result.stdout + result.stderr


def pem(der):
    return x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM)


# ---- the story ----

class Story:
    def __init__(self, folder):
        self.folder = folder
        self.data = os.path.join(folder, "data")
        self.maker, self.release = new_key(), new_key()
        self.service = Service(self.data, "--host", "service.example")
        self.device = Device(self.maker)
        self.v1, self.v2, self.component = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()

    def first_start(self):
        service = self.service
        check("first start prints the token once and one ready line",
              service.lines[0].strip().endswith(service.token) and len(service.lines) == 2,
              service.lines)
        modes = {}
        for path, folders, files in os.walk(self.data):
            modes.update({os.path.join(path, f): os.stat(os.path.join(path, f)).st_mode & 0o777
                          for f in folders + files})
            modes[path] = os.stat(path).st_mode & 0o777
        check("folders are 0700 and files 0600",
              all(m == (0o700 if os.path.isdir(p) else 0o600) for p, m in modes.items()), modes)
        with open(f"{self.data}/tatu.db", "rb") as database, \
                open(f"{self.data}/tatu.db-wal", "rb") as log:
            check("the token is not in the database",
                  service.token.encode() not in database.read() + log.read())
        names = ssl.get_server_certificate(tuple(service.addresses["operator"].split(":")))
        sans = x509.load_pem_x509_certificate(names.encode()).extensions.get_extension_for_class(
            x509.SubjectAlternativeName).value
        check("the server certificate is for all hosts",
              set(sans.get_values_for_type(x509.DNSName)) == {"localhost", "service.example"}
              and {str(a) for a in sans.get_values_for_type(x509.IPAddress)}
              == {"127.0.0.1", "10.0.2.2"}, sans)
        context = service.context()
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
        refused = False
        try:
            with socket.create_connection(tuple(service.addresses["front"].split(":"))) as raw:
                context.wrap_socket(raw, server_hostname="127.0.0.1")
        except (ssl.SSLError, ConnectionError):
            refused = True
        check("TLS 1.2 is refused", refused)

    def second_service(self):
        for label, arguments, word in [
                ("a second service on the folder", {}, "another service runs on the data folder"),
                ("a port in use", {"ports": (self.service.addresses["operator"], "127.0.0.1:0",
                                             "127.0.0.1:0")}, "used by another program"),
                ("an address that is none", {"ports": ("nowhere", "127.0.0.1:0", "127.0.0.1:0")},
                 "ARGUMENT")]:
            folder = self.data if not arguments else os.path.join(self.folder, "second")
            second = Service(folder, **arguments)
            status = second.process.wait(60)
            errors = second.process.stderr.read()
            check(f"{label} is one clear error", status == 1 and word in errors
                  and errors.count("\n") == 1, (status, errors))
            check(f"{label} leaves no service.json behind",
                  folder == self.data or not os.path.exists(f"{folder}/service.json"))
        check("the first service still answers",
              self.service.operator("GET", "/tatu/v1/health")[1]["status"] == "ok")

    def authentication(self):
        service = self.service
        check("health needs no token",
              service.request("operator", "GET", "/tatu/v1/health")[0] == 200)
        for token in ["", "0" * 64, service.token[:-1], service.token.upper() + "x"]:
            answer = service.operator("GET", "/tatu/v1/keys", token=token)
            check("a wrong token is refused", answer[0] == 401
                  and code_of(answer) == "AuthenticationFailed", answer)
        status, _, headers = service.request("operator", "GET", "/tatu/v1/makers")
        check("no token is refused, with a request id", status == 401
              and uuid.UUID(headers["x-ms-request-id"]))
        check("a token opens nothing on the front side", service.request(
            "front", "GET", "/tatu/v1/keys", headers={"Authorization": "Bearer " + service.token}
        )[0] == 404)

    def bad_requests(self):
        service = self.service
        rows = [
            ("GET", "/nowhere", None, 404, "ResourceNotFound"),
            ("DELETE", "/tatu/v1/health", None, 405, "MethodNotAllowed"),
            ("GET", arm("shop").split("?")[0], None, 400, "MissingApiVersionParameter"),
            ("GET", arm("shop").replace("2024-04-01", "2020-01-01"), None, 400,
             "InvalidApiVersionParameter"),
            ("PUT", arm("sh%20op"), "{}", 400, "InvalidResourceName"),
            ("PUT", arm("a" * 51), "{}", 400, "InvalidResourceName"),
            ("PUT", arm("shop"), "{", 400, "InvalidRequest"),
            ("PUT", arm("shop"), "[]", 400, "InvalidRequest"),
            ("PUT", arm("shop"), '{"location":"mars"}', 400, "InvalidRequest"),
            ("PUT", arm("shop"), '{"tags":{},"tags":{}}', 400, "InvalidRequest"),
            ("PUT", arm("shop"), "x" * 70000, 413, "RequestTooLarge"),
            ("GET", arm("shop"), None, 404, "ResourceNotFound"),
            ("GET", arm("..%2f..%2fetc"), None, 400, "InvalidRequest"),
            ("PUT", "/tatu/v1/makers/fab", '{"publicKey":"00"}', 400, "InvalidRequest"),
            ("PUT", "/tatu/v1/makers/fab", json.dumps({"publicKey": "11" * 64}), 400,
             "InvalidRequest"),
            ("GET", "/tatu/v1/events?$top=x", None, 400, "InvalidRequest"),
        ]
        for method, path, body, status, code in rows:
            answer = service.operator(method, path, body, raw=True)
            check(f"{method} {path[:60]} {code}",
                  answer[0] == status and code_of(answer) == code
                  and set(answer[1]["error"]) == {"code", "message", "target", "details"}, answer)

    def catalog(self):
        service = self.service
        status, answer = service.operator("PUT", arm("shop"), {"location": "global",
                                                               "tags": {"a": "b"}})
        check("a catalog is made", status == 201
              and answer["properties"]["provisioningState"] == "Succeeded"
              and uuid.UUID(answer["properties"]["tenantId"]) and "createdAt" in answer["systemData"],
              answer)
        check("a catalog is put again", service.operator("PUT", arm("SHOP"), {})[0] == 200)
        status, answer = service.operator("PUT", arm("shop", "/products/Bell 1".replace(" ", "%20")),
                                          {"properties": {"description": "d"}})
        check("a product is made", status == 201 and answer["name"] == "Bell 1", answer)
        status, answer = service.operator("GET", arm("shop", "/products/Bell%201/deviceGroups"))
        check("a product has the five groups", [g["name"] for g in answer["value"]] == [
            "Development", "Field Test", "Production", "Field Test OS Evaluation",
            "Production OS Evaluation"], answer)
        seen, path = [], arm("shop", "/products/Bell%201/deviceGroups", "&$maxpagesize=2")
        while path:
            _, answer = service.operator("GET", path)
            seen += [g["name"] for g in answer["value"]]
            path = answer.get("nextLink", "").split(service.addresses["operator"])[-1]
        check("pages give each row once", len(seen) == 5 and len(set(seen)) == 5, seen)
        check(".default cannot be made", code_of(service.operator(
            "PUT", arm("shop", "/products/.default"), {})) == "InvalidResourceName")
        check("a catalog that holds something stays", code_of(service.operator(
            "DELETE", arm("shop"))) == "CatalogNotEmpty")
        service.operator("PUT", arm("empty"), {})
        check("an empty catalog goes", (service.operator("DELETE", arm("empty"))[0],
                                        service.operator("DELETE", arm("empty"))[0]) == (200, 204))
        service.operator("PUT", arm("other"), {})

    def certificates(self):
        service = self.service
        _, answer = service.operator("GET", "/tatu/v1/keys")
        self.keys = answer
        self.update_ca = answer["updateCa"]["certificate"].encode()
        root = answer["serviceRoot"]["certificate"].encode()
        key = x509.load_pem_x509_certificate(root).public_key().public_numbers()
        check("the published root key is the certificate's",
              answer["serviceRoot"]["publicKey"] == f"{key.x:064x}{key.y:064x}")
        _, answer = service.operator("GET", arm("shop", "/certificates/.default"))
        self.catalog_ca = base64.b64decode(answer["properties"]["certificate"])
        good, text = openssl_verify(self.folder, root, self.catalog_ca)
        check("the catalog CA is under the service root", good, text)
        check("the certificate is found by its serial", service.operator(
            "GET", arm("shop", "/certificates/" + answer["name"]))[0] == 200)
        check("another serial is not found", service.operator(
            "GET", arm("shop", "/certificates/abcd"))[0] == 404)
        _, answer = service.operator("POST", arm("shop", "/certificates/.default/retrieveCertChain"))
        chain = pkcs7.load_der_pkcs7_certificates(base64.b64decode(answer["certificateChain"]))
        check("the chain is catalog CA and root", [c.subject.rfc4514_string() for c in chain] == [
            x509.load_der_x509_certificate(self.catalog_ca).subject.rfc4514_string(),
            x509.load_pem_x509_certificate(root).subject.rfc4514_string()])
        update_ca = x509.load_pem_x509_certificate(self.update_ca)
        check("the update CA is its own root", update_ca.issuer == update_ca.subject
              and update_ca.subject != x509.load_pem_x509_certificate(root).subject)

    def makers(self):
        service = self.service
        body = {"publicKey": public(self.maker).hex()}
        check("a maker is listed", service.operator("PUT", "/tatu/v1/makers/fab", body)[0] == 201)
        check("a maker is listed again", service.operator("PUT", "/tatu/v1/makers/fab", body)[0]
              == 200)
        check("its name gets no other key", service.operator(
            "PUT", "/tatu/v1/makers/fab", {"publicKey": public(new_key()).hex()})[0] == 409)
        service.operator("PUT", "/tatu/v1/release-keys/os",
                         {"publicKey": public(self.release).hex()})
        good = reference(self.release, self.device.digests)
        check("reference values of a stranger are refused", code_of(service.operator(
            "PUT", "/tatu/v1/references",
            {"reference": reference(new_key(), self.device.digests).hex()})) == "KeyUnknown")
        check("reference values without a boot image are refused", service.operator(
            "PUT", "/tatu/v1/references",
            {"reference": reference(self.release, self.device.digests[:4]).hex()})[0] == 400)
        status, answer = service.operator("PUT", "/tatu/v1/references",
                                          {"reference": base64.b64encode(good).decode()})
        check("reference values are taken", status == 200 and answer["release"] == "26.11"
              and len(answer["measurements"]) == 5, answer)

    def signed_time(self):
        nonce = os.urandom(32)
        status, answer = self.service.device("/device/v1/time", {1: nonce})
        payload = open1(bytes.fromhex(self.keys["time"]["publicKey"]), "tatu-time-1", answer)
        said = cbor2.loads(payload)
        check("signed time is ours, fresh and for our nonce",
              status == 200 and said[1] == nonce and abs(said[2] - time.time()) < 5, said)
        for body in [b"", b"\xa0", b"\xa1\x01\x41\x00", b"\xbf\xff", cbor2.dumps({1: nonce, 2: 1}),
                     cbor2.dumps({1: nonce}) + b"\0"]:
            status, answer, _ = self.service.request("front", "POST", "/device/v1/time", body)
            error = cbor2.loads(answer)
            check("a wrong body gets a numbered error", status == 400
                  and error[2] in ("SHORT", "FORMAT"), (body, status, error))

    def attestation_before_claim(self):
        device, service = self.device, self.service
        status, answer = device.attest(service)
        check("an unclaimed genuine device gets the update certificate only",
              status == 200 and answer[1] == 0 and answer[3] == [] and answer[4] == 2, answer)
        stranger = Device(new_key())
        status, answer = stranger.attest(service)
        check("an unendorsed device gets nothing", status == 403 and answer[2] == "ENDORSEMENT",
              answer)
        check("an unendorsed device is not known", service.operator(
            "GET", f"/tatu/v1/devices/{stranger.hex}")[0] == 404)
        nonce = cbor2.loads(service.device("/device/v1/nonce", {})[1])[1]
        status, answer = device.attest(service, nonce=nonce, key=new_key())
        check("a foreign key gets nothing", status == 403 and answer[2] == "SIGNATURE", answer)
        check("and does not use up the nonce", device.attest(service, nonce=nonce)[0] == 200)
        status, answer = device.attest(service, nonce=nonce)
        check("a replayed nonce gets nothing", status == 403 and answer[2] == "REPLAY", answer)
        status, answer = device.attest(service, nonce=os.urandom(32))
        check("a nonce of one's own gets nothing", status == 403 and answer[2] == "REPLAY", answer)
        other = Device(self.maker)
        status, answer = device.attest(service, endorsement=other.endorsement)
        check("another device's endorsement gets nothing", status == 403
              and answer[2] == "FOREIGN", answer)

    def group(self, name="Production"):
        return f"/products/Bell%201/deviceGroups/{name.replace(' ', '%20')}"

    def claim(self):
        device, service = self.device, self.service
        path = arm("shop", f"{self.group()}/devices/{device.hex}")
        check("a bare id claims nothing", code_of(service.operator("PUT", path, {}))
              == "ClaimNotProven")
        nonce = service.operator("POST", "/tatu/v1/catalogs/rg/shop/claimNonce", {})[1]
        other = service.operator("POST", "/tatu/v1/catalogs/rg/other/claimNonce", {})[1]
        device.tenant = bytes.fromhex(nonce["tenant"])
        for label, body, code in [
                ("another catalog's nonce", device.claim({**nonce, "nonce": other["nonce"]}),
                 "NonceInvalid"),
                ("another catalog's tenant", device.claim({**nonce, "tenant": other["tenant"]}),
                 "ClaimNotProven"),
                ("another owner key", device.claim({**nonce, "ownerKey": other["ownerKey"]}),
                 "ClaimNotProven"),
                ("another device's key", device.claim(nonce, key=new_key()), "SignatureInvalid"),
                ("another device's id", device.claim(nonce, fields={2: os.urandom(64)}),
                 "ClaimNotProven"),
                ("no listed maker", device.claim(nonce, endorsement=Device(
                    new_key()).endorsement), "DeviceNotEndorsed"),
                ("damaged hex", {"properties": {"tatu": {"statement": "zz", "endorsement": "00"}}},
                 "InvalidRequest")]:
            answer = service.operator("PUT", path, body)
            check(f"a claim with {label} is refused", code_of(answer) == code, answer)
        good = device.claim(nonce)
        status, answer = service.operator("PUT", path, good)
        check("a statement claims", status == 201
              and answer["properties"]["deviceId"] == device.hex, answer)
        capability = path.replace("?", "/generateCapabilityImage?")
        status, answer = service.operator("POST", capability, {"capabilities": ["ApplicationDevelopment", "FieldServicing"]})
        file = base64.b64decode(answer["image"]) if status == 200 else b""
        check("a capability file is for the device", status == 200 and file[12:76] == device.id
              and file[76:84] == struct.pack("<4H", 1, 11, 13, 0), answer)
        check("and signed by the catalog's owner key", raw_verify(bytes.fromhex(nonce["ownerKey"]), file[:-64], file[-64:]))
        for wrong in ({}, {"capabilities": []}, {"capabilities": ["Everything"]}, {"capabilities": [11]}):
            check("a capability that does not exist is refused", service.operator("POST", capability, wrong)[0] == 400)
        check("a catalog keeps its owner key", code_of(service.operator("PUT", arm("shop"), {
            "location": "global", "properties": {"tatu": {"ownerKey": public(new_key()).hex()}}})) == "Conflict")
        check("what is no key is refused", service.operator("PUT", arm("keyed"), {
            "location": "global", "properties": {"tatu": {"ownerKey": "11" * 64}}})[0] == 400)
        check("claiming again succeeds", service.operator("PUT", path, good)[0] == 200)
        check("another catalog gets a conflict", code_of(service.operator(
            "PUT", arm("other", f"/products/.default/deviceGroups/.default/devices/{device.hex}"),
            {})) == "DeviceOwned")
        second = Device(self.maker)
        _, used = nonce, second.claim(nonce)
        check("a used claim nonce is refused", code_of(service.operator(
            "PUT", arm("shop", f"{self.group()}/devices/{second.hex}"), used)) == "NonceInvalid")

        imported = Device(self.maker)
        path = arm("shop", f"/products/.unassigned/deviceGroups/.unassigned/devices/{imported.hex}")
        body = {"resourceGroup": "rg", "catalog": "shop", "devices": [
            {"deviceId": imported.hex, "endorsement": imported.endorsement.hex()}]}
        wrong = {**body, "devices": body["devices"] + [
            {"deviceId": imported.hex, "endorsement": device.endorsement.hex()}]}
        check("an import is all or nothing", service.operator(
            "POST", "/tatu/v1/makers/fab/imports", wrong)[0] == 403
            and code_of(service.operator("PUT", path, {})) == "ClaimNotProven")
        check("a maker imports", service.operator("POST", "/tatu/v1/makers/fab/imports", body)
              == (200, {"imported": 1}))
        check("an imported device is claimed by its bare id",
              service.operator("PUT", path, {})[0] == 201)
        to = arm("shop", self.group("Field Test")).split("?")[0].replace("%20", " ")
        status, answer = service.operator("PATCH", path, {"properties": {"deviceGroupId": to}})
        check("a device moves", status == 200 and "Field Test" in answer["id"], answer)
        check("and is not where it was", service.operator("GET", path)[0] == 404)
        check("a device moves only to a group", service.operator(
            "PATCH", arm("shop", f"{self.group('Field Test')}/devices/{imported.hex}"),
            {"properties": {"deviceGroupId": "/nowhere"}})[0] == 400)
        _, answer = service.operator("POST", arm("shop", "/listDevices"))
        check("the catalog lists both", {d["name"] for d in answer["value"]}
              == {device.hex, imported.hex})

    def attestation(self):
        device, service = self.device, self.service
        status, answer = device.attest(service)
        check("a current claimed device gets a certificate for each application", status == 200
              and answer[1] == 0 and [entry[4] for entry in answer[3]] == COMPONENTS
              and all(entry[1] == device.tenant for entry in answer[3]), answer)
        check("each of its own key", [public(x509.load_der_x509_certificate(entry[2]))
                                      for entry in answer[3]]
              == [public(device.customer), public(device.second)])
        update, customer = answer[2], answer[3][0][2]
        good, text = openssl_verify(self.folder, self.update_ca, update, "-purpose", "sslclient")
        check("the update certificate is under the update CA", good, text)
        good, text = openssl_verify(self.folder, pem(answer[3][0][3]), customer, "-partial_chain",
                                    "-purpose", "sslclient")
        check("the customer certificate is under the catalog CA", good, text)
        chain = os.path.join(self.folder, "chain.pem")
        with open(chain, "wb") as file:
            file.write(pem(self.catalog_ca))
        good, text = openssl_verify(self.folder, self.keys["serviceRoot"]["certificate"].encode(),
                                    customer, "-untrusted", chain)
        check("and so under the service root", good, text)
        good, _ = openssl_verify(self.folder, pem(self.catalog_ca), update, "-partial_chain")
        check("the update certificate is under no catalog CA", not good)
        certificate = x509.load_der_x509_certificate(customer)
        numbers = certificate.public_key().public_numbers()
        life = certificate.not_valid_after - certificate.not_valid_before
        check("its key, name and life are right",
              numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
              == public(device.customer)
              and certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
              == device.hex and life.total_seconds() == 86400 + 300)
        san = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        check("it names the device by URI", san.get_values_for_type(
            x509.UniformResourceIdentifier) == ["urn:tatu:device:" + device.hex])
        self.client = device.save(self.folder, "update", update, device.update)
        self.customer = device.save(self.folder, "customer", customer, device.customer)

        saved = device.digests
        device.digests = saved[:3] + [bytes(32)] + saved[4:]
        device.fallback, device.boots = True, 2
        status, answer = device.attest(service)
        check("a wrong measurement gets the update certificate only", status == 200
              and answer[1] == 24 and answer[3] == [] and len(answer[2]) > 300, answer)
        self.bad_client = device.save(self.folder, "bad", answer[2], device.update)
        _, state = service.operator("GET", f"/tatu/v1/devices/{device.hex}")
        check("the operator sees the verdict", state["verdictName"] == "MEASUREMENT"
              and state["fallback"] is True and len(state["measurements"]) == 5, state)
        _, answer = service.operator("GET", f"/tatu/v1/devices?device={device.hex}")
        check("the list of devices is filtered", [d["deviceId"] for d in answer["value"]]
              == [device.hex], answer)
        _, events = service.operator("GET", f"/tatu/v1/events?device={device.hex}")
        check("and events for it", [e["kind"] for e in events["value"]]
              == ["booted-backup-set", "verdict-changed"], events)
        device.digests, device.fallback, device.boots = saved, False, 3
        check("back on current software it gets both again",
              len(device.attest(service)[1][3]) == 2)
        device.mode, device.capabilities = 1, 1 << 13
        check("safe mode and field servicing are no reason to refuse",
              device.attest(service)[1][1] == 0)
        _, state = service.operator("GET", f"/tatu/v1/devices/{device.hex}")
        check("but the operator sees them", state["mode"] == "safe"
              and state["capabilities"] == [13], state)
        device.mode, device.capabilities = 0, 1 << 1
        check("developers' capabilities are refused in production",
              device.attest(service)[1][1] == 8)
        device.capabilities = 0
        check("until they are gone", device.attest(service)[1][1] == 0)

    def receiver(self):
        ca = os.path.join(self.folder, "catalog-ca.pem")
        with open(ca, "wb") as file:
            file.write(pem(self.catalog_ca))
        server = os.path.join(self.folder, "receiver.pem")
        process = subprocess.Popen(
            [RECEIVER, "--ca", ca, "--listen", "127.0.0.1:0", "--cert", server, "--key",
             os.path.join(self.folder, "receiver.key")], stdout=subprocess.PIPE, text=True)
        port = int(json.loads(process.stdout.readline())["address"].split(":")[1])

        def ring(client):
            context = ssl.create_default_context(cafile=server)
            context.verify_flags |= 0x80000
            context.load_cert_chain(client)
            connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=30,
                                                     context=context)
            try:
                connection.request("POST", "/ring", '{"count":1}')
                return connection.getresponse().status
            except (OSError, http.client.HTTPException) as error:
                return str(error)

        check("the receiver takes the daily customer certificate", ring(self.customer) == 204)
        line = json.loads(process.stdout.readline())
        check("and knows the device by it", line["deviceId"] == self.device.hex, line)
        check("the receiver refuses the perfectly valid update certificate",
              ring(self.bad_client) != 204
              and json.loads(process.stdout.readline())["event"] == "refused")
        process.terminate()
        process.wait(30)
        process.stdout.close()

    def images(self):
        service = self.service
        self.package = package(self.v1, self.component, b"body one " * 1000)

        def put(image, data):
            return service.operator("PUT", arm("shop", f"/images/{image}"), {
                "properties": {"image": base64.b64encode(data).decode()}})

        status, answer = put(self.v1, self.package)
        check("an image is taken", status == 201
              and answer["properties"]["imageId"] == str(self.v1)
              and answer["properties"]["componentId"] == str(self.component)
              and answer["properties"]["imageName"] == "doorbell", answer)
        check("the same image again changes nothing", put(self.v1, self.package)[0] == 200)
        other = package(self.v1, self.component, b"body two")
        big = package(uuid.uuid4(), self.component, bytes(1 << 20))
        for label, image, data, code in [
                ("the same id with other content", self.v1, other, "Conflict"),
                ("an id that is not its own", uuid.uuid4(), self.package, "InvalidImage"),
                ("a kernel", self.v2, package(self.v2, self.component, b"x", kind=7),
                 "InvalidImage"),
                ("half a package", self.v1, self.package[:4000], "InvalidImage"),
                ("nothing", self.v1, b"", "InvalidImage"),
                ("more than 1 MiB", uuid.uuid4(), big, "RequestTooLarge")]:
            answer = put(image, data)
            check(f"{label} is refused", code_of(answer) == code, answer)
        check("what is not base64 is refused", service.operator(
            "PUT", arm("shop", f"/images/{self.v1}"), {"properties": {"image": "*"}})[0] == 400)
        check("a second version is taken", put(
            self.v2, package(self.v2, self.component, b"body two " * 1000))[0] == 201)
        _, answer = service.operator("GET", arm("shop", "/images"))
        check("both are listed", {i["name"] for i in answer["value"]}
              == {str(self.v1), str(self.v2)})

    def deployment(self, *images):
        return self.service.operator("PUT", arm("shop", f"{self.group()}/deployments/.default"), {
            "properties": {"deployedImages": [{"properties": {"imageId": str(i)}}
                                              for i in images]}})

    def update(self):
        service, device = self.service, self.device

        def get(path, client=None, headers=None):
            return service.request("update", "GET", path, headers=headers, client=client)

        def told():
            status, answer, _ = get("/device/v1/deployment", self.client)
            payload = open1(bytes.fromhex(self.keys["director"]["publicKey"]),
                            "tatu-deployment-1", answer)
            return status, cbor2.loads(payload)

        refused = False
        try:
            get("/device/v1/deployment")
        except (ssl.SSLError, ConnectionError, http.client.HTTPException):
            refused = True
        check("a client without a certificate is refused on the update port", refused)
        refused = False
        try:
            get("/device/v1/deployment", self.customer)
        except (ssl.SSLError, ConnectionError, http.client.HTTPException):
            refused = True
        check("a customer certificate is refused on the update port", refused)
        status, answer = told()
        check("nothing is deployed yet", status == 200 and answer[1] == device.id
              and answer[2] == bytes(16) and answer[5] == [], answer)
        status, answer = self.deployment(self.v1, uuid.uuid4())
        check("an image that is not there cannot be deployed", status == 404)
        check("two images of one component cannot be deployed",
              self.deployment(self.v1, self.v2)[0] == 400)
        status, answer = self.deployment(self.v1)
        check("a deployment is made", status == 201 and answer["properties"]["deployedImages"][0][
            "properties"]["imageId"] == str(self.v1), answer)
        first = told()[1]
        image, component, size, digest = first[5][0]
        check("the device is told", image == self.v1.bytes_le
              and component == self.component.bytes_le, first)
        status, data, _ = get(f"/device/v1/images/{image.hex()}", self.client)
        check("the image is what was promised", status == 200 and len(data) == size
              and hashlib.sha256(data).digest() == digest)
        nonce = service.operator("POST", "/tatu/v1/catalogs/rg/shop/claimNonce", {})[1]
        owner = bytes.fromhex(nonce["ownerKey"])
        check("it is signed by the owner anchor", raw_verify(owner, data[:-64], data[-64:])
              and hashlib.sha256(owner).digest()[:20] in data[9000:]
              and data[:9000] == self.package[:9000])
        status, part, headers = get(f"/device/v1/images/{image.hex()}", self.client,
                                    {"Range": "bytes=100-199"})
        check("a range is honoured", status == 206 and part == data[100:200]
              and headers["Content-Range"] == f"bytes 100-199/{size}", status)
        status, part, _ = get(f"/device/v1/images/{image.hex()}", self.client,
                              {"Range": f"bytes={size}-"})
        check("a range behind the end is refused", status == 416)
        check("an image not deployed here is not served", get(
            f"/device/v1/images/{self.v2.bytes_le.hex()}", self.client)[0] == 404)
        check("no path leads out of the images", get(
            "/device/v1/images/..%2f..%2fkeys%2froot.pem", self.client)[0] == 400)
        self.deployment(self.v2)
        second = told()[1]
        check("the next deployment has a higher sequence", second[4] > first[4]
              and second[5][0][0] == self.v2.bytes_le)
        check("it replaced the first", get(
            f"/device/v1/images/{image.hex()}", self.client)[0] == 404)
        _, answer = service.operator("GET", arm("shop", f"{self.group()}/deployments"))
        check("both deployments are listed", len(answer["value"]) == 2)
        _, answer = service.operator("GET", arm("shop", f"{self.group()}/deployments/.default"))
        check(".default is the current one", answer["properties"]["tatu"]["sequence"] == second[4])

    def ticket(self, nonce):
        status, answer, _ = self.service.request(
            "update", "POST", "/device/v1/ticket", cbor2.dumps({1: nonce}), client=self.client)
        if status != 200:
            return status, cbor2.loads(answer)
        return status, cbor2.loads(open1(bytes.fromhex(self.keys["director"]["publicKey"]),
                                         "tatu-ticket-1", answer))

    def tickets(self):
        service, device, nonce = self.service, self.device, os.urandom(32)
        path = "/tatu/v1/catalogs/rg/shop" + self.group()
        check("without a grace a ticket disarms",
              self.ticket(nonce) == (200, {1: device.id, 2: nonce, 3: 0}), self.ticket(nonce))
        for body in [{}, {"renewalGraceSeconds": "1d"}, {"renewalGraceSeconds": 599},
                     {"renewalGraceSeconds": -1}, {"renewalGraceSeconds": 31536001}]:
            check("a grace out of range is refused",
                  service.operator("PATCH", path, body)[0] == 400, body)
        status, answer = service.operator("PATCH", path, {"renewalGraceSeconds": 86400})
        check("a group's grace is set", status == 200 and answer["renewalGraceSeconds"] == 86400,
              answer)
        check("and shown", service.operator("GET", path)[1] == answer and service.operator(
            "GET", arm("shop", self.group()))[1]["properties"]["tatu"] == {
                "renewalGraceSeconds": 86400})
        service.operator("PUT", arm("shop", self.group()), {"properties": {"description": "x"}})
        check("and kept by a put", service.operator("GET", path)[1]["renewalGraceSeconds"] == 86400)
        check("no other group has it", service.operator(
            "GET", path.replace("Production", "Field%20Test"))[1]["renewalGraceSeconds"] == 0)
        check("a ticket then has it", self.ticket(nonce)[1][3] == 86400)
        for body in [b"", b"\xa0", cbor2.dumps({1: nonce[:31]}), cbor2.dumps({1: nonce, 2: 0})]:
            status, _, _ = service.request("update", "POST", "/device/v1/ticket", body,
                                           client=self.client)
            check("a wrong wish for a ticket is refused", status == 400, body)
        saved, device.digests = device.digests, [bytes(32)] + device.digests[1:]
        device.attest(service)
        status, answer = self.ticket(nonce)
        check("a device on other software gets no ticket", status == 403
              and answer[2] == "DENIED", answer)
        device.digests = saved
        device.attest(service)
        check("until it is back on good software", self.ticket(nonce)[0] == 200)

    def confirmation(self):
        service = self.service

        def put(release="26.11", key=self.release, floors=(1, 1, 1, 1)):
            payload = cbor2.dumps({1: IMPLEMENTATION, 2: list(floors)})
            self.confirmed = sign1(key, "tatu-confirm-1", payload)
            return service.operator("PUT", "/tatu/v1/confirmations", {
                "release": release, "confirmation": self.confirmed.hex()})

        def get():
            status, answer, _ = service.request("update", "GET", "/device/v1/confirmation",
                                                client=self.client)
            return status, answer

        check("no release is confirmed yet", get()[0] == 404)
        check("a stranger confirms nothing", code_of(put(key=new_key())) == "KeyUnknown")
        check("nor can what is not registered be confirmed", put(release="9.9")[0] == 404)
        check("nor can floors above the release", put(floors=(1, 2, 1, 1))[0] == 400)
        check("a confirmation without its object is refused", service.operator(
            "PUT", "/tatu/v1/confirmations", {"release": "26.11"})[0] == 400)
        status, answer = put()
        check("a release is confirmed", status == 200 and answer["floors"]
              == {"vault": 1, "monitor": 1, "os": 1, "keystore": 1}, answer)
        check("the device that runs it gets the confirmation", get() == (200, self.confirmed))
        self.device.fallback = True
        self.device.attest(service)
        check("one that runs from its backup set does not", get()[0] == 404)
        self.device.fallback = False
        self.device.attest(service)

    def report(self, kind, record, payload, boot=1):
        return self.service.request("update", "POST", "/device/v1/reports", cbor2.dumps(
            {1: kind, 2: record, 3: boot, 4: payload}), client=self.client)[0]

    def failures(self):
        service = self.service
        with open(CRASH_ELF, "rb") as file:
            elf = file.read()
        check("text is no symbol file", service.operator(
            "PUT", "/tatu/v1/symbols", b"hello", raw=True)[0] == 400)
        status, answer = service.operator("PUT", "/tatu/v1/symbols", elf, raw=True)
        check("symbols are taken", status == 200 and len(answer["buildId"]) == 40, answer)
        base, sp = 0xB6E00000, 0xBE800000
        stack = struct.pack("<8I", 1, base + 0x1014, 2, 3, 4, base + 0x1008, 5, 0)
        registers = [0] * 13 + [sp, base + 0x1014, base + 0x1020, 0x10]
        payload = cbor2.dumps({
            1: self.component.bytes_le, 2: self.v1.bytes_le, 3: 11, 4: 1, 5: 0,
            6: int(time.time()), 7: [[base, 0x3000, bytes.fromhex(answer["buildId"]), "/bin/app"]],
            8: [[struct.pack("<17I", *registers), sp, stack]], 9: 2})
        check("a crash is taken", self.report(2, 1, payload) == 204)
        check("and again, without being counted twice", self.report(2, 1, payload) == 204)
        _, answer = service.operator("GET", "/tatu/v1/crashes?resourceGroup=rg&catalog=shop")
        check("it is listed once", [c["groupCount"] for c in answer["value"]] == [1]
              and answer["value"][0]["signal"] == 11, answer)
        _, crash = service.operator("GET", f"/tatu/v1/crashes/{answer['value'][0]['id']}")
        check("its stack has functions, files and lines",
              [(f["kind"], f["function"]) for f in crash["frames"]]
              == [("pc", "inner"), ("cfi", "middle"), ("cfi", "outer")]
              and all(f["file"].endswith("crash.s") and f["line"] > 0 for f in crash["frames"]),
              crash)
        check("another catalog does not see it", service.operator(
            "GET", "/tatu/v1/crashes?resourceGroup=rg&catalog=other")[1]["value"] == [])
        check("a refused boot image is taken", self.report(1, 2, cbor2.dumps([0, 7, 13, 4])) == 204)
        check("an unknown report is taken", self.report(9, 3, b"?") == 204)
        for record, kind, code in [(4, 7, 0), (5, 5, 1), (6, 6, 0x01030201)]:
            check("an event of the device is taken", self.report(3, record, cbor2.dumps(
                {1: kind, 2: bytes(16), 3: bytes(16), 4: code, 5: int(time.time())})) == 204)
        _, answer = service.operator("GET", f"/tatu/v1/events?device={self.device.hex}&$top=3")
        check("and told without an application", [(e["kind"], e["text"]) for e in answer["value"]]
              == [("floors-raised", "rollback floors rose: vault 1, monitor 2, OS 3, keystore 1"),
                  ("not-launching", "safe mode: boot after boot did not come up; no application "
                                    "is started"),
                  ("backup-repaired", "the backup set was damaged and is whole again")]
              and not any("componentId" in e for e in answer["value"]), answer)
        _, answer = service.operator("GET", f"/tatu/v1/events?device={self.device.hex}&$top=5")
        check("events are told in words", [e["text"] for e in answer["value"]][4]
              == "set A: kernel refused, SIGNATURE" and "nextLink" not in answer, answer)
        _, answer = service.operator("POST", arm("shop", "/listDeviceInsights"))
        check("insights count them", any(i["eventCategory"] == "Crash" and i["eventCount"] == 1
                                         for i in answer["value"]), answer)

    def slow_symbols(self):
        """A symboliser that hangs: its symbol file is a pipe that nobody writes."""
        service = self.service
        _, answer = service.operator("GET", "/tatu/v1/crashes")
        path = f"/tatu/v1/crashes/{answer['value'][0]['id']}"
        symbols = f"{self.data}/symbols"
        name = os.path.join(symbols, os.listdir(symbols)[0])
        os.rename(name, self.folder + "/kept-symbols")
        os.mkfifo(name)
        answers = []
        began = time.monotonic()
        waiting = [threading.Thread(target=lambda: answers.append(service.operator("GET", path)))
                   for _ in range(7)]
        for thread in waiting:
            thread.start()
        context = service.context()
        # an eighth asks and goes away
        with socket.create_connection(tuple(service.addresses["operator"].split(":"))) as raw:
            with context.wrap_socket(raw, server_hostname="127.0.0.1") as tls:
                tls.sendall(b"GET " + path.encode() + b" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                            + service.token.encode() + b"\r\n\r\n")
        time.sleep(1)
        check("one more than may run at once is told to come again",
              code_of(service.operator("GET", path)) == "ServiceBusy")
        asked = time.monotonic()
        check("others are answered while symbolisers hang",
              service.operator("GET", "/tatu/v1/health")[0] == 200
              and time.monotonic() - asked < 2 and not answers, answers)
        for thread in waiting:
            thread.join(30)
        check("then those who asked get the plain stack", 9 < time.monotonic() - began < 20
              and [a[0] for a in answers] == [200] * 7
              and all(a[1]["frames"][0]["kind"] == "pc" and "function" not in a[1]["frames"][0]
                      for a in answers), answers)
        os.unlink(name)
        os.rename(self.folder + "/kept-symbols", name)
        check("and no child is left", not subprocess.run(
            ["pgrep", "-P", str(service.process.pid)], capture_output=True, check=False).stdout)
        _, crash = service.operator("GET", path)
        check("afterwards it is symbolised again", crash["frames"][0]["function"] == "inner")

    def clock(self):
        """A service whose clock goes back a year (the latest time that it keeps is set ahead)."""
        service = self.service
        service.stop()
        with sqlite3.connect(f"{self.data}/tatu.db") as db:
            db.execute("UPDATE clock SET latest_s=latest_s+31536000")
        db.close()
        self.service = service = Service(self.data)
        status, answer = service.device("/device/v1/time", {1: bytes(32)})
        check("with a clock that went back no time is signed", status == 503
              and cbor2.loads(answer)[2] == "CLOCK", answer)
        check("and nothing is issued", self.device.attest(service)[0] == 503)
        check("and nothing is deployed", service.request(
            "update", "GET", "/device/v1/deployment", client=self.client)[0] == 503)
        check("and no operator writes", code_of(service.operator("PUT", arm("late"), {}))
              == "ClockWentBack")
        check("but reads, and sees why", service.operator("GET", "/tatu/v1/health")[1]["status"]
              == "clock-went-back" and service.operator("GET", arm("shop"))[0] == 200)
        status, errors = service.stop()
        check("it was told at the start", status == 0 and "clock" in errors, errors)
        self.service = service = Service(self.data, "--accept-clock")
        check("the operator may say that the time is true", self.device.attest(service)[0] == 200
              and service.operator("GET", "/tatu/v1/health")[1]["status"] == "ok")

    def restart(self):
        before = self.service.operator("GET", "/tatu/v1/audit?$top=1")[1]["value"][0]
        status, errors = self.service.stop()
        check("SIGTERM ends it cleanly", status == 0 and errors == "", (status, errors))
        check("and takes service.json along", not os.path.exists(f"{self.data}/service.json"))
        token = self.service.token
        self.service = Service(self.data)
        check("a restart makes no new token", self.service.token == token
              and len(self.service.lines) == 1)
        check("everything is still there", self.service.operator(
            "GET", "/tatu/v1/audit?$top=1")[1]["value"][0] == before)
        check("the device goes on with its certificate", self.service.request(
            "update", "GET", "/device/v1/deployment", client=self.client)[0] == 200)

    def killed_while_writing(self):
        service, acknowledged, stop = self.service, [], threading.Event()

        def write():
            for i in range(100000):
                try:
                    status, _ = service.operator("PUT", arm("shop", f"/products/kill{i:05d}"), {})
                except (OSError, http.client.HTTPException):
                    return
                if status == 201:
                    acknowledged.append(f"kill{i:05d}")
                if stop.is_set():
                    return

        for _ in range(3):
            writer = threading.Thread(target=write)
            writer.start()
            time.sleep(1.5)
            service.stop(signal.SIGKILL)
            stop.set()
            writer.join()
            stop.clear()
            self.service = service = Service(self.data)
            names, path = set(), arm("shop", "/products")
            while path:
                _, answer = service.operator("GET", path)
                names |= {p["name"] for p in answer["value"]}
                path = answer.get("nextLink", "").split(service.addresses["operator"])[-1]
            check("kill -9 loses nothing acknowledged", acknowledged
                  and set(acknowledged) <= names, (len(acknowledged), len(names)))

    def full_disk(self):
        """The service may not grow any file over 1 MiB: every write soon fails, as on a full disk."""
        data = os.path.join(self.folder, "full")
        limit = 1 << 20
        service = Service(data, limit=lambda: resource.setrlimit(resource.RLIMIT_FSIZE,
                                                                 (limit, limit)))
        acknowledged, refusal = [], None
        service.operator("PUT", arm("shop"), {})
        for i in range(3000):
            answer = service.operator("PUT", arm("shop", f"/products/full{i:05d}"),
                                      {"properties": {"description": "d" * 200}})
            if answer[0] != 201:
                refusal = answer
                break
            acknowledged.append(f"full{i:05d}")
        check("a full disk answers 507 StorageFull", refusal is not None and refusal[0] == 507
              and code_of(refusal) == "StorageFull", refusal)
        check("a full disk still serves who only reads", service.operator(
            "GET", arm("shop", "/products/full00000"))[0] == 200
            and service.device("/device/v1/nonce", {})[0] == 200)
        service.stop(signal.SIGKILL)
        service = Service(data)
        names, path = set(), arm("shop", "/products")
        while path:
            _, answer = service.operator("GET", path)
            names |= {p["name"] for p in answer["value"]}
            path = answer.get("nextLink", "").split(service.addresses["operator"])[-1]
        check("nothing acknowledged is lost, nothing refused is there", names == set(acknowledged),
              (len(names), len(acknowledged)))
        check("with room again it takes writes", service.operator(
            "PUT", arm("shop", "/products/after"), {})[0] == 201)
        service.stop()

    def full_tmpfs(self):
        """The same on a file system that is really full; needs the right to mount."""
        mount = os.path.join(self.folder, "tmpfs")
        os.mkdir(mount)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", mount],
                          capture_output=True, check=False).returncode != 0:
            return
        try:
            service = Service(os.path.join(mount, "data"))
            service.operator("PUT", arm("shop"), {})
            refusal = None
            for i in range(40):
                image = uuid.uuid4()
                data = package(image, uuid.uuid4(), os.urandom(100000))
                refusal = service.operator("PUT", arm("shop", f"/images/{image}"), {
                    "properties": {"image": base64.b64encode(data).decode()}})
                if refusal[0] != 201:
                    break
            check("a full file system answers 507 StorageFull", refusal[0] == 507
                  and code_of(refusal) == "StorageFull", refusal)
            stored = service.operator("GET", arm("shop", "/images"))[1]["value"]
            check("what was taken before is listed", len(stored) == i, (len(stored), i))
            status, errors = service.stop()
            check("a full file system does not stop it from ending", status == 0, errors)
        finally:
            subprocess.run(["umount", mount], check=True)

    def hostile_sockets(self):
        service = self.service
        for junk in [b"GET / HTTP/1.1\r\n\r\n", os.urandom(300), b"\x16\x03\x01\xff\xff" + bytes(99)]:
            with socket.create_connection(tuple(service.addresses["operator"].split(":"))) as raw:
                raw.sendall(junk)
                raw.settimeout(10)
                try:
                    answer = raw.recv(100)
                except OSError:
                    answer = b""
                check("clear text gets no HTTP answer on a TLS port", b"HTTP/" not in answer,
                      answer)
        context = service.context()
        for head in [b"GET / HTTP/9.9\r\n\r\n", b"BREW / HTTP/1.1\r\n\r\n", b"\0\0\0\r\n\r\n",
                     b"GET /tatu/v1/health HTTP/1.1\r\nX: " + b"a" * 20000 + b"\r\n\r\n",
                     b"PUT /tatu/v1/symbols HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n"]:
            with socket.create_connection(tuple(service.addresses["operator"].split(":"))) as raw:
                with context.wrap_socket(raw, server_hostname="127.0.0.1") as tls:
                    tls.sendall(head)
                    tls.settimeout(10)
                    try:
                        answer = tls.recv(100)
                    except OSError:
                        answer = b""
                    check("a damaged request gets no 200", b" 200 " not in answer, (head, answer))
        check("after all that it answers",
              service.operator("GET", "/tatu/v1/health")[1]["status"] == "ok")

    def run(self):
        for step in [self.first_start, self.second_service, self.authentication,
                     self.bad_requests, self.catalog, self.certificates, self.makers,
                     self.signed_time, self.attestation_before_claim, self.claim,
                     self.attestation, self.receiver, self.images, self.update, self.tickets,
                     self.confirmation, self.failures, self.slow_symbols, self.clock,
                     self.hostile_sockets, self.restart, self.killed_while_writing,
                     self.full_disk, self.full_tmpfs]:
            try:
                step()
            except Exception as error:  # pylint: disable=broad-except
                import traceback
                traceback.print_exc()
                check(step.__name__, False, repr(error))
        status, errors = self.service.stop()
        check("the end is clean", status == 0 and errors == "", (status, errors))


def main():
    with tempfile.TemporaryDirectory() as folder:
        Story(folder).run()
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
