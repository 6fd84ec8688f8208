#!/usr/bin/env python3
"""Every operation of the device API over TLS, each answer checked against schemas.json, by Python's client and by curl.

usage: api_test.py HOST-PROGRAM      the server over a world in memory, test/host.c
"""
import base64
import http.client
import json
import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time
import unittest

import shapes

HOST = sys.argv.pop(1) if len(sys.argv) > 1 else "build/host/os/gatewayd/gatewayd_host"
BLINK = "96b15265-111a-4889-9137-2a4bd62470a0"
NOBODY = "00000000-0000-0000-0000-000000000001"
SEEN = set()


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Board:
    """The server, with a keep-alive connection to it."""

    def __init__(self, *options):
        self.folder = tempfile.mkdtemp()
        self.process = subprocess.Popen([HOST, self.folder, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.capability = bytes.fromhex(self.process.stdout.readline())
        self.port = int(self.process.stdout.readline())
        self.context = ssl.create_default_context()
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE
        self.connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.context, timeout=10)

    def close(self):
        self.connection.close()
        self.process.communicate(timeout=10)
        shutil.rmtree(self.folder)
        assert self.process.returncode == 0, f"the server ended with {self.process.returncode}"

    def ask(self, method, path, body=None, headers=None):
        """Sends a request, checks that the answer is documented, and returns status and body."""
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        data = answer.read()
        assert answer.headers["REST-API-Version"] == "4.6.0"
        SEEN.add(shapes.check_answer(method, path, answer.status, answer.headers["Content-Type"], data))
        return answer.status, (json.loads(data) if answer.headers["Content-Type"] == "application/json" else data)

    def raw(self, text):
        """Bytes as they are; everything that comes until the server closes."""
        with self.context.wrap_socket(socket.create_connection(("127.0.0.1", self.port), timeout=10)) as wire:
            wire.sendall(text)
            got = b""
            while piece := wire.recv(65536):
                got += piece
        return got


class WithBoard(unittest.TestCase):
    OPTIONS = ["capable"]

    def setUp(self):
        self.board = Board(*self.OPTIONS)
        self.addCleanup(self.board.close)

    def expect(self, answer, status, body=None, error=None):
        self.assertEqual(answer[0], status, answer[1])
        if body is not None:
            self.assertEqual(answer[1], body)
        if error is not None:
            self.assertEqual(answer[1]["error"], error[0] << 20 | error[1], answer[1])


class Device(WithBoard):
    def test_every_state_of_the_device_is_told(self):
        ask = self.board.ask
        self.expect(ask("GET", "/status"), 200)
        self.expect(ask("GET", "/osversion"), 200)
        self.expect(ask("GET", "/abi_versions"), 200)
        self.expect(ask("GET", "/device/capabilities"), 200, {"device_capabilities": [11]})
        self.assertEqual(ask("GET", "/device/security_state")[1]["securityState"], "SECURE")
        self.expect(ask("GET", "/device/manufacturing_state"), 200, {"manufacturingState": "DeviceComplete"})
        self.expect(ask("GET", "/stats/memory/groups/applications"), 200)

    def test_a_stored_capability_stays_until_it_is_dropped(self):
        file = {"file": self.board.capability.hex()}
        self.assertEqual(self.post_capability(file), 200)
        self.expect(self.board.ask("GET", "/device/capabilities"), 200, {"device_capabilities": [11, 13]})
        self.board.connection.close()
        self.expect(self.board.ask("GET", "/device/capabilities"), 200, {"device_capabilities": [11, 13]})
        for wrong in ({}, {"file": 1}, {"file": "xy"}, {"file": "00" * 1025}):
            self.assertEqual(self.post_capability(wrong), 400)
        self.assertEqual(self.post_capability({"file": self.board.capability[:-1].hex() + "00"}), 403)
        self.expect(self.board.ask("DELETE", "/tatu/v1/capability"), 200, {})
        self.expect(self.board.ask("GET", "/device/capabilities"), 200, {"device_capabilities": []})
        self.expect(self.board.ask("GET", "/osversion"), 403)

    def post_capability(self, body):
        """Open to all, as the claim: the vault decides."""
        self.board.connection.request("POST", "/tatu/v1/capability", json.dumps(body), {"Content-Type": "application/json"})
        answer = self.board.connection.getresponse()
        answer.read()
        return answer.status

    def test_manufacturing_state_goes_up_only(self):
        ask = self.board.ask
        self.expect(ask("PUT", "/device/manufacturing_state", {"manufacturingState": "DeviceComplete"}), 200, {})
        self.expect(ask("PUT", "/device/manufacturing_state", {"manufacturingState": "Module1Complete"}), 400, error=(10, 2))
        self.expect(ask("PUT", "/device/manufacturing_state", {"manufacturingState": "Blank"}), 400, error=(10, 2))
        self.expect(ask("PUT", "/device/manufacturing_state", "x", {"Content-Type": "text/plain"}), 415)

    def test_restart_takes_text_or_nothing(self):
        self.expect(self.board.ask("POST", "/restart"), 200, {"restartingSystem": True})
        self.expect(self.board.ask("POST", "/restart", "", {"Content-Type": "text/plain; charset=utf-8"}), 200)
        self.expect(self.board.ask("POST", "/restart", {}), 415)

    def test_records_are_read_and_cleared(self):
        status, data = self.board.ask("GET", "/telemetry")
        self.assertEqual(status, 200)
        self.assertEqual(len(data) - 5, data[3] << 8 | data[4])
        self.assertEqual(len(data), 5 + 2 * 13)
        self.expect(self.board.ask("DELETE", "/telemetry"), 200, {})
        data = self.board.ask("GET", "/telemetry")[1]
        self.assertEqual(data[3] << 8 | data[4], 0)
        self.expect(self.board.ask("DELETE", "/telemetry"), 200, {})

    def test_log_comes_in_banks(self):
        data = self.board.ask("GET", "/log")[1]
        self.assertEqual(len(data) % 4096, 0)
        self.assertIn(b"netd: eth0 is up", data)


class Applications(WithBoard):
    def test_state_follows_triggers(self):
        ask = self.board.ask
        self.expect(ask("GET", f"/app/status/{NOBODY}"), 200, {"state": "notPresent"})
        self.expect(ask("GET", f"/app/status/{BLINK.upper()}"), 200, {"state": "running"})
        self.expect(ask("PATCH", f"/app/status/{BLINK}", {"trigger": "stop"}), 200, {"state": "stopped"})
        self.expect(ask("PATCH", f"/app/status/{BLINK}", {"trigger": "start"}), 200, {"state": "running"})
        self.expect(ask("PATCH", f"/app/status/{BLINK}", {"trigger": "startDebug"}), 400, error=(14, 11))
        self.expect(ask("PATCH", f"/app/status/{BLINK}", {"trigger": "sing"}), 400, error=(14, 9))
        self.expect(ask("PATCH", f"/app/status/{BLINK}", {}), 400, error=(14, 9))
        self.expect(ask("PATCH", f"/app/status/{NOBODY}", {"trigger": "stop"}), 400, error=(14, 12))
        self.expect(ask("PATCH", f"/app/status/{BLINK}", "x", {"Content-Type": "text/xml"}), 415)

    def test_what_an_application_said_is_told(self):
        status, data = self.board.ask("GET", f"/tatu/v1/app/log/{BLINK}")[:2]
        self.assertEqual((status, data), (200, b"ding\ndong\n"))
        self.expect(self.board.ask("GET", f"/tatu/v1/app/log/{NOBODY}"), 404, error=(14, 12))
        self.expect(self.board.ask("GET", "/tatu/v1/app/log/1234"), 400, error=(14, 15))

    def test_power_profile_is_told(self):
        self.expect(self.board.ask("GET", "/tatu/v1/power"), 200,
                    {"profile": "powerSaver", "applicationProcessorPercent": 50})

    def test_quota_is_told(self):
        self.expect(self.board.ask("GET", f"/app/quota/{BLINK}"), 200, {"UsageKB": 0, "LimitKB": 8})
        self.expect(self.board.ask("GET", f"/app/quota/{NOBODY}"), 404, error=(14, 12))
        self.expect(self.board.ask("GET", "/app/quota/1234"), 400, error=(14, 15))

    def test_image_is_staged_installed_and_removed(self):
        ask, image = self.board.ask, os.urandom(3 * 1024 * 1024)
        stage = {"Content-Type": "application/octet-stream"}
        self.expect(ask("DELETE", f"/app/image/{BLINK}"), 200, {})
        self.expect(ask("DELETE", f"/app/image/{BLINK}"), 200, {})
        self.expect(ask("POST", "/update/install"), 400, error=(26, 10))
        self.expect(ask("PUT", "/update/stage", image, stage), 200, {})
        images = ask("GET", "/images")[1]
        self.assertTrue(images["has_staged_updates"])
        system = [(c["image_type"], c["uid"], c["images"]) for c in images["components"]]  # no application yet
        self.assertEqual(system, [(n, f"54415455-0000-4000-8000-0000000000{n:02x}", []) for n in (2, 4, 19, 6, 7, 8)])
        self.expect(ask("GET", f"/app/status/{BLINK}"), 200, {"state": "notPresent"})
        self.expect(ask("POST", "/update/install", {"appControlMode": "Manual"}), 200, {})
        self.expect(ask("GET", f"/app/status/{BLINK}"), 200, {"state": "stopped"})
        self.assertEqual(ask("GET", "/images")[1]["components"][0]["name"], "blink")
        self.expect(ask("PUT", "/update/stage", image[:4099], stage), 200, {})
        self.expect(ask("POST", "/update/install", {"appControlMode": "Sometimes"}), 400, error=(10, 2))
        self.expect(ask("POST", "/update/install", {"appControlMode": "Auto"}), 200, {})
        self.expect(ask("DELETE", "/app/image/none"), 400, error=(14, 15))

    def test_what_is_no_image_upload_is_refused(self):
        ask = self.board.ask
        self.expect(ask("PUT", "/update/stage", b"x", {"Content-Type": "application/json"}), 415)
        self.expect(ask("PUT", "/update/stage", b"", {"Content-Type": "application/octet-stream"}), 400, error=(10, 3))
        self.expect(ask("POST", "/update/install", "x", {"Content-Type": "text/plain"}), 415)
        self.expect(ask("PUT", "/update/stage", b"x" * (3 * 1024 * 1024 + 1), {"Content-Type": "application/octet-stream"}),
                    400, error=(15, 4))
        self.expect(ask("GET", "/status"), 200)  # the same connection goes on


class Certificates(WithBoard):
    @classmethod
    def setUpClass(cls):
        cls.keys = tempfile.mkdtemp()
        at = lambda name: os.path.join(cls.keys, name)
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", at("ec.key"),
            "-out", at("ec.crt"), "-subj", "/C=PT/O=Tatu/CN=TestRootCert", "-days", "3")
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", at("rsa.key"), "-out", at("rsa.crt"),
            "-subj", "/CN=rsa", "-days", "3")
        for name, times in (("rsa.enc", 2048), ("rsa.20000", 20000), ("rsa.20001", 20001), ("rsa.65536", 65536)):
            run("openssl", "pkcs8", "-topk8", "-in", at("rsa.key"), "-out", at(name), "-v2", "aes-256-cbc", "-v2prf",
                "hmacWithSHA256", "-passout", "pass:password", "-iter", str(times))
        cls.files = {name: open(at(name), encoding="ascii").read() for name in os.listdir(cls.keys)}
        dates = run("openssl", "x509", "-in", at("ec.crt"), "-noout", "-dates", "-dateopt", "iso_8601")
        cls.not_before = dates.splitlines()[0].split("=")[1].replace(" ", "T").rstrip("Z")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.keys)

    def add(self, name, **members):
        return self.board.ask("POST", f"/certstore/certs/{name}", members)

    def space(self):
        return int(self.board.ask("GET", "/certstore/space")[1]["AvailableSpace"])

    def test_certificates_are_kept_listed_and_removed(self):
        ask, files = self.board.ask, self.files
        self.expect(ask("GET", "/certstore/space"), 200, {"AvailableSpace": "24514"})
        self.expect(ask("GET", "/certstore/certs"), 200, {"identifiers": []})
        self.expect(self.add("root_id", certType="rootca", publicCert=files["ec.crt"]), 200, {})
        self.expect(self.add("client.1-x", certType="Client", publicCert=files["rsa.crt"], privateKey=files["rsa.enc"],
                             password="password"), 200, {})
        self.expect(ask("GET", "/certstore/certs"), 200, {"identifiers": ["root_id", "client.1-x"]})
        status, told = ask("GET", "/certstore/certs/root%5Fid")
        self.assertEqual((status, told["id"], told["notBefore"]), (200, "root_id", self.not_before))
        self.assertEqual(told["subjectName"], "/C=PT/O=Tatu/CN=TestRootCert")
        self.assertEqual(list(told), ["id", "notBefore", "notAfter", "subjectName", "issuerName"])
        self.assertLess(self.space(), 24514 - len(files["ec.crt"]))
        self.expect(ask("DELETE", "/certstore/certs/root_id"), 200, {})
        self.expect(ask("DELETE", "/certstore/certs/root_id"), 404, error=(37, 7))
        self.expect(ask("GET", "/certstore/certs/root_id"), 404, error=(37, 7))
        self.expect(ask("DELETE", "/certstore/certs/client.1-x"), 200, {})
        self.assertEqual(self.space(), 24514)

    def test_each_wrong_certificate_has_its_number(self):
        files = self.files
        ec, key = files["ec.crt"], files["ec.key"]
        rows = [
            ("way-too-long-an-id", {"certType": "RootCA", "publicCert": ec}, 4),
            ("a%20b", {"certType": "RootCA", "publicCert": ec}, 2),
            ("a", {"publicCert": ec}, 12),
            ("a", {"certType": "other", "publicCert": ec}, 12),
            ("a", {"certType": "RootCA"}, 13),
            ("a", {"certType": "RootCA", "publicCert": 5}, 13),
            ("a", {"certType": "RootCA", "publicCert": "-----BEGIN"}, 13),
            ("a", {"certType": "RootCA", "publicCert": ec + "x" * 8192}, 14),
            ("a", {"certType": "RootCA", "publicCert": ec, "privateKey": key}, 17),
            ("a", {"certType": "RootCA", "publicCert": ec, "password": "p"}, 19),
            ("a", {"certType": "Client", "publicCert": ec}, 15),
            ("a", {"certType": "Client", "publicCert": ec, "privateKey": "x"}, 15),
            ("a", {"certType": "Client", "publicCert": ec, "privateKey": key + "x" * 8192}, 16),
            ("a", {"certType": "Client", "publicCert": ec, "privateKey": key, "password": "p" * 257}, 18),
            ("a", {"certType": "Client", "publicCert": ec, "privateKey": files["rsa.key"]}, 20),
            ("a", {"certType": "Client", "publicCert": ec, "privateKey": key, "password": "p"}, 21),
            ("a", {"certType": "Client", "publicCert": files["rsa.crt"], "privateKey": files["rsa.enc"], "password": "no"}, 15),
        ]
        for name, members, code in rows:
            self.expect(self.add(name, **members), 400, error=(37, code))
        self.expect(self.board.ask("POST", "/certstore/certs/a", "x", {"Content-Type": "text/plain"}), 415)
        self.expect(self.board.ask("POST", "/certstore/certs/a", "{", {"Content-Type": "application/json"}), 400, error=(10, 1))
        self.expect(self.board.ask("DELETE", "/certstore/certs/a%2Fb"), 400, error=(37, 2))
        self.expect(self.board.ask("GET", "/certstore/certs/a*b"), 400, error=(37, 2))
        self.assertEqual(self.space(), 24514)

    def test_a_key_whose_password_costs_hours_is_refused_at_once(self):
        add = lambda key: self.add("a", certType="Client", publicCert=self.files["rsa.crt"], privateKey=key, password="password")
        self.expect(add(self.files["rsa.20000"]), 200, {})
        lines = self.files["rsa.65536"].splitlines()
        der = base64.b64decode("".join(lines[1:-1])).replace(b"\x02\x03\x01\x00\x00", b"\x02\x03\x7f\xff\xff", 1)
        hours = "\n".join((lines[0], base64.encodebytes(der).decode().strip(), lines[-1], ""))
        self.assertNotEqual(hours, self.files["rsa.65536"])
        began = time.monotonic()
        # text before PEM, also such as looks like DER
        for key in (hours, "0" + hours, self.files["rsa.20001"]):
            self.expect(add(key), 400, error=(37, 15))
        self.assertLess(time.monotonic() - began, 2)

    def test_a_full_store_says_so_and_a_replaced_one_fits(self):
        big = self.files["ec.crt"] + "\n" * 7000
        for name in ("a", "b", "c"):
            self.expect(self.add(name, certType="RootCA", publicCert=big), 200)
        self.expect(self.add("d", certType="RootCA", publicCert=big), 400, error=(37, 11))
        self.expect(self.add("c", certType="RootCA", publicCert=big), 200)
        self.expect(self.board.ask("GET", "/certstore/certs"), 200, {"identifiers": ["a", "b", "c"]})


