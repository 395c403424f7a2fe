"""Clients that send what costs them little and us much, and clients that take their time.

Every flood must be cut short, nothing of it may begin work, and others must not notice.
"""
import concurrent.futures
import pathlib
import resource
import signal
import socket
import ssl
import struct
import subprocess
import sys
import time

import pytest

from wire import (CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, POST, PRIORITY, SETTINGS, Http2, Server, credit, field,
                  frame, head, request, reset, rest_of, seconds_until_closed, settings, text, tls)

LONG = 1 << 20  # frames that no flood gets through
BODY = head("/api/echo", method=POST)


def odd(count, first=1):
    return range(first, first + 2 * count, 2)


def prioritise(stream, on=0):
    return frame(PRIORITY, 0, stream, struct.pack(">IB", on, 15))


# What is sent once, and then again and again with the number of the turn.
FLOODS = {
    "rapid reset": (b"", lambda n: request(2 * n + 1, "/api/sleep?ms=300") + reset(2 * n + 1)),
    "made you reset: WINDOW_UPDATE of nothing": (b"", lambda n: request(2 * n + 1, "/api/sleep?ms=300") + credit(2 * n + 1, 0)),
    "made you reset: a window that overflows": (b"", lambda n: request(2 * n + 1, "/api/sleep?ms=300") + credit(2 * n + 1, 0x7FFFFFFF)),
    "made you reset: DATA after the end": (b"", lambda n: request(2 * n + 1, "/api/sleep?ms=300") + frame(DATA, 0, 2 * n + 1, b"x")),
    "made you reset: before the request is whole":
        (b"", lambda n: frame(HEADERS, END_HEADERS, 2 * n + 1, BODY) + credit(2 * n + 1, 0)),
    "made you reset: a field that is missing": (b"", lambda n: frame(HEADERS, END_HEADERS | END_STREAM, 2 * n + 1, b"\x82") + credit(2 * n + 1, 1)),
    "CONTINUATION without end": (frame(HEADERS, END_STREAM, 1, head("/api/echo")), lambda n: frame(CONTINUATION, 0, 1, field("x-a", "v" * 90))),
    "empty CONTINUATION": (frame(HEADERS, END_STREAM, 1, head("/api/echo")), lambda n: frame(CONTINUATION, 0, 1)),
    "SETTINGS": (b"", lambda n: frame(SETTINGS, 0, 0, settings(window=65535 + n % 2))),
    "empty SETTINGS": (b"", lambda n: frame(SETTINGS, 0, 0)),
    "PING": (b"", lambda n: frame(PING, 0, 0, bytes(8))),
    "PRIORITY of one stream": (frame(HEADERS, END_HEADERS, 1, BODY), lambda n: prioritise(1)),
    "PRIORITY of closed streams": (request(999), lambda n: prioritise(2 * (n % 400) + 1)),
    "PRIORITY of idle streams": (b"", lambda n: prioritise(2 * n + 1)),
    "empty DATA": (frame(HEADERS, END_HEADERS, 1, BODY), lambda n: frame(DATA, 0, 1)),
    "DATA of one byte": (frame(HEADERS, END_HEADERS, 1, BODY), lambda n: frame(DATA, 0, 1, b"x")),
    "DATA of closed streams": (request(999), lambda n: frame(DATA, 0, 1, b"x")),
    "WINDOW_UPDATE": (b"", lambda n: credit(0, 1)),
    "unknown frames": (b"", lambda n: frame(0x42, 0, 0)),
}


