#!/usr/bin/python3
"""netd on the real chip, in QEMU's user network and on a private wire: addresses, names, time, firewall, services, and
what is kept over a restart.

chip_test.py [--qemu FILE] [--keep] [--replace PATH=FILE,...] [NAME...]

--replace puts other programs on the board; --release takes a release with the probe that is there already."""
import contextlib
import fcntl
import os
import re
import select
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "../../.."))
sys.path.append(ROOT)
from silicon.harness import Chip, read_release, run_tool, suite  # noqa: E402  (the path is what it needs)

ASK, CONNECT, RESOLVE, READ, CLOCK, CRASH = range(1, 7)
READY, INTERFACES, SET_UP, FLAGS, APPLY_IP, RELEASE, RENEW, SET_MAC, GET_MAC = range(0x100, 0x109)
SET_SYNC, GET_SYNC, SET_NTP, LAST_SYNC = range(0x110, 0x114)
SERVE_SNTP, SERVE_DHCP, SET_PROXY, GET_PROXY, PROXY_STATUS = 0x118, 0x119, 0x120, 0x121, 0x122
WIFI_ADD, WIFI_LIST, WIFI_CURRENT, WIFI_SCAN, WIFI_STORE = 0x140, 0x144, 0x14a, 0x14b, 0x14f
ALLOW, DESK_STATUS, RULES, DROP_PROXY, WIFI_CHANGE, WIFI_REMOVE = range(0x2000, 0x2006)
UP, CONNECTED, IP, INTERNET = 1, 2, 4, 8
PORT, DESK_PORT, WIRE_HERE, WIRE_THERE, PROXY_PORT = 2443, 2444, 2445, 2446, 2447
OWN = "10.9.0.1"
SEGMENT, ROUTER6, DNS6, NTP6 = "wire0", "fd35::1", "fd35::53", "fd35::7b"
LEASE_S = 120  # the shortest that dnsmasq gives


def number(category, code):
    return category << 20 | code


def address(text):
    if text is None:
        return bytes(16)
    if ":" in text:
        return socket.inet_pton(socket.AF_INET6, text)
    return bytes(10) + b"\xff\xff" + socket.inet_aton(text)


def name_of(text):
    return text.encode().ljust(16, b"\0")


class Refused(Exception):
    def __init__(self, err, what):
        super().__init__(f"error {err}, number {what >> 20}<<20|{what & 0xfffff}")
        self.err, self.number = err, what


class Probe:
    """What stands in for gatewayd on the board."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.settimeout(20)

    def _take(self, count):
        out = b""
        while len(out) < count:
            piece = self.socket.recv(count - len(out))
            if not piece:
                raise ConnectionError("the probe is gone")
            out += piece
        return out

    def do(self, what, payload=b""):
        self.socket.sendall(struct.pack("<II", len(payload), what) + payload)
        return self._take(struct.unpack("<I", self._take(4))[0])

    def ask(self, op, payload=b"", a=0, b=0):
        answer = self.do(ASK, struct.pack("<IIII", op, a, b, 0) + payload)
        err, what = struct.unpack("<II", answer[:8])
        if err:
            raise Refused(err, what)
        return answer[8:]

    def interfaces(self):
        out = {}
        told = self.ask(INTERFACES)
        for at in range(0, len(told), 136):
            name, flags, dynamic, _, mac, count = struct.unpack("<16sIBB6sI", told[at:at + 32])
            addresses = [told[at + 32 + 16 * i:at + 48 + 16 * i] for i in range(count)]
            out[name.rstrip(b"\0").decode()] = (flags, dynamic, mac, addresses)
        return out

    def is_refused(self, name):
        """Whether what DHCP offers there is not taken."""
        told = self.ask(INTERFACES)
        return any(told[at:at + 16] == name_of(name) and told[at + 134] == 1 for at in range(0, len(told), 136))

    def addresses6(self, name):
        return [socket.inet_ntop(socket.AF_INET6, one) for one in self.interfaces()[name][3] if one[:2] == b"\xfd\x35"]


def refused(what, err_number):
    try:
        what()
    except Refused as reason:
        assert reason.number == err_number, f"{reason}, not {err_number >> 20}<<20|{err_number & 0xfffff}"
        return
    raise AssertionError("it was not refused")


def until(what, seconds=20):
    end = time.time() + seconds
    while True:
        try:
            found = what()
        except (OSError, Refused):
            found = None
        if found:
            return found
        assert time.time() < end, "it does not come"
        time.sleep(0.2)


def listen_at(where, port):
    made = socket.socket(socket.AF_INET6 if ":" in where else socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((where, port))
    return made


class Names(threading.Thread):
    """A DNS server on the host's loopback, which the board sees as 10.0.2.2."""

    def __init__(self, address="127.0.0.1"):
        super().__init__(daemon=True)
        self.asked = []
        self.socket = listen_at(address, 53)
        self.start()

    def run(self):
        while True:
            query, who = self.socket.recvfrom(2000)
            with contextlib.suppress(OSError):  # who asked is gone, or the way to it
                self.socket.sendto(self.answer(query), who)

    def answer(self, query):
        at, labels = 12, []
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        kind = struct.unpack(">H", query[at + 1:at + 3])[0]
        name = ".".join(labels)
        self.asked.append((name, kind))
        found = {("node.test", 1): socket.inet_aton("192.0.2.7"),
                 ("node.test", 28): socket.inet_pton(socket.AF_INET6, "2001:db8::7"),
                 ("other.test", 1): socket.inet_aton("192.0.2.8"),
                 ("proxy.test", 1): socket.inet_aton("10.0.2.2")}.get((name, kind))
        known = name in ("node.test", "other.test", "proxy.test")
        head = query[:2] + struct.pack(">HHHHH", 0x8180 | (0 if known else 3), 1, 1 if found else 0, 0, 0)
        record = b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(found)) + found if found else b""
        return head + query[12:at + 5] + record