class Network(WithBoard):
    def test_interfaces_are_told_and_changed(self):
        ask = self.board.ask
        self.assertEqual([one["interfaceName"] for one in ask("GET", "/net/interfaces")[1]["interfaces"]], ["lo", "eth0"])
        self.assertEqual(ask("GET", "/net/interfaces/eth0")[1]["ipAddresses"], ["10.0.2.15", "fe80::15"])
        self.expect(ask("GET", "/net/interfaces/wlan0"), 404, error=(30, 14))
        self.expect(ask("PATCH", "/net/interfaces/eth0", {"interfaceUp": False, "hardwareAddress": "A1:b2:c3:4d:e5:6f"}), 200, {})
        told = ask("GET", "/net/interfaces/eth0")[1]
        self.assertNotIn("ipRefused", told)
        self.assertEqual((told["interfaceUp"], told["hardwareAddress"]), (False, "a1:b2:c3:4d:e5:6f"))
        for body in ({"hardwareAddress": "a1:b2"}, {"hardwareAddress": 1}, {"hardwareAddress": "a1-b2-c3-4d-e5-6f"}):
            self.expect(ask("PATCH", "/net/interfaces/eth0", body), 400, error=(30, 6))
        self.expect(ask("PATCH", "/net/interfaces/eth0", {"hardwareAddress": "02:00:00:00:00:35"}), 200, {})
        self.assertIs(ask("GET", "/net/interfaces/eth0")[1]["ipRefused"], True)
        self.expect(ask("PATCH", "/net/interfaces/eth0", {"interfaceUp": "no"}), 400, error=(10, 2))
        self.expect(ask("PATCH", "/net/interfaces/eth0", {}), 400, error=(10, 2))
        self.expect(ask("PATCH", "/net/interfaces/lo", {"interfaceUp": False}), 400, error=(30, 15))
        self.expect(ask("PATCH", "/net/interfaces/eth9", {"interfaceUp": True}), 404, error=(30, 14))
        self.expect(ask("PATCH", "/net/interfaces/eth0", "x", {"Content-Type": "text/plain"}), 415)
        self.expect(ask("GET", "/net/status"), 200)

    def test_firewall_is_listed_by_hook(self):
        sets = self.board.ask("GET", "/net/firewall/rulesets")[1]["rulesets"]
        self.assertEqual([(one["hook"], len(one["rules"]), len(one["ipv6Rules"])) for one in sets],
                         [("INPUT", 1, 0), ("FORWARD", 0, 0), ("OUTPUT", 1, 1)])
        self.assertEqual(sets[0]["rules"][0]["sourceIP"], "192.168.35.0")
        self.assertEqual(sets[0]["rules"][0]["bytes"], 2**64 - 1)

    def test_proxy_is_kept_without_its_password(self):
        ask = self.board.ask
        good = {"enabled": True, "address": "example.com", "port": 8081, "noProxyAddresses": [], "authenticationType": "anonymous"}
        self.expect(ask("GET", "/net/proxy"), 200, {})
        self.expect(ask("POST", "/net/proxy", good), 200, {})
        self.expect(ask("GET", "/net/proxy"), 200, good)
        basic = {**good, "authenticationType": "basic", "noProxyAddresses": ["a.b", "10.0.0.1"], "username": "u"}
        self.expect(ask("POST", "/net/proxy", {**basic, "password": "secret"}), 200, {})
        self.expect(ask("GET", "/net/proxy"), 200, basic)
        for change, error in (({"enabled": 1}, (10, 19)), ({"address": None}, (10, 21)), ({"port": 0}, (10, 20)),
                              ({"port": 65536}, (10, 20)), ({"noProxyAddresses": "a"}, (10, 22)),
                              ({"noProxyAddresses": ["a b"]}, (10, 22)), ({"authenticationType": "digest"}, (10, 25)),
                              ({"authenticationType": "basic", "username": ""}, (10, 23)),
                              ({"authenticationType": "basic", "username": "u" * 64}, (10, 23)),
                              ({"authenticationType": "basic", "username": "u"}, (10, 24)), ({"username": "u"}, (30, 32))):
            self.expect(ask("POST", "/net/proxy", {**good, **change}), 400, error=error)
        for absent, error in (("address", (10, 28)), ("port", (10, 27)), ("authenticationType", (10, 29))):
            self.expect(ask("POST", "/net/proxy", {key: good[key] for key in good if key != absent}), 400, error=error)
        self.expect(ask("POST", "/net/proxy", "x", {"Content-Type": "text/plain"}), 400)
        self.expect(ask("DELETE", "/net/proxy"), 200, {})
        self.expect(ask("DELETE", "/net/proxy"), 200, {})
        self.expect(ask("GET", "/net/proxy"), 200, {})


