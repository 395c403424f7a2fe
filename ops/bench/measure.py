#!/usr/bin/env python3
"""Measures the named rows and prints them; ops/bench/run has set everything up.

A row is measured in alternating rounds, PropOps and its peers one after the other, so that what else the machine does meets all of them.
CPU is that of the program and its children and that of PostgreSQL, divided by the answers; it hardly moves with foreign load, which
requests a second do. A ratio is taken within a round. Start reading at ROWS.
"""
import io
import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import time
import zipfile
from datetime import datetime, timezone
from pathlib import Path

import data
import machine
import peers
import statements

ENV = os.environ
ROOT = peers.BENCH.parents[1]
HOME = Path(ENV["PROPOPS_HOME"])
QUICK = ENV["QUICK"] == "yes"
ORGS, TENANTS = int(ENV["ORGS"]), int(ENV["TENANTS"])
PORT = int(ENV["PROPOPS_PORT"])
NODE_PORT, PHP_PORT, DAV_PORT = PORT + 1, PORT + 2, PORT + 3
ROUNDS = 3 if QUICK else 5
SECONDS, WARM = (3, 1) if QUICK else (10, 2)
# Each connection plans each org's statements once, which takes long. pgbench connects anew each time; the others are made warm once.
FIRST_WARM = 8 if QUICK else 25
HOT = 20 if QUICK else data.HOT
LOAD = f"{ENV['BUILD']}/bench/load"
ACCOUNT_ID = 1001
SEALED = {"access_details", "private_contact_name", "private_contact_email"}

place = data.Place(HOME, ENV["SOCKETS"], ENV["PROPOPS_DOMAIN"], PORT, LOAD)


def server_pid():
    return int((HOME / "run/server.pid").read_text())


def postgres_pid():
    return int((HOME / "postgres/postmaster.pid").read_text().split("\n")[0])


def orgs_known():
    """Earlier runs may have made more than this one asks for."""
    return int(place.psql("SELECT count(*) FROM platform.orgs WHERE state = 'active'"))


def us(seconds, answers):
    return seconds * 1e6 / max(answers, 1)


class Run:
    """One measurement: answers a second, µs of CPU an answer, latencies in µs."""

    def __init__(self, rate, program=0.0, postgres=0.0, p50=0, p99=0):
        self.rate, self.program, self.postgres, self.p50, self.p99 = rate, program, postgres, p50, p99


def fire(port, targets, roots, connections=64, streams=10, seconds=SECONDS, warm=WARM):
    """Loads a server and reads the clocks while it counts."""
    process = subprocess.Popen([LOAD, "-p", str(port), "-c", str(connections), "-m", str(streams), "-w", str(warm), "-d", str(seconds), str(targets)],
                               stdout=subprocess.PIPE, text=True)
    pictures, said = [], {}
    for line in process.stdout:
        if line in ("begin\n", "end\n"):
            pictures.append((machine.family(roots), machine.family([postgres_pid()])))
        else:
            said = json.loads(line)
    if process.wait() != 0 or said["failures"] or not said["answers"]:
        raise SystemExit(f"bench: {targets.name}: {said or 'load failed'}")
    (own_before, pg_before), (own_after, pg_after) = pictures
    n = said["answers"]
    return Run(n / said["seconds"], us(machine.spent(own_before, own_after), n), us(machine.spent(pg_before, pg_after), n), said["p50"], said["p99"])


class Alone:
    """Lets PropOps rest while a peer is measured: its sweeps would count against PostgreSQL."""

    def __enter__(self):
        os.kill(server_pid(), signal.SIGSTOP)

    def __exit__(self, *fault):
        os.kill(server_pid(), signal.SIGCONT)


