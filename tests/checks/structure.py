#!/usr/bin/env python3
"""Holds the tree against the rules of its layers: which way includes point, whose types stand where, what is never written.

Prints every breach as file:line: rule, and exits 1 when there is one.
"""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ["server", "tenancy", "domain"]
MAY_INCLUDE = {"server": {"server"}, "tenancy": {"server", "tenancy"}, "domain": {"server", "tenancy", "domain"}}

# Pattern, the folders where it may stand, what the rule says.
OWNED = [
    (r"\bh2o_\w+", {"server"}, "h2o stays inside server/"),
    (r"\bPQ[a-z]\w*|\bPGconn\b|\bPGresult\b", {"tenancy"}, "libpq stays inside tenancy/"),
    (r"\bjson_(?:loads|loadb|decref|object_get|array_get|t)\b", {"server", "tenancy"}, "jansson is not for modules"),
    (r"\bcurl_easy_\w+", {"server"}, "libcurl stays inside server/"),
    (r"\bjwt_\w+", {"tenancy"}, "libjwt stays in tenancy/token.c"),
    (r"\bio_uring_\w+", {"server"}, "io_uring stays inside server/"),
]
BANNED = r"\b(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|gmtime|localtime|alloca|gets)\s*\("
SQL_TEXT = r'"[^"\n]*\b(?:SELECT\s+[\w*"(].*\bFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM)\b'
JSON_TEXT = r'(?:printf|buf_print|call_print|arena_print)\s*\([^;]*"[^"\n]*\{\\"'
# Composing and administering need statement text of their own; each file says at its head why.
SQL_ALLOWED = {"tenancy/listing.c", "tenancy/pipeline.c", "tenancy/pool.c", "tenancy/admin.c", "tenancy/migrate.c",
               "tenancy/provision.c", "tenancy/directory.c", "tenancy/check_sql.c", "tenancy/rotate.c", "tenancy/keys_store.c"}


def sources():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.c", "*.h"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.split()
    return [Path(name) for name in listed if name.split("/")[0] in LAYERS and (ROOT / name).exists()]


def without_comments(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*", lambda m: "\n" * m.group().count("\n"), text, flags=re.S)


def breaches(path, text):
    layer = path.parts[0]
    code = without_comments(text)
    for number, line in enumerate(code.split("\n"), 1):
        include = re.match(r'\s*#include "([a-z_]+)/', line)
        if include and include.group(1) in LAYERS and include.group(1) not in MAY_INCLUDE[layer]:
            yield number, f"{layer}/ may not include {include.group(1)}/"
        for pattern, folders, rule in OWNED:
            if layer not in folders and re.search(pattern, line):
                yield number, rule
        if re.search(BANNED, line):
            yield number, "a banned function"
        if re.search(SQL_TEXT, line, re.I) and str(path) not in SQL_ALLOWED:
            yield number, "SQL belongs into a .sql file"
        if re.search(JSON_TEXT, line):
            yield number, "JSON is written by the json_ writer"
    if path.suffix == ".h" and not text.lstrip().startswith("/*"):
        yield 1, "a header opens with what the module owns"
    lines = text.count("\n")
    if lines > 800:
        yield 1, f"{lines} lines: argue above 800, split"


def main():
    found = [(path, number, rule) for path in sources() for number, rule in breaches(path, (ROOT / path).read_text())]
    for path, number, rule in found:
        print(f"{path}:{number}: {rule}")
    checked = len(sources())
    if checked < 20:
        print(f"only {checked} sources were found: the check looks at nothing")
        return 1
    print(f"structure: {checked} files, {len(found)} breaches")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
