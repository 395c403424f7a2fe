-- name: attachments_job_seen
-- Whether the account sees the job, asked before its bytes are written anywhere.
-- params: job_uuid uuid
-- returns: id bigint
SELECT id FROM jobs WHERE uuid = $1::uuid;

-- name: file_record
-- params: uuid uuid, name text, content_type text, size bigint, sha256 bytea, key_version bigint, rendition text, _account_id bigint
-- returns: id bigint
INSERT INTO files (uuid, name, content_type, size, sha256, key_version, rendition, created_by)
VALUES ($1::uuid, $2::text, $3::text, $4::bigint, $5::bytea, $6::bigint::int, $7::text, $8::bigint)
RETURNING id;

-- name: file_forget
-- params: id bigint
-- returns: uuid uuid
DELETE FROM files WHERE id = $1::bigint RETURNING uuid;

-- name: photos_list
-- returns: ID bigint, id bigint, uuid uuid, job_id bigint, job_uuid uuid, name text, file_name text, content_type text, mime_type text
-- returns: size bigint, size_bytes bigint, rendition text, created_by_name text, uploaded_by_name text, created_at instant
-- filter job_uuid uuid: j.uuid = ?
-- order: p.created_at ASC timestamptz, p.id ASC bigint
SELECT p.id, p.id, p.uuid, p.job_id, j.uuid, f.name, f.name, f.content_type, f.content_type AS mime_type, f.size, f.size AS size_bytes, f.rendition,
    p.created_by_name, p.created_by_name AS uploaded_by_name, p.created_at
-- from
FROM photos p JOIN jobs j ON j.id = p.job_id JOIN files f ON f.id = p.file_id;

-- name: photo_add
-- params: uuid uuid, job_id bigint, file_id bigint, created_by_name text
-- returns: id bigint
INSERT INTO photos (uuid, job_id, file_id, created_by_name) VALUES ($1::uuid, $2::bigint, $3::bigint, $4::text) RETURNING id;

-- name: photo_archive
-- params: uuid uuid, job_id bigint, _account_id bigint, archived_by_name text
-- returns: id bigint
WITH gone AS (
    DELETE FROM photos WHERE uuid = $1::uuid AND job_id = $2::bigint RETURNING uuid, job_id, file_id, created_by_name, created_at
)
INSERT INTO archived_files (uuid, job_id, kind, file_id, created_by_name, created_at, archived_by, archived_by_name)
SELECT uuid, job_id, 'photo', file_id, created_by_name, created_at, $3::bigint, $4::text FROM gone
RETURNING id;

-- name: photo_restore
-- params: uuid uuid, job_id bigint
-- returns: id bigint
WITH gone AS (
    DELETE FROM archived_files WHERE uuid = $1::uuid AND job_id = $2::bigint AND kind = 'photo'
    RETURNING uuid, job_id, file_id, created_by_name, created_at
)
INSERT INTO photos (uuid, job_id, file_id, created_by_name, created_at) SELECT * FROM gone RETURNING id;

-- name: photos_counted
-- params: job_id bigint, change bigint
UPDATE jobs SET photos_count = photos_count + $2::bigint::int WHERE id = $1::bigint;

-- name: document_types
-- Of retired types too: their documents are still there.
-- returns: id bigint, permission_key text
SELECT id, permission_key FROM job_file_types LIMIT 1000;

-- name: document_type
-- params: id bigint
-- returns: name text, permission_key text
SELECT name, permission_key FROM job_file_types WHERE id = $1::bigint AND is_active;

-- name: documents_list
-- returns: ID bigint, id bigint, uuid uuid, job_id bigint, job_uuid uuid, document_type_id bigint, document_type_name text, name text
-- returns: file_name text, content_type text, mime_type text, size bigint, size_bytes bigint, rendition text, created_by_name text
-- returns: uploaded_by_name text, created_at instant
-- filter job_uuid uuid: j.uuid = ?
-- filter types bigint[]: d.file_type_id = ANY (?)
-- order: d.created_at ASC timestamptz, d.id ASC bigint
SELECT d.id, d.id, d.uuid, d.job_id, j.uuid, d.file_type_id AS document_type_id, t.name, f.name, f.name, f.content_type, f.content_type AS mime_type, f.size, f.size AS size_bytes,
    f.rendition, d.created_by_name, d.created_by_name AS uploaded_by_name, d.created_at
-- from
FROM documents d JOIN jobs j ON j.id = d.job_id JOIN job_file_types t ON t.id = d.file_type_id JOIN files f ON f.id = d.file_id;