class Results:
    """What the rows found, as lines of a table."""

    def __init__(self):
        self.lines, self.good = [], True

    def add(self, row, what, values, bar=None, at_most=False, form="{:.2f}"):
        values = sorted(values)
        middle = statistics.median(values)
        shown = "/".join(form.format(v) for v in (values[0], middle, values[-1]))
        verdict = ""
        if bar is not None:
            met = middle <= bar if at_most else middle >= bar
            self.good = self.good and met
            verdict = "met" if met else "MISSED"
        limit = "" if bar is None else ("≤ " if at_most else "≥ ") + form.format(bar)
        self.lines.append((row, what, shown, limit, verdict))
        print(f"  {row:7} {what:58} {shown:>26}  {limit:>10}  {verdict}", flush=True)

    def runs(self, row, name, runs):
        """How one of the servers did, without a bar."""
        self.add(row, f"{name}, answers a second", [r.rate for r in runs], form="{:,.0f}")
        if runs[0].program:
            self.add(row, f"{name}, CPU of the program, µs", [r.program for r in runs], form="{:.1f}")
        self.add(row, f"{name}, CPU of PostgreSQL, µs", [r.postgres for r in runs], form="{:.1f}")


results = Results()


def ratios(one, other, what="rate"):
    return [getattr(a, what) / getattr(b, what) for a, b in zip(one, other)]


# --- what all rows share, made when it is first wanted ---

