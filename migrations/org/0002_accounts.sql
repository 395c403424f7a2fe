-- Who may log in, with which rights, and the record of what they did.

CREATE TABLE branches (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid uuid NOT NULL UNIQUE,
    name text NOT NULL,
    code text NOT NULL UNIQUE,
    address text,
    city text,
    phone text,
    email text,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE roles (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid uuid NOT NULL UNIQUE,
    name text NOT NULL UNIQUE,
    description text,
    hierarchy_level int NOT NULL DEFAULT 99, -- lower is stronger
    is_locked boolean NOT NULL DEFAULT false,
    is_default boolean NOT NULL DEFAULT false,
    position int NOT NULL DEFAULT 999,
    is_active boolean NOT NULL DEFAULT true,
    parent_role_id bigint REFERENCES roles,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE role_rights (
    role_id bigint NOT NULL REFERENCES roles ON DELETE CASCADE,
    key text NOT NULL,
    PRIMARY KEY (role_id, key)
);

CREATE TABLE account_type_rights (
    account_type_id smallint NOT NULL CHECK (account_type_id BETWEEN 1 AND 5),
    key text NOT NULL,
    PRIMARY KEY (account_type_id, key)
);

-- Which keys the defaults were given already: one taken away by an administrator is not given again.
CREATE TABLE shipped_rights (
    holder text NOT NULL, -- 'role:SysOps', 'type:2'
    key text NOT NULL,
    PRIMARY KEY (holder, key)
);

CREATE TABLE accounts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid uuid NOT NULL UNIQUE,
    account_type_id smallint NOT NULL CHECK (account_type_id BETWEEN 1 AND 5),
    account_status_id smallint NOT NULL DEFAULT 1, -- 1 active, 2 inactive
    role_id bigint REFERENCES roles,
    branch_id bigint REFERENCES branches,
    first_name text NOT NULL,
    last_name text NOT NULL,
    email_sealed bytea NOT NULL,
    email_key bytea NOT NULL UNIQUE,
    phone_sealed bytea,
    password_hash text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    last_login_at timestamptz,
    last_activity_at timestamptz
);
CREATE INDEX accounts_by_type ON accounts (account_type_id, last_name, id);
CREATE INDEX accounts_by_name ON accounts USING gin ((lower(first_name || ' ' || last_name)) gin_trgm_ops);

CREATE TABLE account_branches (
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    branch_id bigint NOT NULL REFERENCES branches ON DELETE CASCADE,
    PRIMARY KEY (account_id, branch_id)
);

CREATE TABLE account_rights (
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    key text NOT NULL,
    granted boolean NOT NULL,
    PRIMARY KEY (account_id, key)
);

CREATE TABLE sessions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid uuid NOT NULL UNIQUE, -- the handle that is shown
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('cookie', 'bearer')),
    secret_hash bytea UNIQUE,  -- SHA-256 of a cookie's secret; bearer tokens are signed instead
    remembered boolean NOT NULL DEFAULT false,
    user_agent text,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX sessions_of_account ON sessions (account_id) WHERE ended_at IS NULL;

CREATE TABLE login_failures (
    subject bytea NOT NULL PRIMARY KEY, -- keyed hash of the account's address or the client's
    failures int NOT NULL,
    last_at timestamptz NOT NULL
);

-- Grows only: the org's role may neither change nor remove what stands in it.
CREATE TABLE activity_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    type text NOT NULL,
    account_id bigint,
    account_name text,
    subject text,
    subject_uuid uuid,
    request_id text,
    address_key bytea,
    details_uuid uuid,
    details_sealed bytea,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX activity_log_by_subject ON activity_log (subject_uuid, id DESC);
CREATE INDEX activity_log_by_account ON activity_log (account_id, id DESC);

CREATE TABLE settings (
    key text PRIMARY KEY,
    value jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);

GRANT SELECT, INSERT, UPDATE ON branches, roles TO :role;
GRANT SELECT, INSERT, UPDATE ON accounts TO :role;
GRANT SELECT, INSERT, DELETE ON role_rights, account_type_rights, account_branches, shipped_rights TO :role;
GRANT SELECT, INSERT, UPDATE, DELETE ON account_rights, login_failures, settings TO :role;
GRANT SELECT, INSERT, UPDATE ON sessions TO :role;
GRANT SELECT, INSERT ON activity_log TO :role;
