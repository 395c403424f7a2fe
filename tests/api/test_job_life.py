"""The life of a job: who may take which step and why not, what each party may change and see, searches, addresses, versions, notifications."""
import uuid

import pytest

from conftest import first, make_job


def get(account, job):
    return account.get("/api/jobs/manage", action="get", uuid=job["job_uuid"])


def data(account, job):
    return get(account, job).json()["data"]


def update(account, job, **changes):
    return account.post("/api/jobs/manage", action="update", uuid=job["job_uuid"], **changes)


def status(account, name):
    return next(s["id"] for s in account.get("/api/jobs/statuses").json()["data"] if s["name"] == name)


def own_id(account):
    return account.get("/api/users/profile").json()["data"]["ID"]


def branch_of(account):
    return account.get("/api/jobs/addresses", limit=1).json()["data"][0]["branch_id"]


@pytest.fixture
def assigned(acme):
    job = make_job(acme.coordinator, contractor_id=own_id(acme.contractor), contractor_budget="100.00", job_total_budget="130.00",
                   private_contact_name="Nora Nightingale", private_contact_email="nora@post.example")
    return job


def test_a_job_is_assigned_done_closed_recalled_and_archived(acme, assigned):
    staff, contractor = acme.coordinator, acme.contractor
    for who, name, code in (
            (contractor, "Accepted", None), (contractor, "In Progress", None), (staff, "Closed", "job_not_complete"), (staff, "New", "job_has_begun"),
            (contractor, "Completed", None), (contractor, "Closed", "job_step_not_yours"), (contractor, "In Progress", "job_step_not_yours"),
            (staff, "Assigned", "job_is_finished"), (staff, "Archived", "job_not_closed"), (staff, "Recalled", None), (contractor, "Completed", None),
            (staff, "Invoiced", None), (contractor, "Invoiced", "job_closed"), (staff, "Archived", None), (staff, "In Progress", "job_archived")):
        reply = update(who, assigned, status_id=status(staff, name))
        assert reply.status_code == (200 if code is None else 403 if code == "job_step_not_yours" else 409), (name, reply.text)
        assert reply.json().get("code") == code and (code is None or reply.json()["error"])
    assert data(staff, assigned)["stage"] == "archived"


def test_completing_keeps_the_time_and_a_recall_takes_it_back(acme, assigned):
    update(acme.contractor, assigned, status_id=status(acme.coordinator, "Assigned"))
    update(acme.contractor, assigned, status_id=status(acme.coordinator, "Completed"), completion_details="New valve fitted.")
    done = data(acme.coordinator, assigned)
    assert done["completed_at"] and done["completion_details"] == "New valve fitted."
    update(acme.coordinator, assigned, status_id=status(acme.coordinator, "Recalled"))
    assert data(acme.coordinator, assigned)["completed_at"] is None


def test_an_assigned_job_has_a_contractor(acme, job):
    reply = update(acme.coordinator, job, status_id=status(acme.coordinator, "Assigned"))
    assert reply.status_code == 409 and reply.json()["code"] == "job_needs_contractor"


def test_a_contractor_changes_nothing_but_status_and_completion_details(acme, assigned):
    for change in ({"job_title": "Mine"}, {"contractor_budget": "900.00"}, {"contractor_id": None}, {"tenants_ids": []}):
        reply = update(acme.contractor, assigned, **change)
        assert reply.status_code == 403 and reply.json()["code"] == "job_not_yours_to_edit", change
    assert update(acme.contractor, assigned, completion_details="Half done").status_code == 200
    for action in ("delete", "restore_commit"):
        assert acme.contractor.post("/api/jobs/manage", action=action, uuid=assigned["job_uuid"]).status_code == 403


def test_budgets_and_private_contacts_are_for_those_they_concern(acme, assigned):
    office, contractor = data(acme.coordinator, assigned), data(acme.contractor, assigned)
    assert office["job_total_budget"] == 130 and office["total_amount"] == 120
    assert contractor["job_total_budget"] is None and contractor["total_amount"] == 120 and contractor["private_contact_name"] == "Nora Nightingale"
    listed = acme.tenant.get("/api/jobs/manage", action="list", limit=200).json()["data"]
    assert listed and all(job["contractor_budget"] is None and job["private_contact_name"] is None for job in listed)


def test_landlords_and_tenants_look_at_their_own_jobs_only(acme, job):
    for account in (acme.landlord, acme.tenant):
        listed = account.get("/api/jobs/manage", action="list", limit=200).json()
        assert 0 < listed["total"] < acme.coordinator.get("/api/jobs/manage", action="list", limit=1).json()["total"]
        assert update(account, {"job_uuid": listed["data"][0]["uuid"]}, job_title="Mine").status_code == 403


