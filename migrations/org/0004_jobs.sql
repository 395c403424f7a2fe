-- Jobs and what belongs to them. Which of them an account sees is decided here, by policies over the scope that binds each request.

CREATE TABLE job_statuses (
    id bigint PRIMARY KEY,
    name text NOT NULL UNIQUE,
    stage text NOT NULL CHECK (stage IN ('new', 'assigned', 'in_progress', 'complete', 'closed', 'archived')),
    position int NOT NULL,
    is_active boolean NOT NULL DEFAULT true
);
CREATE TABLE job_priorities (
    id bigint PRIMARY KEY,
    name text NOT NULL UNIQUE,
    response_hours int,
    position int NOT NULL,
    is_active boolean NOT NULL DEFAULT true
);
CREATE TABLE job_types (
    id bigint PRIMARY KEY,
    name text NOT NULL UNIQUE,
    description_template text,
    position int NOT NULL,
    is_active boolean NOT NULL DEFAULT true
);
CREATE TABLE job_time_ranges (id bigint PRIMARY KEY, name text NOT NULL UNIQUE, position int NOT NULL);
CREATE TABLE payment_statuses (id bigint PRIMARY KEY, name text NOT NULL UNIQUE, position int NOT NULL);

INSERT INTO job_statuses (id, name, stage, position) VALUES
    (1, 'New', 'new', 10), (2, 'Assigned', 'assigned', 20), (3, 'Accepted', 'assigned', 30), (4, 'In Progress', 'in_progress', 40),
    (5, 'On Hold', 'in_progress', 50), (6, 'Completed', 'complete', 60), (7, 'Recalled', 'in_progress', 45), (8, 'Closed', 'closed', 70),
    (9, 'Invoiced', 'closed', 80), (10, 'Archived', 'archived', 90);
INSERT INTO job_priorities (id, name, response_hours, position) VALUES
    (1, 'Urgent', 4, 10), (2, 'High', 24, 20), (3, 'Normal', 72, 30), (4, 'Low', 240, 40);
INSERT INTO job_types (id, name, position) VALUES
    (1, 'Plumbing', 10), (2, 'Electrical', 20), (3, 'Gas & Heating', 30), (4, 'General Maintenance', 40), (5, 'Gas Safety', 50),
    (6, 'EICR', 60), (7, 'Roofing', 70), (8, 'Locksmith', 80), (9, 'Damp & Mould', 90);
INSERT INTO job_time_ranges (id, name, position) VALUES
    (1, '08:00 - 10:00', 10), (2, '10:00 - 12:00', 20), (3, '12:00 - 14:00', 30), (4, '14:00 - 16:00', 40), (5, '16:00 - 18:00', 50), (6, 'Any time', 60);
INSERT INTO payment_statuses (id, name, position) VALUES
    (1, 'Awaiting Payment', 10), (2, 'Part Paid', 20), (3, 'Paid', 30), (4, 'Disputed', 40), (5, 'Written Off', 50);

-- The last reference that was given. A row, not a sequence: what is rolled back leaves no gap, and who creates a job takes it last.
CREATE TABLE job_counter (last bigint NOT NULL);
INSERT INTO job_counter (last) VALUES (1000);