class Stage:
    def __init__(self):
        self.hot = data.org_names(HOT)
        self.tokens = data.tokens(place, self.hot)
        self.jobs = data.jobs_of(place, self.hot, data.SAMPLE)
        data.seal_some(place, self.tokens, {org: uuids for org, uuids in data.jobs_of(place, self.hot, 50).items()})
        self._plan = self._node = self._php = None
        self.warm = set()

    def create_body(self, number):
        """Of a job as PropOps takes it; with a contractor, so that there is a message to send."""
        return {"action": "create", "job_title": f"bench {number} leaking tap", "job_description": "bench: the tap in the kitchen drips.",
                "priority_id": 3, "status_id": 2, "job_type_id": 1, "address_id": 1, "contractor_id": self.contractor,
                "contractor_budget": "120.00", "works_order_ref": f"WO-{number}"}

    def plan(self):
        """The peers' work: PropOps' statements, as it ran them just now."""
        if self._plan:
            return self._plan
        org, schema = self.hot[0], f"org_{self.hot[0]}"
        token = self.tokens[org]
        tables = set(place.psql(f"SELECT tablename FROM pg_tables WHERE schemaname = '{schema}'").splitlines())
        self.contractor = int(place.psql(f"SELECT min(id) FROM {schema}.accounts WHERE account_type_id = 5"))
        log = HOME / "log/postgres.log"
        with statements.Recorder(lambda sql: place.psql(sql), log) as recorder:
            place.ask(org, f"/api/jobs/manage?action=get&uuid={self.jobs[org][0]}", token)
            place.ask(org, "/api/jobs/manage?action=list&limit=50", token)
            sent = self.create_body(12345)
            created = place.ask(org, "/api/jobs/manage", token, sent)
            seen = recorder.statements()
        place.psql(f"DELETE FROM {schema}.jobs WHERE job_title LIKE 'bench %'")

        def only(part, besides=""):
            found = [s for s in seen if part in s[1] and (not besides or besides in s[1])]
            if not found:
                raise SystemExit(f"bench: no statement with {part!r} was logged")
            return found[0]

        def peer(text):
            return statements.qualified(text, "@org", tables)

        insert = only("INSERT INTO jobs ")
        own = [s for s in seen if s[0] == insert[0]]
        end = next(i for i, s in enumerate(own) if i > own.index(insert) and s[1] == "COMMIT")
        begin = max(i for i, s in enumerate(own[:end]) if s[1] == "BEGIN")
        steps = statements.replayable(own[begin + 1:end], sent, created)
        texts = {"get": peer(only("j.uuid = $3")[1]), "page": peer(only("LIMIT 51")[1]), "count": peer(only("count(*)", "FROM jobs j")[1]),
                 "search": CLEAR_PAGE, "search_count": CLEAR_COUNT}
        texts |= {f"create{i}": peer(step["text"]) for i, step in enumerate(steps)}
        self._plan = {"statements": texts, "columns": statements.columns_of(ROOT / "domain/jobs/jobs.sql", "jobs_get"),
                      "tenant_columns": CLEAR_COLUMNS, "account_id": ACCOUNT_ID, "create": steps,
                      "job_uuid": next(s["uuid"] for s in steps[[s["gives"] for s in steps].index("id")]["values"] if "uuid" in s)}
        (HOME / "bench/plan.json").write_text(json.dumps(self._plan))
        (HOME / "bench/plan.php").write_text("<?php return " + php_literal(self._plan) + ";\n")
        return self._plan

    def node(self):
        if not self._node:
            self.plan()
            self._node = peers.Node(HOME / "bench/node", NODE_PORT, HOME / "bench/plan.json", place.certificates, ENV["SOCKETS"])
        return self._node

    def php(self):
        if not self._php:
            self.plan()
            self._php = peers.Php(HOME / "bench/php", PHP_PORT, HOME / "bench/plan.php", place.certificates, ENV["SOCKETS"])
        return self._php

    def close(self):
        for peer in (self._node, self._php):
            if peer:
                peer.stop()

    def _first(self, port, targets):
        """True only the first time; another program or other statements are cold again."""
        key = (port, targets, server_pid() if port == PORT else 0)
        known = key in self.warm
        self.warm.add(key)
        return not known

    def propops(self, targets, **how):
        warm = FIRST_WARM if self._first(PORT, targets) else WARM
        return fire(PORT, targets, [server_pid()], warm=warm, **how)

    def peer(self, peer, targets, **how):
        warm = FIRST_WARM if self._first(peer.port, targets) else WARM
        with Alone():
            return fire(peer.port, targets, peer.roots(), warm=warm, **how)

    def pgbench(self, name, text_of, variables):
        """The statements as the limit: one script for each org, one job in each of them."""
        folder = HOME / "bench/pgbench"
        folder.mkdir(exist_ok=True)
        scripts = []
        for i, org in enumerate(self.hot):
            script = folder / f"{name}-{org}.sql"
            script.write_text("".join(t.replace("@org", f"org_{org}") + ";\n" for t in text_of(i)))
            scripts.append(script)
        with Alone():
            rates, before, after = peers.pgbench(scripts, variables, SECONDS, FIRST_WARM, ["-h", ENV["SOCKETS"], "propops"],
                                                 lambda: machine.family([postgres_pid()]))
        return Run(statistics.mean(rates), 0, us(machine.spent(before, after), sum(rates)))

    def compare(self, peer, path_of, here, peers_path):
        """The same data from both, or the measurement means nothing; sealed values, which peers do not open, aside."""
        for org in self.hot[:3]:
            ours = place.ask(org, path_of(org), self.tokens[org])
            theirs = place.ask(org, peers_path(org), port=peer.port, tls=peers.trusting_nobody())
            for reply in (ours, theirs):
                rows = reply["data"] if isinstance(reply["data"], list) else [reply["data"]]
                for row in rows:
                    for name in SEALED:
                        row.pop(name, None)
                reply.pop("next_cursor", None)
            if ours != theirs:
                raise SystemExit(f"bench: {here}: the peer answers otherwise:\n{json.dumps(ours)[:1500]}\n{json.dumps(theirs)[:1500]}")


def php_literal(value):
    if isinstance(value, dict):
        return "[" + ",".join(f"{php_literal(k)}=>{php_literal(v)}" for k, v in value.items()) + "]"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(php_literal(v) for v in value) + "]"
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return "null" if value is None else str(value).lower()


def rounds():
    for i in range(1, ROUNDS + 1):
        print(f"  … round {i} of {ROUNDS}", file=sys.stderr, flush=True)
        yield i


# --- rows ---

def get_path(uuid):
    return f"/api/jobs/manage?action=get&uuid={uuid}"


def get_targets(stage):
    ours = place.write_targets("get", [(org, stage.tokens[org], "GET", get_path(uuid), None) for org in stage.hot for uuid in stage.jobs[org]])
    theirs = place.write_targets("get-peer", [(org, "", "GET", f"/get?uuid={uuid}", None) for org in stage.hot for uuid in stage.jobs[org]])
    return ours, theirs


