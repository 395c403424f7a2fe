"""Who gets in, how often they may try, what they may do then, and what is written down about it."""
import json
import re
import subprocess
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from conftest import BINARY, PASSWORD, new_client

WRONG = "Wrong-Passw0rd!"
# PASSWORD with the least that Argon2id takes: crypto_pwhash_str(…, 1, 8192)
OLD_HASH = "$argon2id$v=19$m=8,t=1,p=1$k1Yw6Gypay5zc3ufEkb3Ew$5xJ6WIfrvJr9rfIB1tN2kszhtwJOPsqUGlNeNvyGdgE"


def unknown():
    return f"{uuid.uuid4().hex[:12]}@nowhere.example"


def sign_in(http, email, password=PASSWORD, headers=None, **more):
    return http.post("/api/auth/login", json={"email": email, "password": password, **more}, headers=headers)


def clear_tries(database, org="acme"):
    database.execute(f"DELETE FROM org_{org}.login_failures")


@pytest.fixture
def fresh_account(database):
    """Makes staff accounts by the binary's own verb; nobody else uses them."""
    def make(role="Maintenance Coordinator", password=PASSWORD, org="acme", kind="staff", more=()):
        email = f"u{uuid.uuid4().hex[:12]}@{org}.example"
        words = [BINARY, "account", "create", "--org", org, "--email", email, "--type", kind, "--first", "Fresh", "--last", "Account", *more]
        if role:
            words += ["--role", role]
        done = subprocess.run(words, input=password + "\n", capture_output=True, text=True, timeout=60)
        return email, done

    return make


def newest(database):
    """Id and uuid of the account that was made last: addresses are sealed."""
    return database.execute("SELECT id, uuid FROM org_acme.accounts ORDER BY id DESC LIMIT 1").fetchone()


# ---- passwords

def test_a_stranger_who_keeps_trying_must_wait_and_is_told_how_long(acme, database):
    clear_tries(database)
    email = unknown()
    with acme.visitor() as http:
        replies = [sign_in(http, email, WRONG) for _ in range(7)]
    assert [r.status_code for r in replies[:5]] == [401] * 5
    refused = next(r for r in replies[5:] if r.status_code == 429)
    assert 1 <= int(refused.headers["retry-after"]) <= 60 and refused.json()["code"] == "rate_limited"


def test_the_wait_ends(acme, database):
    clear_tries(database)
    email = unknown()
    with acme.visitor() as http:
        for _ in range(6):
            last = sign_in(http, email, WRONG)
        while last.status_code != 429:
            last = sign_in(http, email, WRONG)
        time.sleep(int(last.headers["retry-after"]) + 0.1)
        assert sign_in(http, email, WRONG).status_code == 401


def test_strangers_cannot_keep_out_whoever_is_known(acme, fresh_account, database):
    clear_tries(database)
    email, made = fresh_account()
    assert made.returncode == 0, made.stderr
    with acme.visitor() as http:
        assert sign_in(http, email, session="cookie").status_code == 200
        assert http.cookies.get("__Host-propops_device")
        # A stranger elsewhere has used up all tries: the account's own count says so, from wherever they came.
        database.execute("UPDATE org_acme.sessions SET address_key = NULL")
        with acme.visitor() as stranger:
            while sign_in(stranger, email, WRONG).status_code != 429:
                pass
            assert sign_in(stranger, email).status_code == 429
        assert sign_in(http, email, session="cookie").status_code == 200


def test_a_device_cookie_of_another_account_makes_nobody_known(acme, fresh_account, database):
    clear_tries(database)
    mine, _ = fresh_account()
    theirs, _ = fresh_account()
    with acme.visitor() as http:
        assert sign_in(http, mine, session="cookie").status_code == 200
        database.execute("UPDATE org_acme.sessions SET address_key = NULL")
        statuses = [sign_in(http, theirs, WRONG).status_code for _ in range(8)]
        assert 429 in statuses
        assert sign_in(acme.visitor(), theirs).status_code == 429  # they share one count: the cookie gave none of its own


def test_a_network_that_tries_many_accounts_must_wait(acme, database):
    clear_tries(database)
    with acme.visitor() as http:
        assert sign_in(http, unknown(), WRONG).status_code == 401
        database.execute("UPDATE org_acme.login_failures SET failures = 60, last_at = now()")
        assert sign_in(http, unknown(), WRONG).status_code == 429
        database.execute("UPDATE org_acme.login_failures SET last_at = now() - interval '61 seconds'")
        assert sign_in(http, unknown(), WRONG).status_code == 401
    clear_tries(database)


