"""Photos, documents and note attachments: what is accepted, what comes back, who may have it, and that nothing is left behind."""
import hashlib
import time

import pytest

from conftest import HOME, ROOT, make_job

DATA = ROOT / "tests" / "data"
GOOD = {"photo-rotated-gps.jpg": "image/jpeg", "photo.png": "image/png", "photo.webp": "image/webp", "photo-gps.heic": "image/heic", "photo.gif": "image/gif"}
BAD = ["truncated.jpg", "truncated.png", "truncated.pdf", "bomb.png", "bomb.jpg", "html.jpg", "polyglot.jpg"]


def photo(account, job, name, claimed="image/jpeg"):
    return account.upload("/api/jobs/photos", {"photo": (name, (DATA / name).read_bytes(), claimed)}, action="upload", job_uuid=job["job_uuid"])


def document(account, job, name="certificate.pdf", type_id=None, claimed="application/pdf"):
    types = account.get("/api/jobs/manage", action="get_file_types").json()["data"]
    return account.upload("/api/jobs/documents", {"file": (name, (DATA / name).read_bytes(), claimed)}, action="upload", job_uuid=job["job_uuid"],
                          document_type_id=type_id or types[0]["id"])


def photos(account, job):
    return account.get("/api/jobs/photos", action="list", job_uuid=job["job_uuid"]).json()


def documents(account, job):
    return account.get("/api/jobs/documents", action="list", job_uuid=job["job_uuid"]).json()


def stored_files():
    return {path.name for path in (HOME / "files").rglob("*") if path.is_file()}


def rendered(account, job, uuid, seconds=30):
    """The photo once its rendition is ready."""
    until = time.time() + seconds
    while time.time() < until:
        reply = account.get("/api/jobs/photos", action="download", photo_uuid=uuid)
        if reply.status_code == 200 and reply.headers["content-type"] == "image/jpeg":
            return reply
        time.sleep(0.3)
    raise AssertionError(f"no rendition within {seconds} s: {reply.status_code} {reply.headers}")


@pytest.mark.parametrize("name", GOOD)
def test_a_phone_s_photo_becomes_an_upright_rendition_without_its_place(acme, job, name):
    reply = photo(acme.coordinator, job, name, GOOD[name])
    assert reply.status_code == 200, reply.text
    listed = photos(acme.coordinator, job)
    assert listed["count"] == 1
    reply = rendered(acme.coordinator, job, listed["data"][0]["uuid"])
    assert b"GPS" not in reply.content and b"Exif" not in reply.content
    assert reply.headers["x-content-type-options"] == "nosniff" and "private" in reply.headers["cache-control"]


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_and_leaves_nothing(acme, job, name):
    before = stored_files()
    reply = document(acme.coordinator, job, name) if name.endswith(".pdf") else photo(acme.coordinator, job, name)
    assert reply.status_code in (400, 413, 415), reply.text
    assert reply.json()["error"]
    assert photos(acme.coordinator, job)["count"] == 0 and documents(acme.coordinator, job)["count"] == 0
    assert not {name for name in stored_files() - before if name.endswith(".original")}


def test_a_document_comes_back_bit_for_bit_and_is_sealed_on_disk(acme, job):
    assert document(acme.coordinator, job).status_code == 200
    record = documents(acme.coordinator, job)["data"][0]
    original = (DATA / "certificate.pdf").read_bytes()
    reply = acme.coordinator.get("/api/jobs/documents", action="download", document_uuid=record["uuid"])
    assert reply.status_code == 200 and reply.headers["content-type"] == "application/pdf"
    assert hashlib.sha256(reply.content).digest() == hashlib.sha256(original).digest()
    for path in (HOME / "files").rglob("*"):
        assert not path.is_file() or original[:64] not in path.read_bytes()[:4096]


def test_ranges_of_a_download_are_served(acme, job):
    document(acme.coordinator, job)
    record = documents(acme.coordinator, job)["data"][0]
    original = (DATA / "certificate.pdf").read_bytes()
    ask = lambda value: acme.coordinator.http.get(f"/attachment/{record['uuid']}", headers={"Range": value})
    whole = acme.coordinator.get(f"/attachment/{record['uuid']}")
    assert whole.status_code == 200 and whole.content == original
    for value, part in (("bytes=0-9", original[:10]), ("bytes=100-", original[100:]), ("bytes=-7", original[-7:])):
        reply = ask(value)
        assert reply.status_code == 206 and reply.content == part
    assert ask(f"bytes={len(original)}-").status_code == 416


def test_rights_per_document_type_decide(acme, job, database):
    assert document(acme.coordinator, job).status_code == 200
    uuid = documents(acme.coordinator, job)["data"][0]["uuid"]
    assert acme.minimal.get("/api/jobs/documents", action="download", document_uuid=uuid).status_code in (403, 404)
    assert documents(acme.coordinator, job)["count"] == 1


def test_attachment_errors_are_the_documented_plain_text(acme):
    reply = acme.coordinator.get("/attachment/3f2b8c1e-0000-4000-8000-000000000000")
    assert reply.status_code == 404 and reply.text == "Attachment not found" and reply.headers["content-type"].startswith("text/plain")


def test_a_note_s_attachment_is_counted_listed_and_downloaded(acme, job):
    note = acme.coordinator.post("/api/jobs/case-notes", job_uuid=job["job_uuid"], note_text="See the picture").json()["note_id"]
    record = acme.coordinator.get("/api/jobs/case-notes", action="list", job_uuid=job["job_uuid"]).json()["data"][0]
    reply = acme.coordinator.upload("/api/jobs/case-note-attachments", {"file": ("photo.png", (DATA / "photo.png").read_bytes(), "image/png")},
                                    action="upload", case_note_uuid=record["uuid"])
    assert reply.status_code == 200 and note, reply.text
    listed = acme.coordinator.get("/api/jobs/case-note-attachments", action="list", case_note_uuid=record["uuid"]).json()
    assert listed["count"] == 1
    assert acme.coordinator.get(f"/attachment/{listed['data'][0]['uuid']}").content == (DATA / "photo.png").read_bytes()
    assert acme.coordinator.get("/api/jobs/case-notes", action="list", job_uuid=job["job_uuid"]).json()["data"][0]["attachments_count"] == 1


def test_a_deleted_photo_is_gone_from_list_count_and_disk(acme, job):
    photo(acme.coordinator, job, "photo.png", "image/png")
    uuid = photos(acme.coordinator, job)["data"][0]["uuid"]
    assert acme.coordinator.post("/api/jobs/photos", action="delete", job_uuid=job["job_uuid"], photo_uuid=uuid).status_code == 200
    assert photos(acme.coordinator, job)["count"] == 0
    assert acme.coordinator.get("/api/jobs/photos", action="download", photo_uuid=uuid).status_code == 404
    assert acme.coordinator.get("/api/jobs/manage", action="get", uuid=job["job_uuid"]).json()["data"]["photos_count"] == 0


def test_a_contractor_of_another_job_gets_no_file(acme):
    job = make_job(acme.coordinator)
    document(acme.coordinator, job)
    uuid = documents(acme.coordinator, job)["data"][0]["uuid"]
    assert acme.contractor.get(f"/attachment/{uuid}").status_code == 404


def test_a_body_over_the_limit_is_refused_readably(acme, job):
    reply = acme.coordinator.upload("/api/jobs/photos", {"photo": ("big.jpg", b"\xff\xd8" + bytes(30_000_000), "image/jpeg")}, action="upload",
                                    job_uuid=job["job_uuid"])
    assert reply.status_code == 413 and reply.json()["code"] == "body_too_large"