class Time(threading.Thread):
    """An SNTP server on the host's loopback; `ahead` seconds wrong."""

    def __init__(self, address="127.0.0.1"):
        super().__init__(daemon=True)
        self.ahead, self.asked = 0, 0
        self.socket = listen_at(address, 123)
        self.start()

    def run(self):
        while True:
            query, who = self.socket.recvfrom(100)
            self.asked += 1
            stamp = int((time.time() + self.ahead + 2208988800) * 2**32) & (2**64 - 1)
            answer = struct.pack(">BBbbIIIQ", 0x24, 1, 6, -20, 0, 0, 0, stamp) + query[40:48] + struct.pack(">QQ", stamp, stamp)
            with contextlib.suppress(OSError):
                self.socket.sendto(answer, who)


class Wire:
    """The other end of the private interface: Ethernet frames in datagrams."""

    MAC = b"\x02\x00\x00\x00\x00\x09"

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", WIRE_HERE))
        self.socket.settimeout(3)

    def send_udp(self, source, destination, source_port, port, payload, mac=b"\xff" * 6):
        udp = struct.pack(">HHHH", source_port, port, 8 + len(payload), 0) + payload
        head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, socket.inet_aton(source),
                           socket.inet_aton(destination))
        total = sum(struct.unpack(">10H", head))
        total = (total & 0xffff) + (total >> 16)
        total = ~((total & 0xffff) + (total >> 16)) & 0xffff
        head = head[:10] + struct.pack(">H", total) + head[12:]
        self.socket.sendto(mac + self.MAC + b"\x08\x00" + head + udp, ("127.0.0.1", WIRE_THERE))

    def take_udp(self, source_port=None, seconds=3, port=None):
        """Payload of the next datagram from that port, or of one to a port with its sender's; answers ARP meanwhile.
        None: nothing came."""
        end = time.time() + seconds
        while time.time() < end:
            try:
                frame = self.socket.recv(2000)
            except socket.timeout:
                return None
            if frame[12:14] == b"\x08\x06" and frame[20:22] == b"\x00\x01":
                self.socket.sendto(frame[6:12] + self.MAC + frame[12:20] + b"\x00\x02" + self.MAC + frame[38:42]
                                   + frame[22:32], ("127.0.0.1", WIRE_THERE))
            elif frame[12:14] == b"\x08\x00" and frame[23] == 17:
                ports = struct.unpack(">HH", frame[34:38])
                if ports[0] == source_port:
                    return frame[42:]
                if ports[1] == port:
                    return ports[0], frame[42:]
        return None