def bench_get(stage):
    text = stage.plan()["statements"]["get"].replace("$1", ":account").replace("$2", ":type")
    variables = {"account": ACCOUNT_ID, "type": 1} | {f"u{i}": stage.jobs[org][0] for i, org in enumerate(stage.hot)}
    ours, theirs = get_targets(stage)
    node = stage.node()
    stage.compare(node, lambda org: get_path(stage.jobs[org][0]), "get", lambda org: f"/get?uuid={stage.jobs[org][0]}")
    limit, own, peer = [], [], []
    for _ in rounds():
        limit.append(stage.pgbench("get", lambda i: [text.replace("$3", f":u{i}")], variables))
        own.append(stage.propops(ours))
        peer.append(stage.peer(node, theirs))
    results.runs("get", "pgbench", limit)
    results.runs("get", "PropOps", own)
    results.runs("get", "Node", peer)
    results.add("get", "÷ pgbench", ratios(own, limit), 0.70)
    results.add("get", "÷ Node", ratios(own, peer), 2)
    results.add("get", "server CPU, µs", [r.program for r in own], 25, at_most=True, form="{:.1f}")


def bench_list(stage):
    texts = [stage.plan()["statements"][name].replace("$1", ":account").replace("$2", ":type") for name in ("page", "count")]
    ours = place.write_targets("list", [(org, stage.tokens[org], "GET", "/api/jobs/manage?action=list&limit=50", None) for org in stage.hot])
    theirs = place.write_targets("list-peer", [(org, "", "GET", "/list", None) for org in stage.hot])
    node = stage.node()
    stage.compare(node, lambda org: "/api/jobs/manage?action=list&limit=50", "list", lambda org: "/list")
    limit, own, peer = [], [], []
    for _ in rounds():
        limit.append(stage.pgbench("list", lambda i: texts, {"account": ACCOUNT_ID, "type": 1}))
        own.append(stage.propops(ours))
        peer.append(stage.peer(node, theirs))
    results.runs("list", "pgbench", limit)
    results.runs("list", "PropOps", own)
    results.runs("list", "Node", peer)
    results.add("list", "÷ pgbench", ratios(own, limit), 0.70)
    results.add("list", "÷ Node", ratios(own, peer), 2.5)
    results.add("list", "server CPU, µs", [r.program for r in own], 110, at_most=True, form="{:.1f}")


def forget_created(stage):
    place.psql("".join(f"DELETE FROM org_{org}.jobs WHERE job_title LIKE 'bench %';DELETE FROM org_{org}.outbox;" for org in stage.hot))


def bench_create(stage):
    stage.plan()
    lines = [(org, stage.tokens[org], "POST", "/api/jobs/manage", stage.create_body(10000 + i)) for i in range(10) for org in stage.hot]
    ours = place.write_targets("create", lines)
    theirs = place.write_targets("create-peer", [(org, "", method, "/create", body) for org, _, method, _, body in lines])
    node = stage.node()
    own, peer = [], []
    for _ in rounds():
        own.append(stage.propops(ours, connections=16, streams=4))
        forget_created(stage)
        peer.append(stage.peer(node, theirs, connections=16, streams=4))
        forget_created(stage)
    place.psql("\n".join(f"VACUUM ANALYZE org_{org}.{table};" for org in stage.hot for table in ("jobs", "job_commits", "outbox", "activity_log", "job_counter")))
    results.runs("create", "PropOps", own)
    results.runs("create", "Node", peer)
    results.add("create", "÷ Node", ratios(own, peer), 0.9)
    results.add("create", "CPU of program and PostgreSQL ÷ Node's",
                [(a.program + a.postgres) / (b.program + b.postgres) for a, b in zip(own, peer)], 0.70, at_most=True)


def bench_php(stage):
    ours, theirs = get_targets(stage)
    php = stage.php()
    stage.compare(php, lambda org: get_path(stage.jobs[org][0]), "php", lambda org: f"/get?uuid={stage.jobs[org][0]}")
    own, peer = [], []
    for _ in rounds():
        own.append(stage.propops(ours))
        peer.append(stage.peer(php, theirs, connections=16, streams=4))
    results.runs("php", "PropOps", own)
    results.runs("php", "PHP", peer)
    results.add("php", "÷ PHP", ratios(own, peer), 10)


