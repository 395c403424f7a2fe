"""Which tenants an account sees: over HTTP, and at the wall in the database."""
import uuid

import psycopg
import pytest

from conftest import first

LIST = "/api/tenants/list"


@pytest.fixture(scope="module")
def branches(database):
    """The branches of acme's agent, and one that is none of them."""
    mine = [row[0] for row in database.execute(
        "SELECT b.branch_id FROM org_acme.account_branches b JOIN org_acme.accounts a ON a.id = b.account_id WHERE a.account_type_id = 2 ORDER BY a.id LIMIT 1")]
    other = database.execute("SELECT id FROM org_acme.branches WHERE id <> ALL (%s) LIMIT 1", [mine]).fetchone()[0]
    return mine, other


def address_in(database, branch):
    return database.execute("SELECT id, full_address FROM org_acme.addresses WHERE branch_id = %s ORDER BY id LIMIT 1", [branch]).fetchone()


@pytest.fixture
def hidden(acme, database, branches):
    """A tenant at an address of a branch that is not the agent's."""
    name = f"Hidden Person {uuid.uuid4().hex[:8]}"
    reply = acme.coordinator.post("/api/tenants/manage", tenant_name=name, tenant_address_id=address_in(database, branches[1])[0])
    assert reply.status_code == 200, reply.text
    return {"id": reply.json()["tenant_id"], "uuid": reply.json()["tenant_uuid"], "name": name}


def names(account, **params):
    reply = account.get(LIST, action="list", limit=1000, **params)
    assert reply.status_code == 200, reply.text
    return {record["tenant_name"] for record in reply.json()["data"]}


def test_an_agent_sees_the_tenants_of_the_own_branches_only(acme, hidden, database, branches):
    seen = acme.agent.get(LIST, limit=1000).json()["data"]
    allowed = {row[0] for row in database.execute("SELECT id FROM org_acme.addresses WHERE branch_id = ANY (%s)", [branches[0]])}
    assert seen and {record["address_id"] for record in seen} - {None} <= allowed
    assert hidden["name"] not in names(acme.agent) and hidden["name"] in names(acme.coordinator)
    assert names(acme.agent, search=hidden["name"]) == set() == names(acme.agent, search=hidden["name"][-2:]) & {hidden["name"]}
    assert names(acme.coordinator, search=hidden["name"]) == {hidden["name"]}
    assert acme.agent.get(LIST, action="get", id=hidden["id"]).status_code == 404


def test_an_agent_makes_tenants_at_addresses_of_the_own_branches(acme, database, branches):
    own, foreign = address_in(database, branches[0][0])[0], address_in(database, branches[1])[0]
    made = acme.agent.post(LIST, action="create", tenant_name="Agents Own", tenant_address_id=own)
    assert made.status_code == 200, made.text
    assert acme.agent.get(LIST, action="get", id=made.json()["tenant_id"]).json()["data"]["address_id"] == own
    assert acme.agent.post(LIST, action="create", tenant_name="Not Theirs", tenant_address_id=foreign).status_code == 404


def test_a_tenant_whom_an_agent_made_without_an_address_stays_in_sight(acme):
    made = acme.agent.post(LIST, action="create", tenant_name="Moving In Soon").json()
    assert acme.agent.get(LIST, action="get", id=made["tenant_id"]).status_code == 200
    assert "Moving In Soon" in names(acme.agent, unassigned="true")


def test_a_tenant_who_moves_to_another_branch_leaves_the_agents_sight(acme, database, branches):
    own, foreign = address_in(database, branches[0][0])[0], address_in(database, branches[1])[0]
    made = acme.agent.post(LIST, action="create", tenant_name="About To Move", tenant_address_id=own).json()
    reply = acme.coordinator.post("/api/tenants/assign-address", tenant_id=made["tenant_id"], address_id=foreign)
    assert reply.status_code == 200
    assert acme.agent.get(LIST, action="get", id=made["tenant_id"]).status_code == 404


@pytest.mark.parametrize("path", [LIST, "/api/tenants/manage"])
@pytest.mark.parametrize("who", ["contractor", "landlord", "tenant"])
def test_others_have_no_list_of_tenants(acme, path, who):
    assert getattr(acme, who).get(path).status_code == 403


def test_the_light_list_adds_tenants_without_an_address(acme, database, branches):
    address = address_in(database, branches[0][0])[0]
    homeless = acme.coordinator.post("/api/tenants/manage", tenant_name="Without Home").json()["tenant_id"]
    light = acme.coordinator.get(LIST, address_id=address, limit=1000).json()["data"]
    full = acme.coordinator.get("/api/tenants/manage", address_id=address, limit=200).json()["data"]
    assert {record["address_id"] for record in full} == {address}
    assert {record["address_id"] for record in light} == {address, None} and homeless in {record["id"] for record in light}


@pytest.mark.parametrize("stored,parts", [
    ("+44 7700 900456", ["07700900456", "7700 900", "+44 77", "447700900456", "0044 7700900456"]),
    ("020 7946 0999", ["02079460999", "+442079460999", "7946 09", "46 0"]),
])
def test_numbers_are_found_however_they_are_written(acme, stored, parts):
    name = f"Caller {uuid.uuid4().hex[:8]}"
    acme.coordinator.post("/api/tenants/manage", tenant_name=name, tenant_number_work=stored)
    for part in parts:
        assert name in names(acme.coordinator, search=part), part
    assert name not in names(acme.coordinator, search="999 999 999")