class Segment:
    """The private wire leads into an interface of the test's own namespace, on which dnsmasq is router and DHCP server."""

    def __init__(self, wire, work):
        self.wire, self.over = wire, threading.Event()
        self.log, self.leases = os.path.join(work, "dnsmasq.log"), os.path.join(work, "leases")
        self.server, self.taken = None, None
        self.tap = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(self.tap, 0x400454ca, struct.pack("16sH22x", SEGMENT.encode(), 0x1002))  # TUNSETIFF: TAP, nothing before frames
        self.ip("link", "set", SEGMENT, "up")
        for one in (ROUTER6, DNS6, NTP6):
            self.ip("addr", "add", one + "/64", "dev", SEGMENT, "nodad")
        self.ip("addr", "add", "192.168.35.1/24", "dev", SEGMENT)
        self.relay = threading.Thread(target=self.carry)
        self.relay.start()

    @staticmethod
    def ip(*words):
        subprocess.run(["ip", *words], check=True)

    def carry(self):
        while not self.over.is_set():
            for ready in select.select([self.tap, self.wire.socket], [], [], 0.2)[0]:
                if ready == self.tap:
                    self.wire.socket.sendto(os.read(self.tap, 2000), ("127.0.0.1", WIRE_THERE))
                else:
                    frame = self.wire.socket.recv(2000)
                    if self.taken and frame[12:14] == b"\x86\xdd" and frame[54:55] == b"\x87" and frame[62:78] == self.taken:
                        self.wire.socket.sendto(self.advertise(self.taken), ("127.0.0.1", WIRE_THERE))
                    os.write(self.tap, frame)

    @staticmethod
    def advertise(own):
        """To all: this address is another machine's (RFC 4861 §4.4)."""
        told = b"\x88\0\0\0\x20\0\0\0" + own + b"\2\1" + Wire.MAC
        ends = own + address("ff02::1")
        total = sum(struct.unpack(">36H", ends + struct.pack(">II", len(told), 58) + told))
        while total >> 16:
            total = (total & 0xffff) + (total >> 16)
        told = told[:2] + struct.pack(">H", ~total & 0xffff) + told[4:]
        return b"\x33\x33\0\0\0\1" + Wire.MAC + b"\x86\xdd" + struct.pack(">IHBB", 6 << 28, len(told), 58, 255) + ends + told

    def serve(self, *options):
        """Another server in place of the one before; leases are forgotten or not, as the file of them is."""
        self.stop()
        self.server = subprocess.Popen(
            ["dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--pid-file=", "--user=root", "--port=0", "--bind-interfaces",
             f"--interface={SEGMENT}", f"--dhcp-leasefile={self.leases}", "--log-dhcp", f"--log-facility={self.log}",
             "--no-resolv", "--no-hosts", "--no-ping", *options], stderr=subprocess.DEVNULL)

    def serve6(self, *options):
        self.serve("--enable-ra", "--ra-param=" + SEGMENT + ",5", f"--dhcp-option=option6:dns-server,[{DNS6}]",
                   f"--dhcp-option=option6:sntp-server,[{NTP6}]", *options)

    def forget_name(self):
        """The next server has the leases of this one, and a name of its own."""
        self.stop()
        with open(self.leases, encoding="ascii") as file:
            lines = [line for line in file if not line.startswith("duid")]
        with open(self.leases, "w", encoding="ascii") as file:
            file.writelines(lines)

    def stop(self):
        if self.server:
            self.server.terminate()
            self.server.wait(10)
            self.server = None

    def told(self):
        with contextlib.suppress(FileNotFoundError), open(self.log, encoding="utf-8") as file:
            return file.read()
        return ""

    def wait(self, pattern, seconds=30, since=0):
        return until(lambda: re.search(pattern, self.told()[since:]), seconds)

    def close(self):
        self.stop()
        self.over.set()
        self.relay.join()
        os.close(self.tap)


class World:
    def __init__(self, options, work):
        bodies = read_release(options.release or self.build(options, work))
        net = ["-netdev", f"user,id=n0,hostfwd=tcp:127.0.0.1:{PORT}-:443", "-device", "virtio-net-device,netdev=n0",
               "-netdev", f"user,id=n1,restrict=on,ipv6=off,net=192.168.35.0/24,host=192.168.35.1,"
               f"hostfwd=tcp:127.0.0.1:{DESK_PORT}-192.168.35.2:443", "-device", "virtio-net-device,netdev=n1",
               "-netdev", f"socket,id=n2,udp=127.0.0.1:{WIRE_HERE},localaddr=127.0.0.1:{WIRE_THERE}",
               "-device", "virtio-net-device,netdev=n2"]
        self.names, self.time, self.wire = Names(), Time(), Wire()
        self.work, self.segment = work, None
        self.board = Chip.made(bodies, sets=(0,), qemu=options.qemu, keep=options.keep, arguments=net)
        self.cycle = None
        self.probe = None

    @staticmethod
    def build(options, work):
        compiler = run_tool("tools/setup/sysroot.sh") + "/bin/tatu-armhf-gcc"
        program, listed = os.path.join(work, "probe"), os.path.join(work, "list")
        run_tool(compiler, "-Os", "-Wall", "-Wextra", "-Werror", "-I", ROOT, "-o", program,
                 os.path.join(HERE, "probe.c"))
        with open(listed, "w", encoding="ascii") as file:
            file.write(f"/usr/bin/gatewayd 0555 file:{program}\n/usr/bin/crashd 0555 file:{program}\n"
                       "/usr/bin/appman 0555 os:appman/appman_open\n")  # the probe is no gatewayd
            for name, path in (option.split("=") for option in options.replace.split(",") if option):
                file.write(f"{name} 0555 file:{path}\n")
        return run_tool("os/rootfs/build.sh", "--out", os.path.join(work, "release"), "--add", listed)

    def power_on(self):
        self.cycle = self.board.on()
        self.cycle.__enter__()
        self.board.wait("probe: listens")
        self.probe = until(lambda: self.connect(PORT), 90)

    def power_off(self):
        self.cycle.__exit__(None, None, None)

    @staticmethod
    def connect(port):
        probe = Probe(port)
        probe.do(CLOCK)
        return probe

    def use_names_of_the_host(self):
        self.probe = until(lambda: self.apply("eth0", dns=("10.0.2.2",)))

    def apply(self, name, ip=None, router=None, dns=(), prefix=24):
        """IP settings; the address may change under the connection, so there is a new one."""
        mode = 1 if ip is None else 0
        payload = name_of(name) + bytes([mode, prefix if ip else 0, 1 if dns else 0, len(dns), 0, 0, 0, 0])
        payload += address(ip) + address(router) + bytes(32)
        payload += b"".join(address(one) for one in dns).ljust(48, b"\0")
        self.probe.ask(APPLY_IP, payload)
        return until(lambda: self.connect(PORT))


