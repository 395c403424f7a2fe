"""What is measured on: copies of one demo org, tokens for all of them, sealed tenants and the same in clear text."""
import http.client
import json
import random
import socket
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HOT = 100        # orgs that are asked at random
JOBS = 400       # of each of them
JOBS_OF_OTHERS = 20
SAMPLE = 20      # jobs of an org that are asked for
PASSWORD = "Kettle-Passw0rd!"

# In the order of their foreign keys.
COPIED = ["branches", "accounts", "account_branches", "landlords", "addresses", "tenants", "jobs", "job_tenants"]
FORGOTTEN = {"role_id": "NULL", "access_details_sealed": "NULL", "private_contact_name_sealed": "NULL", "private_contact_email_sealed": "NULL",
             "uuid": "gen_random_uuid()"}


class Place:
    """The cluster and the server that are measured."""

    def __init__(self, home, sockets, domain, port, load):
        self.home, self.sockets, self.domain, self.port, self.load = Path(home), sockets, domain, port, load
        self.certificates = self.home / "certificates"
        self.tls = ssl.create_default_context(cafile=self.home / "ca/ca.pem")

    def host(self, org):
        return f"{org}.{self.domain}"

    def psql(self, sql, *options):
        done = subprocess.run(["psql", "-qAtX", "-h", self.sockets, "-d", "propops", "-v", "ON_ERROR_STOP=1", *options, "-f", "-"],
                              input=sql, text=True, capture_output=True)
        if done.returncode:
            raise SystemExit(f"bench: psql failed: {done.stderr.strip()[:600]}")
        return done.stdout.strip()

    def ask(self, org, path, token=None, body=None, port=None, tls=None):
        """The JSON of one answer, over HTTP/1.1."""
        raw = socket.create_connection(("127.0.0.1", port or self.port), 30)
        connection = http.client.HTTPSConnection(self.host(org))
        connection.sock = (tls or self.tls).wrap_socket(raw, server_hostname=self.host(org))
        headers = {"authorization": f"Bearer {token}"} if token else {}
        if body is not None:
            headers["content-type"] = "application/json"
        connection.request("POST" if body is not None else "GET", path, None if body is None else json.dumps(body), headers)
        reply = connection.getresponse()
        text = reply.read()
        connection.close()
        if reply.status != 200:
            raise SystemExit(f"bench: {self.host(org)} {path} answers {reply.status}: {text[:300]!r}")
        return json.loads(text)

    def write_targets(self, name, lines):
        """Lines as load reads them: org, token, method, path, body."""
        path = self.home / "bench" / f"{name}.tsv"
        path.parent.mkdir(exist_ok=True)
        with open(path, "w", encoding="utf-8") as out:
            for org, token, method, asked, body in lines:
                bearer = f"Bearer {token}" if token else ""
                out.write(f"{self.host(org)}\t{bearer}\t{method}\t{asked}\t{json.dumps(body) if body else ''}\n")
        return path

    def run_once(self, name, lines, connections=8, streams=4):
        targets = self.write_targets(name, lines)
        done = subprocess.run([self.load, "-p", str(self.port), "-c", str(connections), "-m", str(streams), "-1", str(targets)],
                              capture_output=True, text=True)
        said = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else {}
        if said.get("failures", 1):
            raise SystemExit(f"bench: {name} failed: {done.stderr[:600]}")


def org_names(count):
    return [f"b{i:04d}" for i in range(1, count + 1)]


def _columns(place):
    rows = place.psql("SELECT table_name, column_name, is_identity FROM information_schema.columns "
                      "WHERE table_schema = 'org_acme' AND is_generated = 'NEVER' ORDER BY ordinal_position")
    columns = {}
    for row in rows.splitlines():
        table, column, identity = row.split("|")
        columns.setdefault(table, []).append((column, identity == "YES"))
    return columns