class WiFi(WithBoard):
    def test_networks_are_made_changed_and_forgotten(self):
        ask = self.board.ask
        self.expect(ask("GET", "/wifi/config/networks"), 200, {"values": []})
        status, made = ask("POST", "/wifi/config/networks", {"ssid": "TestPsk", "securityState": "psk", "psk": "EXAMPLEPSK"})
        self.assertEqual((status, made["ssid"], made["id"]), (201, "TestPsk", 0))
        self.assertNotIn("psk", made)
        for number in range(1, 6):
            made = ask("POST", "/wifi/config/networks", {
                "ssid": f"net/{number} \u00e9", "securityState": "eaptls", "clientCertStoreIdentifier": "me", "clientIdentity": "i",
                "rootCaCertStoreIdentifier": "ca", "configName": f"n{number}", "configState": "disabled", "targetedScan": True})[1]
            self.assertEqual((made["configState"], made["targetedScan"]), ("disabled", True))
        self.assertEqual(len(ask("GET", "/wifi/config/networks")[1]["values"]), 6)
        self.expect(ask("PATCH", "/wifi/config/networks/0", {"configState": "disabled"}), 200)
        self.expect(ask("PATCH", "/wifi/config/networks/0", {"psk": "longenough"}), 200)
        self.assertEqual(ask("GET", "/wifi/config/networks/0")[1]["configState"], "disabled")
        self.expect(ask("PATCH", "/wifi/config/networks/0", {"psk": "short"}), 400, error=(13, 25))
        self.expect(ask("PATCH", "/wifi/config/networks/0", {"configState": "on"}), 400, error=(13, 8))
        self.expect(ask("PATCH", "/wifi/config/networks/0", {}), 400, error=(10, 2))
        self.expect(ask("PATCH", "/wifi/config/networks/9", {"configState": "enabled"}), 404, error=(13, 3))
        self.expect(ask("PATCH", "/wifi/config/networks/0", "x", {"Content-Type": "text/plain"}), 415)
        self.expect(ask("GET", "/wifi/config/networks/zero"), 404, error=(13, 3))
        self.assertEqual(len(ask("GET", "/wifi/diagnostics/networks")[1]["values"]), 5)
        self.assertEqual(ask("GET", "/wifi/diagnostics/networks/1")[1]["certInfo"]["certError"], "Expired")
        self.expect(ask("GET", "/wifi/diagnostics/networks/0"), 404, error=(13, 3))
        self.expect(ask("DELETE", "/wifi/config/networks/0"), 200, {})
        self.expect(ask("DELETE", "/wifi/config/networks/0"), 404, error=(13, 3))

    def test_each_wrong_network_has_its_number(self):
        good = {"ssid": "a", "securityState": "open"}
        for change, error in (({"ssid": ""}, (13, 8)), ({"ssid": None}, (13, 8)), ({"ssid": "x" * 33}, (13, 15)),
                              ({"securityState": "wep"}, (13, 8)), ({"securityState": "psk", "psk": "1234567"}, (13, 25)),
                              ({"securityState": "psk", "psk": "x" * 64}, (13, 16)), ({"securityState": "eaptls"}, (13, 24)),
                              ({"targetedScan": 1}, (10, 9)), ({"configName": "x" * 17}, (10, 16)),
                              ({"clientIdentity": "x" * 255}, (10, 13)), ({"clientCertStoreIdentifier": "x" * 17}, (10, 12)),
                              ({"rootCaCertStoreIdentifier": "x" * 17}, (10, 11)), ({"configState": "off"}, (13, 8))):
            self.expect(self.board.ask("POST", "/wifi/config/networks", {**good, **change}), 400, error=error)
        self.expect(self.board.ask("POST", "/wifi/config/networks", "x", {"Content-Type": "text/plain"}), 415)
        self.expect(self.board.ask("GET", "/wifi/config/networks"), 200, {"values": []})

    def test_absent_interface_is_told(self):
        ask = self.board.ask
        self.assertEqual(ask("GET", "/wifi/interface")[1]["wpa_state"], "INTERFACE_DISABLED")
        self.expect(ask("GET", "/wifi/scan"), 500, error=(13, 18))
        self.expect(ask("PATCH", "/wifi/interface", {"reloadConfig": True}), 200, {})
        self.expect(ask("PATCH", "/wifi/interface", {"enablePowerSavings": True}), 500, error=(13, 18))
        self.expect(ask("PATCH", "/wifi/interface", {"reloadConfig": 1}), 400, error=(10, 10))
        self.expect(ask("PATCH", "/wifi/interface", {"enablePowerSavings": 1}), 400, error=(10, 30))
        self.expect(ask("PATCH", "/wifi/interface", {}), 400, error=(10, 2))
        self.expect(ask("PATCH", "/wifi/interface", "x", {"Content-Type": "text/plain"}), 415)