def dhcp_message(kind, more=b"", own="0.0.0.0"):
    message = b"\x01\x01\x06\x00" + b"abcd" + b"\0\0\x80\0" + socket.inet_aton(own) + bytes(12) + Wire.MAC + bytes(202)
    return message + b"\x63\x82\x53\x63" + b"\x35\x01" + bytes([kind]) + more + b"\xff"


# ---- the promises, in the order in which the board lives them ------------------------------------


def interfaces_are_found_by_their_slot(world):
    told = world.probe.interfaces()
    assert sorted(told) == ["azspheresvc", "eth0", "eth1", "lo"], sorted(told)
    assert address("10.0.2.15") in told["eth0"][3] and told["eth0"][1] == 1
    assert told["azspheresvc"][3] == [address("192.168.35.2")] and told["azspheresvc"][1] == 0
    assert told["eth0"][0] & 7 == UP | CONNECTED | IP
    assert told["eth1"][0] == 0, "a second interface is down until somebody says what it is for"


def the_board_has_an_address_of_ipv6(world):
    until(lambda: any(one[:2] == b"\xfe\xc0" for one in world.probe.interfaces()["eth0"][3]))
    with socket.socket(socket.AF_INET6) as server:
        server.bind(("::1", 8080))
        server.listen()
        found = struct.unpack("<I", world.probe.do(CONNECT, struct.pack("<H", 8080) + address("fec0::2")))[0]
        assert found == 0, os.strerror(found)


def the_desk_comes_in_over_the_service_interface(world):
    assert World.connect(DESK_PORT).interfaces()["eth0"]


def nothing_is_routed_and_no_address_answers_elsewhere(world):
    for path in ("ipv4/ip_forward", "ipv6/conf/all/forwarding", "ipv4/conf/eth0/accept_redirects"):
        assert world.probe.do(READ, b"/proc/sys/net/" + path.encode()) == b"0\n", path
    assert world.probe.do(READ, b"/proc/sys/net/ipv4/conf/all/arp_ignore") == b"2\n"


def a_network_that_does_not_exist_is_refused_with_its_number(world):
    probe = world.probe
    refused(lambda: probe.ask(FLAGS, name_of("wlan0")), number(30, 14))
    refused(lambda: probe.ask(SET_UP, name_of("azspheresvc"), a=0), number(30, 15))
    refused(lambda: probe.ask(SET_UP, name_of("lo"), a=0), number(30, 15))
    refused(lambda: probe.ask(SET_MAC, name_of("eth0") + b"\x01" + bytes(7)), number(30, 6))
    refused(lambda: probe.ask(ALLOW, bytes(2280)), 0)
    refused(lambda: probe.ask(FLAGS, b"eth0"), number(30, 10))
    refused(lambda: probe.ask(0x17f), number(30, 10))


def names_are_answered_by_the_os(world):
    world.use_names_of_the_host()
    found = world.probe.do(RESOLVE, b"node.test")
    assert address("192.0.2.7") in (found[:16], found[16:32]), found.hex()
    assert address("2001:db8::7") in (found[:16], found[16:32]), found.hex()
    assert world.probe.do(RESOLVE, b"none.test") == b""
    assert ("node.test", 28) in world.names.asked


def a_proxy_is_kept_and_its_password_told_to_nobody_at_the_desk(world):
    probe = world.probe
    refused(lambda: probe.ask(GET_PROXY), number(30, 39))
    with socket.socket() as server:
        server.bind(("127.0.0.1", PROXY_PORT))
        server.listen()
        proxy = struct.pack("<BBBBHH256s256s64s64s", 1, 0, 1, 0, PROXY_PORT, 0, b"proxy.test", b"a.test,b.test",
                            b"user", b"word")
        refused(lambda: probe.ask(SET_PROXY, proxy[:2] + b"\0" + proxy[3:]), number(30, 32))
        probe.ask(SET_PROXY, proxy)
        told = probe.ask(GET_PROXY)
        assert told[:584] == proxy[:584] and told[584:] == bytes(64)
        until(lambda: probe.ask(PROXY_STATUS) == struct.pack("<I", 1 | 4))
        until(lambda: probe.interfaces()["eth0"][0] & INTERNET)