def test_tries_that_come_at_once_are_all_counted(acme, database):
    clear_tries(database)
    email = unknown()

    def one(_):
        with acme.visitor() as http:
            return sign_in(http, email, WRONG).status_code

    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(one, range(24)))
    assert statuses.count(401) <= 7 and set(statuses) <= {401, 429, 503}
    clear_tries(database)


def test_a_right_password_forgets_the_tries(acme, fresh_account, database):
    clear_tries(database)
    email, _ = fresh_account()
    with acme.visitor() as http:
        for _ in range(3):
            for _ in range(4):
                assert sign_in(http, email, WRONG).status_code == 401
            assert sign_in(http, email).status_code == 200


def test_an_old_hash_is_replaced_at_the_next_login(acme, fresh_account, database):
    email, _ = fresh_account()
    account, _ = newest(database)
    stored = lambda: database.execute("SELECT password_hash FROM org_acme.accounts WHERE id = %s", [account]).fetchone()[0]
    today = stored()
    assert today.startswith("$argon2id$v=19$m=65536,t=2,p=1$")
    database.execute("UPDATE org_acme.accounts SET password_hash = %s WHERE id = %s", [OLD_HASH, account])
    with acme.visitor() as http:
        assert sign_in(http, email, WRONG).status_code == 401 and stored() == OLD_HASH
        assert sign_in(http, email).status_code == 200
        renewed = stored()
        assert renewed.startswith("$argon2id$v=19$m=65536,t=2,p=1$") and renewed != today
        assert sign_in(http, email).status_code == 200 and stored() == renewed


def test_a_suspended_account_is_out_within_a_second_and_cannot_come_back(acme, fresh_account, database):
    email, _ = fresh_account()
    account, _ = newest(database)
    with acme.visitor() as http:
        http.headers["Authorization"] = "Bearer " + sign_in(http, email).json()["token"]
        assert http.get("/api/users/profile").status_code == 200
        database.execute("UPDATE org_acme.accounts SET account_status_id = 2 WHERE id = %s", [account])
        time.sleep(1)
        assert http.get("/api/users/profile").status_code == 401
    assert sign_in(acme.visitor(), email).status_code == 401


@pytest.mark.parametrize("role, kind, password, more", [
    ("Maintenance Coordinator", "staff", "short", ()), ("Maintenance Coordinator", "staff", "x" * 129, ()),
    ("Maintenance Coordinator", "staff", "propops-propops", ()), ("Maintenance Coordinator", "staff", "", ()),
    (None, "staff", PASSWORD, ()), ("No such role", "staff", PASSWORD, ()), ("SysOps", "contractor", PASSWORD, ()),
    (None, "agent", PASSWORD, ()), (None, "agent", PASSWORD, ("--branch", "nowhere"))])
def test_an_account_that_makes_no_sense_is_not_made(fresh_account, database, role, kind, password, more):
    before = database.execute("SELECT count(*) FROM org_acme.accounts").fetchone()[0]
    _, done = fresh_account(role=role, kind=kind, password=password, more=more)
    assert done.returncode != 0 and "propops:" in done.stderr and "password:" not in done.stdout
    assert database.execute("SELECT count(*) FROM org_acme.accounts").fetchone()[0] == before


def test_a_password_of_128_letters_of_four_bytes_counts_to_the_last(acme, fresh_account):
    password = "\N{KEY}" * 127
    email, done = fresh_account(password=password + "\N{LOCK}")
    assert done.returncode == 0, done.stderr
    assert sign_in(acme.visitor(), email, password + "\N{LOCK}").status_code == 200
    assert sign_in(acme.visitor(), email, password + "\N{KEY}").status_code == 401


# ---- sessions

def test_a_browser_s_session_before_ends_with_its_next_login(acme, fresh_account):
    email, _ = fresh_account()
    with acme.visitor() as http:
        sign_in(http, email, session="cookie")
        before = http.cookies["__Host-propops_session"]
        sign_in(http, email, session="cookie")
        assert http.cookies["__Host-propops_session"] != before
        time.sleep(1)
        old = acme.visitor().get("/api/users/profile", headers={"Cookie": f"__Host-propops_session={before}"})
        assert old.status_code == 401 and http.get("/api/users/profile").status_code == 200