UPLOAD_BYTES = 10 * 1000 * 1000


def report_with_photo(size):
    """A Word document around one large photo."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as document:
        document.writestr("[Content_Types].xml", '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>')
        document.writestr("word/document.xml", "<document/>")
        document.writestr("word/media/image1.jpeg", random.Random(3).randbytes(size))
    return out.getvalue()


def upload_body(job):
    """Photos and PDFs would be drawn in the background while others are measured, and of a text every letter would be looked at."""
    boundary = "benchboundary7MA4YWxkTrZu0gW"
    head = "".join(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                   for name, value in (("action", "upload"), ("job_uuid", job), ("document_type_id", "1")))
    head += f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="report.docx"\r\n\r\n'
    path = HOME / "bench/upload.body"
    path.write_bytes(head.encode() + report_with_photo(UPLOAD_BYTES) + f"\r\n--{boundary}--\r\n".encode())
    return path, f"multipart/form-data; boundary={boundary}"


def h2load(port, roots, count, body, *headers, path):
    """Good answers a second over 100 connections, and the share that was refused: who is told to come again must."""
    argv = ["h2load", "-c", "100", "-m", "1", "-n", str(count), "-d", str(body), "--connect-to", f"127.0.0.1:{port}"]
    for header in headers:
        argv += ["-H", header]
    before = (machine.family(roots), machine.family([postgres_pid()]))
    said = subprocess.run([*argv, f"https://{place.host('b0001')}:{port}{path}"], capture_output=True, text=True)
    after = (machine.family(roots), machine.family([postgres_pid()]))
    took = re.search(r"finished in ([\d.]+)(ms|s|us),", said.stdout)
    good = re.search(r"(\d+) succeeded", said.stdout)
    if not took or not good or int(good[1]) == 0:
        raise SystemExit(f"bench: uploads: {said.stdout[-900:]}{said.stderr[-300:]}")
    seconds, n = float(took[1]) * {"s": 1, "ms": 1e-3, "us": 1e-6}[took[2]], int(good[1])
    run = Run(n / seconds, us(machine.spent(before[0], after[0]), n), us(machine.spent(before[1], after[1]), n))
    return run, 1 - n / count


def bench_upload(stage):
    """Today's whole bodies. Pieces of 1 MiB, when there are any, belong here as a second pair of runs against the same nginx."""
    org = stage.hot[0]
    job, count = stage.jobs[org][0], 200 if QUICK else 500
    body, kind = upload_body(job)
    dav = peers.WebDav(HOME / "bench/dav", DAV_PORT, place.certificates)
    own, peer, peaks, refused = [], [], [], []
    try:
        for _ in rounds():
            machine.reset_peak(server_pid())
            run, share = h2load(PORT, [server_pid()], count, body, f"authorization: Bearer {stage.tokens[org]}", f"content-type: {kind}",
                                path="/api/jobs/documents")
            own.append(run)
            refused.append(share * 100)
            peaks.append(machine.peak(server_pid()) / 1e6)
            forget_uploads(org, job)
            with Alone():
                peer.append(h2load(DAV_PORT, dav.roots(), count, body, ":method: PUT", path="/upload.bin")[0])
    finally:
        dav.stop()
    for name, runs in (("PropOps", own), ("nginx PUT", peer)):
        results.add("upload", f"{name}, GB/s", [r.rate * UPLOAD_BYTES / 1e9 for r in runs], form="{:.3f}")
        results.add("upload", f"{name}, CPU of the program, ms a MB", [r.program / (UPLOAD_BYTES / 1e6) / 1e3 for r in runs])
    results.add("upload", "PropOps, refused with 503, %", refused, form="{:.0f}")
    results.add("upload", "÷ nginx PUT", ratios(own, peer), 0.9)
    results.add("upload", "peak memory, MB", peaks, 200, at_most=True, form="{:.0f}")