def time_is_taken_from_a_server_within_bounds(world):
    probe = world.probe
    custom = struct.pack("<BBBB256s256s", 2, 0, 0, 0, b"10.0.2.2", b"")
    refused(lambda: probe.ask(SET_NTP, custom[:4] + b"a b".ljust(256, b"\0") + custom[260:]), number(30, 7))
    world.time.ahead = 100 * 86400
    probe.ask(SET_NTP, custom)
    until(lambda: abs(struct.unpack("<q", probe.do(CLOCK))[0] - time.time() - world.time.ahead) < 5)
    told = probe.ask(LAST_SYNC)
    assert told[24:].rstrip(b"\0") == b"10.0.2.2"
    assert probe.ask(DESK_STATUS)[0] == 2 and struct.unpack("<I", probe.ask(READY))[0] == 1
    world.time.ahead, before = -40 * 365 * 86400, world.time.asked
    probe.ask(SET_NTP, custom)
    until(lambda: world.time.asked > before)
    assert struct.unpack("<q", probe.do(CLOCK))[0] > time.time(), "it went back before its own software"
    world.board.wait("time of 10.0.2.2 is not taken: CLOCK")
    world.time.ahead = 0
    probe.ask(SET_NTP, custom)
    until(lambda: abs(struct.unpack("<q", probe.do(CLOCK))[0] - time.time()) < 5)
    probe.ask(SET_SYNC, a=0)
    assert probe.ask(DESK_STATUS)[0] == 0
    probe.ask(SET_SYNC, a=1)


def an_address_is_had_by_dhcpv6(world):
    """The router says M: address, name and time servers are the DHCPv6 server's."""
    world.segment = Segment(world.wire, world.work)
    world.segment.serve6(f"--dhcp-range=fd35::100,fd35::1ff,64,{LEASE_S}")
    world.probe.ask(SET_UP, name_of("eth1"), a=1)
    told = until(lambda: world.probe.addresses6("eth1"), 60)
    assert re.fullmatch("fd35::1[0-9a-f]{2}", told[0]) and len(told) == 1, told
    for word in ("SOLICIT", "ADVERTISE", "REQUEST", "REPLY"):
        world.segment.wait("DHCP" + word)
    world.board.wait("eth1: DHCPv6 tells 1 name servers, 1 time servers")
    with socket.socket(socket.AF_INET6) as server:
        server.bind((ROUTER6, 8080))
        server.listen()
        server.settimeout(10)
        found = struct.unpack("<I", world.probe.do(CONNECT, struct.pack("<H", 8080) + address(ROUTER6)))[0]
        assert found == 0 and server.accept()[1][0] == told[0], os.strerror(found)


def servers_of_dhcpv6_are_used(world):
    probe = world.probe
    names, clock = Names(DNS6), Time(NTP6)
    probe.ask(SET_NTP, struct.pack("<BBBB256s256s", 1, 0, 0, 0, b"", b""))  # what the network tells
    until(lambda: probe.ask(LAST_SYNC)[24:].rstrip(b"\0").decode() == NTP6, 40)
    assert clock.asked
    desk = World.connect(DESK_PORT)
    desk.ask(SET_UP, name_of("eth0"), a=0)
    until(lambda: desk.interfaces()["eth0"][0] == 0)
    try:
        until(lambda: desk.do(RESOLVE, b"other.test") == address("192.0.2.8"))
        assert ("other.test", 1) in names.asked
    finally:
        desk.ask(SET_UP, name_of("eth0"), a=1)
    world.probe = until(lambda: World.connect(PORT))


def an_address_of_dhcpv6_is_renewed(world):
    had, since = world.probe.addresses6("eth1"), len(world.segment.told())
    world.probe.ask(RENEW, name_of("eth1"))
    world.segment.wait("DHCPRENEW", 30, since)
    world.segment.wait("DHCPREPLY", 30, since)
    assert world.probe.addresses6("eth1") == had


def what_its_server_does_not_renew_is_asked_of_all(world):
    """Another server with the leases of the first, which answers to its own name only: Renew in vain at T1, Rebind at T2."""
    had, since = world.probe.addresses6("eth1"), len(world.segment.told())
    world.segment.forget_name()
    world.segment.serve6(f"--dhcp-range=fd35::100,fd35::1ff,64,{LEASE_S}", "--dhcp-duid=35,02:00:00:00:00:35")
    world.segment.wait("DHCPREBIND", LEASE_S + 30, since)
    world.segment.wait("DHCPREPLY", 30, since)
    time.sleep(LEASE_S / 8)  # its first life is over
    world.probe = World.connect(PORT)  # who says nothing for long is sent away
    assert world.probe.addresses6("eth1") == had