def pour(c, once, again):
    """Sends until it is told off: the frames that went before that."""
    c.send(once)
    for n in range(0, LONG, 1000):
        if not c.send(b"".join(again(i) for i in range(n, n + 1000))):
            return n
    return LONG


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_is_cut_short(one_loop, name):
    before = one_loop.settled()
    with Http2(one_loop) as c:
        began = time.monotonic()
        pour(c, *FLOODS[name])
        assert c.is_closed(5) and time.monotonic() - began < 10
    after = one_loop.settled()
    assert after["begun"] - before["begun"] <= 220
    assert "skipping frame" not in one_loop.log.read_text()[-100:] or one_loop.log.read_text().count("skipping frame") < 3000


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_with_the_handshakes_last_bytes_is_cut_short(one_loop, name):
    """The first frames come before the library has the connection."""
    once, again = FLOODS[name]
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    secure = tls("h2").wrap_bio(incoming, outgoing, server_hostname="acme.localhost")
    with socket.create_connection(("127.0.0.1", one_loop.port), 10) as s:
        while True:
            try:
                secure.do_handshake()
                break
            except ssl.SSLWantReadError:
                s.sendall(outgoing.read())
                incoming.write(s.recv(65536))
        secure.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0) + once + b"".join(again(n) for n in range(3000)))
        try:
            s.sendall(outgoing.read())
        except OSError:
            pass
        assert seconds_until_closed(s, 5) is not None


WHOLE = lambda n: request(n, "/api/sleep?ms=2000")
HALF = lambda n: frame(HEADERS, END_HEADERS, n, BODY)


@pytest.mark.parametrize("ask,provoke", [(WHOLE, lambda n: credit(n, 0)), (WHOLE, reset), (HALF, reset)],
                         ids=["made to reset", "resetting", "resetting what never was whole"])
def test_two_hundred_cancelled_requests_in_ten_seconds_are_enough(one_loop, ask, provoke):
    """However slowly they come, and whoever resets."""
    before = one_loop.settled()
    with Http2(one_loop) as c:
        for n in odd(190):
            assert c.send(ask(n) + provoke(n))
        c.send(request(999))
        assert c.statuses(999) == {999: 200}
        for n in odd(60, 1001):
            c.send(ask(n) + provoke(n))
            time.sleep(0.005)
        assert c.is_closed(5)
    assert one_loop.settled()["begun"] - before["begun"] <= 40


def test_as_many_frames_as_decent_clients_send_are_no_flood(one_loop):
    with Http2(one_loop) as c:
        c.send(frame(HEADERS, END_HEADERS, 1, BODY))
        for n in range(500):
            c.send(frame(PING, 0, 0, bytes(8)) + frame(DATA, 0, 1, b"x") + credit(0, 100) + credit(1, 100) + request(2 * n + 3))
            if n % 50 == 49:
                assert len(c.statuses(*odd(50, 2 * n - 95))) == 50
        c.send(frame(DATA, END_STREAM, 1))
        assert c.statuses(1) == {1: 200}


def test_a_download_is_credited_as_it_comes(one_loop):
    """Some clients answer each frame of a response with two WINDOW_UPDATEs."""
    with Http2(one_loop) as c:
        c.send(request(1, "/api/stream?bytes=40000000"))
        got = credits = 0
        for kind, flags, _, payload in c.frames(30):
            if kind == DATA:
                got += len(payload)
                if payload:
                    c.send(credit(0, len(payload)) + credit(1, len(payload)))
                    credits += 2
                if flags & END_STREAM:
                    break
        assert got == 40_000_000 and credits > 4000


def fields_block(bytes):
    """As many fields as bytes, each of them a long value of the table."""
    return BODY + b"\x40" + text("x") + text("v" * 3900) + b"\xbe" * bytes


def test_a_bomb_of_header_fields_goes_off_nowhere(fast_binary, tmp_path):
    """A byte a field, in requests whose body never comes or comes not at all: the library would take twenty-five megabytes for each."""
    with Server(fast_binary, tmp_path) as server:
        server.settled()
        before = server.memory()
        bombs = [Http2(server) for _ in range(4)]
        for c, fields, end in zip(bombs, (400_000, 30_000, 11_000, 100_000), (0, 0, 0, END_STREAM)):
            block = fields_block(fields)
            pieces = [block[at:at + 16000] for at in range(0, len(block), 16000)]
            for n in odd(100):
                c.send(*(frame(CONTINUATION if i else HEADERS, (END_HEADERS if i == len(pieces) - 1 else 0) | (0 if i else end), n, piece)
                         for i, piece in enumerate(pieces)))
            assert c.is_closed(5)
        grown = server.memory() - before
        for c in bombs:
            c.close()
    assert grown < 40 * 1024 * 1024


