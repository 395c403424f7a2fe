-- Tenants with their sealed contact fields and the blind index over their names; contractors' profiles, trades and certificates.

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
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX tenants_by_age ON tenants (created_at DESC, id DESC);
CREATE INDEX tenants_by_address ON tenants (address_id);

-- kind: 1 name, 2 e-mail, 3 telephone numbers.
CREATE TABLE tenant_tokens (
    tenant_id bigint NOT NULL REFERENCES tenants ON DELETE CASCADE,
    kind smallint NOT NULL,
    tokens bigint[] NOT NULL,
    PRIMARY KEY (tenant_id, kind)
);
CREATE INDEX tenant_tokens_lookup ON tenant_tokens USING gin (tokens);

ALTER TABLE job_tenants ADD FOREIGN KEY (tenant_id) REFERENCES tenants ON DELETE CASCADE;

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

GRANT SELECT, INSERT, UPDATE, DELETE ON tenants, tenant_tokens TO :role;
GRANT SELECT ON trades TO :role;
GRANT SELECT, INSERT, UPDATE ON contractor_profiles, certifications TO :role;
GRANT SELECT, INSERT, DELETE ON contractor_trades, contractor_areas TO :role;