def forget_uploads(org, job):
    """Rows and files; the room on the disk is needed for the next round."""
    schema = f"org_{org}"
    names = place.psql(f"SELECT f.uuid FROM {schema}.files f WHERE f.name = 'report.docx'").split()
    place.psql(f"DELETE FROM {schema}.documents WHERE file_id IN (SELECT id FROM {schema}.files WHERE name = 'report.docx');"
               f"DELETE FROM {schema}.files WHERE name = 'report.docx';"
               f"UPDATE {schema}.jobs SET documents_count = 0 WHERE uuid = '{job}'")
    gone = {f"{name}.original" for name in names}
    for found in (HOME / "files").glob("*/*/*.original"):
        if found.name in gone:
            found.unlink()


CLEAR_COLUMNS = [("ID", "bigint"), ("id", "bigint"), ("uuid", "uuid"), ("tenant_name", "text"), ("tenant_email", "text?"),
                 ("tenant_number_primary", "text?"), ("tenant_number_work", "text?"), ("address_id", "bigint?"), ("full_address", "text?"),
                 ("is_active", "boolean"), ("created_at", "instant")]
CLEAR_PAGE = ("SELECT id, id, uuid, name, email, number_primary, number_work, address_id, NULL, is_active, created_at, created_at::text, id::text "
              "FROM bench_clear.tenants t WHERE lower(name) LIKE '%' || $1::text || '%' ORDER BY t.created_at DESC, t.id DESC LIMIT 51")
CLEAR_COUNT = ("SELECT count(*) FROM (SELECT 1 FROM bench_clear.tenants WHERE lower(name) LIKE '%' || $1::text || '%' LIMIT 10001) x")


def bench_search(stage):
    """One search at a time: what a person at a keyboard feels."""
    token = data.tokens(place, ["search"])["search"]
    data.make_tenants(place, token, TENANTS)
    queries = data.name_queries(200)
    ours = place.write_targets("search", [("search", token, "GET", f"/api/tenants/manage?action=list&limit=50&search={q}", None) for q in queries])
    theirs = place.write_targets("search-peer", [("search", "", "GET", f"/search?search={q}", None) for q in queries])
    node = stage.node()
    hits = []
    for q in queries[:50]:
        one = place.ask("search", f"/api/tenants/manage?action=list&limit=50&search={q}", token)
        other = place.ask("search", f"/search?search={q}", port=node.port, tls=peers.trusting_nobody())
        if min(one["total"], 10000) != min(other["total"], 10000):  # as far as both count
            raise SystemExit(f"bench: search for {q!r} finds {one['total']} sealed tenants and {other['total']} in clear text")
        hits.append(one["total"])
    count = int(place.psql("SELECT count(*) FROM org_search.tenants"))
    own, peer = [], []
    for _ in rounds():
        own.append(stage.propops(ours, connections=1, streams=1))
        peer.append(stage.peer(node, theirs, connections=1, streams=1))
    results.add("search", "people found", hits, form="{:,.0f}")
    for name, runs in (("PropOps, sealed", own), ("Node, clear text", peer)):
        results.add("search", f"{name}, p50 µs", [r.p50 for r in runs], form="{:,.0f}")
        results.add("search", f"{name}, p99 µs", [r.p99 for r in runs], form="{:,.0f}")
        results.add("search", f"{name}, CPU of program and PostgreSQL, µs", [r.program + r.postgres for r in runs], form="{:,.0f}")
    results.add("search", f"p50 ÷ clear text, {count:,} tenants", ratios(own, peer, "p50"), 1, at_most=True)


def bench_orgs(stage):
    """The same load over ten orgs and over all of them."""
    names = data.org_names(ORGS)
    tokens = data.tokens(place, names)
    jobs = data.jobs_of(place, names, 5)
    few, all_of_them = ([(org, tokens[org], "GET", get_path(uuid), None) for org in some for uuid in jobs[org]] for some in (names[:10], names))
    few, all_of_them = place.write_targets("orgs-few", few), place.write_targets("orgs-all", all_of_them)
    ten, many = [], []
    for _ in rounds():
        ten.append(stage.propops(few))
        many.append(stage.propops(all_of_them))
    results.runs("orgs", "10 orgs", ten)
    results.runs("orgs", f"{ORGS:,} orgs", many)
    results.add("orgs", "CPU of program and PostgreSQL ÷ that with 10",
                [(b.program + b.postgres) / (a.program + a.postgres) for a, b in zip(ten, many)], 1.3, at_most=True)