def an_address_of_dhcpv6_is_given_back(world):
    probe, since = world.probe, len(world.segment.told())
    probe.ask(RELEASE, name_of("eth1"))
    world.segment.wait("DHCPRELEASE", 30, since)
    until(lambda: not probe.addresses6("eth1"))
    probe.ask(RENEW, name_of("eth1"))
    until(lambda: probe.addresses6("eth1"), 60)
    since = len(world.segment.told())
    probe.ask(SET_UP, name_of("eth1"), a=0)
    world.segment.wait("DHCPRELEASE", 30, since)


def an_address_of_another_machine_is_declined(world):
    """The server gives the same as before, which somebody has taken meanwhile."""
    probe, since = world.probe, len(world.segment.told())
    last = re.findall(r"DHCPREPLY\(\S+\) (fd35::1\S+)", world.segment.told())[-1]
    world.segment.taken = address(last)
    probe.ask(SET_UP, name_of("eth1"), a=1)
    world.board.wait("eth1: another machine has the address of DHCPv6")
    world.segment.wait("DHCPDECLINE", 30, since)
    world.segment.taken = None
    until(lambda: World.connect(PORT).addresses6("eth1"), 90)
    world.probe = World.connect(PORT)


def without_m_only_servers_are_asked_for(world):
    """The router says O: addresses are its own prefix's."""
    since = len(world.segment.told())
    world.segment.serve6("--dhcp-range=fd35::,ra-stateless,64")
    world.segment.wait("DHCPINFORMATION-REQUEST", 60, since)
    until(lambda: [one for one in world.probe.addresses6("eth1") if not re.fullmatch("fd35::1[0-9a-f]{2}", one)], 30)
    world.probe = World.connect(PORT)
    until(lambda: not [one for one in world.probe.addresses6("eth1") if re.fullmatch("fd35::1[0-9a-f]{2}", one)], 30)


def an_address_of_the_desks_net_is_refused(world):
    """By DHCP and as a static one: the desk stays where it is."""
    probe, since = world.probe, len(world.segment.told())
    own = name_of("eth1") + bytes([0, 24, 0, 0, 0, 0, 0, 0]) + address("192.168.35.9") + address(None) + bytes(32) + bytes(48)
    refused(lambda: probe.ask(APPLY_IP, own), number(30, 7))
    assert not probe.is_refused("eth1")
    world.segment.serve("--dhcp-range=192.168.35.50,192.168.35.60,255.255.255.0")
    world.segment.wait("DHCPOFFER", 90, since)
    probe = world.probe = World.connect(PORT)
    until(lambda: probe.is_refused("eth1"))
    world.board.wait("is in the net of the service interface: not taken")
    assert not [one for one in probe.interfaces()["eth1"][3] if one[:12] == address("192.168.35.9")[:12]]
    assert World.connect(DESK_PORT).interfaces()["eth1"]
    probe.ask(SET_UP, name_of("eth1"), a=0)
    assert not probe.is_refused("eth1")
    world.segment.close()
    world.segment = None


def names_fail_over_to_the_other_interface(world):
    """The second interface as another way out; the first goes down. Over the desk's, which stays."""
    desk = World.connect(DESK_PORT)
    world.probe = world.apply("eth1", OWN, dns=("10.9.0.9",))
    desk.ask(SET_UP, name_of("eth1"), a=1)
    until(lambda: desk.interfaces()["eth1"][0] & IP)
    mac = desk.ask(GET_MAC, name_of("eth1"))[16:22]
    assert address("192.0.2.8") == desk.do(RESOLVE, b"other.test"), "the first interface's server is asked"
    desk.ask(SET_UP, name_of("eth0"), a=0)
    until(lambda: desk.interfaces()["eth0"][0] == 0)
    over = threading.Event()

    def answer():
        while not over.is_set():
            asked = world.wire.take_udp(port=53, seconds=0.5)
            if asked:
                world.wire.send_udp("10.9.0.9", OWN, 53, asked[0], world.names.answer(asked[1]), mac)

    server = threading.Thread(target=answer)
    server.start()
    try:
        until(lambda: desk.do(RESOLVE, b"other.test") == address("192.0.2.8"))
    finally:
        over.set()
        server.join()
        desk.ask(SET_UP, name_of("eth0"), a=1)
    world.probe = until(lambda: World.connect(PORT))


