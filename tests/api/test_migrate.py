"""Migrating many orgs: each in its own transaction, taken up again where it stopped, on a database of its own."""
import os
import shutil
import subprocess

import psycopg
import pytest

from conftest import BINARY, ROOT

ORGS = ("mig_one", "mig_two", "mig_three")


class Scratch:
    """A second database of the cluster, with three orgs, and a folder of migrations that may be added to."""

    def __init__(self, folder):
        self.folder = folder / "migrations"
        shutil.copytree(ROOT / "migrations", self.folder)
        self.url = os.environ["PROPOPS_DATABASE_URL"].replace("/propops?", "/propops_scratch?")

    def propops(self, *words):
        environment = dict(os.environ, PROPOPS_DATABASE_URL=self.url, PROPOPS_MIGRATIONS=str(self.folder))
        return subprocess.run([BINARY, *words], env=environment, capture_output=True, text=True, timeout=120)

    def add(self, name, text):
        (self.folder / "org" / name).write_text(text)

    def has_column(self, org, column):
        with psycopg.connect(self.url) as db:
            return db.execute("SELECT 1 FROM information_schema.columns WHERE table_schema = %s AND table_name = 'jobs' AND column_name = %s",
                              [schema_of(org), column]).fetchone() is not None


def schema_of(org):
    return "org_" + org


@pytest.fixture
def scratch(tmp_path):
    whole = os.environ["PROPOPS_DATABASE_URL"]
    with psycopg.connect(whole, autocommit=True) as db:
        def forget():
            db.execute("DROP DATABASE IF EXISTS propops_scratch WITH (FORCE)")
            for org in ORGS:
                db.execute(f'DROP ROLE IF EXISTS "{schema_of(org)}"')

        forget()
        db.execute("CREATE DATABASE propops_scratch")
        made = Scratch(tmp_path)
        assert made.propops("migrate").returncode == 0
        for org in ORGS:
            done = made.propops("org", "create", org, "--name", org)
            assert done.returncode == 0, done.stderr
        yield made
        forget()


def test_an_org_that_fails_is_named_and_the_others_go_on(scratch):
    scratch.add("0900_fails_for_one.sql", "ALTER TABLE jobs ADD COLUMN extra int;\n"
                f"DO $$ BEGIN IF ':role' LIKE '%mig_two%' THEN RAISE EXCEPTION 'not here'; END IF; END $$;\n")
    done = scratch.propops("migrate")
    assert done.returncode != 0 and "mig_two" in done.stderr and "not here" in done.stderr
    assert "1 failed" in done.stdout + done.stderr
    assert [scratch.has_column(org, "extra") for org in ORGS] == [True, False, True]

    scratch.add("0900_fails_for_one.sql", "ALTER TABLE jobs ADD COLUMN extra int;\n")
    done = scratch.propops("migrate")
    assert done.returncode != 0 and "was changed after it was applied" in done.stderr
    assert scratch.has_column("mig_two", "extra")


def test_an_org_whose_table_is_locked_is_left_for_the_next_run(scratch):
    scratch.add("0900_more.sql", "ALTER TABLE jobs ADD COLUMN more int;\n")
    with psycopg.connect(scratch.url) as db:
        db.execute(f"LOCK TABLE {schema_of('mig_one')}.jobs IN ACCESS SHARE MODE")
        done = scratch.propops("migrate")
    assert done.returncode != 0 and "lock timeout" in done.stderr
    assert [scratch.has_column(org, "more") for org in ORGS] == [False, True, True]
    done = scratch.propops("migrate")
    assert done.returncode == 0, done.stderr
    assert scratch.has_column("mig_one", "more")
    again = scratch.propops("migrate")
    assert again.returncode == 0 and "0900_more.sql" not in again.stdout