-- name: document_add
-- params: uuid uuid, job_id bigint, file_type_id bigint, file_id bigint, created_by_name text
-- returns: id bigint
INSERT INTO documents (uuid, job_id, file_type_id, file_id, created_by_name)
VALUES ($1::uuid, $2::bigint, $3::bigint, $4::bigint, $5::text) RETURNING id;

-- name: document_archive
-- params: uuid uuid, job_id bigint, _account_id bigint, archived_by_name text
-- returns: id bigint
WITH gone AS (
    DELETE FROM documents WHERE uuid = $1::uuid AND job_id = $2::bigint
    RETURNING uuid, job_id, file_type_id, file_id, created_by_name, created_at
)
INSERT INTO archived_files (uuid, job_id, kind, file_type_id, file_id, created_by_name, created_at, archived_by, archived_by_name)
SELECT uuid, job_id, 'document', file_type_id, file_id, created_by_name, created_at, $3::bigint, $4::text FROM gone
RETURNING id;

-- name: document_restore
-- params: uuid uuid, job_id bigint
-- returns: id bigint
WITH gone AS (
    DELETE FROM archived_files WHERE uuid = $1::uuid AND job_id = $2::bigint AND kind = 'document'
    RETURNING uuid, job_id, file_type_id, file_id, created_by_name, created_at
)
INSERT INTO documents (uuid, job_id, file_type_id, file_id, created_by_name, created_at) SELECT * FROM gone RETURNING id;

-- name: documents_counted
-- params: job_id bigint, change bigint
UPDATE jobs SET documents_count = documents_count + $2::bigint::int WHERE id = $1::bigint;

-- name: archived_files_list
-- params: uuid uuid
-- returns: ID bigint, id bigint, uuid uuid, kind text, document_type_id bigint?, document_type_name text?, name text, file_name text
-- returns: content_type text, mime_type text, size bigint, size_bytes bigint, created_by_name text, created_at instant
-- returns: archived_by_name text, archived_at instant, purged_at instant
-- filter types bigint[]: (o.file_type_id IS NULL OR o.file_type_id = ANY (?))
-- where: j.uuid = $1::uuid
-- order: o.archived_at DESC timestamptz, o.id DESC bigint
SELECT o.id, o.id, o.uuid, o.kind, o.file_type_id AS document_type_id, t.name AS document_type_name, f.name, f.name, f.content_type,
    f.content_type AS mime_type, f.size, f.size AS size_bytes, o.created_by_name, o.created_at, o.archived_by_name, o.archived_at, o.purged_at
-- from
FROM archived_files o JOIN jobs j ON j.id = o.job_id JOIN files f ON f.id = o.file_id LEFT JOIN job_file_types t ON t.id = o.file_type_id;

-- name: archived_file_find
-- permission_key: of a document's type.
-- params: uuid uuid, job_id bigint
-- returns: kind text, permission_key text?
SELECT o.kind, t.permission_key FROM archived_files o LEFT JOIN job_file_types t ON t.id = o.file_type_id
WHERE o.uuid = $1::uuid AND o.job_id = $2::bigint;

-- name: archived_files_over
-- Whose time is over.
-- returns: file_id bigint
DELETE FROM archived_files WHERE id IN (SELECT id FROM archived_files WHERE purged_at < now() ORDER BY purged_at LIMIT 1000)
RETURNING file_id;

-- name: note_attachments_list
-- returns: ID bigint, id bigint, uuid uuid, attachment_uuid uuid, note_id bigint, note_uuid uuid, case_note_uuid uuid, job_uuid uuid
-- returns: name text, file_name text, content_type text, mime_type text, size bigint, size_bytes bigint, rendition text
-- returns: created_by_name text, uploaded_by_name text, created_at instant
-- filter job_uuid uuid: j.uuid = ?
-- filter note_uuid uuid: n.uuid = ?
-- filter note_id bigint: n.id = ?
-- order: a.created_at ASC timestamptz, a.id ASC bigint
SELECT a.id, a.id, a.uuid, a.uuid, n.id, n.uuid, n.uuid, j.uuid, f.name, f.name, f.content_type, f.content_type AS mime_type, f.size, f.size AS size_bytes,
    f.rendition, a.created_by_name, a.created_by_name AS uploaded_by_name, a.created_at
-- from
FROM case_note_attachments a JOIN case_notes n ON n.id = a.case_note_id JOIN jobs j ON j.id = n.job_id JOIN files f ON f.id = a.file_id;

-- name: note_find
-- By uuid or, without one, by id.
-- params: uuid uuid, id bigint
-- returns: id bigint, uuid uuid, job_uuid uuid
SELECT n.id, n.uuid, j.uuid AS job_uuid FROM case_notes n JOIN jobs j ON j.id = n.job_id
WHERE n.uuid = $1::uuid OR ($1::uuid IS NULL AND n.id = $2::bigint);

