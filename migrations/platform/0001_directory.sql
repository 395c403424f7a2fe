-- The directory of orgs: which there are, under which host names, in which database and schema, with which keys and flags, and how far
-- each one's schema is migrated. Run as propops_owner in the schema platform, which the migration runner makes beforehand, together with
-- its own table platform_migrations.
--
-- The server's login role reads the directory and can do nothing else with it. Each change wakes the servers; a wake-up that is lost costs
-- them a few seconds, since they look by themselves as well.

-- url NULL: the database that holds this directory.
CREATE TABLE databases (
    id smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    url text
);

INSERT INTO databases (name) VALUES ('first');

-- The digests say what the files and the defaults that an org has hash to: one comparison tells whether it has work to do.
CREATE TABLE orgs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid uuid NOT NULL UNIQUE,
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z][a-z0-9_]{0,39}$'),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
    schema_name text NOT NULL UNIQUE CHECK (schema_name ~ '^org_[a-z0-9_]{1,43}$'),
    role_name text NOT NULL UNIQUE CHECK (role_name ~ '^org_[a-z0-9_]{1,43}$'),
    database_id smallint NOT NULL REFERENCES databases (id),
    state text NOT NULL DEFAULT 'provisioning' CHECK (state IN ('provisioning', 'active', 'suspended', 'erased')),
    is_operator boolean NOT NULL DEFAULT false,
    migrations_digest text NOT NULL DEFAULT '',
    seed_digest text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now()
);

-- There is one operator org.
CREATE UNIQUE INDEX orgs_operator ON orgs (is_operator) WHERE is_operator;

-- Host names beside <slug>.<domain>.
CREATE TABLE org_hosts (
    host text PRIMARY KEY CHECK (host = lower(host) AND host ~ '^[a-z0-9][a-z0-9._-]*$' AND char_length(host) <= 253),
    org_id bigint NOT NULL REFERENCES orgs (id)
);

CREATE INDEX org_hosts_org ON org_hosts (org_id);

-- Data keys, wrapped by the master key. Without its rows here an org's sealed values are noise.
CREATE TABLE org_keys (
    org_id bigint NOT NULL REFERENCES orgs (id),
    version integer NOT NULL CHECK (version > 0),
    wrapped bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, version)
);

-- A feature flag is on for an org when it has the row.
CREATE TABLE org_flags (
    org_id bigint NOT NULL REFERENCES orgs (id),
    flag text NOT NULL CHECK (flag ~ '^[a-z][a-z0-9_.]{0,79}$'),
    PRIMARY KEY (org_id, flag)
);

CREATE TABLE org_migrations (
    org_id bigint NOT NULL REFERENCES orgs (id),
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, name)
);

CREATE FUNCTION tell_directory() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_catalog.pg_notify('propops_directory', '');
    RETURN NULL;
END $$;

-- Not for the digests: the runner sets them for every org, and no server wants to know.
CREATE TRIGGER orgs_tell_changes AFTER UPDATE OF slug, name, schema_name, role_name, database_id, state, is_operator ON orgs
    FOR EACH STATEMENT EXECUTE FUNCTION tell_directory();
CREATE TRIGGER orgs_tell AFTER INSERT OR DELETE ON orgs FOR EACH STATEMENT EXECUTE FUNCTION tell_directory();
CREATE TRIGGER databases_tell AFTER INSERT OR UPDATE OR DELETE ON databases FOR EACH STATEMENT EXECUTE FUNCTION tell_directory();
CREATE TRIGGER org_hosts_tell AFTER INSERT OR UPDATE OR DELETE ON org_hosts FOR EACH STATEMENT EXECUTE FUNCTION tell_directory();
CREATE TRIGGER org_keys_tell AFTER INSERT OR UPDATE OR DELETE ON org_keys FOR EACH STATEMENT EXECUTE FUNCTION tell_directory();
CREATE TRIGGER org_flags_tell AFTER INSERT OR UPDATE OR DELETE ON org_flags FOR EACH STATEMENT EXECUTE FUNCTION tell_directory();

GRANT USAGE ON SCHEMA platform TO propops_app;
GRANT SELECT ON databases, orgs, org_hosts, org_keys, org_flags TO propops_app;