class Locked(WithBoard):
    OPTIONS = []
    NUMBERS = {"PUT /update/stage": (7, 37), "POST /update/install": (7, 24), "DELETE /app/image/{uid}": (1, 20),
               "GET /app/status/{uid}": (1, 20), "PATCH /app/status/{uid}": (1, 20), "GET /app/quota/{uid}": (1, 20),
               "GET /tatu/v1/app/log/{uid}": (1, 20), "GET /tatu/v1/power": (10, 18),
               "GET /stats/memory/groups/applications": (1, 20)}

    def test_six_reads_are_open_and_all_else_is_refused(self):
        for method, pattern, _ in shapes.SCHEMAS["operations"]:
            operation = f"{method} {pattern}"
            path = pattern.replace("{uid}", BLINK).replace("{id}", "a").replace("{number}", "0").replace("{name}", "eth0")
            body = None if method in ("GET", "DELETE") else "{}"
            answer = self.board.ask(method, path, body, {"Content-Type": "application/json"} if body else {})
            if operation in shapes.SCHEMAS["open"]:
                self.expect(answer, 200)
            else:
                self.expect(answer, 403, error=self.NUMBERS.get(operation, (10, 18)))

    def test_capability_file_opens_for_its_connection(self):
        header = {"AZSPHERE-CAPABILITIES": base64.b64encode(self.board.capability).decode()}
        self.expect(self.board.ask("GET", "/images"), 403)
        self.expect(self.board.ask("GET", "/images", None, header), 200)
        self.expect(self.board.ask("GET", "/images"), 200)
        self.expect(self.board.ask("GET", "/stats/memory/groups/applications"), 403)  # servicing is no development
        self.board.connection.close()
        self.expect(self.board.ask("GET", "/images"), 403)

    def test_wrong_capability_file_opens_nothing(self):
        good = self.board.capability
        for wrong in (good[:-1] + b"x", good[:100], b"", good.replace(b"\x1d" * 64, b"\x1e" * 64)):
            header = {"azsphere-capabilities": base64.b64encode(wrong).decode() or "===="}
            self.expect(self.board.ask("GET", "/images", None, header), 403)
            self.expect(self.board.ask("GET", "/status", None, header), 200)

    def test_big_upload_is_answered_not_cut(self):
        answer = self.board.ask("PUT", "/update/stage", b"x" * 2000000, {"Content-Type": "application/octet-stream"})
        self.expect(answer, 403, error=(7, 37))