CREATE TABLE jobs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid uuid NOT NULL UNIQUE,
    job_ref text NOT NULL UNIQUE,
    branch_id bigint NOT NULL REFERENCES branches,
    job_title text NOT NULL,
    job_description text NOT NULL,
    priority_id bigint NOT NULL REFERENCES job_priorities,
    status_id bigint NOT NULL REFERENCES job_statuses,
    job_type_id bigint NOT NULL REFERENCES job_types,
    address_id bigint NOT NULL REFERENCES addresses,
    agent_id bigint REFERENCES accounts,
    contractor_id bigint REFERENCES accounts,
    landlord_account_id bigint REFERENCES accounts, -- the owner's login, copied from the address for the policy
    created_by bigint,
    job_total_budget numeric(15, 2) CHECK (job_total_budget >= 0),
    contractor_budget numeric(15, 2) CHECK (contractor_budget >= 0),
    vat_percentage numeric(5, 2) NOT NULL DEFAULT 20 CHECK (vat_percentage BETWEEN 0 AND 100),
    date_works_start_date date,
    date_works_end_date date,
    time_range_id bigint REFERENCES job_time_ranges,
    access_details_sealed bytea,
    private_contact_name_sealed bytea,
    private_contact_email_sealed bytea,
    works_order_ref text,
    invoice_no text,
    quote_no text,
    completion_details text,
    completed_at timestamptz,
    notified_contractor_id bigint, -- who was told last that the job is theirs, and when
    notified_at timestamptz,
    photos_count int NOT NULL DEFAULT 0 CHECK (photos_count >= 0),
    documents_count int NOT NULL DEFAULT 0 CHECK (documents_count >= 0),
    version int NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (date_works_end_date >= date_works_start_date)
);
CREATE INDEX jobs_by_age ON jobs (created_at DESC, id DESC);
CREATE INDEX jobs_by_branch ON jobs (branch_id, created_at DESC) INCLUDE (contractor_id);
CREATE INDEX jobs_by_contractor ON jobs (contractor_id, created_at DESC) INCLUDE (branch_id);
CREATE INDEX jobs_by_status ON jobs (status_id, created_at DESC);
CREATE INDEX jobs_by_priority ON jobs (priority_id, created_at DESC);
CREATE INDEX jobs_by_type ON jobs (job_type_id, created_at DESC);
CREATE INDEX jobs_by_agent ON jobs (agent_id, created_at DESC);
CREATE INDEX jobs_by_creator ON jobs (created_by, created_at DESC);
CREATE INDEX jobs_by_address ON jobs (address_id);
CREATE INDEX jobs_by_landlord ON jobs (landlord_account_id, created_at DESC);
CREATE INDEX jobs_with_photos ON jobs (created_at DESC, id DESC) WHERE photos_count > 0;
CREATE INDEX jobs_with_documents ON jobs (created_at DESC, id DESC) WHERE documents_count > 0;
-- The parts are kept apart by a character that no input may hold, so that nothing matches across them.
CREATE INDEX jobs_by_words ON jobs USING gin (lower(job_ref || chr(31) || job_title || chr(31) || job_description) gin_trgm_ops);

CREATE TABLE job_tenants (
    job_id bigint NOT NULL REFERENCES jobs ON DELETE CASCADE,
    tenant_id bigint NOT NULL,
    tenant_account_id bigint, -- the tenant's login, for the policy
    PRIMARY KEY (job_id, tenant_id)
);
CREATE INDEX job_tenants_by_account ON job_tenants (tenant_account_id) WHERE tenant_account_id IS NOT NULL;
CREATE INDEX job_tenants_by_tenant ON job_tenants (tenant_id);

