-- Tenants with their sealed contact fields and the blind index over their names; contractors' profiles, trades and certificates.

-- branch_id is the branch of the tenant's address, kept here for the policy; without an address, the branch of the agent who made the
-- record, or none.
CREATE TABLE tenants (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid uuid NOT NULL UNIQUE,
    account_id bigint UNIQUE REFERENCES accounts, -- a tenant who may log in
    name_sealed bytea NOT NULL,
    email_sealed bytea,
    email_key bytea,
    number_primary_sealed bytea,
    number_work_sealed bytea,
    address_id bigint REFERENCES addresses,
    branch_id bigint REFERENCES branches,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX tenants_by_age ON tenants (created_at DESC, id DESC);
CREATE INDEX tenants_by_address ON tenants (address_id);
CREATE INDEX tenants_by_branch ON tenants (branch_id, created_at DESC, id DESC);
CREATE INDEX tenants_by_email ON tenants (email_key);

-- The blind index: kind 1 name, 2 e-mail address, 3 telephone numbers. No policy, since an array operator may not be pushed below one:
-- ids are looked up here, and what they stand for is read under the policy of tenants.
CREATE TABLE tenant_tokens (
    tenant_id bigint NOT NULL REFERENCES tenants ON DELETE CASCADE,
    kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 3),
    tokens bigint[] NOT NULL,
    PRIMARY KEY (tenant_id, kind)
);
CREATE INDEX tenant_tokens_lookup ON tenant_tokens USING gin (tokens);

ALTER TABLE job_tenants ADD FOREIGN KEY (tenant_id) REFERENCES tenants ON DELETE CASCADE;

-- Whether a tenant is one of a job that the landlord or contractor sees. It looks past the policies of the jobs' tables and asks the same
-- thing itself: under them the planner would rather read all jobs than look a few up.
CREATE FUNCTION tenant_of_own_job(tenant bigint) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = :schema, pg_catalog AS $$
    SELECT EXISTS (SELECT 1 FROM job_tenants jt JOIN jobs j ON j.id = jt.job_id WHERE jt.tenant_id = tenant
        AND CASE current_setting('app.account_type', true)
            WHEN '3' THEN j.landlord_account_id = nullif(current_setting('app.account_id', true), '')::bigint
            WHEN '5' THEN j.contractor_id = nullif(current_setting('app.account_id', true), '')::bigint
            ELSE false END)
$$;

-- Agents see the tenants of their branches; a tenant with a login sees the own record; landlords and contractors those of their jobs.
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY tenants_scope ON tenants TO :role USING (
    (SELECT current_setting('app.account_type', true) = '1')
    OR branch_id = ANY ((SELECT CASE WHEN current_setting('app.account_type', true) = '2'
        THEN nullif(current_setting('app.branch_ids', true), '')::bigint[] END)::bigint[])
    OR account_id = (SELECT CASE WHEN current_setting('app.account_type', true) = '4'
        THEN nullif(current_setting('app.account_id', true), '')::bigint END)
    OR (SELECT current_setting('app.account_type', true) IN ('3', '5')) AND tenant_of_own_job(id))
WITH CHECK (
    (SELECT current_setting('app.account_type', true) = '1')
    OR branch_id = ANY ((SELECT CASE WHEN current_setting('app.account_type', true) = '2'
        THEN nullif(current_setting('app.branch_ids', true), '')::bigint[] END)::bigint[]));

CREATE TABLE trades (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    position int NOT NULL
);
INSERT INTO trades (name, position) VALUES ('Plumbing', 10), ('Electrical', 20), ('Gas Safe', 30), ('Gas & Heating', 40), ('Roofing', 50),
    ('Locksmith', 60), ('General Maintenance', 70), ('Decorating', 80), ('Damp & Mould', 90);

CREATE TABLE contractor_profiles (
    account_id bigint PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    trading_name text,
    vat_number text,
    coverage_radius_miles int,
    travel_minutes int
);
CREATE TABLE contractor_trades (
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    trade_id bigint NOT NULL REFERENCES trades,
    PRIMARY KEY (account_id, trade_id)
);
CREATE INDEX contractor_trades_by_trade ON contractor_trades (trade_id);
CREATE TABLE contractor_areas (
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    outward_code text NOT NULL, -- the part of a postcode before the space
    PRIMARY KEY (account_id, outward_code)
);
CREATE TABLE certifications (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid uuid NOT NULL UNIQUE,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    cert_type text NOT NULL,
    issuer text,
    issued_on date,
    expires_on date NOT NULL
);
CREATE INDEX certifications_of_account ON certifications (account_id, expires_on);

REVOKE EXECUTE ON FUNCTION tenant_of_own_job(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenant_of_own_job(bigint) TO :role;
GRANT SELECT, INSERT, UPDATE, DELETE ON tenants, tenant_tokens TO :role;
GRANT SELECT ON trades TO :role;
GRANT SELECT, INSERT, UPDATE ON contractor_profiles, certifications TO :role;
GRANT SELECT, INSERT, DELETE ON contractor_trades, contractor_areas TO :role;
