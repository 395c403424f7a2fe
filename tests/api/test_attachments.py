"""Who gets which bytes of an attachment, what caches may keep, and that what belongs together goes together."""
import time
import uuid

import pytest

from conftest import HOME, ROOT, make_job
from test_files import document, documents, photo, photos, rendered

DATA = ROOT / "tests" / "data"


def original_of(name):
    return (DATA / name).read_bytes()


def newest_photo(account, job):
    return photos(account, job)["data"][-1]["uuid"]


def type_with(account, name):
    types = account.get("/api/jobs/manage", action="get_file_types").json()["data"]
    return next(t["id"] for t in types if t["name"] == name)


def test_the_untouched_photo_is_only_for_those_who_may_download(acme, job):
    photo(acme.coordinator, job, "photo-rotated-gps.jpg")
    uid = newest_photo(acme.coordinator, job)
    reply = acme.coordinator.get("/api/jobs/photos", action="download", photo_uuid=uid, original=1)
    assert reply.status_code == 200 and reply.content == original_of("photo-rotated-gps.jpg")
    assert reply.headers["cache-control"] == "private, no-store" and "sandbox" in reply.headers["content-security-policy"]
    assert acme.coordinator.http.get(f"/attachment/{uid}?original=1").content == original_of("photo-rotated-gps.jpg")
    assert acme.minimal.get("/api/jobs/photos", action="download", photo_uuid=uid, original=1).status_code == 403


def test_a_photo_is_a_drawing_that_no_cache_keeps_until_its_rendition_is_there(acme, job):
    photo(acme.coordinator, job, "photo.webp", "image/webp")
    uid = newest_photo(acme.coordinator, job)
    reply = acme.coordinator.get("/api/jobs/photos", action="download", photo_uuid=uid)
    if reply.headers["content-type"] == "image/svg+xml":
        assert reply.headers["cache-control"] == "no-store" and "Being prepared" in reply.text
    rendered(acme.coordinator, job, uid)


def test_thumbnails_are_kept_and_asked_for_by_their_tag(acme, job):
    photo(acme.coordinator, job, "photo-gps.heic", "image/heic")
    uid = newest_photo(acme.coordinator, job)
    rendered(acme.coordinator, job, uid)
    for path, params in (("/api/jobs/photos", {"action": "download", "photo_uuid": uid, "thumbnail": 1}), (f"/attachment/{uid}/thumbnail", {})):
        reply = acme.coordinator.get(path, **params)
        assert reply.status_code == 200 and reply.headers["content-type"] == "image/jpeg"
        assert reply.headers["cache-control"] == "private, max-age=31536000, immutable"
        again = acme.coordinator.http.get(path, params=params, headers={"If-None-Match": reply.headers["etag"]})
        assert again.status_code == 304 and not again.content
        assert acme.contractor.get(path, **params).status_code in (403, 404)


def test_a_certificate_s_first_page_becomes_its_thumbnail(acme, job):
    document(acme.coordinator, job)
    uid = documents(acme.coordinator, job)["data"][0]["uuid"]
    for _ in range(100):
        reply = acme.coordinator.get("/api/jobs/document-thumbnail", uuid=uid)
        assert reply.status_code == 200
        if reply.headers["content-type"] == "image/jpeg":
            return
        time.sleep(0.2)
    raise AssertionError("no thumbnail within 20 s")


def test_what_cannot_be_drawn_says_so(acme, job):
    assert document(acme.coordinator, job, "works-order.docx", claimed="").status_code == 200
    uid = documents(acme.coordinator, job)["data"][0]["uuid"]
    reply = acme.coordinator.get("/api/jobs/document-thumbnail", document_uuid=uid)
    assert reply.status_code == 200 and reply.headers["content-type"] == "image/svg+xml" and "No preview" in reply.text


@pytest.mark.parametrize("name, claimed", [("note.txt", "text/plain"), ("meter-readings.csv", "text/csv"), ("works-order.docx", "application/octet-stream")])
def test_documents_of_other_kinds_come_back_as_they_were(acme, job, name, claimed):
    assert document(acme.coordinator, job, name, claimed=claimed).status_code == 200
    record = documents(acme.coordinator, job)["data"][0]
    reply = acme.coordinator.get("/api/jobs/documents", action="download", document_uuid=record["uuid"])
    assert reply.content == original_of(name)
    assert reply.headers["content-disposition"].startswith(f'attachment; filename="{name}"')
    assert record["file_name"] == record["name"] == name and record["size"] == record["size_bytes"] == len(reply.content)


@pytest.mark.parametrize("name", ["truncated.docx", "bomb.docx", "macros.docx", "slip.docx", "junk-before.pdf", "script.svg", "damaged.png", "bomb.gif",
                                  "truncated.heic", "truncated.webp", "polyglot-pdf.jpg"])
def test_bad_documents_are_refused(acme, job, name):
    reply = document(acme.coordinator, job, name, claimed="")
    assert reply.status_code in (400, 413, 415), reply.text
    assert documents(acme.coordinator, job)["count"] == 0


def test_a_photo_must_be_a_picture_and_named_as_one(acme, job):
    assert photo(acme.coordinator, job, "certificate.pdf", "application/pdf").status_code == 415
    files = {"photo": ("photo.png", original_of("photo.webp"), "image/png")}
    assert acme.coordinator.upload("/api/jobs/photos", files, action="upload", job_uuid=job["job_uuid"]).status_code == 415


