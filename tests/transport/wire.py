"""The scratch server (scratch_server.c), and both protocols spoken by hand: what the tests send, no proper client would.

Standard library only.
"""
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import struct
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = """fiber loop worker str values call rights reply log metrics config tls listener client_watch http http_request http_doors http1_head
             http2_frames assets serve""".split()
FLAGS = "-std=gnu17 -D_GNU_SOURCE -DH2O_USE_LIBUV=0 -g".split()
SANITIZED = "-O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer".split()
LIBRARIES = "-lh2o-evloop -lssl -lcrypto -lsodium -lpthread -lm".split()
HOSTS = ("acme.localhost", "birch.localhost")


def build(folder, flags):
    """Compiles the scratch server and gives its path."""
    sources = [ROOT / "tests/transport/scratch_server.c", *(ROOT / "server" / f"{name}.c" for name in SOURCES)]
    subprocess.run(["gcc", *FLAGS, *flags, f"-I{ROOT}", *sources, "-o", folder / "scratch", *LIBRARIES], check=True)
    return folder / "scratch"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def make_certificate(folder, host):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                    f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}", "-keyout", folder / f"{host}.key", "-out",
                    folder / f"{host}.pem"], check=True, capture_output=True)


def tls(protocol):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols([protocol])
    return context


class Server:
    def __init__(self, binary, home, loops=1, **settings):
        self.port, self.http_port = free_port(), free_port()
        self.home, self.log = home, home / f"log-{self.port}"
        certificates = home / "certificates"
        if not certificates.exists():
            certificates.mkdir()
            for host in HOSTS:
                make_certificate(certificates, host)
        environment = dict(os.environ, PROPOPS_HOME=str(home), PROPOPS_PORT=str(self.port), PROPOPS_HTTP_PORT=str(self.http_port),
                           PROPOPS_METRICS_PORT="0", PROPOPS_LOOPS=str(loops), PROPOPS_CONSOLE=str(home),
                           ASAN_OPTIONS="detect_stack_use_after_return=1")
        environment.update({f"PROPOPS_{name.upper()}": str(value) for name, value in settings.items()})
        self.process = subprocess.Popen([binary], env=environment, stdout=subprocess.DEVNULL, stderr=open(self.log, "wb"))
        until = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                break
            except OSError:
                assert self.process.poll() is None and time.monotonic() < until, self.log.read_text()
                time.sleep(0.05)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(40)
        text = self.log.read_text()
        assert "AddressSanitizer" not in text.replace("WARNING: ASan", "") and "runtime error" not in text, text[-6000:]
        assert "LeakSanitizer" not in text, text[-6000:]
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, failure, *_):
        """Must end decently, unless the test failed before."""
        if failure:
            self.process.kill()
            self.process.wait()
        else:
            assert self.stop() == 0

    def connect(self, protocol, host="acme.localhost", receive=0):
        s = socket.socket()
        if receive:  # the other side's kernel takes no more than it must, either
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        s.settimeout(10)
        s.connect(("127.0.0.1", self.port))
        s = tls(protocol).wrap_socket(s, server_hostname=host)
        assert s.selected_alpn_protocol() == protocol
        return s

    def get(self, path, host="acme.localhost", headers=(), method="GET", body=b""):
        with self.connect("http/1.1") as s:
            lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
            if body:
                lines.append(f"Content-Length: {len(body)}")
            s.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
            got = rest_of(s)
        head, _, rest = got.partition(b"\r\n\r\n")
        return int(head.split()[1]), rest

    def counts(self):
        return json.loads(self.get("/api/count")[1])

    def settled(self, seconds=15):
        """Waits until no call runs any more."""
        until = time.monotonic() + seconds
        while True:
            now = self.counts()
            if now["begun"] == now["ended"] == now["released"] and now["fibers"] == 1:
                return now
            assert time.monotonic() < until, now
            time.sleep(0.1)

    def memory(self):
        """Resident, in bytes."""
        return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{self.process.pid}/status").read_text())[1]) * 1024


