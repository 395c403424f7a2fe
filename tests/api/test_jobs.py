"""Jobs: the documented operations, their bounds and errors, life cycle, versions and scope."""
import concurrent.futures
import uuid

import pytest

from conftest import first, make_job

DOCUMENTED = {
    "ID", "id", "uuid", "job_ref", "job_title", "job_description", "priority_id", "priority_name", "status_id", "status_name", "job_type_id",
    "job_type_name", "address_id", "full_address", "agent_id", "agent_name", "contractor_id", "contractor_name", "tenants_ids",
    "job_total_budget", "contractor_budget", "vat_percentage", "total_amount", "date_works_start_date", "date_works_end_date", "time_range_id",
    "access_details", "works_order_ref", "invoice_no", "quote_no", "private_contact_name", "private_contact_email", "is_pinned",
    "photos_count", "documents_count", "created_at", "updated_at"}


def get(account, job_uuid):
    return account.get("/api/jobs/manage", action="get", uuid=job_uuid)


def update(account, job_uuid, **changes):
    return account.post("/api/jobs/manage", action="update", uuid=job_uuid, **changes)


def status_of(account, stage):
    return next(s["id"] for s in account.get("/api/jobs/statuses").json()["data"] if s["stage"] == stage)


def contractor_id(org):
    profile = org.contractor.get("/api/users/profile").json()["data"]
    return profile["ID"]


def test_create_answers_with_the_new_job_s_names_and_get_gives_every_documented_field(acme):
    made = make_job(acme.coordinator, access_details="Key safe 4711", contractor_budget=180, vat_percentage=20)
    assert made["success"] and made["job_ref"] and made["job_uuid"] and made["job_id"]
    job = get(acme.coordinator, made["job_uuid"]).json()["data"]
    assert DOCUMENTED <= job.keys()
    assert job["access_details"] == "Key safe 4711" and job["total_amount"] == 216 and job["ID"] == job["id"] == made["job_id"]


def test_create_names_all_faults_at_once(acme):
    reply = acme.coordinator.post("/api/jobs/manage", action="create", job_title="", priority_id="many", vat_percentage=-5)
    assert reply.status_code == 400
    assert {"job_title", "job_description", "priority_id", "status_id", "job_type_id", "address_id", "vat_percentage"} <= reply.json()["fields"].keys()


@pytest.mark.parametrize("field", ["priority_id", "status_id", "job_type_id", "address_id", "agent_id", "contractor_id"])
def test_create_refuses_references_that_do_not_exist(acme, field):
    body = {"action": "create", "job_title": "x", "job_description": "x", "priority_id": 1, "status_id": 1, "job_type_id": 1, "address_id": 1, field: 99_999_999}
    reply = acme.coordinator.post("/api/jobs/manage", **body)
    assert reply.status_code in (400, 404), reply.text


@pytest.mark.parametrize("limit, status", [(1, 200), (200, 200), (0, 400), (201, 400), ("x", 400)])
def test_list_keeps_the_documented_bounds(acme, limit, status):
    reply = acme.coordinator.get("/api/jobs/manage", action="list", limit=limit)
    assert reply.status_code == status
    if status == 200:
        body = reply.json()
        assert body["count"] == len(body["data"]) <= limit and body["total"] >= body["count"]
        assert DOCUMENTED <= body["data"][0].keys()


def test_list_has_fifty_records_by_default_and_refuses_deep_offsets(acme):
    assert acme.coordinator.get("/api/jobs/manage", action="list").json()["count"] == 50
    reply = acme.coordinator.get("/api/jobs/manage", action="list", offset=10_001)
    assert reply.status_code == 400 and "cursor" in reply.json()["error"]


def test_pages_by_cursor_give_every_job_once(acme):
    seen, cursor = [], None
    for _ in range(100):
        body = acme.coordinator.get("/api/jobs/manage", action="list", limit=100, **({"cursor": cursor} if cursor else {})).json()
        seen += [job["id"] for job in body["data"]]
        cursor = body.get("next_cursor")
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == body["total"]
    assert acme.coordinator.get("/api/jobs/manage", action="list", cursor="AAAA").status_code == 400


