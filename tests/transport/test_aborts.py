"""Clients that go away while their call is at work: nothing crashes, nothing is corrupted, the others are served."""
import json
import random
import socket
import time

import h2.config
import h2.connection
import h2.events
import pytest

from conftest import PASSWORD, PORT, make_job, tls_context

HOST = "acme.localhost"
# A login keeps a worker busy for tens of milliseconds: long enough to go away meanwhile.
BODY = json.dumps({"email": "minimal@acme.example", "password": PASSWORD}).encode()


def connect(protocol):
    context = tls_context()
    context.set_alpn_protocols([protocol])
    raw = socket.create_connection(("127.0.0.1", PORT), timeout=10)
    return context.wrap_socket(raw, server_hostname=HOST)


def headers(path, method="GET", **more):
    return [(":method", method), (":authority", HOST), (":scheme", "https"), (":path", path), *more.items()]


def h2_connection():
    tls = connect("h2")
    conn = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
    conn.initiate_connection()
    tls.sendall(conn.data_to_send())
    return tls, conn


def start_login(conn):
    stream = conn.get_next_available_stream_id()
    conn.send_headers(stream, headers("/api/auth/login", "POST", **{"content-type": "application/json", "content-length": str(len(BODY))}))
    conn.send_data(stream, BODY, end_stream=True)
    return stream


def answer(tls, conn, stream, seconds=10):
    """Status of a stream's answer."""
    status, until = None, time.time() + seconds
    while time.time() < until:
        data = tls.recv(65536)
        assert data, "the server closed the connection"
        for event in conn.receive_data(data):
            if isinstance(event, h2.events.ResponseReceived) and event.stream_id == stream:
                status = int(dict(event.headers)[":status"])
            if isinstance(event, h2.events.DataReceived):
                conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            if isinstance(event, h2.events.StreamEnded) and event.stream_id == stream:
                return status
        tls.sendall(conn.data_to_send())
    raise AssertionError(f"no answer within {seconds} s")


def assert_served(acme):
    assert acme.coordinator.get("/api/jobs/statuses").status_code == 200
    tls, conn = h2_connection()
    stream = conn.get_next_available_stream_id()
    conn.send_headers(stream, headers("/api/system/heartbeat?health_check=1"), end_stream=True)
    tls.sendall(conn.data_to_send())
    assert answer(tls, conn, stream) == 200
    tls.close()


@pytest.mark.parametrize("delay", [0, 0.002, 0.02])
def test_http2_streams_reset_while_their_call_works(acme, delay):
    for _ in range(10):
        tls, conn = h2_connection()
        for _ in range(8):
            stream = start_login(conn)
            tls.sendall(conn.data_to_send())
            time.sleep(delay)
            conn.reset_stream(stream, 8)
            tls.sendall(conn.data_to_send())
        tls.close()
    assert_served(acme)


@pytest.mark.parametrize("protocol", ["h2", "http/1.1"])
@pytest.mark.parametrize("delay", [0, 0.01])
def test_connections_closed_while_their_call_works(acme, protocol, delay):
    for _ in range(30):
        if protocol == "h2":
            tls, conn = h2_connection()
            start_login(conn)
            tls.sendall(conn.data_to_send())
        else:
            tls = connect(protocol)
            tls.sendall(b"POST /api/auth/login HTTP/1.1\r\nhost: %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (HOST.encode(), len(BODY), BODY))
        time.sleep(delay)
        tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        tls.close()
    assert_served(acme)


def test_requests_cut_off_at_any_byte_leave_nothing_behind(acme):
    job = make_job(acme.coordinator)["job_uuid"]
    body = json.dumps({"job_uuid": job, "note_text": "Cut off"}).encode()
    token = acme.coordinator.login["token"].encode()
    whole = b"POST /api/jobs/case-notes HTTP/1.1\r\nhost: %s\r\nauthorization: Bearer %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (
        HOST.encode(), token, len(body), body)
    for cut in sorted(random.Random(7).sample(range(1, len(whole)), 60)):
        tls = connect("http/1.1")
        tls.sendall(whole[:cut])
        tls.close()
    assert_served(acme)
    assert acme.coordinator.get("/api/jobs/case-notes", action="list", job_uuid=job).json()["count"] == 0


def test_a_download_given_up_half_way_frees_its_call(acme):
    for _ in range(20):
        tls, conn = h2_connection()
        stream = conn.get_next_available_stream_id()
        conn.send_headers(stream, headers("/api/openapi.json"), end_stream=True)
        tls.sendall(conn.data_to_send())
        tls.recv(1024)
        tls.close()
    assert_served(acme)


def test_a_burst_of_resets_starts_no_work(acme):
    """Rapid reset: the calls of streams that are reset in the same burst never begin."""
    tls, conn = h2_connection()
    began = time.time()
    for _ in range(500):
        stream = start_login(conn)
        conn.reset_stream(stream, 8)
    try:
        tls.sendall(conn.data_to_send())
    except OSError:
        pass
    assert_served(acme)
    assert time.time() - began < 10, "500 password checks were made"