def a_private_network_is_served(world):
    world.probe = world.apply("eth1")
    probe = world.probe
    server = name_of("eth1") + address("10.9.0.16") + address(None) + bytes([4, 24, 1, 0]) + struct.pack("<I", 2)
    server += address(OWN) + bytes(32)
    refused(lambda: probe.ask(SERVE_DHCP, server), number(30, 15))  # its address is not its own
    probe = world.probe = world.apply("eth1", OWN)
    bad = server[:48] + bytes([0]) + server[49:]
    refused(lambda: probe.ask(SERVE_DHCP, bad), number(30, 19))
    probe.ask(SERVE_DHCP, server)
    probe.ask(SERVE_SNTP, name_of("eth1"))
    probe.ask(SET_UP, name_of("eth1"), a=1)
    until(lambda: probe.interfaces()["eth1"][0] & IP)
    offer = until(lambda: (world.wire.send_udp("0.0.0.0", "255.255.255.255", 68, 67, dhcp_message(1)),
                           world.wire.take_udp(67))[1])
    assert socket.inet_ntoa(offer[16:20]) == "10.9.0.16" and offer[242] == 2
    take = b"\x32\x04" + offer[16:20] + b"\x36\x04" + socket.inet_aton(OWN)
    world.wire.send_udp("0.0.0.0", "255.255.255.255", 68, 67, dhcp_message(3, take))
    taken = world.wire.take_udp(67)
    assert taken[242] == 5 and b"\x33\x04" + struct.pack(">I", 7200) in taken and b"\x2a\x04" + socket.inet_aton(OWN) in taken
    mac = probe.ask(GET_MAC, name_of("eth1"))[16:22]
    world.wire.send_udp("10.9.0.16", OWN, 1123, 123, b"\x23" + bytes(39) + b"cookie..", mac)
    told = world.wire.take_udp(123)
    assert told[0] == 0x24 and told[24:32] == b"cookie.."
    seconds = struct.unpack(">I", told[40:44])[0] - 2208988800
    assert abs(seconds - time.time()) < 5


def from_the_private_side_no_other_address_is_reached(world):
    """The board's public address, asked for at the private interface: a weak host would answer."""
    mac = world.probe.ask(GET_MAC, name_of("eth1"))[16:22]
    query = b"\x23" + bytes(39) + b"elsewhere"[:8]
    world.wire.send_udp("10.9.0.16", "10.0.2.15", 1124, 123, query, mac)
    assert world.wire.take_udp(123, 2) is None
    world.wire.send_udp("10.9.0.16", OWN, 1124, 123, query, mac)
    assert world.wire.take_udp(123)


def wifi_networks_are_kept_and_the_radio_is_absent(world):
    probe = world.probe
    refused(lambda: probe.ask(WIFI_SCAN), number(13, 18))
    refused(lambda: probe.ask(WIFI_CURRENT), number(13, 18))
    network = struct.pack("<iBBBBBB2s32s17s17s17s255s2s", 0, 4, 2, 1, 0, 0, 0, b"", b"home", b"first", b"", b"", b"", b"")
    new = network + bytes([8, 0, 0, 0]) + b"12345678".ljust(64, b"\0")
    short = network + bytes([7, 0, 0, 0]) + b"1234567".ljust(64, b"\0")
    refused(lambda: probe.ask(WIFI_STORE, short), number(13, 25))
    probe.ask(WIFI_STORE, new)
    refused(lambda: probe.ask(WIFI_STORE, new), number(13, 2))
    assert struct.unpack("<I", probe.ask(WIFI_LIST)[:4])[0] == 1
    assert probe.ask(WIFI_CHANGE, b"87654321", a=0, b=0)[6] == 0
    refused(lambda: probe.ask(WIFI_REMOVE, a=9), number(13, 3))


def a_hardware_address_is_set(world):
    mac = b"\x02\xaa\xbb\xcc\xdd\xee"
    world.probe = World.connect(DESK_PORT)  # the network gives who has another hardware address another address
    world.probe.ask(SET_MAC, name_of("eth0") + mac + b"\0\0")
    assert world.probe.interfaces()["eth0"][2] == mac


def what_was_set_is_there_after_a_restart(world):
    world.power_off()
    world.power_on()
    told = world.probe.interfaces()
    assert told["eth0"][2] == b"\x02\xaa\xbb\xcc\xdd\xee"
    until(lambda: address(OWN) in world.probe.interfaces()["eth1"][3])
    assert world.probe.ask(GET_PROXY)[8:18] == b"proxy.test"
    assert world.probe.ask(WIFI_LIST)[16:20] == b"home"
    until(lambda: world.probe.do(RESOLVE, b"node.test"))


def an_interface_goes_down_and_comes_back(world):
    """Over the desk's interface, which stays."""
    desk = World.connect(DESK_PORT)
    desk.ask(SET_UP, name_of("eth0"), a=0)
    until(lambda: desk.interfaces()["eth0"][0] == 0)
    assert desk.do(RESOLVE, b"node.test") == b""
    desk.ask(SET_UP, name_of("eth0"), a=1)
    until(lambda: desk.do(RESOLVE, b"node.test"))
    world.probe = until(lambda: World.connect(PORT))