def test_a_document_s_type_must_exist(acme, job):
    reply = document(acme.coordinator, job, type_id=999_999)
    assert reply.status_code == 400 and "document_type_id" in reply.json()["fields"]


def test_names_are_made_harmless(acme, job):
    files = {"file": ("../../Zertifikat \u00e4\u202egpj.pdf", original_of("certificate.pdf"), "application/pdf")}
    type_id = type_with(acme.coordinator, "Works Order")
    assert acme.coordinator.upload("/api/jobs/documents", files, action="upload", job_uuid=job["job_uuid"], document_type_id=type_id).status_code == 200
    record = documents(acme.coordinator, job)["data"][0]
    assert record["name"] == "Zertifikat \u00e4gpj.pdf"
    reply = acme.coordinator.get("/api/jobs/documents", action="download", document_uuid=record["uuid"])
    assert "filename*=UTF-8''Zertifikat%20%C3%A4gpj.pdf" in reply.headers["content-disposition"]


def test_a_contractor_hands_in_proof_and_takes_back_only_what_is_his(acme):
    profile = acme.contractor.get("/api/users/profile").json()["data"]
    job = make_job(acme.coordinator, contractor_id=profile["ID"], status_id=2)
    assert photo(acme.coordinator, job, "photo.png", "image/png").status_code == 200
    assert photo(acme.contractor, job, "photo.png", "image/png").status_code == 200
    theirs, his = (p["uuid"] for p in photos(acme.contractor, job)["data"])
    assert acme.contractor.post("/api/jobs/photos", action="delete", photo_uuid=theirs, job_uuid=job["job_uuid"]).status_code == 403
    assert acme.contractor.post("/api/jobs/photos", action="delete", photo_uuid=his, job_uuid=job["job_uuid"]).status_code == 200
    assert acme.contractor.get("/api/jobs/photos", action="download", photo_uuid=theirs, original=1).status_code == 403
    assert photos(acme.coordinator, job)["count"] == 1


def test_an_upload_to_an_unknown_job_stores_nothing(acme):
    before = {path for path in (HOME / "files").rglob("*.original")}
    assert photo(acme.coordinator, {"job_uuid": str(uuid.uuid4())}, "photo.png", "image/png").status_code == 404
    assert {path for path in (HOME / "files").rglob("*.original")} == before


def test_a_deleted_job_takes_its_files_along(acme, job, database):
    photo(acme.coordinator, job, "photo.png", "image/png")
    rendered(acme.coordinator, job, newest_photo(acme.coordinator, job))
    document(acme.coordinator, job)
    names = [str(row[0]) for row in database.execute("SELECT f.uuid FROM org_acme.files f JOIN org_acme.photos p ON p.file_id = f.id WHERE p.job_id = %s "
                                                      "UNION SELECT f.uuid FROM org_acme.files f JOIN org_acme.documents d ON d.file_id = f.id "
                                                      "WHERE d.job_id = %s", [job["job_id"], job["job_id"]])]
    assert len(names) == 2 and all(list((HOME / "files").rglob(f"{name}.*")) for name in names)
    assert acme.coordinator.post("/api/jobs/manage", action="delete", uuid=job["job_uuid"]).status_code == 200
    assert not [path for name in names for path in (HOME / "files").rglob(f"{name}.*")]


def test_the_attachment_pages_speak_plain_text(acme, job):
    document(acme.coordinator, job)
    uid = documents(acme.coordinator, job)["data"][0]["uuid"]
    for account, path, status, text in (
            (acme.coordinator, "/attachment/nothing", 400, "Attachment UUID is required"),
            (acme.coordinator, f"/attachment/{uuid.uuid4()}", 404, "Attachment not found"),
            (acme.minimal, f"/attachment/{uid}", 403, "You do not have permission to download this attachment")):
        reply = account.get(path)
        assert (reply.status_code, reply.text) == (status, text) and reply.headers["content-type"].startswith("text/plain")


def test_a_file_that_was_changed_on_disk_is_not_given_out(acme, job, database):
    document(acme.coordinator, job, "note.txt", claimed="text/plain")
    uid = documents(acme.coordinator, job)["data"][0]["uuid"]
    name = database.execute("SELECT f.uuid FROM org_acme.files f JOIN org_acme.documents d ON d.file_id = f.id WHERE d.uuid = %s", [uid]).fetchone()[0]
    path = next((HOME / "files").rglob(f"{name}.original"))
    whole = bytearray(path.read_bytes())
    whole[-1] ^= 1
    path.write_bytes(whole)
    reply = acme.coordinator.get(f"/attachment/{uid}")
    assert reply.status_code == 500 and b"Key safe" not in reply.content


def test_lists_are_read_in_pages(acme, job):
    for _ in range(3):
        photo(acme.coordinator, job, "photo.png", "image/png")
    first = acme.coordinator.get("/api/jobs/photos", action="list", job_uuid=job["job_uuid"], limit=2).json()
    assert first["count"] == 2 and first["total"] == 3
    rest = acme.coordinator.get("/api/jobs/photos", action="list", job_uuid=job["job_uuid"], limit=2, cursor=first["next_cursor"]).json()
    assert rest["count"] == 1 and not {p["uuid"] for p in first["data"]} & {p["uuid"] for p in rest["data"]}
