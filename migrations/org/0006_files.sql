-- Stored files and what they are attached to. A file's bytes lie sealed in the file store under its uuid; web_size and thumb_size are those
-- of what was made from it, sealed with the same version of the key.

CREATE TABLE job_file_types (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    permission_key text NOT NULL UNIQUE CHECK (permission_key ~ '^document\.[a-z0-9_]+$'),
    position int NOT NULL,
    is_active boolean NOT NULL DEFAULT true
);
INSERT INTO job_file_types (name, permission_key, position) VALUES
    ('Go Ahead Instruction', 'document.go_ahead_instruction', 10), ('Purchase Order', 'document.purchase_order', 20),
    ('Works Order', 'document.works_order', 30), ('EICR Certificate', 'document.eicr_certificate', 40),
    ('PAT Test Certificate', 'document.pat_test_certificate', 50), ('LRA Certificate', 'document.lra_certificate', 60),
    ('GSC Certificate', 'document.gsc_certificate', 70), ('Warning Notice', 'document.warning_notice', 80),
    ('Floor Plan', 'document.floor_plan', 90), ('Gas Safety', 'document.gas_safety', 100), ('Electrical', 'document.electrical', 110),
    ('EICR Report', 'document.eicr_report', 120), ('Quote', 'document.quote', 130), ('Invoice', 'document.invoice', 140),
    ('Other', 'document.other', 150);

CREATE TABLE files (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid uuid NOT NULL UNIQUE,
    name text NOT NULL,
    content_type text NOT NULL,
    size bigint NOT NULL CHECK (size >= 0),
    sha256 bytea NOT NULL CHECK (length(sha256) = 32),
    key_version int NOT NULL,
    rendition text NOT NULL DEFAULT 'none' CHECK (rendition IN ('none', 'waiting', 'ready', 'failed')),
    web_size bigint,
    thumb_size bigint,
    created_by bigint,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE photos (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid uuid NOT NULL UNIQUE,
    job_id bigint NOT NULL REFERENCES jobs ON DELETE CASCADE,
    file_id bigint NOT NULL UNIQUE REFERENCES files,
    created_by_name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX photos_of_job ON photos (job_id, created_at, id);
CREATE TABLE documents (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid uuid NOT NULL UNIQUE,
    job_id bigint NOT NULL REFERENCES jobs ON DELETE CASCADE,
    file_type_id bigint NOT NULL REFERENCES job_file_types,
    file_id bigint NOT NULL UNIQUE REFERENCES files,
    created_by_name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX documents_of_job ON documents (job_id, created_at, id);
CREATE TABLE case_note_attachments (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid uuid NOT NULL UNIQUE,
    case_note_id bigint NOT NULL REFERENCES case_notes ON DELETE CASCADE,
    file_id bigint NOT NULL UNIQUE REFERENCES files,
    created_by_name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX case_note_attachments_of_note ON case_note_attachments (case_note_id, id);

ALTER TABLE photos ENABLE ROW LEVEL SECURITY;
ALTER TABLE photos FORCE ROW LEVEL SECURITY;
CREATE POLICY photos_scope ON photos TO :role USING (EXISTS (SELECT 1 FROM jobs j WHERE j.id = job_id));
ALTER TABLE documents ENABLE ROW LEVEL SECURITY;
ALTER TABLE documents FORCE ROW LEVEL SECURITY;
CREATE POLICY documents_scope ON documents TO :role USING (EXISTS (SELECT 1 FROM jobs j WHERE j.id = job_id));
ALTER TABLE case_note_attachments ENABLE ROW LEVEL SECURITY;
ALTER TABLE case_note_attachments FORCE ROW LEVEL SECURITY;
CREATE POLICY case_note_attachments_scope ON case_note_attachments TO :role
    USING (EXISTS (SELECT 1 FROM case_notes n WHERE n.id = case_note_id));

-- A file is seen through what it is attached to; who uploads it sees it before it is attached to anything.
ALTER TABLE files ENABLE ROW LEVEL SECURITY;
ALTER TABLE files FORCE ROW LEVEL SECURITY;
CREATE POLICY files_scope ON files TO :role USING (
    (SELECT current_setting('app.account_type', true) = '1')
    OR created_by = (SELECT nullif(current_setting('app.account_id', true), '')::bigint)
    OR EXISTS (SELECT 1 FROM photos p WHERE p.file_id = files.id)
    OR EXISTS (SELECT 1 FROM documents d WHERE d.file_id = files.id)
    OR EXISTS (SELECT 1 FROM case_note_attachments a WHERE a.file_id = files.id))
WITH CHECK (
    (SELECT current_setting('app.account_type', true) = '1')
    OR created_by = (SELECT nullif(current_setting('app.account_id', true), '')::bigint));

GRANT SELECT ON job_file_types TO :role;
GRANT SELECT, INSERT, UPDATE, DELETE ON files TO :role;
GRANT SELECT, INSERT, DELETE ON photos, documents, case_note_attachments TO :role;