def a_firewall_lets_through_what_it_names(world):
    """Of the group that the probe is in."""
    probe = world.probe

    def reach(where, port=8081):
        return struct.unpack("<I", probe.do(CONNECT, struct.pack("<H", port) + address(where)))[0]

    with socket.socket() as server, socket.socket(socket.AF_INET6) as server6:
        server.bind(("127.0.0.1", 8081))
        server.listen()
        server6.bind(("::1", 8081))
        server6.listen()
        assert reach("10.0.2.2") == 0
        until(lambda: reach("fec0::2") == 0)  # its own address comes some seconds after boot
        probe.do(CRASH)
        until(lambda: probe.ask(RULES)[:4] != bytes(4))
        assert reach("10.0.2.2") == 0
        assert reach("fec0::2") == 110, "it reached what is not named"
        assert reach("10.0.2.3", 53) == 110

    def tell_rules():
        rules = probe.ask(RULES)
        count = struct.unpack("<I", rules[:4])[0]
        assert len(rules) == 8 + 104 * count
        return [rules[8 + 104 * i:112 + 104 * i] for i in range(count)]

    def is_open(where):
        return any(rule[0] == 3 and rule[1] == 1 and rule[24:40] == address(where) for rule in tell_rules())

    # names follow behind the answer
    until(lambda: is_open("192.0.2.7") and is_open("2001:db8::7"))
    told = tell_rules()
    assert all(struct.unpack("<I", rule[4:8])[0] == 113 for rule in told)
    out = [rule for rule in told if rule[0] == 3 and rule[24:40] == address("10.0.2.2")]
    assert len(out) == 1 and struct.unpack("<Q", out[0][88:96])[0] >= 3, "what went out is not counted"
    drops = [rule for rule in told if rule[0] == 3 and rule[1] == 0]
    assert struct.unpack("<Q", drops[0][88:96])[0] >= 2
    assert [rule for rule in told if rule[0] == 1 and struct.unpack("<H", rule[52:54])[0] == 443]
    assert World.connect(PORT).interfaces(), "its open port is closed"


def it_is_small(world):
    """What its control group holds that is its own: pages of its own, and of the program that are mapped."""
    told = world.probe.do(READ, b"/sys/fs/cgroup/os/netd/memory.stat").decode()
    stat = {line.split()[0]: int(line.split()[1]) for line in told.splitlines()}
    whole = int(world.probe.do(READ, b"/sys/fs/cgroup/os/netd/memory.current"))
    assert world.probe.do(READ, b"/sys/fs/cgroup/os/netd/pids.current") == b"1\n"
    sizes = f"anonymous {stat['anon'] >> 10} KiB, kernel {stat['kernel'] >> 10} KiB, group {whole >> 10} KiB"
    assert stat["anon"] < 256 << 10, sizes
    return sizes


CASES = [interfaces_are_found_by_their_slot, the_board_has_an_address_of_ipv6,
         the_desk_comes_in_over_the_service_interface, nothing_is_routed_and_no_address_answers_elsewhere,
         a_network_that_does_not_exist_is_refused_with_its_number, names_are_answered_by_the_os,
         a_proxy_is_kept_and_its_password_told_to_nobody_at_the_desk, time_is_taken_from_a_server_within_bounds,
         an_address_is_had_by_dhcpv6, servers_of_dhcpv6_are_used, an_address_of_dhcpv6_is_renewed,
         what_its_server_does_not_renew_is_asked_of_all, an_address_of_dhcpv6_is_given_back,
         an_address_of_another_machine_is_declined, without_m_only_servers_are_asked_for,
         an_address_of_the_desks_net_is_refused, names_fail_over_to_the_other_interface, a_private_network_is_served,
         from_the_private_side_no_other_address_is_reached, wifi_networks_are_kept_and_the_radio_is_absent,
         a_hardware_address_is_set, what_was_set_is_there_after_a_restart, an_interface_goes_down_and_comes_back,
         it_is_small, a_firewall_lets_through_what_it_names]


def main():
    if os.environ.get("TATU_NETD_NAMESPACE") is None:  # loopback, and its ports, of the test's own
        return subprocess.call(["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$0" "$@"', sys.executable,
                                *sys.argv], env=dict(os.environ, TATU_NETD_NAMESPACE="1"))
    options = suite.options(__doc__, replace="", release="")
    with tempfile.TemporaryDirectory(prefix="tatu-netd-") as work:
        world = World(options, work)

        def told(test):
            try:
                return test(world)
            except Exception:
                print(world.board.explain(), flush=True)
                if world.segment:
                    print("--- dnsmasq", *world.segment.told().splitlines()[-40:], sep="\n", flush=True)
                raise

        with world.board:
            world.power_on()
            try:
                return suite.run([(test.__name__, lambda test=test: told(test)) for test in CASES], options.names)
            finally:
                if world.segment:
                    world.segment.close()
                world.power_off()


if __name__ == "__main__":
    sys.exit(main())