def _copy(columns, org, jobs):
    """SQL that fills an org with acme's newest jobs and all that they need. The org's own account has a number behind the copied ones."""
    sql = ["BEGIN;"]
    for table in COPIED:
        names = ", ".join(name for name, _ in columns[table])
        values = ", ".join(FORGOTTEN.get(name, f"s.{name}") for name, _ in columns[table])
        limit = {"jobs": f" WHERE s.id IN (SELECT id FROM org_acme.jobs ORDER BY created_at DESC, id DESC LIMIT {jobs})",
                 "job_tenants": f" WHERE s.job_id IN (SELECT id FROM org_{org}.jobs)"}.get(table, "")
        sql.append(f"INSERT INTO org_{org}.{table} ({names}) OVERRIDING SYSTEM VALUE SELECT {values} FROM org_acme.{table} s{limit};")
        if any(identity for _, identity in columns[table]):
            sql.append(f"SELECT setval(pg_get_serial_sequence('org_{org}.{table}', 'id'), (SELECT max(id) FROM org_{org}.{table}));")
    sql.append(f"UPDATE org_{org}.job_counter SET last = (SELECT last FROM org_acme.job_counter);")
    sql.append(f"INSERT INTO org_{org}.settings (key, value) VALUES ('bench', 'true');")
    sql.append("COMMIT;")
    return "\n".join(sql)


def fill_orgs(place, count):
    """Copies acme into the orgs that have nothing yet."""
    done = set(place.psql("SELECT schema_name FROM platform.orgs WHERE slug LIKE 'b%' AND state = 'active' ORDER BY 1").splitlines())
    marks = "\nUNION ALL ".join(f"SELECT '{org}' FROM org_{org}.settings WHERE key = 'bench'" for org in org_names(count) if f"org_{org}" in done)
    filled = set(place.psql(marks).splitlines())
    columns = _columns(place)
    todo = [(i, org) for i, org in enumerate(org_names(count)) if org not in filled]
    if not todo:
        return
    print(f"==> Filling {len(todo)} orgs", flush=True)
    for start in range(0, len(todo), 100):
        place.psql("\n".join(_copy(columns, org, JOBS if i < HOT else JOBS_OF_OTHERS) for i, org in todo[start:start + 100]))
    place.psql("ANALYZE")


def tokens(place, orgs):
    """{org: token}; they count for 90 days, so they are kept."""
    kept_at = place.home / "bench" / "tokens.json"
    kept = json.loads(kept_at.read_text()) if kept_at.exists() else {}
    missing = [org for org in orgs if org not in kept]

    def sign_in(org):
        return org, place.ask(org, "/api/auth/login", body={"email": f"bench@{org}.example", "password": PASSWORD})["token"]

    if missing:
        print(f"==> Signing in to {len(missing)} orgs", flush=True)
        with ThreadPoolExecutor(3) as pool:
            kept.update(pool.map(sign_in, missing))
        kept_at.parent.mkdir(exist_ok=True)
        kept_at.write_text(json.dumps(kept))
    return {org: kept[org] for org in orgs}


def jobs_of(place, orgs, most):
    """{org: [uuid]}, the newest first."""
    found = {}
    for start in range(0, len(orgs), 500):
        union = "\nUNION ALL ".join(f"SELECT '{org}', uuid::text, n FROM (SELECT uuid, row_number() OVER (ORDER BY created_at DESC, id DESC) n "
                                    f"FROM org_{org}.jobs WHERE job_title NOT LIKE 'bench %') x WHERE n <= {most}"
                                    for org in orgs[start:start + 500])
        for row in place.psql(f"SELECT * FROM ({union}) y ORDER BY 1, 3").splitlines():
            org, uuid, _ = row.split("|")
            found.setdefault(org, []).append(uuid)
    return found


def seal_some(place, tokens_of, jobs):
    """Every third of the jobs that are asked for holds sealed values, as in the demo; PropOps itself seals them."""
    mark = place.home / "bench" / "sealed.json"
    done = set(json.loads(mark.read_text())) if mark.exists() else set()
    todo = [org for org in jobs if org not in done]
    if not todo:
        return
    lines = [(org, tokens_of[org], "POST", "/api/jobs/manage",
              {"action": "update", "uuid": uuid, "access_details": "Keys at the branch, hook 27. Sign for them.",
               "private_contact_name": "Alex Turner", "private_contact_email": "alex.turner@post.example"})
             for org in todo for uuid in jobs[org][::3]]
    place.run_once("seal", lines)
    mark.write_text(json.dumps(sorted(done | set(todo))))