def test_an_agent_raises_jobs_in_the_own_branch_and_they_are_theirs(acme):
    made = make_job(acme.agent)
    assert data(acme.agent, made)["agent_id"] == own_id(acme.agent)
    theirs = {a["branch_id"] for a in acme.agent.get("/api/jobs/addresses", limit=200).json()["data"]}
    foreign = next(a for a in acme.coordinator.get("/api/jobs/addresses", limit=200).json()["data"] if a["branch_id"] not in theirs)
    reply = update(acme.agent, made, address_id=foreign["id"])
    assert reply.status_code == 400 and "address_id" in reply.json()["fields"]
    elsewhere = make_job(acme.coordinator, address_id=foreign["id"])
    assert get(acme.agent, elsewhere).status_code == 404 and update(acme.agent, elsewhere, job_title="x").status_code == 404
    assert acme.agent.post("/api/jobs/case-notes", job_uuid=elsewhere["job_uuid"], note_text="x").status_code == 404
    assert acme.agent.post("/api/jobs/toggle-pin", job_uuid=elsewhere["job_uuid"]).status_code == 404


def test_an_agent_deletes_only_what_nobody_has_begun(acme):
    made = make_job(acme.agent)
    assert update(acme.coordinator, made, status_id=status(acme.coordinator, "In Progress")).status_code == 200
    reply = acme.agent.post("/api/jobs/manage", action="delete", uuid=made["job_uuid"])
    assert reply.status_code == 409 and reply.json()["code"] == "job_under_way"
    assert acme.agent.post("/api/jobs/manage", action="delete", uuid=make_job(acme.agent)["job_uuid"]).status_code == 200


def test_choices_name_only_whom_an_account_has_to_do_with(acme):
    def ids(account, action):
        return {person["id"] for person in account.get("/api/jobs/manage", action=action).json()["data"]}

    assert ids(acme.contractor, "get_job_contractors") == {own_id(acme.contractor)} and not ids(acme.contractor, "get_job_clients")
    assert own_id(acme.agent) in ids(acme.agent, "get_job_agents") < ids(acme.coordinator, "get_job_agents")
    assert ids(acme.agent, "get_creators") <= ids(acme.coordinator, "get_creators")
    assert acme.tenant.get("/api/jobs/manage", action="get_job_contractors").status_code == 403


@pytest.mark.parametrize("change, field", [
    ({"date_works_start_date": "2026-05-04", "date_works_end_date": "2026-05-03"}, "date_works_end_date"),
    ({"contractor_budget": "100", "vat_percentage": "20", "total_amount": "121.00"}, "total_amount"), ({"job_title": None}, "job_title"),
    ({"vat_percentage": "100.01"}, "vat_percentage"), ({"contractor_budget": "-1"}, "contractor_budget"), ({"tenants_ids": [99_999_999]}, "tenants_ids"),
    ({"private_contact_email": "nobody"}, "private_contact_email"), ({"job_title": "x" * 201}, "job_title"), ({"time_range_id": 77}, "time_range_id")])
def test_a_change_is_refused_by_the_field_that_is_wrong(acme, job, change, field):
    before = data(acme.coordinator, job)
    reply = update(acme.coordinator, job, **change)
    assert reply.status_code == 400 and field in reply.json()["fields"], reply.text
    assert data(acme.coordinator, job) == before


def test_an_end_is_compared_with_the_start_that_is_stored(acme, job):
    assert update(acme.coordinator, job, booked_to_complete="2026-05-04").status_code == 200
    assert data(acme.coordinator, job)["date_works_start_date"] == "2026-05-04"
    reply = update(acme.coordinator, job, date_works_end_date="2026-05-03")
    assert reply.status_code == 400 and "date_works_end_date" in reply.json()["fields"]


def test_a_total_that_is_sent_must_agree(acme, job):
    assert update(acme.coordinator, job, contractor_budget=180, vat_percentage=20, total_amount=216).status_code == 200
    assert update(acme.coordinator, job, total_amount=216).status_code == 200
    assert update(acme.coordinator, job, vat_percentage=None).status_code == 200
    assert data(acme.coordinator, job)["vat_percentage"] == 20


@pytest.mark.parametrize("part", ["zq", "Zqx 100%", "100%_", "x' OR '1'='1"])
def test_a_search_takes_its_words_as_they_are(acme, part):
    made = make_job(acme.coordinator, job_title=f"Odd {part} tap")
    found = acme.coordinator.get("/api/jobs/manage", action="list", search=part).json()
    assert found["data"][0]["uuid"] == made["job_uuid"]
    assert all(part.lower() in (j["job_title"] + j["job_description"]).lower() for j in found["data"])
    nothing = acme.coordinator.get("/api/jobs/manage", action="list", search=f"{part}{uuid.uuid4().hex}").json()
    assert nothing["data"] == [] and nothing["total"] == 0 and nothing["next_cursor"] is None


def test_a_search_shows_no_one_another_s_jobs(acme):
    word = uuid.uuid4().hex
    made = make_job(acme.coordinator, job_description=f"Mentions {word}")
    for account in (acme.contractor, acme.landlord, acme.tenant):
        listed = account.get("/api/jobs/manage", action="list", search=word).json()["data"]
        assert made["job_uuid"] not in {j["uuid"] for j in listed} or get(account, made).status_code == 200
    assert not acme.contractor.get("/api/jobs/manage", action="list", search=word).json()["data"]


