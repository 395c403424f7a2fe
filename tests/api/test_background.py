"""Background work and the rotation of keys, beside a server that is in use."""
import time

import pytest

from conftest import first, new_client, verb


def wait_for(what, seconds=40):
    until = time.monotonic() + seconds
    while not (value := what()):
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.2)
    return value


def add_task(database, kind, payload="{}", **columns):
    names = "".join(f", {name}" for name in columns)
    values = "".join(f", {value}" for value in columns.values())
    return database.execute(f"INSERT INTO org_acme.tasks (kind, payload{names}) VALUES (%s, %s{values}) RETURNING id", [kind, payload]).fetchone()[0]


def task(database, id):
    return dict(zip(("state", "tries", "last_error", "waits"), database.execute(
        "SELECT state, tries, last_error, due_at > now() FROM org_acme.tasks WHERE id = %s", [id]).fetchone()))


def test_each_org_has_its_recurring_tasks_once(database, acme, birch):
    for org in (acme, birch):
        assert org.coordinator.login["success"]
        found = wait_for(lambda: database.execute(f"SELECT kind, every_seconds FROM org_{org.slug}.tasks WHERE every_seconds IS NOT NULL").fetchall())
        assert ("work.sweep", 3600) in found and len({kind for kind, _ in found}) == len(found)


def test_a_task_that_is_due_is_done(database):
    id = add_task(database, "work.sweep")
    wait_for(lambda: task(database, id)["state"] == "done")


def test_a_task_whose_runner_was_lost_is_done_by_another(database):
    id = add_task(database, "work.sweep", state="'running'", tries=1, due_at="now() - interval '1 second'")
    wait_for(lambda: task(database, id)["state"] == "done")
    assert task(database, id)["tries"] == 2


def test_a_task_that_a_runner_holds_is_left_to_it(database):
    id = add_task(database, "work.sweep", state="'running'", tries=1, due_at="now() + interval '1 hour'")
    time.sleep(7)
    assert task(database, id)["state"] == "running"
    database.execute("DELETE FROM org_acme.tasks WHERE id = %s", [id])


def test_a_task_that_fails_is_tried_again_later_and_given_up_at_last(database):
    id = add_task(database, "key.reseal")
    wait_for(lambda: task(database, id)["last_error"])
    failed = task(database, id)
    assert failed["state"] == "waiting" and failed["tries"] == 1 and failed["waits"] and "payload" in failed["last_error"]
    database.execute("UPDATE org_acme.tasks SET tries = 7, due_at = now() WHERE id = %s", [id])
    wait_for(lambda: task(database, id)["state"] == "dead")
    assert f"{id}\tkey.reseal\t8\t" in verb("task", "dead", "--org", "acme")


def test_a_task_that_takes_its_runner_down_is_given_up_too(database):
    id = add_task(database, "work.sweep", state="'running'", tries=8, due_at="now() - interval '1 second'")
    wait_for(lambda: task(database, id)["state"] == "dead")


def test_a_task_of_an_unknown_kind_waits_for_a_program_that_knows_it(database):
    id = add_task(database, "from.the.future")
    time.sleep(7)
    assert task(database, id) == {"state": "waiting", "tries": 0, "last_error": None, "waits": False}
    database.execute("DELETE FROM org_acme.tasks WHERE id = %s", [id])


def test_what_is_old_is_swept_away(database):
    database.execute("INSERT INTO org_acme.idempotency_keys (account_id, key, uuid, fingerprint, created_at) SELECT 1, 'old ' || n, gen_random_uuid(), '', now() - interval '25 hours' FROM generate_series(1, 7000) n")
    old = add_task(database, "work.sweep", state="'done'", finished_at="now() - interval '8 days'")
    add_task(database, "work.sweep")
    wait_for(lambda: database.execute("SELECT count(*) FROM org_acme.idempotency_keys WHERE key LIKE 'old %'").fetchone()[0] == 0)
    wait_for(lambda: not database.execute("SELECT 1 FROM org_acme.tasks WHERE id = %s", [old]).fetchone())


SEALED = {"tenants": ["name_sealed", "email_sealed", "number_primary_sealed", "number_work_sealed"], "accounts": ["email_sealed", "phone_sealed"],
          "landlords": ["name_sealed", "email_sealed", "phone_sealed"], "jobs": ["access_details_sealed"]}


def versions(database):
    """Which key versions birch's sealed values have."""
    found = set()
    for table, columns in SEALED.items():
        for column in columns:
            found |= {row[0] for row in database.execute(f"SELECT DISTINCT encode(substring({column} FROM 2 FOR 4), 'hex') FROM org_birch.{table} WHERE {column} IS NOT NULL")}
    return {int(version, 16) for version in found}


@pytest.fixture(scope="module")
def before(birch):
    return first(birch.coordinator, "/api/tenants/manage", action="list")


def test_a_key_is_rotated_while_the_org_is_in_use(database, birch, before):
    made = verb("key", "rotate", "--org", "birch")
    version = int(made.split()[-1])
    assert version >= 2 and versions(database) == {version - 1}

    def use():
        reply = birch.coordinator.get("/api/tenants/manage", action="get", uuid=before["uuid"])
        assert reply.status_code == 200 and reply.json()["data"]["tenant_name"] == before["tenant_name"]
        assert birch.coordinator.get("/api/contractors/list").status_code == 200
        return versions(database) == {version}

    wait_for(use, 60)


def test_after_a_rotation_old_and_new_tokens_and_searches_work(birch, before):
    with new_client("birch") as http:
        reply = http.post("/api/auth/login", json={"email": birch.director.email, "password": "Demo-Passw0rd!"})
        assert reply.status_code == 200, reply.text
        token = reply.json()["token"]
        assert token.split(".")[0] != birch.coordinator.login["token"].split(".")[0]
        assert http.get("/api/users/profile", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    part = before["tenant_name"].split()[-1][:5]
    found = birch.coordinator.get("/api/tenants/manage", action="list", search=part, limit=200).json()["data"]
    assert before["uuid"] in [record["uuid"] for record in found]


def test_rotating_says_what_is_wrong(database):
    for words in (["key"], ["key", "rotate"], ["key", "rotate", "--org", "nowhere"]):
        done = verb(*words, check=False)
        assert done.returncode != 0 and done.stderr