-- name: note_attachment_add
-- params: uuid uuid, case_note_id bigint, file_id bigint, created_by_name text
-- returns: id bigint
INSERT INTO case_note_attachments (uuid, case_note_id, file_id, created_by_name)
VALUES ($1::uuid, $2::bigint, $3::bigint, $4::text) RETURNING id;

-- name: note_attachments_counted
-- params: case_note_id bigint, change bigint
UPDATE case_notes SET attachments_count = attachments_count + $2::bigint::int WHERE id = $1::bigint;

-- name: attachment_find
-- Whatever it is attached to. permission_key: of a document's type.
-- params: uuid uuid
-- returns: kind text, permission_key text?, job_uuid uuid, file_uuid uuid, name text, content_type text, size bigint, key_version bigint
-- returns: rendition text, web_size bigint?, thumb_size bigint?, created_by bigint?
SELECT a.kind, a.permission_key, j.uuid AS job_uuid, f.uuid AS file_uuid, f.name, f.content_type, f.size, f.key_version::bigint,
    f.rendition, f.web_size, f.thumb_size, f.created_by
FROM (
    SELECT 'photo' AS kind, NULL AS permission_key, p.job_id, p.file_id FROM photos p WHERE p.uuid = $1::uuid
    UNION ALL
    SELECT 'document', t.permission_key, d.job_id, d.file_id FROM documents d JOIN job_file_types t ON t.id = d.file_type_id
    WHERE d.uuid = $1::uuid
    UNION ALL
    SELECT 'note', NULL, n.job_id, c.file_id FROM case_note_attachments c JOIN case_notes n ON n.id = c.case_note_id
    WHERE c.uuid = $1::uuid
) a JOIN jobs j ON j.id = a.job_id JOIN files f ON f.id = a.file_id;

-- name: attachments_forget_job
-- All files of a job, before it is deleted.
-- params: job_id bigint
-- returns: uuid uuid
WITH p AS (
    DELETE FROM photos WHERE job_id = $1::bigint RETURNING file_id
), d AS (
    DELETE FROM documents WHERE job_id = $1::bigint RETURNING file_id
), n AS (
    DELETE FROM case_note_attachments a USING case_notes c WHERE c.id = a.case_note_id AND c.job_id = $1::bigint RETURNING a.file_id
), o AS (
    DELETE FROM archived_files WHERE job_id = $1::bigint RETURNING file_id
)
DELETE FROM files WHERE id IN (SELECT file_id FROM p UNION ALL SELECT file_id FROM d UNION ALL SELECT file_id FROM n UNION ALL SELECT file_id FROM o)
RETURNING uuid;

-- name: rendition_wanted
-- params: file_uuid uuid
-- returns: id bigint, key_version bigint, is_photo boolean
SELECT f.id, f.key_version::bigint, EXISTS (SELECT 1 FROM photos p WHERE p.file_id = f.id)
    OR EXISTS (SELECT 1 FROM archived_files o WHERE o.file_id = f.id AND o.kind = 'photo') AS is_photo
FROM files f WHERE f.uuid = $1::uuid AND f.rendition = 'waiting';

-- name: rendition_done
-- params: id bigint, rendition text, web_size bigint, thumb_size bigint
-- returns: id bigint
UPDATE files SET rendition = $2::text, web_size = $3::bigint, thumb_size = $4::bigint WHERE id = $1::bigint RETURNING id;

-- name: files_unknown
-- Which of these have no record.
-- params: uuids uuid[]
-- returns: uuid uuid
SELECT u AS uuid FROM unnest($1::uuid[]) u WHERE NOT EXISTS (SELECT 1 FROM files f WHERE f.uuid = u);

-- name: files_page
-- params: after bigint
-- returns: id bigint, uuid uuid
SELECT id, uuid FROM files WHERE id > $1::bigint ORDER BY id LIMIT 1000;

-- name: file_still_recorded
-- params: uuid uuid
-- returns: id bigint
SELECT id FROM files WHERE uuid = $1::uuid;

-- name: files_unattached
-- Records that nothing names any more, and that nobody can still be about to attach.
-- returns: file_id bigint
SELECT f.id AS file_id FROM files f
WHERE f.created_at < now() - interval '1 day'
    AND NOT EXISTS (SELECT 1 FROM photos p WHERE p.file_id = f.id)
    AND NOT EXISTS (SELECT 1 FROM documents d WHERE d.file_id = f.id)
    AND NOT EXISTS (SELECT 1 FROM case_note_attachments a WHERE a.file_id = f.id)
    AND NOT EXISTS (SELECT 1 FROM archived_files o WHERE o.file_id = f.id)
LIMIT 1000;