class Manufacturing(WithBoard):
    OPTIONS = ["new"]

    def test_a_device_that_is_not_complete_is_open_until_it_is(self):
        self.expect(self.board.ask("GET", "/images"), 200)
        self.expect(self.board.ask("GET", "/stats/memory/groups/applications"), 200)
        self.expect(self.board.ask("PUT", "/device/manufacturing_state", {"manufacturingState": "DeviceComplete"}), 200, {})
        self.expect(self.board.ask("GET", "/images"), 403)


class Updating(WithBoard):
    OPTIONS = ["capable", "ota"]

    def test_sideload_waits_for_a_deployment(self):
        self.assertTrue(self.board.ask("GET", "/images")[1]["is_ota_update_in_progress"])
        answer = self.board.ask("PUT", "/update/stage", b"x" * 100000, {"Content-Type": "application/octet-stream"})
        self.expect(answer, 400, error=(7, 39))
        self.expect(self.board.ask("POST", "/update/install"), 400, error=(7, 39))


class Wire(WithBoard):
    def curl(self, *arguments):
        run_ = subprocess.run(["curl", "-sk", "-w", "\n%{http_code} %{http_version}", *arguments], capture_output=True, check=True,
                              text=True, timeout=30)
        body, _, code = run_.stdout.rpartition("\n")
        return code, body

    def url(self, path):
        return f"https://127.0.0.1:{self.board.port}{path}"

    def test_curl_with_expectation_chunks_and_tls_1_2(self):
        image = os.path.join(self.board.folder, "image")
        with open(image, "wb") as file:
            file.write(os.urandom(1500000))
        octets = ["-H", "Content-Type: application/octet-stream"]
        self.assertEqual(self.curl("-T", image, *octets, self.url("/update/stage")), ("200 1.1", "{}"))
        self.assertEqual(self.curl("-T", image, *octets, "-H", "Expect: 100-continue", self.url("/update/stage"))[0], "200 1.1")
        chunked = ["-H", "Transfer-Encoding: chunked"]
        self.assertEqual(self.curl("-T", image, *octets, *chunked, self.url("/update/stage")), ("400 1.1", '{"error":10485764}'))
        os.truncate(image, 512 * 1024)
        self.assertEqual(self.curl("-T", image, *octets, *chunked, self.url("/update/stage")), ("200 1.1", "{}"))
        got = self.board.raw(b"PUT /update/stage HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\nConnection: close\r\n"
                             b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        self.assertEqual((got[:12], got[-18:]), (b"HTTP/1.1 400", b'{"error":10485763}'))
        self.assertEqual(self.curl("-X", "POST", "-H", "Content-Type: application/json", "-H", "Transfer-Encoding: chunked",
                                   "-H", "Expect: 100-continue", "-d", '{"appControlMode":"Manual"}', self.url("/update/install")),
                         ("200 1.1", "{}"))
        for version in ("--tls-max", "1.2"), ("--tlsv1.3",), ("--http1.0",), ("--http2",):
            self.assertEqual(self.curl(*version, self.url("/status"))[0][:3], "200")
        with self.assertRaises(subprocess.CalledProcessError):
            self.curl("--tls-max", "1.1", self.url("/status"))

    def test_head_and_options_do_as_a_good_server(self):
        connection = self.board.connection
        connection.request("HEAD", "/device/capabilities")
        answer = connection.getresponse()
        self.assertEqual((answer.status, answer.read(), answer.headers["Content-Length"]), (200, b"", "28"))
        connection.request("OPTIONS", "/app/status/x")
        answer = connection.getresponse()
        self.assertEqual((answer.status, answer.read(), answer.headers["Allow"]), (204, b"", "GET, HEAD, PATCH, OPTIONS"))
        connection.request("POST", "/status")
        answer = connection.getresponse()
        self.assertEqual((answer.status, json.loads(answer.read())["error"]), (405, 15 << 20 | 1))
        self.assertEqual(answer.headers["Allow"], "GET, HEAD, OPTIONS")
        connection.request("GET", "/nowhere")
        answer = connection.getresponse()
        self.assertEqual((answer.status, json.loads(answer.read())["error"]), (404, 15 << 20 | 2))
        connection.request("GET", "/status?api-version=1")
        self.assertEqual(connection.getresponse().read()[:9], b'{"uptime"')

    def test_requests_behind_each_other_are_answered_in_order(self):
        got = self.board.raw(b"GET /status HTTP/1.1\r\nHost: a\r\n\r\nGET /osversion HTTP/1.1\r\nhost: a\r\n\r\n"
                             b"GET https://a/device/capabilities HTTP/1.1\r\nHOST:a\r\nConnection: close\r\n\r\n")
        bodies = [part.split(b"\r\n\r\n", 1)[1] for part in got.split(b"HTTP/1.1 200 OK")[1:]]
        self.assertEqual(len(bodies), 3)
        self.assertEqual(bodies[2], b'{"device_capabilities":[11]}')

    def test_what_two_readers_could_read_differently_is_refused(self):
        rows = [
            (b"GET /status HTTP/1.1\r\n\r\n", b"400"),
            (b"GET /status HTTP/2.0\r\nHost: a\r\n\r\n", b"505"),
            (b"GET /status\r\n\r\n", b"400"),
            (b"POST /restart HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", b"400"),
            (b"POST /restart HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", b"400"),
            (b"POST /restart HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", b"400"),
            (b"POST /restart HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", b"400"),
            (b"POST /restart HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", b"501"),
            (b"POST /restart HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
            (b"GET /status HTTP/1.1\r\nHost: a\r\n folded: x\r\n\r\n", b"400"),
            (b"GET /status HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"400"),
            (b"GET /status HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 8200 + b"\r\n\r\n", b"400"),
            (b"GET /app/quota/%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"400"),
            (b"POST /restart HTTP/1.1\r\nHost: a\r\nOrigin: https://evil\r\nConnection: close\r\n\r\n", b"403"),
        ]
        for request, status in rows:
            got = self.board.raw(request)
            self.assertEqual(got[9:12], status, request)
            self.assertIn(b"REST-API-Version: 4.6.0\r\n", got)

    def test_certificate_stays_and_is_what_tools_look_for(self):
        pem = ssl.get_server_certificate(("127.0.0.1", self.board.port))
        context = ssl.create_default_context(cadata=pem)
        with context.wrap_socket(socket.create_connection(("127.0.0.1", self.board.port)),
                                 server_hostname="x.devices.sphere.azure.local") as wire:
            self.assertEqual(wire.version(), "TLSv1.3")
        again = subprocess.Popen([HOST, self.board.folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        again.stdout.readline()
        port = int(again.stdout.readline())
        self.assertEqual(ssl.get_server_certificate(("127.0.0.1", port)), pem)
        again.communicate()

    def test_clients_that_are_gone_end_nobody_else(self):
        self.expect(self.board.ask("GET", "/status"), 200)
        for count in range(6):
            plain = socket.create_connection(("127.0.0.1", self.board.port), timeout=10)
            if count % 2:
                plain.sendall(b"\x16\x03\x01")
            else:
                wire = self.board.context.wrap_socket(plain)
                wire.sendall(b"GET /log HTTP/1.1\r\nHost: a\r\n\r\n" * 20)
                plain = wire
            if count % 3 == 0:
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset at once
            plain.close()  # an end, then a reset while answers are on their way
        for _ in range(10):
            self.expect(self.board.ask("GET", "/status"), 200)

    def test_stalled_clients_give_way(self):
        idle = [socket.create_connection(("127.0.0.1", self.board.port)) for _ in range(8)]
        self.expect(self.board.ask("GET", "/status"), 200)
        for one in idle:
            one.close()


class Coverage(unittest.TestCase):
    def test_zz_every_operation_and_status_was_seen(self):
        wanted = {(f"{method} {path}", int(status)) for method, path, statuses in shapes.SCHEMAS["operations"] for status in statuses}
        self.assertEqual(sorted(wanted - SEEN - NEVER), [])


# What no request of a client brings about.
NEVER = {("DELETE /app/image/{uid}", 500), ("PATCH /app/status/{uid}", 409), ("GET /wifi/scan", 200)}


if __name__ == "__main__":
    loader = unittest.defaultTestLoader
    suite = unittest.TestSuite(loader.loadTestsFromTestCase(case) for case in (
        Device, Applications, Certificates, Network, WiFi, Locked, Manufacturing, Updating, Wire, Coverage))
    sys.exit(0 if unittest.TextTestRunner(verbosity=1).run(suite).wasSuccessful() else 1)