def test_a_restored_version_has_its_contents_and_tenants_but_not_its_status(acme, assigned):
    staff = acme.coordinator
    tenant = first(staff, "/api/tenants/manage", action="list")["id"]
    update(staff, assigned, tenants_ids=[tenant], access_details="Key 7")
    update(staff, assigned, tenants_ids=[], access_details=None, status_id=status(staff, "In Progress"))
    commits = staff.get("/api/jobs/manage", action="list_commits", uuid=assigned["job_uuid"]).json()
    assert [c["version"] for c in commits["data"]] == [3, 2, 1] and commits["total"] == 3
    assert commits["data"][1]["message"] == "Changed access_details, tenants_ids"
    reply = staff.post("/api/jobs/manage", action="restore_commit", uuid=assigned["job_uuid"], commit_uuid=commits["data"][1]["uuid"])
    assert reply.status_code == 200 and reply.json()["version"] == 4
    job = data(staff, assigned)
    assert job["access_details"] == "Key 7" and job["tenants_ids"] == [tenant] and job["stage"] == "in_progress"
    other = make_job(staff)
    reply = staff.post("/api/jobs/manage", action="restore_commit", uuid=other["job_uuid"], commit_uuid=commits["data"][1]["uuid"])
    assert reply.status_code == 404


def test_a_contractor_is_told_once_and_again_on_demand(acme, job, database):
    def told():
        return database.execute("SELECT count(*) FROM org_acme.outbox WHERE topic = 'job_assigned' AND aggregate = %s", [job["job_uuid"]]).fetchone()[0]

    def state():
        return acme.coordinator.get("/api/jobs/manage", action="get_assignment_notification_state", uuid=job["job_uuid"]).json()["data"]

    again = {"action": "send_assignment_notification", "uuid": job["job_uuid"]}
    assert state()["is_notified"] is False and acme.coordinator.post("/api/jobs/manage", **again).status_code == 409
    update(acme.coordinator, job, contractor_id=own_id(acme.contractor))
    update(acme.coordinator, job, contractor_id=own_id(acme.contractor), job_title="The same contractor")
    assert told() == 1 and state()["is_notified"] is True and state()["notified_at"]
    assert acme.coordinator.post("/api/jobs/manage", **again).status_code == 200 and told() == 2


def test_a_note_that_is_to_be_mailed_is_a_message_of_its_transaction(acme, job, database):
    reply = acme.coordinator.post("/api/jobs/case-notes", job_uuid=job["job_uuid"], note_text="Please come", send_email=True)
    assert reply.status_code == 200
    sent = database.execute("SELECT payload ->> 'note_uuid' FROM org_acme.outbox WHERE topic = 'case_note_mail' AND aggregate = %s", [job["job_uuid"]]).fetchall()
    assert sent == [(reply.json()["note_uuid"],)]
    listed = acme.coordinator.get("/api/jobs/case-notes", job_uuid=job["job_uuid"]).json()
    assert listed["data"][0]["send_email"] is True and listed["total"] == 1


def test_an_archived_job_takes_no_more_notes(acme, job):
    assert update(acme.coordinator, job, status_id=status(acme.coordinator, "Archived")).status_code == 200
    reply = acme.coordinator.post("/api/jobs/case-notes", job_uuid=job["job_uuid"], note_text="Late")
    assert reply.status_code == 409 and reply.json()["code"] == "job_archived"


def test_addresses_are_added_and_found_by_line_and_postcode(acme):
    line = f"{uuid.uuid4().hex[:8]} Mews"
    new = {"action": "create", "address_line1": line, "city": "London", "postcode": "nw52tj"}
    reply = acme.agent.post("/api/jobs/addresses", **new)
    assert reply.status_code == 200 and reply.json()["full_address"] == f"{line}, London, NW5 2TJ"
    for words in (line[:6].upper(), "NW5 2TJ", "nw52tj"):
        found = acme.coordinator.get("/api/jobs/addresses", search=words, limit=200).json()["data"]
        assert reply.json()["address_id"] in {a["id"] for a in found}
    assert acme.coordinator.post("/api/jobs/addresses", **new).json()["fields"].keys() == {"branch_id"}
    assert acme.agent.post("/api/jobs/addresses", **{**new, "postcode": "12345"}).json()["fields"].keys() == {"postcode"}
    elsewhere = next(a["branch_id"] for a in acme.coordinator.get("/api/jobs/addresses", limit=200).json()["data"] if a["branch_id"] != branch_of(acme.agent))
    assert acme.agent.post("/api/jobs/addresses", **new, branch_id=elsewhere).status_code == 400
    assert acme.contractor.get("/api/jobs/addresses").status_code == 403


def test_references_have_no_gaps_when_a_create_is_refused(acme):
    def number(job):
        return int(job["job_ref"].removeprefix("JOB-"))

    before = number(make_job(acme.coordinator))
    reply = acme.coordinator.post("/api/jobs/manage", action="create", job_title="x", job_description="x", priority_id=1, status_id=1, job_type_id=1,
                                  address_id=first(acme.coordinator, "/api/jobs/addresses")["id"], tenants_ids=[99_999_999])
    assert reply.status_code == 400
    assert number(make_job(acme.coordinator)) == before + 1