def test_nothing_is_kept_of_what_comes_behind_an_error(one_loop):
    """With an answer under way that nobody takes, the library would keep the connection, and all that comes."""
    with Http2(one_loop, settings(window=0x7FFFFFFF), receive=4096) as c:
        c.send(credit(0, 0x70000000), request(1, "/api/whole?bytes=20000000"))
        time.sleep(0.5)
        c.send(frame(DATA, 0, 0, b"x"))
        c.socket.settimeout(3)
        sent = 0
        try:
            while sent < 64 * 1024 * 1024:
                sent += c.socket.send(b"\xff" * 65536)
        except OSError:
            pass
        assert sent < 32 * 1024 * 1024


def test_a_drain_is_not_held_up_by_half_a_request(binary, tmp_path):
    """After its GOAWAY the library turns for ever over a CONTINUATION."""
    with Server(binary, tmp_path) as server, Http2(server) as c:
        c.send(request(1, "/api/sleep?ms=4000"), frame(HEADERS, END_STREAM, 3, head("/api/echo")))
        time.sleep(0.5)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(2)
        c.send(frame(CONTINUATION, END_HEADERS, 3))
        assert server.process.wait(15) == 0


# How clients are late, and how they are not: each runs against a server whose deadlines are two seconds, all at the same time.

def drip(s, pieces, pause=0.2):
    """Sends piece after piece; how long until it was not let any more."""
    began = time.monotonic()
    s.settimeout(0.01)
    try:
        for piece in pieces:
            s.sendall(piece)
            until = time.monotonic() + pause
            while time.monotonic() < until:
                try:
                    if not s.recv(65536):
                        return time.monotonic() - began
                except TimeoutError:
                    pass
    except OSError:
        return time.monotonic() - began
    return None


def often(piece):
    return [piece] * 60


def silent_before_tls(server):
    with socket.create_connection(("127.0.0.1", server.port)) as s:
        return seconds_until_closed(s, 12)


def half_a_handshake(server):
    with socket.create_connection(("127.0.0.1", server.port)) as s:
        return drip(s, [b"\x16\x03\x01\x01\x00\x01\x00\x00\xfc\x03\x03", *often(b"\x00")])


def no_preface(server):
    with server.connect("h2") as s:
        return seconds_until_closed(s, 12)


def slow_preface(server):
    with server.connect("h2") as s:
        return drip(s, [bytes([b]) for b in b"PRI * HTTP/2.0\r\n\r\nSM\r"])


def half_a_frame(server):
    with Http2(server) as c:
        return drip(c.socket, [frame(HEADERS, END_STREAM | END_HEADERS, 1, bytes(100))[:9], *often(b"\x82")])


def half_a_block(server):
    with Http2(server) as c:
        return drip(c.socket, [frame(HEADERS, END_STREAM, 1, head("/api/echo")), *often(frame(CONTINUATION, 0, 1, field("x", "1")))])


def slow_head(server):
    with server.connect("http/1.1") as s:
        return drip(s, [b"GET /api/echo HTTP/1.1\r\nHost: acme.localhost\r\n", *often(b"X-A: 1\r\n")])


def long_head(server):
    """More than what a body must bring, but no end."""
    with server.connect("http/1.1") as s:
        return drip(s, [b"GET /api/echo HTTP/1.1\r\nHost: acme.localhost\r\n", *often(b"X-A: " + b"v" * 600 + b"\r\n")])


def slow_head_at_the_plain_door(server):
    with socket.create_connection(("127.0.0.1", server.http_port)) as s:
        return drip(s, [b"GET /api/echo HTTP/1.1\r\n", *often(b"X-A: 1\r\n")])


def slow_body_1(server):
    with server.connect("http/1.1") as s:
        return drip(s, [b"POST /api/echo HTTP/1.1\r\nHost: acme.localhost\r\nContent-Length: 9000\r\n\r\n", *often(b"x" * 50)])