def test_filters_and_search_give_what_they_say(acme):
    word = f"Zephyr{uuid.uuid4().hex[:6]}"
    made = make_job(acme.coordinator, job_title=f"{word} leak")
    found = acme.coordinator.get("/api/jobs/manage", action="list", search=word.lower()).json()
    assert [job["uuid"] for job in found["data"]] == [made["job_uuid"]]
    by_reference = acme.coordinator.get("/api/jobs/manage", action="list", search=made["job_ref"]).json()
    assert made["job_uuid"] in [job["uuid"] for job in by_reference["data"]]
    status = status_of(acme.coordinator, "complete")
    complete = acme.coordinator.get("/api/jobs/manage", action="list", status_id=status, limit=200).json()["data"]
    assert complete and all(job["status_id"] == status for job in complete)
    photos = acme.coordinator.get("/api/jobs/manage", action="list", has_photos="true", limit=200).json()["data"]
    assert all(job["photos_count"] > 0 for job in photos)


def test_update_touches_only_what_is_given_and_null_clears(acme, job):
    before = get(acme.coordinator, job["job_uuid"]).json()["data"]
    assert update(acme.coordinator, job["job_uuid"], works_order_ref="WO-77").status_code == 200
    after = get(acme.coordinator, job["job_uuid"]).json()["data"]
    assert after["works_order_ref"] == "WO-77"
    changed = {k for k in before if before[k] != after[k]}
    assert changed <= {"works_order_ref", "updated_at", "version"}
    assert update(acme.coordinator, job["job_uuid"], works_order_ref=None).status_code == 200
    assert get(acme.coordinator, job["job_uuid"]).json()["data"]["works_order_ref"] is None


def test_a_job_moves_only_along_its_life(acme, job):
    closed = status_of(acme.coordinator, "closed")
    reply = update(acme.coordinator, job["job_uuid"], status_id=closed)
    assert reply.status_code == 409 and reply.json()["error"]
    assert get(acme.coordinator, job["job_uuid"]).json()["data"]["status_id"] == 1


def test_money_is_exact(acme, job):
    for text, total in (("0.10", 0.12), ("1234567.89", 1481481.47), ("0.01", 0.01)):
        assert update(acme.coordinator, job["job_uuid"], contractor_budget=text, vat_percentage=20).status_code == 200
        assert get(acme.coordinator, job["job_uuid"]).json()["data"]["total_amount"] == total
    assert update(acme.coordinator, job["job_uuid"], contractor_budget="1.005").status_code == 400


def test_versions_are_kept_and_restored(acme, job):
    update(acme.coordinator, job["job_uuid"], job_title="Second title")
    commits = acme.coordinator.get("/api/jobs/manage", action="list_commits", uuid=job["job_uuid"]).json()["data"]
    assert len(commits) == 2
    oldest = commits[-1]
    reply = acme.coordinator.post("/api/jobs/manage", action="restore_commit", uuid=job["job_uuid"], commit_uuid=oldest["uuid"])
    assert reply.status_code == 200, reply.text
    assert get(acme.coordinator, job["job_uuid"]).json()["data"]["job_title"] == "Boiler has no hot water"
    assert len(acme.coordinator.get("/api/jobs/manage", action="list_commits", uuid=job["job_uuid"]).json()["data"]) == 3


def test_delete_shows_first_what_it_takes_and_then_takes_it(acme, job):
    acme.coordinator.post("/api/jobs/case-notes", job_uuid=job["job_uuid"], note_text="A note")
    preview = acme.coordinator.get("/api/jobs/manage", action="preview_delete", uuid=job["job_uuid"])
    assert preview.status_code == 200 and "case_notes" in preview.text
    assert acme.coordinator.post("/api/jobs/manage", action="delete", uuid=job["job_uuid"]).status_code == 200
    assert get(acme.coordinator, job["job_uuid"]).status_code == 404


