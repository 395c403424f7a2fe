"""A write that is sent again with its Idempotency-Key is done once and answered the same."""
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import new_client

PATH = "/api/tenants/manage"


@pytest.fixture
def key():
    return {"Idempotency-Key": uuid.uuid4().hex}


@pytest.fixture
def body():
    return {"tenant_name": f"Once Only {uuid.uuid4().hex}"}


def records(account, name):
    return account.get(PATH, action="list", search=name, limit=200).json()["data"]


def test_the_second_answer_is_the_first_and_says_so(acme, key, body):
    http = acme.coordinator.http
    first, second = (http.post(PATH, json=body, headers=key) for _ in range(2))
    assert first.status_code == second.status_code == 200
    assert first.json() == second.json() and first.headers["content-type"] == second.headers["content-type"]
    assert "idempotent-replayed" not in first.headers and second.headers["idempotent-replayed"] == "true"
    assert len(records(acme.coordinator, body["tenant_name"])) == 1


def test_a_key_that_was_used_for_something_else_is_refused(acme, key, body):
    http = acme.coordinator.http
    tenant = http.post(PATH, json=body, headers=key).json()["tenant_uuid"]
    others = [
        ("POST", PATH, {"tenant_name": body["tenant_name"] + "!"}),
        ("POST", "/api/tenants/list", body),
        ("PUT", PATH, {**body, "uuid": tenant}),
    ]
    for method, path, other in others:
        reply = http.request(method, path, json=other, headers=key)
        assert reply.status_code == 409 and reply.json()["code"] == "idempotency_mismatch", (method, path)
    assert http.post(PATH, json=body, headers=key).json()["tenant_uuid"] == tenant


def test_repetitions_at_the_same_time_are_done_once(acme, key, body):
    account = acme.coordinator

    def send(_):
        with new_client("acme") as http:
            return http.post(PATH, json=body, headers={**key, "Authorization": f"Bearer {account.login['token']}"})

    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(send, range(6)))
    assert [reply.status_code for reply in replies] == [200] * 6
    assert len({reply.text for reply in replies}) == 1
    assert sum("idempotent-replayed" in reply.headers for reply in replies) == 5
    assert len(records(account, body["tenant_name"])) == 1


def test_what_failed_is_not_remembered(acme, key, body):
    http = acme.coordinator.http
    refused = http.post(PATH, json={**body, "tenant_address_id": 987_654_321}, headers=key)
    assert refused.status_code == 404
    done = http.post(PATH, json=body, headers=key)
    assert done.status_code == 200 and "idempotent-replayed" not in done.headers


def test_a_key_belongs_to_one_account_of_one_org(acme, birch, key, body):
    answers = {account.http.post(PATH, json=body, headers=key).json()["tenant_uuid"] for account in (acme.coordinator, acme.director, birch.coordinator)}
    assert len(answers) == 3


def test_the_same_form_with_another_boundary_is_the_same_request(acme, key, body):
    http = acme.coordinator.http
    form = {name: (None, value) for name, value in body.items()}
    first, second = (http.post(PATH, files=form, headers=key) for _ in range(2))
    assert first.request.headers["content-type"] != second.request.headers["content-type"]
    assert first.status_code == 200 and second.headers.get("idempotent-replayed") == "true" and first.json() == second.json()


@pytest.mark.parametrize("bad", ["", "x" * 201, "two words", "caf\u00e9".encode()])
def test_a_key_that_is_none_is_refused(acme, bad, body):
    reply = acme.coordinator.http.post(PATH, json=body, headers={"Idempotency-Key": bad})
    assert reply.status_code == 400 and "Idempotency-Key" in reply.json()["fields"]


def test_reads_take_no_notice_of_a_key(acme, key):
    http = acme.coordinator.http
    for limit in (1, 2):
        reply = http.get(PATH, params={"limit": limit}, headers=key)
        assert reply.status_code == 200 and reply.json()["count"] == limit


def test_answers_are_kept_sealed_and_for_a_day(acme, database, key, body):
    http = acme.coordinator.http
    first = http.post(PATH, json=body, headers=key).json()
    kept = database.execute("SELECT status, body_sealed FROM org_acme.idempotency_keys WHERE key = %s", [key["Idempotency-Key"]]).fetchone()
    assert kept[0] == 200 and first["tenant_uuid"].encode() not in bytes(kept[1])
    database.execute("UPDATE org_acme.idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = %s", [key["Idempotency-Key"]])
    again = http.post(PATH, json=body, headers=key)
    assert again.status_code == 200 and again.json()["tenant_uuid"] != first["tenant_uuid"]
