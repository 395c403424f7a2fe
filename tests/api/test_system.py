"""The system's own operations, the document of the API, and what stands around every answer."""
import os
import urllib.request

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from conftest import PORT, rows


def test_the_heartbeat_is_public_and_changes_nothing(acme):
    reply = acme.visitor().get("/api/system/heartbeat", params={"health_check": 1})
    assert reply.status_code == 200 and reply.json()["status"]


def test_the_heartbeat_of_somebody_signed_in_is_taken(acme):
    body = acme.coordinator.post("/api/system/heartbeat").json()
    assert body["valid"] is True and body["message"] == "Activity updated"


def test_maintenance_mode_keeps_out_all_but_staff(acme):
    assert acme.contractor.get("/api/jobs/statuses").status_code == 200
    assert acme.director.post("/api/system/maintenance-mode", action="enable", reason="x").status_code == 403
    reply = acme.sysops.post("/api/system/maintenance-mode", action="enable", reason="Moving house")
    assert reply.status_code == 200, reply.text
    try:
        state = acme.visitor().get("/api/system/maintenance-mode").json()
        assert "Moving house" in str(state)
        refused = acme.contractor.get("/api/jobs/statuses")
        assert refused.status_code == 503 and refused.headers["retry-after"]
        assert acme.coordinator.get("/api/jobs/statuses").status_code == 200
    finally:
        assert acme.sysops.post("/api/system/maintenance-mode", action="disable").status_code == 200
    assert acme.contractor.get("/api/jobs/statuses").status_code == 200


def test_the_document_is_openapi_3_1_and_names_every_row(acme):
    document = acme.visitor().get("/api/openapi.json").json()
    OpenAPIV31SpecValidator(document).validate()
    for row in rows():
        assert row.method.lower() in document["paths"][row.path], str(row)


def test_an_unchanged_document_is_not_sent_again(acme):
    with acme.visitor() as http:
        reply = http.get("/api/openapi.json")
        again = http.get("/api/openapi.json", headers={"If-None-Match": reply.headers["etag"]})
    assert again.status_code == 304 and again.content == b""


def test_plain_http_redirects_to_https(acme):
    reply = httpx.get(f"http://acme.localhost:{os.environ['PROPOPS_HTTP_PORT']}/jobs?x=1", follow_redirects=False)
    assert reply.status_code in (301, 308) and reply.headers["location"] == f"https://acme.localhost:{PORT}/jobs?x=1"


def test_an_unknown_host_gets_no_hint(acme):
    reply = acme.visitor().get("/api/users/profile", headers={"Host": "nowhere.localhost"})
    assert reply.status_code in (404, 421) and "acme" not in reply.text


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/api/nothing", 404), ("PATCH", "/api/jobs/manage", 405), ("GET", "/api/jobs/manage?action=nonsense", 400), ("GET", "/api/jobs/%00", 400)])
def test_what_no_row_names_is_refused_in_the_envelope(acme, method, path, status):
    reply = acme.coordinator.http.request(method, path)
    assert reply.status_code == status and reply.json()["success"] is False


def test_broken_json_is_a_400(acme):
    reply = acme.coordinator.http.post("/api/jobs/toggle-pin", content=b'{"job_uuid": ', headers={"content-type": "application/json"})
    assert reply.status_code == 400 and reply.json()["code"] == "body_malformed"
    deep = b'{"a":' + b"[" * 1000 + b"]" * 1000 + b"}"
    assert acme.coordinator.http.post("/api/jobs/toggle-pin", content=deep, headers={"content-type": "application/json"}).status_code == 400


def test_rate_limits_are_told_on_every_answer(acme):
    reply = acme.coordinator.get("/api/jobs/statuses")
    assert int(reply.headers["x-ratelimit-limit"]) > int(reply.headers["x-ratelimit-remaining"]) >= 0
    assert int(reply.headers["x-ratelimit-reset"]) > 0


def test_metrics_are_on_the_loopback_address():
    text = urllib.request.urlopen(f"http://127.0.0.1:{os.environ['PROPOPS_METRICS_PORT']}/metrics", timeout=5).read().decode()
    assert "propops_" in text


def test_the_brand_sheet_is_made_for_the_host(acme, birch):
    mine, other = acme.visitor().get("/brand.css"), birch.visitor().get("/brand.css")
    assert mine.status_code == 200 and mine.headers["content-type"].startswith("text/css") and mine.headers["etag"]
    assert "--brand-7" in mine.text and mine.text != other.text