started = []  # servers that are children of ours and must be waited for


def restart():
    """Seconds from the start of the program to its first answer."""
    pid = server_pid()
    os.kill(pid, signal.SIGTERM)
    for process in started:
        process.wait(60)
    while Path(f"/proc/{pid}").exists():
        time.sleep(0.02)
    began = time.monotonic()
    with open(HOME / "log/propops.log", "a", encoding="utf-8") as log:
        process = subprocess.Popen([f"{ENV['BUILD']}/propops", "serve"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True)
    started[:] = [process]
    (HOME / "run/server.pid").write_text(f"{process.pid}\n")
    while time.monotonic() - began < 30:
        try:
            place.ask("b0001", "/api/system/heartbeat?health_check=1")
            return time.monotonic() - began
        except OSError:
            time.sleep(0.005)
    raise SystemExit("bench: the server did not answer within 30 s of its start")


def bench_idle(stage):
    connections, known = 1000 if QUICK else 10000, orgs_known()
    starts, idle, each, resting = [], [], [], []
    targets = place.write_targets("idle", [("b0001", "", "GET", "/api/system/heartbeat", None)])
    for _ in rounds():
        starts.append(restart())
        time.sleep(3)
        before = (machine.family([server_pid()]), machine.family([postgres_pid()]))
        time.sleep(10)
        after = (machine.family([server_pid()]), machine.family([postgres_pid()]))
        resting.append(sum(machine.spent(b, a) for b, a in zip(before, after)) * 10)
        empty = machine.memory([server_pid()])
        idle.append(empty / 1e6)
        process = subprocess.Popen([LOAD, "-p", str(PORT), "-c", str(connections), "-i", str(targets)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   text=True)
        if not any(line == "open\n" for line in process.stdout):
            raise SystemExit(f"bench: {connections} connections could not be opened")
        time.sleep(1)
        each.append((machine.memory([server_pid()]) - empty) / 1e3 / connections)
        process.stdin.close()
        process.wait()
    results.add("idle", f"start with {known:,} orgs to the first answer, s", starts, 1, at_most=True)
    results.add("idle", "memory without anything to do, MB", idle, 60, at_most=True, form="{:.1f}")
    results.add("idle", f"memory of each of {connections:,} idle TLS connections, kB", each, 60, at_most=True, form="{:.1f}")
    results.add("idle", f"CPU without anything to do, {known:,} orgs, % of a core", resting, form="{:.1f}")


ROWS = {"get": bench_get, "list": bench_list, "create": bench_create, "php": bench_php, "upload": bench_upload, "search": bench_search,
        "orgs": bench_orgs, "idle": bench_idle}


def write_record():
    commit = subprocess.run(["git", "-c", "safe.directory=*", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    when = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M")
    lines = [f"\n## {when} UTC, {commit.stdout.strip() or 'no commit'}\n", f"{ENV['MACHINE']}. {ROUNDS} rounds of {SECONDS} s, {orgs_known():,} orgs" + (", --quick" if QUICK else "") + ".\n",
             "| row | what | min/median/max | bar | |", "|---|---|---|---|---|"]
    lines += [f"| {' | '.join(line)} |" for line in results.lines]
    (HOME / "bench-record.md").write_text("\n".join(lines) + "\n")


def main(rows):
    (HOME / "bench").mkdir(exist_ok=True)
    data.fill_orgs(place, ORGS)
    stage = Stage()
    try:
        for row in rows:
            print(f"==> {row}", flush=True)
            ROWS[row](stage)
    finally:
        stage.close()
    write_record()
    print("\nAll bars were met." if results.good else "\nSome bars were missed.")


if __name__ == "__main__":
    main(sys.argv[1:])
