"""HTTP/1 by the letter, for what two programs on a request's way could read differently: each case is named after the section of RFC 9112
(or 9110) that says what must come.

Behind every case follows a decent request on the same connection. What is refused ends the connection, so that nothing which was sent
behind it is ever taken for a request.
"""
import socket

import pytest

from wire import HOSTS, rest_of

HOST = b"Host: acme.localhost\r\n"
NEXT = b"GET /api/echo?next HTTP/1.1\r\nHost: acme.localhost\r\nConnection: close\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


def get(*lines, target=b"/api/echo", version=b"1.1", end=b"\r\n"):
    return b"GET " + target + b" HTTP/" + version + end + b"".join(lines) + end


def post(*lines, body=b"", version=b"1.1"):
    return b"POST /api/echo HTTP/" + version + b"\r\n" + HOST + b"".join(lines) + b"\r\n" + body


def responses(server, sent, port=None):
    """[(status, body)] of all that comes until the server closes."""
    with (socket.create_connection(("127.0.0.1", port), 10) if port else server.connect("http/1.1")) as s:
        s.sendall(sent)
        got = rest_of(s)
    found = []
    while got:
        head, _, got = got.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
        found.append((int(lines[0].split()[1]), got[:length]))
        got = got[length:]
    return found


REFUSED = [
    # 2 messages
    ("2.2 a bare LF behind the request line", b"GET /api/echo HTTP/1.1\n" + HOST + b"\r\n"),
    ("2.2 a bare LF behind a field", get(b"Host: acme.localhost\n")),
    ("2.2 a bare LF for the last line", b"GET /api/echo HTTP/1.1\r\n" + HOST + b"\n"),
    ("2.2 a bare CR within a field", get(HOST, b"X-A: 1\rX-B: 2\r\n")),
    ("2.2 a blank before the first field", get(b" X-A: 1\r\n", HOST)),
    ("2.3 a version that is none", get(HOST, version=b"x.1")),
    ("2.3 HTTP/2.0 by name", get(HOST, version=b"2.0")),
    ("2.3 another version within the line", b"GET /api/echo HTTP/1.1 HTTP/1.1\r\n" + HOST + b"\r\n"),
    # 3 the request line
    ("3 no version", b"GET /api/echo\r\n" + HOST + b"\r\n"),
    ("3 two blanks", b"GET  /api/echo HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("3 a blank in the target", get(HOST, target=b"/api/echo x")),
    ("3 NUL in the target", get(HOST, target=b"/api/echo\x00")),
    ("3.2 no Host", get()),
    ("3.2 no Host in HTTP/1.0", get(version=b"1.0")),
    ("3.2 two Hosts", get(HOST, b"Host: birch.localhost\r\n")),
    ("3.2 the same Host twice", get(HOST, HOST)),
    ("3.2 an empty Host", get(b"Host:\r\n")),
    ("3.2 a Host that is a list", get(b"Host: acme.localhost, birch.localhost\r\n")),
    ("3.2 a Host with a user", get(b"Host: me@acme.localhost\r\n")),
    ("3.2 a Host with a path", get(b"Host: acme.localhost/birch\r\n")),
    ("3.2.2 a whole URL as target", get(HOST, target=b"https://acme.localhost/api/echo")),
    ("3.2.2 a whole URL of another host than the field's", get(HOST, target=b"https://birch.localhost/api/echo")),
    ("3.2.3 a host as target", b"CONNECT acme.localhost:443 HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("3.2.4 an asterisk as target", b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("3.2 a target that is no path", get(HOST, target=b"api/echo")),
    # 5 fields
    ("5.1 a blank before the colon", get(HOST, b"X-A : 1\r\n")),
    ("5.1 a blank before the colon of Transfer-Encoding", post(b"Transfer-Encoding : chunked\r\n", body=b"0\r\n\r\n")),
    ("5.1 a field without a name", get(HOST, b": 1\r\n")),
    ("5.1 a field without a colon", get(HOST, b"X-A\r\n")),
    ("5.1 a name with a separator", get(HOST, b"X(A): 1\r\n")),
    ("5.2 a folded field", get(HOST, b"X-A: 1\r\n 2\r\n")),
    ("5.2 a folded Host", get(b"Host:\r\n acme.localhost\r\n")),
    ("5.2 a folded Transfer-Encoding", post(b"Transfer-Encoding:\r\n chunked\r\n", body=b"0\r\n\r\n")),
    ("5 NUL in a value (RFC 9110, 5.5)", get(HOST, b"X-A: 1\x002\r\n")),
    ("5 a control byte in a value (RFC 9110, 5.5)", get(HOST, b"X-A: 1\x0b2\r\n")),
    # 6 the body's length
    ("6.1 Content-Length and Transfer-Encoding", post(b"Content-Length: 5\r\n", CHUNKED, body=b"0\r\n\r\n")),
    ("6.1 Transfer-Encoding and Content-Length", post(CHUNKED, b"Content-Length: 5\r\n", body=b"0\r\n\r\n")),
    ("6.1 Transfer-Encoding twice", post(CHUNKED, CHUNKED, body=b"0\r\n\r\n")),
    ("6.1 chunked within chunked", post(b"Transfer-Encoding: chunked, chunked\r\n", body=b"0\r\n\r\n")),
    ("6.1 another coding before chunked", post(b"Transfer-Encoding: gzip, chunked\r\n", body=b"0\r\n\r\n")),
    ("6.1 identity", post(b"Transfer-Encoding: identity\r\n", body=b"0\r\n\r\n")),
    ("6.1 a coding that only looks like chunked", post(b"Transfer-Encoding: xchunked\r\n", body=b"0\r\n\r\n")),
    ("6.1 chunked behind a control byte", post(b"Transfer-Encoding: \x0bchunked\r\n", body=b"0\r\n\r\n")),
    ("6.1 chunked in HTTP/1.0", post(CHUNKED, body=b"0\r\n\r\n", version=b"1.0")),
    ("6.2 two Content-Lengths", post(b"Content-Length: 3\r\n", b"Content-Length: 5\r\n", body=b"abcde")),
    ("6.2 the same Content-Length twice", post(b"Content-Length: 5\r\n", b"Content-Length: 5\r\n", body=b"abcde")),
    ("6.2 a Content-Length that is a list", post(b"Content-Length: 5, 5\r\n", body=b"abcde")),
    ("6.2 a signed Content-Length", post(b"Content-Length: +5\r\n", body=b"abcde")),
    ("6.2 a negative Content-Length", post(b"Content-Length: -1\r\n")),
    ("6.2 a hexadecimal Content-Length", post(b"Content-Length: 0x5\r\n", body=b"abcde")),
    ("6.2 an empty Content-Length", post(b"Content-Length:\r\n")),
    ("6.2 a Content-Length beyond 64 bits", post(b"Content-Length: 18446744073709551621\r\n", body=b"abcde")),
    # 7 chunks
    ("7.1 a chunk size that is none", post(CHUNKED, body=b"x\r\nabcde\r\n0\r\n\r\n")),
    ("7.1 an empty chunk size", post(CHUNKED, body=b"\r\nabcde\r\n0\r\n\r\n")),
    ("7.1 a signed chunk size", post(CHUNKED, body=b"-5\r\nabcde\r\n0\r\n\r\n")),
    ("7.1 a chunk size beyond 64 bits", post(CHUNKED, body=b"10000000000000005\r\nabcde\r\n0\r\n\r\n")),
    ("7.1 a chunk longer than its size", post(CHUNKED, body=b"3\r\nabcde\r\n0\r\n\r\n")),
]

# Fine, or at least harmless: status, and whether the connection may carry the next request.
SERVED = [
    ("2.2 one empty line before the request", b"\r\n" + get(HOST), 200, True),
    ("2.3 HTTP/1.0", get(HOST, version=b"1.0"), 200, False),
    ("3.2 a port behind the Host", get(b"Host: ACME.localhost:8443\r\n"), 200, True),
    ("5.1 names in any case", get(b"hOST: acme.localhost\r\n"), 200, True),
    ("6.2 a body of known length", post(b"Content-Length: 5\r\n", body=b"abcde"), 200, True),
    ("7.1 a body in chunks, and nothing behind it", post(CHUNKED, body=b"5\r\nabcde\r\n0\r\n\r\n"), 200, False),
    ("7.1.1 a chunk's extension is skipped", post(CHUNKED, body=b'5;a=b;c="d"\r\nabcde\r\n0\r\n\r\n'), 200, False),
    ("7.1.2 trailers are dropped", post(CHUNKED, body=b"5\r\nabcde\r\n0\r\nHost: birch.localhost\r\n\r\n"), 200, False),
    ("7.4 another host than the certificate's (RFC 9110)", get(b"Host: birch.localhost\r\n"), 421, False),
    ("10.1.1 Expect of something else (RFC 9110)", post(b"Content-Length: 5\r\n", b"Expect: fun\r\n", body=b"abcde"), 417, False),
    ("2.3.1 h2c is not spoken", get(HOST, b"Connection: Upgrade, HTTP2-Settings\r\n", b"Upgrade: h2c\r\n", b"HTTP2-Settings: AAMAAABk\r\n"), 200, False),
]

# What the library does otherwise, as it does now, and why no harm comes of it.
KNOWN_DEVIATIONS = [
    ("2.3 HTTP/1.7 is served as 1.1", get(HOST, version=b"1.7"), 200, True, "the framing is that of 1.1, as a later 1.x would have it"),
    ("3.2.2 a whole URL is not understood", get(HOST, target=b"https://acme.localhost/api/echo"), 400, False,
     "a proxy's form; HAProxy in front sends us paths"),
    ("5.1 a blank behind a Content-Length", post(b"Content-Length: 5 \r\n", body=b"abcde"), 400, False, "stricter than the RFC"),
    ("7.1 a bare LF behind a chunk size", post(CHUNKED, body=b"5\nabcde\r\n0\r\n\r\n"), 200, False,
     "no second request is taken from this connection, so nobody can be made to disagree about where it begins"),
    ("7.1 a bare LF behind a chunk", post(CHUNKED, body=b"5\r\nabcde\n0\r\n\r\n"), 200, False, "as above"),
    ("7.1 blanks behind a chunk size", post(CHUNKED, body=b"5  \r\nabcde\r\n0\r\n\r\n"), 200, False, "as above"),
    ("7.1.1 a bare LF within an extension", post(CHUNKED, body=b"5;a\nabcde\r\n0\r\n\r\n"), 200, False, "as above"),
    ("7.1.1 an extension without end", post(CHUNKED, body=b"5;" + b"a" * 100000 + b"\r\nabcde\r\n0\r\n\r\n"), 200, False,
     "it is skipped as it comes; a client that sends nothing else is late, and dropped"),
]


def names(table):
    return [row[0] for row in table]


@pytest.mark.parametrize("name,sent", REFUSED, ids=names(REFUSED))
def test_what_could_be_read_in_two_ways_is_refused_and_is_the_last(one_loop, name, sent):
    assert [status for status, _ in responses(one_loop, sent + NEXT)] == [400]


@pytest.mark.parametrize("name,sent,status,more", SERVED, ids=names(SERVED))
def test_a_request_is_served_as_the_rfc_says(one_loop, name, sent, status, more):
    assert [status for status, _ in responses(one_loop, sent + NEXT)] == ([status, 200] if more else [status])


@pytest.mark.parametrize("name,sent,status,more,why", KNOWN_DEVIATIONS, ids=names(KNOWN_DEVIATIONS))
def test_a_known_deviation_is_still_the_known_one(one_loop, name, sent, status, more, why):
    assert [status for status, _ in responses(one_loop, sent + NEXT)] == ([status, 200] if more else [status])


@pytest.mark.parametrize("path,expected", [
    (b"/api/echo", 200), (b"/api/./x/../echo", 200), (b"/api/e%63ho", 200), (b"/api/echo?a=%2e%2e%2f", 200),
    (b"/api/%00echo", 400), (b"/api/%0d%0aecho", 400), (b"/api/%7f", 400), (b"/api/%ff", 400), (b"/x/%2e%2e/api/echo", 400),
    (b"/x/%2E./api/echo", 400), (b"/x%2f..%2fapi/echo", 400), (b"/x%5c../api/echo", 400), (b"/api/" + b"x" * 9000, 400),
], ids=lambda value: repr(value)[:40])
def test_a_path_says_plainly_what_it_means(one_loop, path, expected):
    assert responses(one_loop, get(HOST, b"Connection: close\r\n", target=path))[0][0] == expected


@pytest.mark.parametrize("fields,size,expected", [(90, 10, 200), (101, 10, 400), (10, 10000, 431)])
def test_too_many_fields_are_refused(one_loop, fields, size, expected):
    """Over a hundred the library says so itself, with 400; too long ones are ours."""
    sent = get(HOST, *(b"X-%d: %s\r\n" % (i, b"v" * size) for i in range(fields)))
    assert [status for status, _ in responses(one_loop, sent + NEXT)] == ([200, 200] if expected == 200 else [expected])


def test_a_head_without_end_is_refused(one_loop):
    sent = b"GET /api/echo HTTP/1.1\r\n" + HOST + b"X-A: " + b"v" * 500000
    assert [status for status, _ in responses(one_loop, sent)] in ([400], [])


@pytest.mark.parametrize("behind", [b"", NEXT])
def test_the_plain_door_answers_once(one_loop, behind):
    sent = b"POST /x HTTP/1.1\r\nHost: " + HOSTS[0].encode() + b"\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert [status for status, _ in responses(one_loop, sent + behind, one_loop.http_port)] == [308]


@pytest.mark.parametrize("size,expected", [(28_000_000, 413), (60_000_000, 413)])
def test_a_body_over_the_limit_is_refused_readably(one_loop, size, expected):
    status, body = one_loop.get("/api/echo", method="POST", body=bytes(size))
    assert status == expected and b'"body_too_large"' in body
