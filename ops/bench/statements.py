"""What SQL PropOps runs for a request, as PostgreSQL's log tells it: the peers run the very same, so nobody keeps a copy by hand."""
import re
import time

ENTRY = re.compile(r"^\S+ \S+ \S+ \[(\d+)\] (\w+):  (.*)", re.S)
EXECUTE = re.compile(r"duration: [\d.]+ ms  execute [^:]+: (.*)", re.S)
PARAMETER = re.compile(r"\$\d+ = (NULL|'(?:[^']|'')*')")


class Recorder:
    """With it, PostgreSQL logs every statement; statements() are those since."""

    def __init__(self, psql, log):
        self.psql, self.log = psql, log

    def __enter__(self):
        self._set("SET log_min_duration_statement = 0")
        self.start = self.log.stat().st_size
        return self

    def __exit__(self, *fault):
        self._set("RESET log_min_duration_statement")

    def _set(self, what):
        self.psql(f"ALTER SYSTEM {what}")
        self.psql("SELECT pg_reload_conf()")
        time.sleep(0.5)

    def statements(self):
        """(backend, text, values) in the order of the log; the binding of org and account is not among them."""
        time.sleep(0.3)
        with open(self.log, encoding="utf-8") as log:
            log.seek(self.start)
            lines = log.read()
        found = []
        for entry in re.split(r"\n(?=\d{4}-)", lines):
            head = ENTRY.match(entry)
            if not head:
                continue
            backend, level, text = head.group(1), head.group(2), head.group(3).rstrip("\n")
            execute = EXECUTE.match(text)
            if level == "LOG":
                mine = bool(execute)
                if mine:
                    found.append([backend, execute.group(1).replace("\n\t", "\n").strip(), []])
            elif level == "DETAIL" and mine and text.startswith("parameters: "):
                found[-1][2] = [None if v == "NULL" else v[1:-1].replace("''", "'") for v in PARAMETER.findall(text)]
        return [tuple(f) for f in found if "set_config('role'" not in f[1]]


def qualified(text, schema, tables):
    """The statement with the org's schema before each table, for those who bind nothing."""
    return re.sub(r"\b(FROM|JOIN|INTO|UPDATE)(\s+)(\w+)\b",
                  lambda m: f"{m[1]}{m[2]}{schema}.{m[3]}" if m[3] in tables else m[0], text)


def columns_of(sql_file, name):
    """[(name, type)] as the statement's header in a .sql file declares them."""
    text = sql_file.read_text()
    head = text.split(f"-- name: {name}\n")[1].split("-- name: ")[0]
    declared = ", ".join(re.findall(r"^-- returns: (.*)$", head, re.M))
    return [tuple(part.split(" ", 1)) for part in re.split(r", (?![^(]*\))", declared)]


def replayable(transaction, sent, reply):
    """A create's statements; each value as it was, or by where another run has it from: a new uuid, what is sent, the new row."""
    uuids, steps, made = {}, [], False
    for _, text, values in transaction:
        sources = []
        for i, value in enumerate(values, 1):
            cast = re.search(rf"\${i}::(\w+(?:\[\])?)", text).group(1)
            field = next((name for name, v in sent.items() if v == value), None)
            if cast == "uuid" and value:
                source = {"uuid": uuids.setdefault(value, len(uuids))}
            elif value == reply["job_ref"]:
                source = {"reference": True}
            elif made and cast == "bigint" and value == str(reply["job_id"]):
                source = {"made": True}
            elif field:
                source = {"sent": field}
            else:
                source = {"value": value}
            sources.append({**source, "type": cast})
        gives = "number" if text.startswith("UPDATE job_counter") else "id" if text.startswith("INSERT INTO jobs") else None
        made = made or gives == "id"
        steps.append({"text": text, "values": sources, "gives": gives})
    return steps
