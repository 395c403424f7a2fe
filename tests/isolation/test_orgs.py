"""Nobody outside an org sees any of it: over HTTP for every row that takes a record's id, and in the database itself."""
import uuid

import psycopg
import pytest

from conftest import ROOT, first, make_job, rows

ALL = rows()
ID_FIELDS = ("uuid", "job_uuid", "tenant_uuid", "user_uuid", "photo_uuid", "document_uuid", "attachment_uuid", "tenant_id",
             "address_id", "agent_id", "contractor_id", "id", "case_note_uuid", "note_uuid", "file_uuid")
CANARY = "Canary of birch"


@pytest.fixture(scope="module")
def foreign(birch):
    """Records of birch that exist, by the names that rows use for them."""
    staff = birch.coordinator
    job = make_job(staff, job_title=CANARY, job_description=CANARY)
    note = staff.post("/api/jobs/case-notes", job_uuid=job["job_uuid"], note_text=CANARY)
    assert note.status_code == 200, note.text
    picture = ROOT / "tests" / "data" / "photo.png"
    file_uuid = staff.upload("/api/jobs/photos", {"photo": ("photo.png", picture.read_bytes(), "image/png")}, action="upload",
                             job_uuid=job["job_uuid"]).json()["uuid"]
    assert staff.post("/api/jobs/photos", action="delete", photo_uuid=file_uuid).status_code == 200
    tenant = first(staff, "/api/tenants/manage", action="list")
    contractor = first(staff, "/api/contractors/list", action="list")
    agent = first(staff, "/api/agents/list", action="list")
    address = first(staff, "/api/jobs/addresses", search="a")
    notes = staff.get("/api/jobs/case-notes", action="list", job_uuid=job["job_uuid"]).json()["data"]
    return {
        "uuid": job["job_uuid"], "job_uuid": job["job_uuid"], "tenant_uuid": tenant["uuid"], "user_uuid": agent["uuid"],
        "tenant_id": tenant["ID"], "address_id": address["id"], "agent_id": agent["id"], "contractor_id": contractor["ID"],
        "id": tenant["ID"], "case_note_uuid": notes[0]["uuid"], "note_uuid": notes[0]["uuid"],
        "file_uuid": file_uuid,
    }


def fields(row):
    listed = row.more.get("fields") or row.more.get("required") or ""
    return [item.split(":")[0] for item in listed.split(",") if item]


ID_ROWS = [row for row in ALL if not row.public and ("{" in row.path or set(fields(row)) & set(ID_FIELDS))]


def ask(account, row, ids):
    path = row.path.replace("{uuid}", str(ids.get("uuid")))
    body = {name: ids[name] for name in fields(row) if name in ids and "{" + name + "}" not in row.path}
    if row.action:
        body["action"] = row.action
    if row.method == "GET":
        return account.http.get(path, params=body)
    return account.http.request(row.method, path, json=body)


def test_the_sweep_covers_the_rows_that_take_ids():
    assert len(ID_ROWS) > 25


def without_request_id(reply):
    if not reply.headers.get("content-type", "").startswith("application/json"):
        return reply.text
    body = reply.json()
    body.pop("request_id", None)
    return body


@pytest.mark.parametrize("row", ID_ROWS, ids=str)
def test_a_record_of_another_org_answers_as_one_that_does_not_exist(row, acme, foreign):
    nowhere = {name: (str(uuid.uuid4()) if isinstance(value, str) else 987_654_321) for name, value in foreign.items()}
    there, missing = ask(acme.sysops, row, foreign), ask(acme.sysops, row, nowhere)
    assert there.status_code == missing.status_code
    assert without_request_id(there) == without_request_id(missing)
    assert CANARY not in there.text


def test_birch_still_has_what_acme_asked_for(birch, foreign):
    reply = birch.coordinator.get("/api/jobs/manage", action="get", uuid=foreign["job_uuid"])
    assert reply.status_code == 200 and reply.json()["data"]["job_title"] == CANARY


@pytest.fixture
def as_acme(database):
    """A connection that may do only what acme's role may."""
    with psycopg.connect(database.info.dsn, autocommit=True) as connection:
        connection.execute("SET ROLE org_acme")
        connection.execute("SET search_path = org_acme")
        yield connection


def tables_of(database, schema):
    found = database.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", [schema]).fetchall()
    return [name for (name,) in found]


def test_the_role_of_an_org_reads_nothing_of_another(database, as_acme):
    tables = tables_of(database, "org_birch")
    assert len(tables) > 20
    for table in tables:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            as_acme.execute(f'SELECT * FROM org_birch."{table}" LIMIT 1')


def test_the_role_of_an_org_owns_nothing_and_reaches_no_secret(database, as_acme):
    owned = database.execute("SELECT count(*) FROM pg_class WHERE relowner = 'org_acme'::regrole").fetchone()[0]
    assert owned == 0
    for text in ("SELECT * FROM platform.org_keys", "COPY (SELECT 1) TO PROGRAM 'true'", "SELECT pg_read_file('/etc/passwd')",
                 "CREATE TABLE org_acme.mine (id int)", "SELECT lo_import('/etc/passwd')"):
        with pytest.raises(psycopg.Error):
            as_acme.execute(text)


def test_without_a_scope_no_job_is_seen(as_acme):
    assert as_acme.execute("SELECT count(*) FROM jobs").fetchone()[0] == 0


def test_the_activity_log_can_only_grow(as_acme):
    for text in ("UPDATE activity_log SET type = type", "DELETE FROM activity_log", "TRUNCATE activity_log"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            as_acme.execute(text)


def test_the_login_role_sees_nothing_before_it_is_bound(database):
    role = database.execute("SELECT rolinherit, rolsuper, rolcreaterole, rolbypassrls FROM pg_roles WHERE rolname = 'propops_app'").fetchone()
    assert role == (False, False, False, False)
    database.execute("BEGIN")
    try:
        database.execute("SET LOCAL SESSION AUTHORIZATION propops_app")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            database.execute("SELECT * FROM org_acme.jobs LIMIT 1")
    finally:
        database.execute("ROLLBACK")


def test_personal_fields_are_not_in_the_database_in_the_clear(database, birch):
    surname = f"Quill{uuid.uuid4().hex[:8]}"
    name = f"Zebediah {surname}"
    reply = birch.coordinator.post("/api/tenants/manage", action="create", tenant_name=name, tenant_email="zeb@quill.example")
    assert reply.status_code == 200, reply.text
    for table in tables_of(database, "org_birch"):
        rows_found = database.execute(f'SELECT count(*) FROM org_birch."{table}" t WHERE t::text ILIKE %s', [f"%{surname}%"]).fetchone()[0]
        assert rows_found == 0, f"{table} holds a tenant's name in the clear"
    found = birch.coordinator.get("/api/tenants/manage", action="list", search=surname.lower()[2:]).json()
    assert [record["tenant_name"] for record in found["data"]] == [name]