def rest_of(s):
    """All that comes until the other side closes or resets."""
    got = b""
    try:
        while piece := s.recv(65536):
            got += piece
    except ConnectionError:
        pass
    return got


def seconds_until_closed(s, most=30):
    """How long the other side takes to end the connection; None when it does not."""
    began = time.monotonic()
    s.settimeout(0.2)
    while time.monotonic() - began < most:
        try:
            if not s.recv(65536):
                return time.monotonic() - began
        except TimeoutError:
            continue
        except OSError:
            return time.monotonic() - began
    return None


# HTTP/2, RFC 9113 section 6.
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, WITH_PRIORITY = 1, 1, 4, 8, 32
(NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR, REFUSED_STREAM, CANCEL,
 COMPRESSION_ERROR) = range(10)
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def text(value):
    """A string of a field block, not compressed."""
    value = value if isinstance(value, bytes) else value.encode()
    if len(value) < 127:
        return bytes([len(value)]) + value
    rest, length = len(value) - 127, b"\x7f"
    while rest >= 128:
        length, rest = length + bytes([rest & 127 | 128]), rest >> 7
    return length + bytes([rest]) + value


def field(name, value):
    return b"\x00" + text(name) + text(value)


def head(path, host="acme.localhost", fields=(), method=b"\x82"):
    block = method + b"\x87" + b"\x04" + text(path) + b"\x01" + text(host)
    return block + b"".join(field(name, value) for name, value in fields)


POST = b"\x83"


def request(stream, path="/api/echo", flags=END_STREAM | END_HEADERS, **more):
    return frame(HEADERS, flags, stream, head(path, **more))


def reset(stream):
    return frame(RST_STREAM, 0, stream, struct.pack(">I", CANCEL))


def credit(stream, bytes):
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", bytes))


def settings(**values):
    numbers = dict(table=1, push=2, streams=3, window=4, frame=5, unknown=99)
    return b"".join(struct.pack(">HI", numbers[name], value) for name, value in values.items())


SHORT_STATUS = {0x88: 200, 0x89: 204, 0x8A: 206, 0x8B: 304, 0x8C: 400, 0x8D: 404, 0x8E: 500}


def status_of(block):
    return SHORT_STATUS.get(block[0]) or int(block[2:5])


class Http2:
    def __init__(self, server, settings=b"", host="acme.localhost", receive=0):
        self.socket = server.connect("h2", host, receive)
        self.socket.sendall(PREFACE + frame(SETTINGS, 0, 0, settings))
        self.buffer = b""
        self.closed = False

    def send(self, *frames):
        """Sends what the other side still takes; true when it took all."""
        try:
            self.socket.settimeout(10)
            self.socket.sendall(b"".join(frames))
            return True
        except OSError:
            return False

    def frames(self, seconds=10):
        """(kind, flags, stream, payload) until the time or the connection is over."""
        until = time.monotonic() + seconds
        while True:
            while len(self.buffer) >= 9:
                length = int.from_bytes(self.buffer[:3], "big")
                if len(self.buffer) < 9 + length:
                    break
                kind, flags, stream = self.buffer[3], self.buffer[4], int.from_bytes(self.buffer[5:9], "big")
                payload, self.buffer = self.buffer[9:9 + length], self.buffer[9 + length:]
                yield kind, flags, stream, payload
            self.socket.settimeout(max(0.01, until - time.monotonic()))
            try:
                piece = self.socket.recv(65536)
            except (TimeoutError, socket.timeout):
                return
            except OSError:
                piece = b""
            if not piece:
                self.closed = True
                return
            self.buffer += piece

    def statuses(self, *streams, seconds=10):
        found = {}
        for kind, _, stream, payload in self.frames(seconds):
            if kind == HEADERS and stream in streams:
                found[stream] = status_of(payload)
                if len(found) == len(streams):
                    break
        return found

    def is_closed(self, seconds=5):
        """Whether the other side ends the connection in this time."""
        for _ in self.frames(seconds):
            pass
        return self.closed

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