def endless_trailers(server):
    with server.connect("http/1.1") as s:
        return drip(s, [b"POST /api/echo HTTP/1.1\r\nHost: acme.localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", *often(b"X-A: 1\r\n" * 100)])


def slow_body_2(server):
    with Http2(server) as c:
        return drip(c.socket, [frame(HEADERS, END_HEADERS, 1, BODY), *often(frame(DATA, 0, 1, b"x" * 50))])


def slow_body_beside_others(server):
    with Http2(server) as c:
        return drip(c.socket, [frame(HEADERS, END_HEADERS, 1, BODY), *(request(n) for n in odd(60, 3))])


def idle_1(server):
    with server.connect("http/1.1") as s:
        s.sendall(b"GET /api/echo HTTP/1.1\r\nHost: acme.localhost\r\n\r\n")
        return seconds_until_closed(s, 12)


def idle_from_the_start(server):
    with server.connect("http/1.1") as s:
        return seconds_until_closed(s, 12)


def idle_2(server):
    with Http2(server) as c:
        c.send(request(1))
        return seconds_until_closed(c.socket, 12)


def takes_nothing_1(server):
    with server.connect("http/1.1", receive=4096) as s:
        s.sendall(b"GET /api/stream?bytes=50000000 HTTP/1.1\r\nHost: acme.localhost\r\n\r\n")
        return seconds_until_cut(server, s)


def takes_nothing_2(server):
    with Http2(server, receive=4096) as c:
        c.send(credit(0, 0x70000000), request(1, "/api/whole?bytes=5000000"))
        return seconds_until_cut(server, c.socket)


def gives_no_credit(server):
    with Http2(server, settings(window=0)) as c:
        c.send(request(1, "/api/stream?bytes=5000000"))
        return seconds_until_closed(c.socket, 12)


def takes_a_byte_at_a_time(server):
    with Http2(server, settings(window=1)) as c:
        c.send(request(1, "/api/stream?bytes=5000000"))
        return drip(c.socket, often(credit(1, 1)))


def seconds_until_cut(server, s):
    """Without reading: when the other side's kernel no longer knows the connection either."""
    began, ours = time.monotonic(), s.getsockname()[1]
    while time.monotonic() - began < 20:
        time.sleep(0.1)
        lines = [line.split() for name in ("tcp", "tcp6") for line in pathlib.Path(f"/proc/net/{name}").read_text().splitlines()]
        if not any(line[1].endswith(f":{server.port:04X}") and line[2].endswith(f":{ours:04X}") for line in lines):
            return time.monotonic() - began
    return None


LATE = [silent_before_tls, half_a_handshake, no_preface, slow_preface, half_a_frame, half_a_block, slow_head, long_head, slow_head_at_the_plain_door, slow_body_1,
        endless_trailers, slow_body_2, slow_body_beside_others, idle_1, idle_from_the_start, idle_2, takes_nothing_1, takes_nothing_2,
        gives_no_credit, takes_a_byte_at_a_time]


def steady_body_1(server):
    with server.connect("http/1.1") as s:
        s.sendall(b"POST /api/echo HTTP/1.1\r\nHost: acme.localhost\r\nContent-Length: 50000\r\nConnection: close\r\n\r\n")
        for _ in range(25):
            s.sendall(bytes(2000))
            time.sleep(0.25)
        return b" 200 " in rest_of(s)


def steady_body_2(server):
    with Http2(server) as c:
        c.send(frame(HEADERS, END_HEADERS, 1, BODY))
        for _ in range(25):
            c.send(frame(DATA, 0, 1, bytes(2000)))
            time.sleep(0.25)
        c.send(frame(DATA, END_STREAM, 1))
        return c.statuses(1) == {1: 200}


def long_call_1(server):
    with server.connect("http/1.1") as s:
        s.sendall(b"GET /api/sleep?ms=6000 HTTP/1.1\r\nHost: acme.localhost\r\nConnection: close\r\n\r\n")
        return b" 200 " in rest_of(s)


def long_call_2(server):
    with Http2(server) as c:
        c.send(request(1, "/api/sleep?ms=6000"))
        return c.statuses(1) == {1: 200}


