-- Photos and documents that were taken off a job and can still be put back. Safe while the server before it runs: that one deletes as it did.
-- A file that waits here keeps its record and its bytes; a daily task lets go of those whose time is over.

CREATE TABLE archived_files (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid uuid NOT NULL UNIQUE,
    job_id bigint NOT NULL REFERENCES jobs ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('photo', 'document')),
    file_type_id bigint REFERENCES job_file_types,
    file_id bigint NOT NULL UNIQUE REFERENCES files,
    created_by_name text NOT NULL,
    created_at timestamptz NOT NULL,
    archived_by bigint,
    archived_by_name text NOT NULL,
    archived_at timestamptz NOT NULL DEFAULT now(),
    purged_at timestamptz NOT NULL DEFAULT now() + interval '90 days', -- when it is let go of
    CHECK ((kind = 'document') = (file_type_id IS NOT NULL))
);
CREATE INDEX archived_files_of_job ON archived_files (job_id, archived_at, id);
CREATE INDEX archived_files_by_end ON archived_files (purged_at);

ALTER TABLE archived_files ENABLE ROW LEVEL SECURITY;
ALTER TABLE archived_files FORCE ROW LEVEL SECURITY;
CREATE POLICY archived_files_scope ON archived_files TO :role USING (EXISTS (SELECT 1 FROM jobs j WHERE j.id = job_id));
GRANT SELECT, INSERT, DELETE ON archived_files TO :role;

ALTER POLICY files_scope ON files USING (
    (SELECT current_setting('app.account_type', true) = '1')
    OR created_by = (SELECT nullif(current_setting('app.account_id', true), '')::bigint)
    OR EXISTS (SELECT 1 FROM photos p WHERE p.file_id = files.id)
    OR EXISTS (SELECT 1 FROM documents d WHERE d.file_id = files.id)
    OR EXISTS (SELECT 1 FROM case_note_attachments a WHERE a.file_id = files.id)
    OR EXISTS (SELECT 1 FROM archived_files o WHERE o.file_id = files.id));