def test_a_changed_name_is_found_and_the_old_one_is_not(acme):
    made = acme.coordinator.post("/api/tenants/manage", tenant_name="Maiden Nameson", tenant_email="maiden@example.org").json()
    acme.coordinator.http.put("/api/tenants/manage", json={"uuid": made["tenant_uuid"], "tenant_name": "Married Otherwise", "tenant_email": None})
    assert "Married Otherwise" in names(acme.coordinator, search="otherwi")
    assert names(acme.coordinator, search="nameson") == set() == names(acme.coordinator, search="maiden@ex")
    record = acme.coordinator.get("/api/tenants/manage", action="get", uuid=made["tenant_uuid"]).json()["data"]
    assert record["tenant_email"] is None


def test_a_tenant_with_an_active_job_is_not_deleted(acme):
    made = acme.coordinator.post("/api/tenants/manage", tenant_name="Still Waiting").json()
    address = first(acme.coordinator, "/api/jobs/addresses", search="a")["id"]
    job = acme.coordinator.post("/api/jobs/manage", action="create", job_title="Leak", job_description="Drips", priority_id=1, status_id=1, job_type_id=1,
                                address_id=address, tenants_ids=[made["tenant_id"]])
    assert job.status_code == 200, job.text
    reply = acme.coordinator.http.request("DELETE", "/api/tenants/manage", json={"uuid": made["tenant_uuid"]})
    assert reply.status_code == 409 and reply.json()["code"] == "tenant_has_jobs"


def test_pages_of_a_search_add_up(acme):
    mark = uuid.uuid4().hex[:10]
    for n in range(7):
        acme.coordinator.post("/api/tenants/manage", tenant_name=f"Paged {mark} {n}")
    seen, cursor = [], None
    while True:
        page = acme.coordinator.get("/api/tenants/manage", search=mark, limit=3, **({"cursor": cursor} if cursor else {})).json()
        assert page["total"] == 7 and page["count"] == len(page["data"])
        seen += [record["tenant_name"][-1] for record in page["data"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert seen == list("6543210")
    by_offset = acme.coordinator.get("/api/tenants/manage", search=mark, limit=3, offset=3).json()["data"]
    assert [record["tenant_name"][-1] for record in by_offset] == list("321")


def test_agents_are_found_by_name_and_e_mail(acme):
    agent = acme.coordinator.get("/api/agents/list", action="list").json()["data"][0]
    for part in (agent["last_name"], agent["email"], agent["email"].upper()[:5]):
        found = acme.coordinator.get("/api/agents/list", search=part).json()["data"]
        assert agent["uuid"] in [record["uuid"] for record in found], part
    assert acme.coordinator.get("/api/agents/list", search="nobody at all").json()["data"] == []


def test_contractors_are_found_by_trading_name_and_place(acme, database):
    firm, code = database.execute(
        "SELECT p.trading_name, a.outward_code FROM org_acme.contractor_profiles p JOIN org_acme.contractor_areas a USING (account_id) LIMIT 1").fetchone()
    found = acme.coordinator.get("/api/contractors/list", search=firm.upper()).json()["data"]
    assert firm in [record["trading_name"] for record in found]
    for postcode in (code, f"{code} 1AE", f"{code.lower()}1ae"):
        found = acme.coordinator.get("/api/contractors/list", postcode=postcode, limit=200).json()["data"]
        assert firm in [record["trading_name"] for record in found], postcode
    assert acme.coordinator.get("/api/contractors/list", search="100%").json()["data"] == []


@pytest.fixture
def bound(database):
    """A connection as acme's role with a scope."""
    def bind(kind, account, branch_ids):
        connection.execute("SET ROLE org_acme")
        connection.execute("SELECT set_config('search_path', 'org_acme', false), set_config('app.account_type', %s, false), "
                           "set_config('app.account_id', %s, false), set_config('app.branch_ids', %s, false)",
                           [str(kind), str(account), "{" + ",".join(map(str, branch_ids)) + "}"])
        return connection

    with psycopg.connect(database.info.dsn, autocommit=True) as connection:
        yield bind


def test_the_wall_in_the_database(bound, hidden, branches, database):
    count = "SELECT count(*) FROM tenants"
    everybody = bound(1, 0, []).execute(count).fetchone()[0]
    agent = bound(2, 999999, branches[0])
    some = agent.execute(count).fetchone()[0]
    assert 0 < some < everybody
    assert agent.execute("SELECT count(*) FROM tenants WHERE id = %s", [hidden["id"]]).fetchone()[0] == 0
    assert agent.execute("UPDATE tenants SET is_active = false WHERE id = %s", [hidden["id"]]).rowcount == 0
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        agent.execute("INSERT INTO tenants (uuid, name_sealed, branch_id) VALUES (gen_random_uuid(), '', %s)", [branches[1]])
    for kind in (2, 3, 4, 5):
        assert bound(kind, 999999, []).execute(count).fetchone()[0] == 0
    contractor, jobs_of_tenants = database.execute(
        "SELECT j.contractor_id, count(DISTINCT jt.tenant_id) FROM org_acme.jobs j JOIN org_acme.job_tenants jt ON jt.job_id = j.id"
        " WHERE j.contractor_id IS NOT NULL GROUP BY 1 ORDER BY 2 DESC LIMIT 1").fetchone()
    assert bound(5, contractor, []).execute(count).fetchone()[0] == jobs_of_tenants < everybody
    database.execute("RESET ROLE")
