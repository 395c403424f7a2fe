"""Tenants, contractors and agents as documented."""
import uuid

import pytest

from conftest import first

TENANT = {"ID", "uuid", "tenant_name", "tenant_email", "tenant_number_primary", "tenant_number_work", "address_id", "full_address", "created_at"}


@pytest.fixture
def tenant(acme):
    body = {"tenant_name": f"Ottoline Farthingale-{uuid.uuid4().hex[:6]}", "tenant_email": "Otto@Example.org", "tenant_number_primary": "07700 900123"}
    reply = acme.coordinator.post("/api/tenants/manage", action="create", **body)
    assert reply.status_code == 200, reply.text
    assert reply.json()["message"] == "Tenant created successfully"
    return {**body, "uuid": reply.json()["tenant_uuid"], "id": reply.json()["tenant_id"]}


def test_create_without_an_action_is_the_documented_form(acme):
    reply = acme.coordinator.post("/api/tenants/manage", tenant_name="Plain Form")
    assert reply.status_code == 200 and reply.json()["tenant_id"] and reply.json()["tenant_uuid"]


def test_get_gives_the_documented_fields_in_the_clear(acme, tenant):
    record = acme.coordinator.get("/api/tenants/manage", action="get", uuid=tenant["uuid"]).json()["data"]
    assert TENANT <= record.keys() and record["tenant_name"] == tenant["tenant_name"]
    by_number = acme.coordinator.get("/api/tenants/list", action="get", id=tenant["id"]).json()["data"]
    assert by_number["uuid"] == tenant["uuid"]


@pytest.mark.parametrize("part", ["Ottoline", "farthing", "thingale", "tto", "GALE-"])
def test_search_finds_what_a_substring_filter_would(acme, tenant, part):
    found = acme.coordinator.get("/api/tenants/manage", action="list", search=part, limit=200).json()["data"]
    assert tenant["uuid"] in [record["uuid"] for record in found]
    assert all(part.lower() in record["tenant_name"].lower() for record in found)


@pytest.mark.parametrize("part", ["otto@example.org", "900123"])
def test_the_light_list_is_searched_by_e_mail_and_telephone_too(acme, tenant, part):
    found = acme.coordinator.get("/api/tenants/list", action="list", search=part, limit=1000).json()["data"]
    assert tenant["uuid"] in [record["uuid"] for record in found]


@pytest.mark.parametrize("way", ["put", "post"])
def test_update_by_put_and_by_action(acme, tenant, way):
    body = {"uuid": tenant["uuid"], "tenant_number_work": "020 7946 0001"}
    http = acme.coordinator.http
    reply = http.put("/api/tenants/manage", json=body) if way == "put" else http.post("/api/tenants/manage", json={**body, "action": "update"})
    assert reply.status_code == 200, reply.text
    record = acme.coordinator.get("/api/tenants/manage", action="get", uuid=tenant["uuid"]).json()["data"]
    assert record["tenant_number_work"] == "020 7946 0001" and record["tenant_name"] == tenant["tenant_name"]


@pytest.mark.parametrize("way", ["delete", "post"])
def test_delete_by_method_and_by_action(acme, tenant, way):
    http = acme.coordinator.http
    body = {"uuid": tenant["uuid"]}
    reply = http.request("DELETE", "/api/tenants/manage", json=body) if way == "delete" else http.post("/api/tenants/manage", json={**body, "action": "delete"})
    assert reply.status_code == 200, reply.text
    assert acme.coordinator.get("/api/tenants/manage", action="get", uuid=tenant["uuid"]).status_code == 404


@pytest.mark.parametrize("name", ["tenant_id", "tenant_uuid"])
def test_an_address_is_assigned_by_number_or_uuid(acme, tenant, name):
    address = first(acme.coordinator, "/api/jobs/addresses", search="a")
    reply = acme.coordinator.post("/api/tenants/assign-address", address_id=address["id"], **{name: tenant["id" if name == "tenant_id" else "uuid"]})
    assert reply.status_code == 200 and reply.json()["full_address"] == address["full_address"]
    record = acme.coordinator.get("/api/tenants/manage", action="get", uuid=tenant["uuid"]).json()["data"]
    assert record["address_id"] == address["id"]


def test_assigning_names_what_is_missing(acme, tenant):
    reply = acme.coordinator.post("/api/tenants/assign-address", tenant_uuid=str(uuid.uuid4()), address_id=1)
    assert reply.status_code == 404 and reply.json()["error"] == "Tenant not found"
    reply = acme.coordinator.post("/api/tenants/assign-address", tenant_uuid=tenant["uuid"], address_id=999_999_999)
    assert reply.status_code == 404 and reply.json()["error"] == "Address not found"


def test_contractors_are_listed_with_their_trades(acme):
    body = acme.coordinator.get("/api/contractors/list", action="list", limit=200).json()
    assert body["count"] >= 15
    assert {"ID", "uuid", "first_name", "last_name", "email", "phone", "trades", "is_active"} <= body["data"][0].keys()
    trade = first(acme.coordinator, "/api/contractors/trades")
    some = acme.coordinator.get("/api/contractors/list", action="list", trade_id=trade["id"], limit=200).json()["data"]
    assert some and all(trade["name"] in record["trades"] for record in some)


def test_agents_are_listed_in_both_documented_shapes(acme):
    body = acme.coordinator.get("/api/agents/list", action="list").json()
    assert {"ID", "id", "uuid", "first_name", "last_name", "name", "email", "branch_id", "branch_name", "is_active"} <= body["data"][0].keys()
