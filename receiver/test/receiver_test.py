#!/usr/bin/python3
"""Runs tatu-receiver and rings it: as a device of its catalog, and as everybody else."""
import datetime
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DEVICE = "ab" * 64
passed = failed = 0


def check(name, good, detail=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"FAILED {name} {detail}")


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def issue(subject, key, issuer, issuer_key, ca=False, uri=None, days=1):
    now = datetime.datetime.utcnow()
    builder = (x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer))
               .public_key(key.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(now - datetime.timedelta(days=3))
               .not_valid_after(now + datetime.timedelta(days=days))
               .add_extension(x509.BasicConstraints(ca, 0 if ca else None), True))
    if uri:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)]), False)
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)
    return builder.sign(issuer_key, hashes.SHA256())


def save(folder, stem, certificate, key):
    path = os.path.join(folder, stem + ".pem")
    with open(path, "wb") as file:
        file.write(key.private_bytes(serialization.Encoding.PEM,
                                     serialization.PrivateFormat.PKCS8,
                                     serialization.NoEncryption()))
        file.write(certificate.public_bytes(serialization.Encoding.PEM))
    return path


def ring(port, server, client, body=b'{"count":3,"chime":"x"}', target="/ring", version=None):
    context = ssl.create_default_context(cafile=server)
    context.verify_flags |= 0x80000  # the one certificate given is the anchor
    if version:
        context.maximum_version = version
    if client:
        context.load_cert_chain(client)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as raw:
            with context.wrap_socket(raw, server_hostname="127.0.0.1") as tls:
                tls.sendall(f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}"
                            "\r\n\r\n".encode() + body)
                return int((tls.recv(4096).split() or [b"", b"0"])[1])
    except (OSError, IndexError) as error:
        return str(error)


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        keys = {n: ec.generate_private_key(ec.SECP256R1()) for n in "root ca device".split()}
        ca = issue("catalog", keys["ca"], "root", keys["root"], ca=True)
        ca_path = os.path.join(folder, "ca.pem")
        with open(ca_path, "wb") as file:
            file.write(ca.public_bytes(serialization.Encoding.PEM))
        uri = "urn:tatu:device:" + DEVICE
        device = save(folder, "device", issue("d", keys["device"], "catalog", keys["ca"], uri=uri),
                      keys["device"])
        foreign = save(folder, "foreign",
                       issue("d", keys["device"], "catalog", keys["root"], uri=uri),
                       keys["device"])
        update = save(folder, "update",
                      issue("d", keys["device"], "tatu update ca", keys["root"], uri=uri),
                      keys["device"])
        old = save(folder, "old",
                   issue("d", keys["device"], "catalog", keys["ca"], uri=uri, days=-1),
                   keys["device"])
        nobody = save(folder, "nobody",
                      issue("d", keys["device"], "catalog", keys["ca"], uri="urn:other:1"),
                      keys["device"])
        server = os.path.join(folder, "server.pem")
        arguments = [program, "--ca", ca_path, "--listen", "127.0.0.1:0", "--cert", server,
                     "--key", os.path.join(folder, "server.key")]
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
        ready = json.loads(process.stdout.readline())
        port = int(ready["address"].split(":")[1])

        def line():
            return json.loads(process.stdout.readline())

        check("a ring of a device of the catalog is taken", ring(port, server, device) == 204)
        said = line()
        check("it is printed with the device of the certificate",
              (said["event"], said["deviceId"], said["count"]) == ("ring", DEVICE, 3), said)
        for label, client, reason in [
                ("no certificate", None, "peer did not return a certificate"),
                ("same names, another key", foreign, ""),
                ("an update certificate, valid under its own CA", update, "issuer certificate"),
                ("an expired certificate", old, "expired"),
                ("a certificate that names no device", nobody, "names no device")]:
            status = ring(port, server, client)
            said = line()
            check(f"{label}: refused", status != 204 and said["event"] == "refused"
                  and reason in said["reason"], (status, said))
        check("TLS 1.2 is refused",
              ring(port, server, device, version=ssl.TLSVersion.TLSv1_2) != 204
              and line()["event"] == "refused")
        check("a body that is no ring is refused", ring(port, server, device, b"[]") == 400)
        line()
        check("another path is refused", ring(port, server, device, target="/x") == 404)
        line()
        check("after all that a ring is taken", ring(port, server, device) == 204)
        check("its key file is private",
              os.stat(os.path.join(folder, "server.key")).st_mode & 0o777 == 0o600)
        second = subprocess.run(
            [program, "--ca", ca_path, "--listen", ready["address"]],
            capture_output=True, text=True, check=False)
        check("a port in use is one clear error",
              second.returncode == 1 and "BUSY" in second.stderr
              and second.stderr.count("\n") == 1, second.stderr)
        process.terminate()
        check("SIGTERM ends it cleanly", process.wait(10) == 0)
        process.stdout.close()
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
