"""A running server with the two demo orgs, seen as its users see it. `ops/test` starts it and sets the environment."""
import copy
import csv
import functools
import io
import json
import os
import socket
import ssl
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import jsonschema
import psycopg
import pytest

ROOT = Path(__file__).resolve().parents[1]
HOME = Path(os.environ["PROPOPS_HOME"])
PORT = int(os.environ["PROPOPS_PORT"])
BINARY = os.environ["PROPOPS_BINARY"]
PASSWORD = "Demo-Passw0rd!"
FAULT = jsonschema.Draft202012Validator(
    {"type": "object", "required": ["success", "error", "code", "request_id"], "properties": {"success": {"const": False}}})
NAMES = ["sysops", "director", "finance", "coordinator", "minimal", "agent", "landlord", "tenant", "contractor", "api"]

_resolve = socket.getaddrinfo


def _resolve_locally(host, *args, **kwargs):
    """Python does not resolve names below localhost."""
    if isinstance(host, (bytes, bytearray)):
        host = host.decode()
    return _resolve("127.0.0.1" if isinstance(host, str) and host.endswith(".localhost") else host, *args, **kwargs)


socket.getaddrinfo = _resolve_locally


def tls_context():
    context = ssl.create_default_context(cafile=str(HOME / "ca" / "ca.pem"))
    return context


def new_client(host, **kwargs):
    return httpx.Client(base_url=f"https://{host}.localhost:{PORT}", verify=tls_context(), http2=True, timeout=30,
                        event_hooks={"response": [check_reply]}, **kwargs)


@functools.cache
def document():
    """The API's own description, as the binary prints it."""
    return json.loads(verb("openapi"))


@functools.cache
def operation(method, path):
    """The operation of the document that a request is of; None for what it does not describe."""
    parts = path.split("/")
    for template, methods in document()["paths"].items():
        wanted = template.split("/")
        if len(wanted) == len(parts) and all(w == p or w.startswith("{") for w, p in zip(wanted, parts)):
            return methods.get(method.lower())
    return None


@functools.cache
def validator(method, path):
    """Checks good answers of an operation; references are into the document's components."""
    content = operation(method, path)["responses"]["200"].get("content", {}).get("application/json", {})
    schema = {**content.get("schema", {}), "components": document()["components"]}
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


def check_reply(reply):
    """Every JSON answer of every test is held against the document's schema for it."""
    method, path = reply.request.method, reply.request.url.path
    if not operation(method, path) or not reply.headers.get("content-type", "").startswith("application/json"):
        return
    reply.read()
    check = FAULT if reply.status_code >= 400 else validator(method, path)
    fault = next(check.iter_errors(reply.json()), None)
    assert fault is None, f"{method} {path} is not as documented: {fault.message[:300]}"


def verb(*words, check=True):
    """Runs a verb of the binary and gives its standard output."""
    done = subprocess.run([BINARY, *words], capture_output=True, text=True, timeout=120)
    assert not check or done.returncode == 0, f"propops {' '.join(words)}: {done.stderr}"
    return done.stdout if check else done


@dataclass(frozen=True)
class Row:
    """One endpoint, as `propops routes` prints it."""
    method: str
    path: str
    action: str
    permission: str
    accounts: str
    csrf: str
    module: str
    summary: str
    more: dict = field(default_factory=dict, compare=False, hash=False)

    def __str__(self):
        return f"{self.method} {self.path}" + (f"?action={self.action}" if self.action else "")

    @property
    def public(self):
        return self.accounts in ("", "public")

    @property
    def writes(self):
        return self.method != "GET"


def rows():
    known = set(Row.__dataclass_fields__) - {"more"}
    table = csv.DictReader(io.StringIO(verb("routes")), delimiter="\t")
    return [Row(**{k: v or "" for k, v in line.items() if k in known}, more={k: v for k, v in line.items() if k not in known}) for line in table]


class Account:
    """Somebody signed in with a bearer token."""

    def __init__(self, host, email):
        self.host = host
        self.email = email
        self.http = new_client(host)
        reply = self.http.post("/api/auth/login", json={"email": email, "password": PASSWORD})
        assert reply.status_code == 200, reply.text
        self.login = reply.json()
        self.http.headers["Authorization"] = f"Bearer {self.login['token']}"

    def another(self):
        """The same account on a connection of its own: a client's HTTP/2 connection is not for several threads."""
        other = copy.copy(self)
        other.http = new_client(self.host, headers=dict(self.http.headers))
        return other

    def get(self, path, **params):
        return self.http.get(path, params=params)

    def post(self, path, **body):
        return self.http.post(path, json=body)

    def upload(self, path, files, **fields):
        return self.http.post(path, data=fields, files=files)


class Org:
    """One demo org and its accounts, signed in when first asked for."""

    def __init__(self, slug):
        self.slug = slug
        self.accounts = {}

    def __getattr__(self, name):
        if name not in NAMES:
            raise AttributeError(name)
        if name not in self.accounts:
            self.accounts[name] = Account(self.slug, f"{name}@{self.slug}.example")
        return self.accounts[name]

    def visitor(self):
        return new_client(self.slug)


@pytest.fixture(scope="session")
def acme():
    return Org("acme")


@pytest.fixture(scope="session")
def birch():
    return Org("birch")


@pytest.fixture(scope="session")
def database():
    """The cluster as its administrator: to look at what is stored, never to change what the server should change."""
    with psycopg.connect(os.environ["PROPOPS_DATABASE_URL"], autocommit=True) as connection:
        yield connection


@pytest.fixture
def job(acme):
    """A fresh job of acme's coordinator."""
    return make_job(acme.coordinator)


def first(account, path, **params):
    reply = account.get(path, **params)
    assert reply.status_code == 200, reply.text
    return reply.json()["data"][0]


def make_job(account, **changes):
    body = {
        "action": "create", "job_title": "Boiler has no hot water", "job_description": "No hot water since Monday.",
        "priority_id": first(account, "/api/jobs/priorities")["id"], "status_id": 1,
        "job_type_id": first(account, "/api/jobs/types")["id"],
        "address_id": first(account, "/api/jobs/addresses", search="a")["id"], **changes}
    reply = account.post("/api/jobs/manage", **body)
    assert reply.status_code == 200, reply.text
    return reply.json()
