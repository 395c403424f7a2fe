"""What must hold for every endpoint, tested once over the rows."""
import uuid

import pytest

from conftest import PASSWORD, Row, rows

ALL = rows()
KINDS = {"staff": "coordinator", "agent": "agent", "landlord": "landlord", "tenant": "tenant", "contractor": "contractor"}
GUARDED = [row for row in ALL if not row.public]


def required(row):
    """Names of the fields that a request must send beside what stands in its path."""
    names = [item.split(":")[0] for item in row.more.get("required", "").split(",") if item]
    return {name for name in names if "{" + name + "}" not in row.path}


REQUIRED = [row for row in ALL if required(row)]
ENVELOPE = {"success", "error", "code", "request_id"}


def address(row):
    path = row.path
    while "{" in path:
        path = path[: path.index("{")] + str(uuid.uuid4()) + path[path.index("}") + 1 :]
    return path


def call(http, row, body=None, **headers):
    params = {"action": row.action} if row.action else {}
    if row.method == "GET":
        return http.get(address(row), params={**params, **(body or {})}, headers=headers)
    return http.request(row.method, address(row), json={**params, **(body or {})}, headers=headers)


def plain_text_errors(row):
    return row.path.startswith("/attachment/")


def assert_refused(reply, row, status):
    assert reply.status_code == status, f"{row}: {reply.status_code} {reply.text[:300]}"
    if not plain_text_errors(row):
        body = reply.json()
        assert body["success"] is False and ENVELOPE <= body.keys()


def test_there_are_rows():
    assert len(ALL) > 50 and len(GUARDED) > 40


@pytest.mark.parametrize("row", GUARDED, ids=str)
def test_a_visitor_is_refused_and_the_refusal_counted(row, acme):
    reply = call(acme.visitor(), row)
    assert_refused(reply, row, 401)
    assert int(reply.headers["x-ratelimit-remaining"]) < int(reply.headers["x-ratelimit-limit"])


@pytest.mark.parametrize("row", GUARDED, ids=str)
def test_a_made_up_token_is_refused(row, acme):
    assert_refused(call(acme.visitor(), row, Authorization="Bearer " + "a" * 64), row, 401)


@pytest.mark.parametrize("row", GUARDED, ids=str)
def test_a_token_of_another_org_is_refused(row, acme, birch):
    token = birch.sysops.login["token"]
    assert_refused(call(acme.visitor(), row, Authorization=f"Bearer {token}"), row, 401)


STRANGERS = [(row, kind) for row in GUARDED for kind in KINDS if kind not in row.accounts]


@pytest.mark.parametrize("row, kind", STRANGERS, ids=[f"{row}-{kind}" for row, kind in STRANGERS])
def test_a_kind_of_account_that_the_row_does_not_name_is_refused(row, kind, acme):
    assert_refused(call(getattr(acme, KINDS[kind]).http, row), row, 403)


@pytest.mark.parametrize("row", [r for r in GUARDED if r.permission and "staff" in r.accounts], ids=str)
def test_staff_without_the_right_are_refused(row, acme):
    held = acme.minimal.get("/api/users/permissions").json()["permissions"]
    keys = {key.strip().replace("-", "_") for key in row.permission.split("|")}
    reply = call(acme.minimal.http, row)
    if keys & {key.replace("-", "_") for key in held}:
        assert reply.status_code != 403 or plain_text_errors(row)
    else:
        assert_refused(reply, row, 403)


@pytest.fixture(scope="module")
def browser(acme):
    """A browser that is signed in by cookie and has fetched no CSRF token."""
    http = acme.visitor()
    reply = http.post("/api/auth/login", json={"email": "sysops@acme.example", "password": PASSWORD, "session": "cookie"})
    assert reply.status_code == 200, reply.text
    assert http.get("/api/users/profile").status_code == 200
    return http


@pytest.mark.parametrize("row", [r for r in GUARDED if r.writes and r.csrf == "yes" and "staff" in r.accounts], ids=str)
def test_a_browser_without_a_csrf_token_is_refused(row, browser):
    reply = call(browser, row)
    assert_refused(reply, row, 403)
    assert plain_text_errors(row) or reply.json()["code"] == "csrf_invalid"


@pytest.mark.parametrize("row", REQUIRED, ids=str)
def test_missing_fields_are_all_named_at_once(row, acme):
    kind = next((KINDS[k] for k in KINDS if k in row.accounts), None)
    http = getattr(acme, "sysops" if "staff" in row.accounts else kind).http if kind else acme.visitor()
    reply = call(http, row)
    assert_refused(reply, row, 400)
    assert required(row) <= reply.json()["fields"].keys()


@pytest.mark.parametrize("row", ALL, ids=str)
def test_every_answer_carries_the_documented_headers(row, acme):
    reply = call(acme.visitor(), row)
    for name in ("x-request-id", "x-response-time-ms", "x-db-query-time-ms", "x-content-type-options", "x-frame-options",
                 "strict-transport-security", "content-security-policy"):
        assert name in reply.headers, f"{row} lacks {name}"
    assert reply.headers["x-frame-options"] == "DENY" and "server" not in reply.headers


def test_a_row_is_one_thing_only():
    assert len({(r.method, r.path, r.action) for r in ALL}) == len(ALL)
    assert all(isinstance(r, Row) and r.summary for r in ALL)
