"""Clients that leave, stall and lie, against the transport under AddressSanitizer (scratch_server.c)."""
import json
import signal
import socket
import subprocess
import threading
import time

import pytest

from wire import Http2, Server, frame, head, make_certificate, request, reset, text


@pytest.mark.parametrize("worker", [0, 1])
def test_a_client_that_leaves_during_the_work_harms_nothing(server, worker):
    body = b"z" * 20000

    def leave(protocol):
        if protocol == "h2":
            c = Http2(server)
            for stream in range(1, 20, 2):
                c.socket.sendall(request(stream, f"/api/sleep?ms=400&worker={worker}"))
            time.sleep(0.1)
            c.socket.sendall(reset(1) + reset(5))
            time.sleep(0.05)
            c.close()
        else:
            s = server.connect("http/1.1")
            s.sendall(b"POST /api/sleep?ms=400&worker=%d HTTP/1.1\r\nHost: acme.localhost\r\nContent-Length: %d\r\n\r\n" % (worker, len(body)) + body)
            time.sleep(0.1)
            s.close()

    before = server.settled()
    threads = [threading.Thread(target=leave, args=(p,)) for p in ["h2", "http/1.1"] * 6]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    after = server.settled()
    assert after["begun"] - before["begun"] == 66


def test_requests_that_are_reset_in_the_same_burst_never_begin(server):
    before = server.settled()
    c = Http2(server)
    burst = b"".join(request(stream, "/api/sleep?ms=300") + reset(stream) for stream in range(1, 381, 2))  # fewer than are a flood
    try:
        c.socket.sendall(burst)
    except OSError:
        pass
    list(c.frames(1))
    c.close()
    after = server.settled()
    assert after["begun"] - before["begun"] <= 5


def test_abandoned_work_counts_against_its_connection(server):
    before = server.settled()
    c = Http2(server)
    for stream in range(1, 401, 2):
        c.socket.sendall(request(stream, "/api/sleep?ms=3000"))
        time.sleep(0.004)
        c.socket.sendall(reset(stream))
    now = server.counts()
    assert now["begun"] - now["ended"] <= 32
    c.socket.sendall(request(401, "/api/echo"))
    assert c.statuses(401) == {401: 503}
    c.close()
    assert server.settled()["begun"] - before["begun"] <= 40


def test_more_calls_than_the_cap_wait_and_are_all_answered(server):
    c = Http2(server)
    c.socket.sendall(b"".join(request(stream, "/api/sleep?ms=50") for stream in range(1, 191, 2)))
    assert list(c.statuses(*range(1, 191, 2)).values()) == [200] * 95
    c.close()


def test_a_hundred_header_fields_are_enough(server):
    c = Http2(server)
    c.socket.sendall(request(1, "/api/echo", fields=[(f"x-{i}", "1") for i in range(90)]))
    c.socket.sendall(request(3, "/api/echo", fields=[(f"x-{i}", "1") for i in range(101)]))
    big = b"\x40" + text("x-big") + b"\x7f" + b"\xa1\x1e" + b"v" * 4000  # indexed, then asked for again by one byte
    c.socket.sendall(frame(1, 5, 5, head("/api/echo") + big + b"\xbe" * 40))
    assert c.statuses(1, 3, 5) == {1: 200, 3: 431, 5: 431}
    c.close()


def test_cookies_in_several_fields_are_all_seen(server):
    c = Http2(server)
    c.socket.sendall(request(1, "/api/echo", fields=[("cookie", "a=1"), ("cookie", "b=2")]))
    data = b"".join(payload for kind, _, _, payload in c.frames(1) if kind == 0)
    c.close()
    seen = json.loads(data)["data"]
    assert (seen["cookie_a"], seen["cookie_b"]) == ("1", "2")


def test_an_authority_that_the_certificate_does_not_cover_is_misdirected(server):
    status, body = server.get("/api/echo", host="birch.localhost")
    assert status == 421
    error = json.loads(body)
    assert error["success"] is False and error["code"] == "wrong_host" and error["error"] and len(error["request_id"]) == 26


@pytest.mark.parametrize("path", ["/api/e%00", "/api/%0a", "/api/%ff", "/api/%7f", "https://acme.localhost/api/echo"])
def test_paths_with_control_bytes_are_refused(server, path):
    assert server.get(path)[0] == 400


def test_http2_paths_without_a_slash_are_refused(server):
    c = Http2(server)
    c.socket.sendall(request(1, "api/echo"))
    assert c.statuses(1) == {1: 400}
    c.close()


@pytest.mark.parametrize("size,status", [(25_000_000, 200), (28_000_000, 413)])
def test_a_body_over_the_limit_gets_an_answer(server, size, status):
    got, body = server.get("/api/echo", method="POST", body=b"b" * size)
    assert got == status
    if status == 200:
        assert json.loads(body)["data"]["body"] == size


@pytest.mark.parametrize("path", ["/api/stream?bytes=3000000&pause=20", "/api/stream?bytes=40000000&length=0", "/api/whole?bytes=20000000",
                                  "/api/whole?bytes=20000000&lent=1"])
