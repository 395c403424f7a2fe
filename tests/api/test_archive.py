"""What was taken off a job can be put back for ninety days, and is gone for good after that."""
import uuid
from datetime import datetime, timedelta

import pytest

from conftest import HOME, make_job
from test_attachments import type_with
from test_background import add_task, task, wait_for
from test_files import document, documents, photo, photos


def archive(account, job):
    return account.get("/api/jobs/manage", action="list_archived_files", uuid=job["job_uuid"]).json()


def restore(account, job, file_uuid):
    return account.post("/api/jobs/manage", action="restore_archived_file", uuid=job["job_uuid"], file_uuid=file_uuid)


def counted(account, job):
    data = account.get("/api/jobs/manage", action="get", uuid=job["job_uuid"]).json()["data"]
    return data["photos_count"], data["documents_count"]


def stored(database, attached):
    """The stored files of an archived photo or document."""
    found = database.execute("SELECT f.uuid FROM org_acme.files f JOIN org_acme.archived_files a ON a.file_id = f.id WHERE a.uuid = %s", [attached]).fetchone()
    return list((HOME / "files").rglob(f"{found[0]}.*")) if found else []


def sweep(database):
    id = add_task(database, "files.sweep")
    wait_for(lambda: task(database, id)["state"] == "done")


def with_photo_and_document(account, job):
    assert photo(account, job, "photo.png", "image/png").status_code == 200
    assert document(account, job).status_code == 200
    return photos(account, job)["data"][0], documents(account, job)["data"][0]


def test_a_deleted_file_comes_back_as_it_was(acme, job):
    staff = acme.coordinator
    picture, paper = with_photo_and_document(staff, job)
    assert staff.post("/api/jobs/photos", action="delete", photo_uuid=picture["uuid"]).status_code == 200
    assert staff.post("/api/jobs/documents", action="delete", document_uuid=paper["uuid"]).status_code == 200
    assert counted(staff, job) == (0, 0)
    assert staff.get(f"/attachment/{picture['uuid']}").status_code == 404

    listed = archive(staff, job)
    assert listed["count"] == 2 and {f["uuid"] for f in listed["data"]} == {picture["uuid"], paper["uuid"]}
    assert {f["kind"] for f in listed["data"]} == {"photo", "document"}
    assert all(f["archived_by_name"] and f["purged_at"] > f["archived_at"] for f in listed["data"])
    assert {datetime.fromisoformat(f["purged_at"]) - datetime.fromisoformat(f["archived_at"]) for f in listed["data"]} == {timedelta(days=90)}

    for record in (picture, paper):
        reply = restore(staff, job, record["uuid"])
        assert reply.status_code == 200 and reply.json()["uuid"] == record["uuid"], reply.text
    assert counted(staff, job) == (1, 1) and archive(staff, job)["count"] == 0
    for before, after in ((picture, photos(staff, job)["data"][0]), (paper, documents(staff, job)["data"][0])):
        same = set(before) - {"ID", "id", "rendition"}
        assert {k: before[k] for k in same} == {k: after[k] for k in same}
    assert staff.get(f"/attachment/{paper['uuid']}").status_code == 200


def test_only_what_lies_in_the_archive_of_the_job_is_restored(acme, job):
    picture, _ = with_photo_and_document(acme.coordinator, job)
    other = make_job(acme.coordinator)
    assert restore(acme.coordinator, job, picture["uuid"]).status_code == 404
    assert restore(acme.coordinator, job, str(uuid.uuid4())).status_code == 404
    acme.coordinator.post("/api/jobs/photos", action="delete", photo_uuid=picture["uuid"])
    assert restore(acme.coordinator, other, picture["uuid"]).status_code == 404
    assert restore(acme.coordinator, job, picture["uuid"]).status_code == 200
    assert restore(acme.coordinator, job, picture["uuid"]).status_code == 404
    assert counted(acme.coordinator, job) == (1, 1)


@pytest.fixture
def without_invoices(acme, database):
    """A member of staff who may neither read nor hand in invoices, but all else."""
    account = acme.director.get("/api/users/profile").json()["data"]["ID"]
    keys = ["document.invoice.read", "document.invoice.upload"]

    def held():
        return set(keys) & set(acme.director.get("/api/users/permissions").json()["permissions"])

    for key in keys:
        database.execute("INSERT INTO org_acme.account_rights VALUES (%s, %s, false)", [account, key])
    wait_for(lambda: not held())
    yield acme.director
    database.execute("DELETE FROM org_acme.account_rights WHERE account_id = %s AND key = ANY (%s)", [account, keys])
    wait_for(lambda: len(held()) == 2)


def test_who_may_not_read_a_type_of_document_does_not_see_it_archived(acme, job, without_invoices):
    staff = acme.coordinator
    assert document(staff, job, type_id=type_with(staff, "Invoice")).status_code == 200
    assert photo(staff, job, "photo.png", "image/png").status_code == 200
    paper, picture = documents(staff, job)["data"][0], photos(staff, job)["data"][0]
    staff.post("/api/jobs/documents", action="delete", document_uuid=paper["uuid"])
    staff.post("/api/jobs/photos", action="delete", photo_uuid=picture["uuid"])
    assert archive(staff, job)["count"] == 2
    assert [f["uuid"] for f in archive(without_invoices, job)["data"]] == [picture["uuid"]]
    assert restore(without_invoices, job, paper["uuid"]).status_code == 403
    assert restore(without_invoices, job, picture["uuid"]).status_code == 200
    assert restore(staff, job, paper["uuid"]).status_code == 200


def test_an_archived_file_goes_with_its_job_or_when_its_time_is_over(acme, job, database):
    staff = acme.coordinator
    picture, _ = with_photo_and_document(staff, job)
    doomed = make_job(staff)
    lost, _ = with_photo_and_document(staff, doomed)
    for record in (picture, lost):
        staff.post("/api/jobs/photos", action="delete", photo_uuid=record["uuid"])
    of_picture, of_lost = stored(database, picture["uuid"]), stored(database, lost["uuid"])
    assert of_picture and of_lost
    preview = staff.get("/api/jobs/manage", action="preview_delete", uuid=doomed["job_uuid"]).json()["data"]
    assert (preview["photos"], preview["documents"], preview["archived_files"]) == (0, 1, 1)

    assert staff.post("/api/jobs/manage", action="delete", uuid=doomed["job_uuid"]).status_code == 200
    assert not any(path.exists() for path in of_lost)

    sweep(database)
    assert archive(staff, job)["count"] == 1 and all(path.exists() for path in of_picture)
    database.execute("UPDATE org_acme.archived_files SET purged_at = now() - interval '1 second' WHERE uuid = %s", [picture["uuid"]])
    sweep(database)
    assert archive(staff, job)["count"] == 0 and not any(path.exists() for path in of_picture)
    assert restore(staff, job, picture["uuid"]).status_code == 404