def test_a_browser_s_session_ends_when_idle_and_in_any_case_after_two_hours(acme, fresh_account, database):
    email, _ = fresh_account()
    account, _ = newest(database)
    times = "SELECT round(extract(epoch FROM expires_at - created_at)) FROM org_acme.sessions WHERE account_id = %s AND ended_at IS NULL ORDER BY id DESC LIMIT 1"
    for remember_me, seconds in ((False, 2 * 3600), (True, 30 * 86400)):
        with acme.visitor() as http:
            sign_in(http, email, session="cookie", remember_me=remember_me)
            assert database.execute(times, [account]).fetchone()[0] == seconds
            assert http.get("/api/users/profile").status_code == 200
            database.execute("UPDATE org_acme.sessions SET last_seen_at = now() - interval '31 minutes' WHERE account_id = %s", [account])
            time.sleep(1)
            assert http.get("/api/users/profile").status_code == (200 if remember_me else 401)
            database.execute("UPDATE org_acme.sessions SET expires_at = now() WHERE account_id = %s", [account])
            time.sleep(1)
            assert http.get("/api/users/profile").status_code == 401


def test_another_site_cannot_sign_its_visitors_in(acme):
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        reply = sign_in(acme.visitor(), "coordinator@acme.example", session="cookie", headers=headers)
        assert reply.status_code == 403 and reply.json()["code"] == "csrf_invalid" and "set-cookie" not in reply.headers


def test_a_link_on_another_site_does_not_sign_out(acme, fresh_account):
    email, _ = fresh_account()
    with acme.visitor() as http:
        sign_in(http, email, session="cookie")
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
            assert http.get("/logout", headers=headers).status_code == 403
        assert http.get("/api/users/profile").status_code == 200
        reply = http.get("/logout", headers={"Sec-Fetch-Site": "same-origin"})
        assert reply.status_code == 303 and reply.headers["location"] == "/" and "Max-Age=0" in reply.headers["set-cookie"]