def now_and_then_1(server):
    with server.connect("http/1.1") as s:
        for _ in range(6):
            s.sendall(b"GET /api/echo HTTP/1.1\r\nHost: acme.localhost\r\n\r\n")
            got = b""
            while not got.endswith(b"}"):
                got += s.recv(65536) or b"}"
            if b" 200 " not in got:
                return False
            time.sleep(1)
        return True


def now_and_then_2(server):
    with Http2(server) as c:
        for n in odd(6):
            c.send(request(n))
            if c.statuses(n) != {n: 200}:
                return False
            time.sleep(1)
        return True


def steady_reader(server):
    with Http2(server, settings(window=65535)) as c:
        c.send(request(1, "/api/stream?bytes=900000"))
        got = 0
        for kind, flags, _, payload in c.frames(30):
            if kind != DATA:
                continue
            got += len(payload)
            if flags & END_STREAM:
                break
            time.sleep(0.02)
            c.send(credit(0, len(payload)) + credit(1, len(payload)) if payload else b"")
        return got == 900000


IN_TIME = [steady_body_1, steady_body_2, long_call_1, long_call_2, now_and_then_1, now_and_then_2, steady_reader]


@pytest.fixture(scope="module")
def outcome(hasty):
    with concurrent.futures.ThreadPoolExecutor(len(LATE) + len(IN_TIME)) as pool:
        yield {client: pool.submit(client, hasty) for client in LATE + IN_TIME}


@pytest.mark.parametrize("client", LATE, ids=lambda client: client.__name__)
def test_who_is_late_is_dropped(outcome, client):
    took = outcome[client].result()
    assert took is not None and 1.5 < took < 15


@pytest.mark.parametrize("client", IN_TIME, ids=lambda client: client.__name__)
def test_who_is_slow_but_in_time_is_served(outcome, client):
    assert outcome[client].result()


# Others do not notice.

def latencies(server, seconds=2.0):
    """Of requests a few milliseconds apart over one connection, sorted."""
    taken, until = [], time.monotonic() + seconds
    with Http2(server) as c:
        c.send(credit(0, 1 << 30))
        for n in odd(1 << 20):
            began = time.perf_counter()
            c.send(request(n))
            assert c.statuses(n) == {n: 200}
            taken.append(time.perf_counter() - began)
            if time.monotonic() > until:
                return sorted(taken)
            time.sleep(0.002)


def p99(server, rounds, enough=0.0):
    """The best of some rounds, two at least, until it is good enough: what the machine does besides is nobody's fault here."""
    best = []
    for _ in range(rounds):
        taken = latencies(server)
        best.append(taken[len(taken) * 99 // 100])
        if len(best) > 1 and min(best) <= enough:
            break
    return min(best)


def settled_memory(server, wanted, seconds=10):
    until = time.monotonic() + seconds
    while (now := server.memory()) > wanted and time.monotonic() < until:
        time.sleep(0.2)
    return now


NOISE = 0.003  # seconds
KEPT = 20 * 1024 * 1024


def test_a_thousand_hostile_clients_are_not_noticed_by_others(fast_binary, tmp_path):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with Server(fast_binary, tmp_path, head_ms=4000, stall_ms=4000) as server:
        latencies(server, 0.2)
        quiet, before = p99(server, 3), server.memory()
        allowed = max(1.5 * quiet, quiet + NOISE)
        crowd = subprocess.Popen([sys.executable, pathlib.Path(__file__).parent / "crowd.py", str(server.port), "1000"], stdout=subprocess.PIPE)
        try:
            assert crowd.stdout.readline() == b"here\n"
            beset, meanwhile = p99(server, 12, allowed), server.memory()
        finally:
            crowd.kill()
            crowd.wait()
        server.settled(30)
        after = settled_memory(server, before + KEPT)
    print(f"p99 {quiet * 1000:.2f} ms, beset {beset * 1000:.2f} ms; resident {before >> 20} MB, {meanwhile >> 20} MB, {after >> 20} MB")
    assert beset <= allowed
    assert after <= before + KEPT