-- Ids first, without policies: a trigram operator may not be pushed below a policy, so asking under one would read every job. What comes
-- back are bare ids, at most so many, which the caller's policy then judges. Words too short for a trigram give NULL: too many.
CREATE FUNCTION jobs_with_words(words text, most bigint) RETURNS bigint[] LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = :schema, pg_catalog SET enable_seqscan = off AS $$
DECLARE
    pattern text := '%' || lower(replace(replace(replace(words, '\', '\\'), '%', '\%'), '_', '\_')) || '%';
BEGIN
    IF length(regexp_replace(words, '[^[:alnum:]]', '', 'g')) < 3 THEN
        RETURN NULL;
    END IF;
    RETURN ARRAY(SELECT j.id FROM jobs j
        WHERE lower(j.job_ref || chr(31) || j.job_title || chr(31) || j.job_description) LIKE pattern LIMIT most);
END $$;
CREATE FUNCTION jobs_of_tenant() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = :schema, pg_catalog AS $$
    SELECT job_id FROM job_tenants WHERE tenant_account_id = nullif(current_setting('app.account_id', true), '')::bigint
$$;

ALTER TABLE jobs ENABLE ROW LEVEL SECURITY;
ALTER TABLE jobs FORCE ROW LEVEL SECURITY;
CREATE POLICY jobs_scope ON jobs TO :role USING (
    (SELECT current_setting('app.account_type', true) = '1')
    OR branch_id = ANY ((SELECT CASE WHEN current_setting('app.account_type', true) = '2'
        THEN nullif(current_setting('app.branch_ids', true), '')::bigint[] END)::bigint[])
    OR landlord_account_id = (SELECT CASE WHEN current_setting('app.account_type', true) = '3'
        THEN nullif(current_setting('app.account_id', true), '')::bigint END)
    OR (SELECT current_setting('app.account_type', true) = '4') AND id IN (SELECT jobs_of_tenant())
    OR contractor_id = (SELECT CASE WHEN current_setting('app.account_type', true) = '5'
        THEN nullif(current_setting('app.account_id', true), '')::bigint END));

-- The owner of the functions above reads past the scope; nobody logs in as it.
CREATE POLICY jobs_owner ON jobs FOR SELECT TO propops_owner USING (true);

CREATE TABLE job_commits (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid uuid NOT NULL UNIQUE,
    job_id bigint NOT NULL REFERENCES jobs ON DELETE CASCADE,
    version int NOT NULL,
    message text NOT NULL,
    created_by bigint,
    created_by_name text,
    snapshot jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (job_id, version)
);

CREATE TABLE job_pins (
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    job_id bigint NOT NULL REFERENCES jobs ON DELETE CASCADE,
    PRIMARY KEY (account_id, job_id)
);

CREATE TABLE case_notes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid uuid NOT NULL UNIQUE,
    job_id bigint NOT NULL REFERENCES jobs ON DELETE CASCADE,
    note_text text NOT NULL,
    send_email boolean NOT NULL DEFAULT false,
    created_by bigint,
    created_by_name text NOT NULL,
    attachments_count int NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX case_notes_of_job ON case_notes (job_id, created_at DESC, id DESC);

-- Foreign keys look past policies, so each child table has one of its own: what belongs to a hidden job is hidden, and cannot be added.
ALTER TABLE job_tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE job_tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY job_tenants_scope ON job_tenants TO :role USING (EXISTS (SELECT 1 FROM jobs j WHERE j.id = job_id));
CREATE POLICY job_tenants_owner ON job_tenants FOR SELECT TO propops_owner USING (true);
ALTER TABLE job_commits ENABLE ROW LEVEL SECURITY;
ALTER TABLE job_commits FORCE ROW LEVEL SECURITY;
CREATE POLICY job_commits_scope ON job_commits TO :role USING (EXISTS (SELECT 1 FROM jobs j WHERE j.id = job_id));
ALTER TABLE job_pins ENABLE ROW LEVEL SECURITY;
ALTER TABLE job_pins FORCE ROW LEVEL SECURITY;
CREATE POLICY job_pins_scope ON job_pins TO :role USING (
    account_id = (SELECT nullif(current_setting('app.account_id', true), '')::bigint) AND EXISTS (SELECT 1 FROM jobs j WHERE j.id = job_id));
ALTER TABLE case_notes ENABLE ROW LEVEL SECURITY;
ALTER TABLE case_notes FORCE ROW LEVEL SECURITY;
CREATE POLICY case_notes_scope ON case_notes TO :role USING (EXISTS (SELECT 1 FROM jobs j WHERE j.id = job_id));

REVOKE EXECUTE ON FUNCTION jobs_with_words(text, bigint), jobs_of_tenant() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION jobs_with_words(text, bigint), jobs_of_tenant() TO :role;
GRANT SELECT, UPDATE ON job_counter TO :role;
GRANT SELECT ON job_statuses, job_priorities, job_types, job_time_ranges, payment_statuses TO :role;
GRANT SELECT, INSERT, UPDATE, DELETE ON jobs TO :role;
GRANT SELECT, INSERT, DELETE ON job_tenants, job_pins TO :role;
GRANT SELECT, INSERT ON job_commits TO :role;
GRANT SELECT, INSERT, UPDATE ON case_notes TO :role;