def test_a_write_by_cookie_from_another_site_is_refused_even_with_a_token(acme, fresh_account):
    email, _ = fresh_account()
    with acme.visitor() as http:
        token = sign_in(http, email, session="cookie").json()["csrf_token"]
        put = lambda **headers: http.put("/api/users/profile", json={"phone": "020 7946 0123"}, headers={"X-CSRF-Token": token, **headers})
        assert put().status_code == 200
        assert put(Origin="https://evil.example").status_code == 403
        assert put(**{"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_a_csrf_token_is_neither_needed_nor_in_the_way_with_a_bearer_token(acme):
    reply = acme.coordinator.http.put("/api/users/profile", json={"csrf_token": "made up"}, headers={"X-CSRF-Token": "made up"})
    assert reply.status_code == 200


def test_a_bad_token_is_ignored_where_anybody_may_ask(acme):
    with acme.visitor() as http:
        for headers in ({"Authorization": "Bearer nonsense"}, {"Cookie": "__Host-propops_session=acme." + "A" * 43}, {"Authorization": "Basic YTpi"}):
            assert http.get("/api/system/maintenance-mode", headers=headers).status_code == 200
            assert http.get("/api/users/profile", headers=headers).status_code == 401


def test_a_token_in_the_address_counts_for_nothing(acme):
    token = acme.coordinator.login["token"]
    assert acme.visitor().get("/api/users/profile", params={"token": token, "access_token": token}).status_code == 401


def test_a_cookie_of_one_org_is_worth_nothing_at_another(acme, birch, fresh_account):
    email, _ = fresh_account()
    with acme.visitor() as http:
        sign_in(http, email, session="cookie")
        secret = http.cookies["__Host-propops_session"].split(".", 1)[1]
    for value in (f"acme.{secret}", f"birch.{secret}"):
        assert birch.visitor().get("/api/users/profile", headers={"Cookie": f"__Host-propops_session={value}"}).status_code == 401


def test_a_client_may_call_itself_anything(acme, fresh_account):
    email, _ = fresh_account()
    assert sign_in(acme.visitor(), email, headers={b"User-Agent": b"caf\xe9 \xff"}).status_code == 200
    assert sign_in(acme.visitor(), email, headers={"User-Agent": "x" * 2000}).status_code == 200


def test_somebody_with_a_long_name_can_work(acme, fresh_account, job):
    email, _ = fresh_account()
    with acme.visitor() as http:
        http.headers["Authorization"] = "Bearer " + sign_in(http, email).json()["token"]
        long = "é" * 100
        assert http.put("/api/users/profile", json={"first_name": long, "last_name": long}).status_code == 200
        time.sleep(1)
        for _ in range(3):
            assert http.post("/api/jobs/toggle-pin", json={"job_uuid": job["job_uuid"]}).status_code == 200


# ---- the shared host

def test_the_shared_host_does_not_tell_which_addresses_and_orgs_exist(database):
    with new_client("my") as http:
        answers = [sign_in(http, unknown(), WRONG), sign_in(http, "sysops@birch.example", WRONG), sign_in(http, "sysops@acme.example", WRONG, org="acme"),
                   sign_in(http, "sysops@acme.example", WRONG, org="nosuchorg"), sign_in(http, "sysops@acme.example", org="birch")]
    clear_tries(database)
    clear_tries(database, "birch")
    assert {r.status_code for r in answers} == {401}
    assert len({r.json()["error"] for r in answers}) == 1


def test_an_address_of_two_orgs_says_which_once_the_password_is_right(acme, birch, database):
    email = f"both{uuid.uuid4().hex[:8]}@both.example"
    for org in ("acme", "birch"):
        subprocess.run([BINARY, "account", "create", "--org", org, "--email", email, "--type", "staff", "--role", "SysOps", "--first", "Both", "--last", "Orgs"],
                       input=PASSWORD + "\n", text=True, check=True, capture_output=True)
    with new_client("my") as http:
        assert sign_in(http, email, WRONG).status_code == 401
        reply = sign_in(http, email)
        assert reply.status_code == 400 and "org" in reply.json()["fields"]
        for org in ("acme", "birch"):
            reply = sign_in(http, email, org=org)
            assert reply.status_code == 200
            headers = {"Authorization": f"Bearer {reply.json()['token']}"}
            assert http.get("/api/branding", headers=headers).json()["data"]["name"] == http_name(org)


def http_name(org):
    with new_client(org) as http:
        return http.get("/api/branding").json()["data"]["name"]


def test_a_cookie_works_on_the_shared_host_too():
    with new_client("my") as http:
        reply = sign_in(http, "sysops@birch.example", session="cookie")
        assert reply.status_code == 200 and reply.json()["csrf_token"]
        assert http.get("/api/users/profile").json()["data"]["email"] == "sysops@birch.example"
        # Signing in to another org from there is done as nobody, not as the one before.
        assert sign_in(http, "sysops@acme.example", session="cookie").status_code == 200
        assert http.get("/api/users/profile").json()["data"]["email"] == "sysops@acme.example"


# ---- profiles and roles

def profile(account):
    return account.get("/api/users/profile").json()["data"]


def roles(database):
    return dict(database.execute("SELECT name, id FROM org_acme.roles").fetchall())


def test_the_default_roles_stand_in_their_order(database):
    found = database.execute("SELECT name, hierarchy_level, is_locked FROM org_acme.roles WHERE is_default ORDER BY hierarchy_level, id").fetchall()
    assert found == [("SysOps", 10, False), ("Director", 20, True), ("Finance", 30, True), ("Maintenance Coordinator", 40, True), ("API", 40, False),
                     ("Minimal Access", 50, False)]
    counts = dict(database.execute("SELECT r.name, count(*) FROM org_acme.roles r JOIN org_acme.role_rights k ON k.role_id = r.id GROUP BY 1").fetchall())
    assert counts["SysOps"] >= counts["Director"] >= counts["Finance"] >= counts["Maintenance Coordinator"] > counts["Minimal Access"] > 0


def test_what_was_taken_from_a_role_is_not_given_again(database, acme):
    role = roles(database)["Minimal Access"]
    key = database.execute("DELETE FROM org_acme.role_rights WHERE ctid = (SELECT ctid FROM org_acme.role_rights WHERE role_id = %s LIMIT 1) RETURNING key", [role]).fetchone()[0]
    try:
        database.execute("UPDATE platform.orgs SET seed_digest = 'before' WHERE slug = 'acme'")
        subprocess.run([BINARY, "migrate"], check=True, capture_output=True)
        assert not database.execute("SELECT 1 FROM org_acme.role_rights WHERE role_id = %s AND key = %s", [role, key]).fetchone()
    finally:
        database.execute("INSERT INTO org_acme.role_rights VALUES (%s, %s)", [role, key])


def test_the_office_looks_up_others_with_the_right_and_outsiders_never(acme):
    wanted = {"user_uuid": profile(acme.finance)["uuid"]}
    assert acme.director.get("/api/users/profile", **wanted).json()["data"]["email"] == "finance@acme.example"
    assert acme.coordinator.get("/api/users/profile", **wanted).status_code == 403
    assert acme.contractor.get("/api/users/profile", **wanted).status_code == 404
    assert acme.contractor.get("/api/users/profile", user_uuid=str(uuid.uuid4())).status_code == 404


def test_nobody_rises_by_the_profile(acme, database):
    ids, own = roles(database), profile(acme.coordinator)
    put = lambda account, **body: account.http.put("/api/users/profile", json=body)
    assert put(acme.coordinator, role_id=ids["SysOps"]).status_code == 403
    assert put(acme.coordinator, role_id=own["role_id"]).status_code == 403
    assert put(acme.director, user_uuid=profile(acme.sysops)["uuid"], first_name="Weaker").status_code == 403
    assert put(acme.director, user_uuid=own["uuid"], role_id=ids["SysOps"]).status_code == 403
    assert put(acme.director, user_uuid=profile(acme.contractor)["uuid"], role_id=ids["Minimal Access"]).status_code == 403
    assert put(acme.contractor, branch_id=1).status_code == 403
    assert put(acme.sysops, user_uuid=own["uuid"], role_id=987_654).status_code == 400
    put(acme.coordinator, account_type_id=5, account_status_id=2, hierarchy_level=1, email="other@acme.example", is_active=False)
    after = profile(acme.coordinator)
    assert {k: after[k] for k in own} == own


def test_a_role_that_holds_more_than_its_giver_is_not_given(acme, database, fresh_account):
    email, _ = fresh_account(role="Minimal Access")
    account, account_uuid = newest(database)
    ids = roles(database)
    give = lambda: acme.director.http.put("/api/users/profile", json={"user_uuid": str(account_uuid), "role_id": ids["Maintenance Coordinator"]})
    database.execute("INSERT INTO org_acme.role_rights VALUES (%s, 'api.beyond.everybody')", [ids["Maintenance Coordinator"]])
    try:
        assert give().status_code == 403
    finally:
        database.execute("DELETE FROM org_acme.role_rights WHERE key = 'api.beyond.everybody'")
    assert give().status_code == 200


def test_a_new_role_ends_the_sessions_of_who_has_it(acme, database, fresh_account):
    email, _ = fresh_account(role="Minimal Access")
    _, account_uuid = newest(database)
    with acme.visitor() as http:
        http.headers["Authorization"] = "Bearer " + sign_in(http, email).json()["token"]
        assert http.get("/api/users/profile").status_code == 200
        reply = acme.sysops.http.put("/api/users/profile", json={"user_uuid": str(account_uuid), "role_id": roles(database)["Finance"]})
        assert reply.status_code == 200, reply.text
        time.sleep(1)
        assert http.get("/api/users/profile").status_code == 401
        http.headers["Authorization"] = "Bearer " + sign_in(http, email).json()["token"]
        assert http.get("/api/users/permissions").json()["role"]["name"] == "Finance"


def test_grants_and_revocations_of_one_account_are_felt_within_a_second(acme, database, fresh_account):
    email, _ = fresh_account(role="Minimal Access")
    account, _ = newest(database)
    with acme.visitor() as http:
        http.headers["Authorization"] = "Bearer " + sign_in(http, email).json()["token"]
        held = http.get("/api/users/permissions").json()["permissions"]
        lost = next(iter(held))
        assert "api.jobs.manage.manage" not in held
        database.execute("INSERT INTO org_acme.account_rights VALUES (%s, 'api.jobs.manage.manage', true), (%s, %s, false)", [account, account, lost])
        time.sleep(1)
        now = http.get("/api/users/permissions").json()["permissions"]
        assert now.keys() == held.keys() - {lost} | {"api.jobs.manage.manage"}
        assert http.get("/api/jobs/manage", params={"action": "list"}).status_code == 200
    assert lost in acme.minimal.get("/api/users/permissions").json()["permissions"]


# ---- the log

def entries(database, **where):
    names = " AND ".join(f"{name} = %s" for name in where)
    return database.execute(f"SELECT type, account_id, account_name, subject, subject_uuid, address_key, details_sealed FROM org_acme.activity_log WHERE {names} ORDER BY id",
                            list(where.values())).fetchall()


def test_logins_logouts_and_refusals_are_written_down_with_who_and_whence(acme, database, fresh_account):
    clear_tries(database)
    email, _ = fresh_account(role="Minimal Access")
    account, account_uuid = newest(database)
    with acme.visitor() as http:
        assert sign_in(http, email, WRONG).status_code == 401
        sign_in(http, email, session="cookie")
        assert http.get("/api/jobs/manage", params={"action": "list"}).status_code == 403
        assert http.get("/logout").status_code == 303
    about = entries(database, subject_uuid=account_uuid)
    assert [e[0] for e in about] == ["account_created", "login_failed", "login", "logout"]
    assert about[1][1] is None and [e[1] for e in about[2:]] == [account, account] and about[2][2] == "Fresh Account"
    assert all(len(e[5]) == 32 for e in about[1:])
    denied = entries(database, account_id=account, type="access_denied")
    assert len(denied) == 1 and denied[0][6] and b"jobs" not in denied[0][6]


def test_refusals_cannot_fill_the_log(acme, database):
    count = lambda: database.execute("SELECT count(*) FROM org_acme.activity_log WHERE type = 'access_denied'").fetchone()[0]
    before = count()
    for _ in range(250):  # within two of the clock's minutes, each of which takes a hundred
        assert acme.minimal.get("/api/jobs/manage", action="list").status_code == 403
    assert count() - before <= 200


def test_outsiders_cannot_read_the_log_in_the_database_either(database):
    with psycopg.connect(database.info.dsn, autocommit=True) as connection:
        connection.execute("SET ROLE org_acme")
        connection.execute("SET search_path = org_acme")
        for kind, sees in (("1", True), ("2", False), ("5", False), ("", False)):
            connection.execute("SELECT set_config('app.account_type', %s, false)", [kind])
            assert (connection.execute("SELECT count(*) FROM activity_log").fetchone()[0] > 0) is sees


# ---- what anybody may see

def test_the_heartbeat_answers_as_documented(acme):
    body = acme.visitor().get("/api/system/heartbeat", params={"health_check": 1}).json()
    assert body["status"] == "operational" and body["version"] == "2.0.0" and body["environment"] == "production"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", body["timestamp"]) and body["uptime_seconds"] >= 0 and body["service"]


def test_the_heartbeat_answers_on_the_shared_host():
    with new_client("my") as http:
        assert http.get("/api/system/heartbeat?health_check=1").json()["status"] == "operational"


def test_branding_tells_visitors_what_they_need_and_no_more(acme, database):
    data = acme.visitor().get("/api/branding").json()["data"]
    assert data.keys() == {"name", "short_name", "colour", "colours", "logo_url", "shared_host", "flags"}
    assert len(data["colours"]) == 10 and data["logo_url"] is None and data["shared_host"] is False
    sheet = acme.visitor().get("/brand.css").text
    assert all(f"--brand-{i}:{colour};" in sheet for i, colour in enumerate(data["colours"]))


@pytest.mark.parametrize("colour, logo", [("red;} body{display:none", "https://evil.example/x.png"), ("#12345g", "//evil.example"), ("", "/../x'\"<"), (None, None)])
def test_what_stands_in_the_settings_cannot_break_out_of_the_sheet(acme, database, colour, logo):
    before = database.execute("SELECT value FROM org_acme.settings WHERE key = 'brand'").fetchone()[0]
    try:
        database.execute("UPDATE org_acme.settings SET value = %s WHERE key = 'brand'", [json.dumps({"name": "A", "colour": colour, "logo": logo})])
        sheet, data = acme.visitor().get("/brand.css").text, acme.visitor().get("/api/branding").json()["data"]
        assert re.fullmatch(r":root\{(--brand-\d:#[0-9a-f]{6};){10}--brand-ink:#ffffff;--ring:light-dark\(var\(--brand-6\),var\(--brand-3\)\)\}\n", sheet)
        assert data["logo_url"] is None and re.fullmatch("#[0-9a-f]{6}", data["colour"])
    finally:
        database.execute("UPDATE org_acme.settings SET value = %s WHERE key = 'brand'", [json.dumps(before)])


def test_the_sheet_is_not_sent_again_unchanged(acme):
    with acme.visitor() as http:
        tag = http.get("/brand.css").headers["etag"]
        assert http.get("/brand.css", headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("body, status", [
    ({}, 400), ({"action": "enable", "enabled": False}, 400), ({"action": "pause"}, 400), ({"enabled": "perhaps"}, 400), ({"enabled": False}, 200)])
def test_maintenance_mode_takes_both_documented_forms(acme, body, status):
    assert acme.sysops.post("/api/system/maintenance-mode", **body).status_code == status
