"""Signing in and out, by token and by cookie."""
import time

import pytest

from conftest import PASSWORD, new_client

# A new token revokes the account's earlier one, so what logs in here is nobody whose token other tests hold.
SOMEBODY = {"email": "contractor2@acme.example", "password": PASSWORD}
COORDINATOR = {"email": "coordinator@acme.example", "password": PASSWORD}


def test_login_answers_as_documented(acme):
    reply = acme.visitor().post("/api/auth/login", json=SOMEBODY)
    body = reply.json()
    assert reply.status_code == 200 and body["success"] is True
    assert body["token_type"] == "Bearer" and body["token"] and body["expires_at"].endswith("Z")
    assert body["user"]["email"] == SOMEBODY["email"] and body["user"]["name"] and body["user"]["account_type"]
    assert reply.headers["cache-control"] == "no-store"


def test_a_new_token_revokes_the_account_s_earlier_one_within_a_second(acme):
    body = {"email": "contractor3@acme.example", "password": PASSWORD}
    with acme.visitor() as http:
        first = http.post("/api/auth/login", json=body).json()["token"]
        asks = lambda token: http.get("/api/users/profile", headers={"Authorization": f"Bearer {token}"}).status_code
        assert asks(first) == 200
        second = http.post("/api/auth/login", json=body).json()["token"]
        time.sleep(1.1)
        assert asks(first) == 401 and asks(second) == 200


@pytest.mark.parametrize("email, password", [
    ("coordinator@acme.example", "Wrong-Passw0rd!"), ("nobody@acme.example", PASSWORD), ("coordinator@birch.example", PASSWORD)])
def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(acme, email, password):
    reply = acme.visitor().post("/api/auth/login", json={"email": email, "password": password})
    assert reply.status_code == 401
    assert reply.json()["error"] == "The e-mail address or password is wrong"


def test_login_takes_a_form_too(acme):
    assert acme.visitor().post("/api/auth/login", data=SOMEBODY).status_code == 200


@pytest.fixture
def browser(acme):
    with acme.visitor() as http:
        reply = http.post("/api/auth/login", json={**COORDINATOR, "session": "cookie"})
        assert reply.status_code == 200, reply.text
        http.login = reply
        yield http


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_hosts(browser):
    cookie = browser.login.headers["set-cookie"]
    name, *attributes = [part.strip() for part in cookie.split(";")]
    assert name.startswith("__Host-")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(attributes)
    assert not any(part.lower().startswith("domain") for part in attributes)


def test_a_browser_writes_with_a_csrf_token_and_may_reuse_it(browser, job):
    token = browser.get("/api/security/csrf-token").json()
    assert token["message"] == "CSRF token issued"
    token = token["data"]["token"]
    pin = {"job_uuid": job["job_uuid"]}
    assert browser.post("/api/jobs/toggle-pin", json=pin).status_code == 403
    assert browser.post("/api/jobs/toggle-pin", json=pin, headers={"X-CSRF-Token": token}).json()["is_pinned"] is True
    assert browser.post("/api/jobs/toggle-pin", json={**pin, "csrf_token": token}).json()["is_pinned"] is False
    assert browser.post("/api/jobs/toggle-pin", data={**pin, "csrf_token": token}).json()["is_pinned"] is True
    assert browser.post("/api/jobs/toggle-pin", json={**pin, "csrf_token": token[:-1] + "x"}).status_code == 403


def test_a_csrf_token_of_another_session_does_not_count(browser, acme, job):
    with acme.visitor() as other:
        assert other.post("/api/auth/login", json={"email": "director@acme.example", "password": PASSWORD, "session": "cookie"}).status_code == 200
        token = other.get("/api/security/csrf-token").json()["data"]["token"]
    assert browser.post("/api/jobs/toggle-pin", json={"job_uuid": job["job_uuid"], "csrf_token": token}).status_code == 403


def test_logout_ends_the_session_at_once(browser):
    assert browser.get("/api/users/profile").status_code == 200
    cookies = dict(browser.cookies)
    assert browser.get("/logout").status_code in (302, 303)
    time.sleep(1.1)
    assert browser.get("/api/users/profile", headers={"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())}).status_code == 401


def test_no_secret_of_a_session_is_stored(acme, database):
    token = acme.coordinator.login["token"]
    stored = database.execute("SELECT string_agg(s::text, ' ') FROM org_acme.sessions s").fetchone()[0]
    assert token not in stored and token.split(".")[-1] not in stored


def test_the_shared_host_finds_the_org_by_the_token_and_lets_in_sysops_and_api_only(acme):
    with new_client("my") as http:
        ok = http.post("/api/auth/login", json={"email": "api@acme.example", "password": PASSWORD})
        assert ok.status_code == 200, ok.text
        reply = http.get("/api/users/profile", headers={"Authorization": f"Bearer {ok.json()['token']}"})
        assert reply.status_code == 200 and reply.json()["data"]["email"] == "api@acme.example"
        assert http.post("/api/auth/login", json=COORDINATOR).status_code == 403


def test_own_permissions_are_a_map(acme):
    body = acme.coordinator.get("/api/users/permissions").json()
    assert body["account_type_id"] == 1 and body["role"]["name"] == "Maintenance Coordinator"
    assert body["permissions"]["api.jobs.manage.manage"] is True
    assert "api.system.maintenance_mode.manage" not in body["permissions"]


def test_profile_has_the_documented_fields_and_can_be_changed(acme):
    wanted = {"ID", "uuid", "first_name", "last_name", "email", "phone", "account_type_id", "account_type_name", "account_status_id",
              "account_status_name", "branch_id", "role_id", "created_at"}
    profile = acme.director.get("/api/users/profile").json()["data"]
    assert wanted <= profile.keys()
    reply = acme.director.http.put("/api/users/profile", json={"user_uuid": profile["uuid"], "phone": "020 7946 0999"})
    assert reply.status_code == 200 and reply.json()["message"] == "Profile updated successfully"
    assert acme.director.get("/api/users/profile").json()["data"]["phone"] == "020 7946 0999"