def test_a_client_that_leaves_during_the_response_harms_nothing(server, path):
    for protocol in ("h2", "http/1.1") * 4:
        if protocol == "h2":
            c = Http2(server)
            c.socket.sendall(request(1, path) + request(3, path))
            for kind, _, stream, _ in c.frames(2):
                if kind == 0:
                    c.socket.sendall(reset(stream))
                    break
            c.close()
        else:
            s = server.connect("http/1.1")
            s.sendall(f"GET {path} HTTP/1.1\r\nHost: acme.localhost\r\n\r\n".encode())
            s.recv(1000)
            s.close()
    server.settled()


def test_a_stream_that_breaks_its_promise_is_broken_off(server):
    for lie in (100, -100):
        with server.connect("http/1.1") as s:
            s.sendall(f"GET /api/stream?bytes=500000&lie={lie} HTTP/1.1\r\nHost: acme.localhost\r\n\r\n".encode())
            got = b""
            while piece := s.recv(65536):
                got += piece
        promised = int(got.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        assert len(got.partition(b"\r\n\r\n")[2]) < promised
    status, body = server.get("/api/stream?bytes=500000&fail=500000")
    assert status == 500 and json.loads(body)["code"] == "internal"


def test_pipelined_requests_are_answered_in_order(server):
    with server.connect("http/1.1") as s:
        ask = "".join(f"GET /api/sleep?ms={ms} HTTP/1.1\r\nHost: acme.localhost\r\nUser-Agent: n{ms}\r\n\r\n" for ms in (80, 1, 40))
        s.sendall(ask.encode() + b"GET /api/echo HTTP/1.1\r\nHost: acme.localhost\r\nConnection: close\r\n\r\n")
        got = b""
        while piece := s.recv(65536):
            got += piece
    assert got.count(b"HTTP/1.1 200 OK") == 4
    assert got.index(b'"n80"') < got.index(b'"n1"') < got.index(b'"n40"')


def test_plain_http_redirects_to_the_same_page_for_our_hosts_only(server):
    def ask(host):
        with socket.create_connection(("127.0.0.1", server.http_port), 5) as s:
            s.sendall(f"GET /a/b?c=d HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            got = b""
            while piece := s.recv(4096):
                got += piece
            return got.decode()

    assert ask(f"ACME.localhost:{server.http_port}").startswith("HTTP/1.1 308 ")
    assert f"location: https://acme.localhost:{server.port}/a/b?c=d\r\n" in ask("acme.localhost")
    assert ask("evil.example").startswith("HTTP/1.1 421 ")


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_a_session_is_resumed_at_its_own_host_only(server, tmp_path, version):
    saved = tmp_path / "session"

    def connect(host, *options):
        ask = subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-servername", host, version, "-ign_eof",
                                *options],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        ask.stdin.write(f"GET /api/echo HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        ask.stdin.flush()
        return ask.communicate(timeout=20)[0]

    assert b"New, TLS" in connect("acme.localhost", "-sess_out", str(saved))
    assert b"Reused, TLS" in connect("acme.localhost", "-sess_in", str(saved))
    assert b"New, TLS" in connect("birch.localhost", "-sess_in", str(saved))


def test_a_drain_answers_what_runs_and_takes_nothing_new(binary, tmp_path):
    server = Server(binary, tmp_path, 2)
    waiting = [server.connect("http/1.1") for _ in range(4)]
    for s in waiting:
        s.sendall(b"GET /api/sleep?ms=1500 HTTP/1.1\r\nHost: acme.localhost\r\n\r\n")
    c = Http2(server)
    c.socket.sendall(request(1, "/api/sleep?ms=1500"))
    idle = server.connect("http/1.1")
    time.sleep(0.5)
    server.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", server.port), 2)
    for s in waiting:
        assert b"200 OK" in s.recv(65536)
    kinds = [(kind, payload[:1]) for kind, _, _, payload in c.frames(4)]
    assert any(kind == 7 for kind, _ in kinds) and (1, b"\x88") in kinds
    assert server.process.wait(8) == 0
    server.stop()
    idle.close()


def test_a_second_signal_ends_the_wait(binary, tmp_path):
    server = Server(binary, tmp_path, 1)
    s = server.connect("http/1.1")
    s.sendall(b"GET /api/sleep?ms=20000 HTTP/1.1\r\nHost: acme.localhost\r\n\r\n")
    time.sleep(0.5)
    server.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(5) == 1
    server.stop()
    s.close()


def test_new_certificates_are_taken_without_a_restart(binary, tmp_path):
    server = Server(binary, tmp_path, 2)
    make_certificate(tmp_path / "certificates", "cedar.localhost")
    server.process.send_signal(signal.SIGHUP)
    time.sleep(1)
    with server.connect("http/1.1", "cedar.localhost") as s:
        s.sendall(b"GET /api/echo HTTP/1.1\r\nHost: cedar.localhost\r\n\r\n")
        assert b"200 OK" in s.recv(65536)
    assert server.stop() == 0