def test_a_contractor_sees_only_own_jobs(acme, job):
    assert get(acme.contractor, job["job_uuid"]).status_code == 404
    reply = update(acme.coordinator, job["job_uuid"], contractor_id=contractor_id(acme), status_id=status_of(acme.coordinator, "assigned"))
    assert reply.status_code == 200, reply.text
    assert get(acme.contractor, job["job_uuid"]).status_code == 200
    listed = acme.contractor.get("/api/jobs/manage", action="list", limit=200).json()["data"]
    assert listed and all(j["contractor_id"] == contractor_id(acme) for j in listed)


def test_an_agent_sees_only_the_own_branches_jobs(acme):
    agents = acme.agent.get("/api/jobs/manage", action="list", limit=200).json()
    staffs = acme.coordinator.get("/api/jobs/manage", action="list", limit=1).json()
    assert 0 < agents["total"] < staffs["total"]


def test_pins_are_personal(acme, job):
    assert acme.coordinator.post("/api/jobs/toggle-pin", job_uuid=job["job_uuid"]).json()["is_pinned"] is True
    assert get(acme.coordinator, job["job_uuid"]).json()["data"]["is_pinned"] is True
    assert get(acme.director, job["job_uuid"]).json()["data"]["is_pinned"] is False


def test_case_notes_answer_as_documented(acme, job):
    reply = acme.coordinator.post("/api/jobs/case-notes", job_uuid=job["job_uuid"], note_text="Tenant is in after 16:00")
    assert reply.status_code == 200 and reply.json()["note_id"]
    listed = acme.coordinator.get("/api/jobs/case-notes", action="list", job_uuid=job["job_uuid"]).json()
    assert listed["count"] == 1
    assert {"ID", "uuid", "job_id", "note_text", "created_by_name", "send_email", "attachments_count", "created_at"} <= listed["data"][0].keys()


@pytest.mark.parametrize("name", ["statuses", "priorities", "types", "time-ranges", "payment-statuses"])
def test_look_ups_are_open_to_everybody_who_is_signed_in(acme, name):
    for account in (acme.coordinator, acme.agent, acme.contractor):
        body = account.get(f"/api/jobs/{name}").json()
        assert body["success"] and body["count"] == len(body["data"]) > 0


@pytest.mark.parametrize("action", ["get_file_types", "get_creators", "get_job_agents", "get_job_contractors", "get_job_clients"])
def test_the_choices_of_the_job_form_are_listed(acme, action):
    body = acme.coordinator.get("/api/jobs/manage", action=action).json()
    assert body["success"] and isinstance(body["data"], list)


def test_references_stay_unique_when_many_raise_jobs_at_once(acme):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: make_job(acme.coordinator.another())["job_ref"], range(24)))
    assert len(set(made)) == 24


def test_a_writing_request_is_done_once_for_one_idempotency_key(acme, job):
    key = {"Idempotency-Key": str(uuid.uuid4())}
    body = {"job_uuid": job["job_uuid"], "note_text": "Once"}
    replies = [acme.coordinator.http.post("/api/jobs/case-notes", json=body, headers=key) for _ in range(3)]
    assert {r.status_code for r in replies} == {200} and len({r.json()["note_id"] for r in replies}) == 1
    other = acme.coordinator.http.post("/api/jobs/case-notes", json={**body, "note_text": "Twice"}, headers=key)
    assert other.status_code == 409
    assert acme.coordinator.get("/api/jobs/case-notes", action="list", job_uuid=job["job_uuid"]).json()["count"] == 1


def test_every_write_is_in_the_activity_log_with_its_cause(acme, job, database):
    entries = database.execute("SELECT count(*) FROM org_acme.activity_log WHERE subject_uuid = %s", [job["job_uuid"]]).fetchone()[0]
    assert entries == 1


def test_a_priority_of_the_documented_kinds_is_seeded(acme):
    names = [p["name"] for p in acme.coordinator.get("/api/jobs/priorities").json()["data"]]
    assert names == ["Urgent", "High", "Normal", "Low"]
    assert first(acme.coordinator, "/api/jobs/statuses")["id"] == 1