ONSETS = "b bl br c ch cl cr d dr f fl fr g gl gr h j k kn l m n p pl pr qu r s sc sh sl sm sp st t th tr v w wh y".split()
VOWELS = "a e i o u ai ea oo ou".split()
CODAS = "b ck d g l ll m mp n nd ng nt p r rd rk rn rr rt s sk ss st t tt x".split()
ENDINGS = ["son", "ton", "ley", "field", "ford", "wood", "worth", "ham", "by", "man", "well", "den", "more", "shaw", "stead", "wick", "dale", "croft", "", "", "er"]
FIRST = ["Aisha", "Alan", "Amara", "Amir", "Anna", "Ben", "Bola", "Carys", "Chloe", "Daniel", "Dev", "Dilys", "Ella", "Emeka", "Eva", "Faisal", "Fiona",
         "George", "Grace", "Hamza", "Hannah", "Idris", "Imogen", "Jack", "Jaya", "Joan", "Karim", "Kate", "Leo", "Lily", "Maeve", "Mina", "Nadia", "Noah",
         "Olive", "Omar", "Priya", "Quinn", "Rhys", "Rosa", "Sana", "Sean", "Tariq", "Tess", "Uma", "Victor", "Wren", "Yara", "Zara", "Zoe"]


def people(count):
    """The same names each time: 20,000 surnames, the first of them far more often than the last."""
    chance = random.Random(7)
    surnames = ["".join(chance.choice(part) for part in (ONSETS, VOWELS, CODAS, ENDINGS)).capitalize() for _ in range(20000)]
    for i in range(count):
        surname = surnames[int(len(surnames) * chance.random() ** 2)]
        yield f"{chance.choice(FIRST)} {surname}", f"person{i}@post.example", f"07700 {900000 + i % 99999:06d}"


def name_queries(count):
    """Parts of surnames as people type them: their beginning, or a piece from the middle."""
    chance = random.Random(11)
    names = [name.split(" ")[1].lower() for name, _, _ in people(5000)]
    queries = []
    while len(queries) < count:
        name = chance.choice(names)
        if len(name) >= 6:
            start = 0 if chance.random() < 0.7 else chance.randrange(len(name) - 4)
            queries.append(name[start:start + chance.choice([4, 5, 6])])
    return queries


def make_tenants(place, token, count):
    """Through the API, so that PropOps seals them; then the same people in clear text with pg_trgm."""
    have = int(place.psql("SELECT count(*) FROM org_search.tenants"))
    if have < count:
        print(f"==> Making {count - have} sealed tenants", flush=True)
        rest = list(people(count))[have:]
        place.run_once("tenants", (("search", token, "POST", "/api/tenants/manage",
                                    {"tenant_name": name, "tenant_email": mail, "tenant_number_primary": number}) for name, mail, number in rest))
        place.psql("VACUUM ANALYZE org_search.tenants; VACUUM ANALYZE org_search.tenant_tokens")
    if place.psql("SELECT to_regclass('bench_clear.tenants') IS NULL") == "t" or int(place.psql("SELECT count(*) FROM bench_clear.tenants")) < count:
        copied = "\n".join(f"{name}\t{mail}\t{number}" for name, mail, number in people(count))
        place.psql("DROP SCHEMA IF EXISTS bench_clear CASCADE; CREATE SCHEMA bench_clear;"
                   "CREATE TABLE bench_clear.tenants (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, uuid uuid NOT NULL DEFAULT gen_random_uuid(),"
                   " name text NOT NULL, email text, number_primary text, number_work text, address_id bigint, is_active boolean NOT NULL DEFAULT true,"
                   " created_at timestamptz NOT NULL DEFAULT clock_timestamp());\n"
                   f"COPY bench_clear.tenants (name, email, number_primary) FROM STDIN;\n{copied}\n\\.\n"
                   "CREATE INDEX ON bench_clear.tenants USING gin (lower(name) gin_trgm_ops);"
                   "CREATE INDEX ON bench_clear.tenants (created_at DESC, id DESC);")
        place.psql("VACUUM ANALYZE bench_clear.tenants")
    place.psql("CHECKPOINT")
