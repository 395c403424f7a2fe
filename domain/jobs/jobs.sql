-- name: jobs_search
-- Ids of the jobs that hold these words, seen or not; one more than asked for when there are more, NULL when they cannot be looked up.
-- params: words text, most bigint
-- returns: ids bigint[]?
SELECT jobs_with_words($1::text, $2::bigint + 1) AS ids;

-- name: jobs_list
-- All joins are outer: those that only give names then cost nothing when the jobs are counted. What is searched for comes as `found` when
-- few jobs hold it; else as `words`, which are met soon enough on the way from the newest.
-- What is between the office and the contractor is not shown to tenants, nor the office's own budget to contractors.
-- params: _account_id bigint, _account_type bigint
-- returns: ID bigint, id bigint, uuid uuid, job_ref text, job_title text, job_description text, priority_id bigint, priority_name text
-- returns: status_id bigint, status_name text, stage text, job_type_id bigint, job_type_name text, address_id bigint, full_address text
-- returns: branch_id bigint, branch_name text, agent_id bigint?, agent_name text?, contractor_id bigint?, contractor_name text?
-- returns: tenants_ids bigint[], job_total_budget numeric?, contractor_budget numeric?, vat_percentage numeric, total_amount numeric?
-- returns: date_works_start_date date?, date_works_end_date date?, booked_to_complete date?, time_range_id bigint?, time_range_name text?
-- returns: access_details sealed(jobs.access_details by uuid)?, private_contact_name sealed(jobs.private_contact_name by uuid)?
-- returns: private_contact_email sealed(jobs.private_contact_email by uuid)?, works_order_ref text?, invoice_no text?, quote_no text?
-- returns: completion_details text?, completed_at instant?, is_pinned boolean, photos_count bigint, documents_count bigint
-- returns: created_by bigint?, created_by_name text?, created_at instant, updated_at instant
-- filter found bigint[]: j.id = ANY (?)
-- filter words text: position(lower(?) IN lower(j.job_ref || chr(31) || j.job_title || chr(31) || j.job_description)) > 0
-- filter status_id bigint: j.status_id = ?
-- filter priority_id bigint: j.priority_id = ?
-- filter job_type_id bigint: j.job_type_id = ?
-- filter agent_id bigint: j.agent_id = ?
-- filter contractor_id bigint: j.contractor_id = ?
-- filter created_by bigint: j.created_by = ?
-- filter with_photos boolean: j.photos_count > 0 AND ?
-- filter without_photos boolean: j.photos_count = 0 AND ?
-- filter with_documents boolean: j.documents_count > 0 AND ?
-- filter without_documents boolean: j.documents_count = 0 AND ?
-- scope agent: j.branch_id = ANY (?::bigint[])
-- scope landlord: j.landlord_account_id = ?::bigint
-- scope tenant: j.id = ANY (ARRAY(SELECT jobs_of_tenant()))
-- scope contractor: j.contractor_id = ?::bigint
-- order: j.created_at DESC timestamptz, j.id DESC bigint
SELECT
    j.id, j.id, j.uuid, j.job_ref, j.job_title, j.job_description,
    j.priority_id, p.name, j.status_id, s.name, s.stage, j.job_type_id, t.name, j.address_id, a.full_address, j.branch_id, b.name,
    j.agent_id, ag.first_name || ' ' || ag.last_name, j.contractor_id, co.first_name || ' ' || co.last_name,
    tenants_of_job(j.id),
    CASE WHEN $2::bigint < 4 THEN j.job_total_budget END,
    CASE WHEN $2::bigint <> 4 THEN j.contractor_budget END,
    j.vat_percentage,
    CASE WHEN $2::bigint <> 4 THEN round(j.contractor_budget * (100 + j.vat_percentage) * 0.01, 2) END,
    j.date_works_start_date, j.date_works_end_date, j.date_works_start_date AS booked_to_complete, j.time_range_id, tr.name,
    j.access_details_sealed,
    CASE WHEN $2::bigint <> 4 THEN j.private_contact_name_sealed END,
    CASE WHEN $2::bigint <> 4 THEN j.private_contact_email_sealed END,
    j.works_order_ref, j.invoice_no, j.quote_no, j.completion_details, j.completed_at,
    EXISTS (SELECT 1 FROM job_pins jp WHERE jp.job_id = j.id AND jp.account_id = $1::bigint),
    j.photos_count::bigint, j.documents_count::bigint,
    j.created_by, cr.first_name || ' ' || cr.last_name, j.created_at, j.updated_at
-- from
FROM jobs j
LEFT JOIN job_priorities p ON p.id = j.priority_id
LEFT JOIN job_statuses s ON s.id = j.status_id
LEFT JOIN job_types t ON t.id = j.job_type_id
LEFT JOIN addresses a ON a.id = j.address_id
LEFT JOIN branches b ON b.id = j.branch_id
LEFT JOIN accounts ag ON ag.id = j.agent_id
LEFT JOIN accounts co ON co.id = j.contractor_id
LEFT JOIN accounts cr ON cr.id = j.created_by
LEFT JOIN job_time_ranges tr ON tr.id = j.time_range_id;

-- name: jobs_get
-- params: _account_id bigint, _account_type bigint, uuid uuid
-- returns: ID bigint, id bigint, uuid uuid, job_ref text, job_title text, job_description text, priority_id bigint, priority_name text
-- returns: status_id bigint, status_name text, stage text, job_type_id bigint, job_type_name text, address_id bigint, full_address text
-- returns: branch_id bigint, branch_name text, agent_id bigint?, agent_name text?, contractor_id bigint?, contractor_name text?
-- returns: tenants_ids bigint[], job_total_budget numeric?, contractor_budget numeric?, vat_percentage numeric, total_amount numeric?
-- returns: date_works_start_date date?, date_works_end_date date?, booked_to_complete date?, time_range_id bigint?, time_range_name text?
-- returns: access_details sealed(jobs.access_details by uuid)?, private_contact_name sealed(jobs.private_contact_name by uuid)?
-- returns: private_contact_email sealed(jobs.private_contact_email by uuid)?, works_order_ref text?, invoice_no text?, quote_no text?
-- returns: completion_details text?, completed_at instant?, is_pinned boolean, photos_count bigint, documents_count bigint
-- returns: created_by bigint?, created_by_name text?, created_at instant, updated_at instant
SELECT
    j.id, j.id, j.uuid, j.job_ref, j.job_title, j.job_description,
    j.priority_id, p.name, j.status_id, s.name, s.stage, j.job_type_id, t.name, j.address_id, a.full_address, j.branch_id, b.name,
    j.agent_id, ag.first_name || ' ' || ag.last_name, j.contractor_id, co.first_name || ' ' || co.last_name,
    tenants_of_job(j.id),
    CASE WHEN $2::bigint < 4 THEN j.job_total_budget END,
    CASE WHEN $2::bigint <> 4 THEN j.contractor_budget END,
    j.vat_percentage,
    CASE WHEN $2::bigint <> 4 THEN round(j.contractor_budget * (100 + j.vat_percentage) * 0.01, 2) END,
    j.date_works_start_date, j.date_works_end_date, j.date_works_start_date AS booked_to_complete, j.time_range_id, tr.name,
    j.access_details_sealed,
    CASE WHEN $2::bigint <> 4 THEN j.private_contact_name_sealed END,
    CASE WHEN $2::bigint <> 4 THEN j.private_contact_email_sealed END,
    j.works_order_ref, j.invoice_no, j.quote_no, j.completion_details, j.completed_at,
    EXISTS (SELECT 1 FROM job_pins jp WHERE jp.job_id = j.id AND jp.account_id = $1::bigint),
    j.photos_count::bigint, j.documents_count::bigint,
    j.created_by, cr.first_name || ' ' || cr.last_name, j.created_at, j.updated_at
FROM jobs j
LEFT JOIN job_priorities p ON p.id = j.priority_id
LEFT JOIN job_statuses s ON s.id = j.status_id
LEFT JOIN job_types t ON t.id = j.job_type_id
LEFT JOIN addresses a ON a.id = j.address_id
LEFT JOIN branches b ON b.id = j.branch_id
LEFT JOIN accounts ag ON ag.id = j.agent_id
LEFT JOIN accounts co ON co.id = j.contractor_id
LEFT JOIN accounts cr ON cr.id = j.created_by
LEFT JOIN job_time_ranges tr ON tr.id = j.time_range_id
WHERE j.uuid = $3::uuid;

-- name: jobs_lock
-- params: uuid uuid
-- returns: id bigint, job_ref text, stage text, status_id bigint, contractor_id bigint?, agent_id bigint?, branch_id bigint
-- returns: contractor_budget numeric?, vat_percentage numeric, starts date?, ends date?
SELECT j.id, j.job_ref, s.stage, j.status_id, j.contractor_id, j.agent_id, j.branch_id,
    j.contractor_budget, j.vat_percentage, j.date_works_start_date AS starts, j.date_works_end_date AS ends
FROM jobs j JOIN job_statuses s ON s.id = j.status_id WHERE j.uuid = $1::uuid FOR NO KEY UPDATE OF j;

-- name: jobs_find
-- params: uuid uuid
-- returns: id bigint, job_ref text, stage text, status_id bigint, contractor_id bigint?, agent_id bigint?, branch_id bigint
-- returns: contractor_budget numeric?, vat_percentage numeric, starts date?, ends date?
SELECT j.id, j.job_ref, s.stage, j.status_id, j.contractor_id, j.agent_id, j.branch_id,
    j.contractor_budget, j.vat_percentage, j.date_works_start_date AS starts, j.date_works_end_date AS ends
FROM jobs j JOIN job_statuses s ON s.id = j.status_id WHERE j.uuid = $1::uuid;

-- name: jobs_references
-- What a job may refer to, one row: each column tells whether the id exists (or was not sent).
-- params: priority_id bigint, status_id bigint, job_type_id bigint, address_id bigint, agent_id bigint, contractor_id bigint
-- params: time_range_id bigint, tenants bigint[]
-- returns: priority_id boolean, stage text?, job_type_id boolean, branch_id bigint?, landlord_account_id bigint?, agent_id boolean
-- returns: contractor_id boolean, time_range_id boolean, tenants_ids boolean
SELECT $1::bigint IS NULL OR EXISTS (SELECT 1 FROM job_priorities WHERE id = $1::bigint AND is_active),
    (SELECT stage FROM job_statuses WHERE id = $2::bigint AND is_active),
    $3::bigint IS NULL OR EXISTS (SELECT 1 FROM job_types WHERE id = $3::bigint AND is_active),
    (SELECT a.branch_id FROM addresses a JOIN branches b ON b.id = a.branch_id WHERE a.id = $4::bigint AND b.is_active),
    (SELECT l.account_id FROM addresses a JOIN landlords l ON l.id = a.landlord_id WHERE a.id = $4::bigint),
    $5::bigint IS NULL OR EXISTS (SELECT 1 FROM accounts WHERE id = $5::bigint AND account_type_id = 2 AND account_status_id = 1),
    $6::bigint IS NULL OR EXISTS (SELECT 1 FROM accounts WHERE id = $6::bigint AND account_type_id = 5 AND account_status_id = 1),
    $7::bigint IS NULL OR EXISTS (SELECT 1 FROM job_time_ranges WHERE id = $7::bigint),
    NOT EXISTS (SELECT 1 FROM unnest($8::bigint[]) x (id) WHERE NOT EXISTS (SELECT 1 FROM tenants t WHERE t.id = x.id));

-- name: jobs_number
-- The counter stays locked until the commit, so it is asked for last.
-- returns: number bigint
UPDATE job_counter SET last = last + 1 RETURNING last AS number;

-- name: jobs_create
-- params: uuid uuid, job_ref text, branch_id bigint, landlord_account_id bigint, _account_id bigint
-- params: job_title text, job_description text, priority_id bigint, status_id bigint, job_type_id bigint, address_id bigint
-- params: agent_id bigint, contractor_id bigint, job_total_budget numeric, contractor_budget numeric, vat_percentage numeric, date_works_start_date date
-- params: date_works_end_date date, time_range_id bigint, access_details bytea, private_contact_name bytea, private_contact_email bytea
-- params: works_order_ref text, invoice_no text, quote_no text, completion_details text
-- returns: id bigint
INSERT INTO jobs (uuid, job_ref, branch_id, landlord_account_id, created_by,
    job_title, job_description, priority_id, status_id, job_type_id, address_id,
    agent_id, contractor_id, job_total_budget, contractor_budget, vat_percentage, date_works_start_date,
    date_works_end_date, time_range_id, access_details_sealed, private_contact_name_sealed, private_contact_email_sealed, works_order_ref,
    invoice_no, quote_no, completion_details,
    completed_at)
SELECT $1::uuid, $2::text, $3::bigint, $4::bigint, $5::bigint,
    $6::text, $7::text, $8::bigint, $9::bigint, $10::bigint, $11::bigint,
    $12::bigint, $13::bigint, $14::numeric, $15::numeric, coalesce($16::numeric, 20), $17::date,
    $18::date, $19::bigint, $20::bytea, $21::bytea, $22::bytea, $23::text,
    $24::text, $25::text, $26::text,
    CASE WHEN (SELECT stage FROM job_statuses WHERE id = $9::bigint) IN ('complete', 'closed') THEN now() END
RETURNING id;

-- name: jobs_update
-- A bit mask tells which of the values were sent; the others keep what is there. A job is completed when it comes to that stage, and no
-- more when it is recalled; closing and archiving keep the time.
-- params: id bigint, sent bigint, branch_id bigint, landlord_account_id bigint
-- params: job_title text, job_description text, priority_id bigint, status_id bigint, job_type_id bigint, address_id bigint
-- params: agent_id bigint, contractor_id bigint, job_total_budget numeric, contractor_budget numeric, vat_percentage numeric, date_works_start_date date
-- params: date_works_end_date date, time_range_id bigint, access_details bytea, private_contact_name bytea, private_contact_email bytea
-- params: works_order_ref text, invoice_no text, quote_no text, completion_details text
UPDATE jobs SET
    job_title = CASE WHEN $2::bigint & 1 <> 0 THEN $5::text ELSE job_title END,
    job_description = CASE WHEN $2::bigint & 2 <> 0 THEN $6::text ELSE job_description END,
    priority_id = CASE WHEN $2::bigint & 4 <> 0 THEN $7::bigint ELSE priority_id END,
    status_id = CASE WHEN $2::bigint & 8 <> 0 THEN $8::bigint ELSE status_id END,
    job_type_id = CASE WHEN $2::bigint & 16 <> 0 THEN $9::bigint ELSE job_type_id END,
    address_id = CASE WHEN $2::bigint & 32 <> 0 THEN $10::bigint ELSE address_id END,
    branch_id = CASE WHEN $2::bigint & 32 <> 0 THEN $3::bigint ELSE branch_id END,
    landlord_account_id = CASE WHEN $2::bigint & 32 <> 0 THEN $4::bigint ELSE landlord_account_id END,
    agent_id = CASE WHEN $2::bigint & 64 <> 0 THEN $11::bigint ELSE agent_id END,
    contractor_id = CASE WHEN $2::bigint & 128 <> 0 THEN $12::bigint ELSE contractor_id END,
    job_total_budget = CASE WHEN $2::bigint & 256 <> 0 THEN $13::numeric ELSE job_total_budget END,
    contractor_budget = CASE WHEN $2::bigint & 512 <> 0 THEN $14::numeric ELSE contractor_budget END,
    vat_percentage = CASE WHEN $2::bigint & 1024 <> 0 THEN coalesce($15::numeric, 20) ELSE vat_percentage END,
    date_works_start_date = CASE WHEN $2::bigint & 2048 <> 0 THEN $16::date ELSE date_works_start_date END,
    date_works_end_date = CASE WHEN $2::bigint & 4096 <> 0 THEN $17::date ELSE date_works_end_date END,
    time_range_id = CASE WHEN $2::bigint & 8192 <> 0 THEN $18::bigint ELSE time_range_id END,
    access_details_sealed = CASE WHEN $2::bigint & 16384 <> 0 THEN $19::bytea ELSE access_details_sealed END,
    private_contact_name_sealed = CASE WHEN $2::bigint & 32768 <> 0 THEN $20::bytea ELSE private_contact_name_sealed END,
    private_contact_email_sealed = CASE WHEN $2::bigint & 65536 <> 0 THEN $21::bytea ELSE private_contact_email_sealed END,
    works_order_ref = CASE WHEN $2::bigint & 131072 <> 0 THEN $22::text ELSE works_order_ref END,
    invoice_no = CASE WHEN $2::bigint & 262144 <> 0 THEN $23::text ELSE invoice_no END,
    quote_no = CASE WHEN $2::bigint & 524288 <> 0 THEN $24::text ELSE quote_no END,
    completion_details = CASE WHEN $2::bigint & 1048576 <> 0 THEN $25::text ELSE completion_details END,
    completed_at = CASE WHEN $2::bigint & 8 = 0 THEN completed_at
        ELSE (SELECT CASE s.stage WHEN 'complete' THEN coalesce(completed_at, now()) WHEN 'closed' THEN coalesce(completed_at, now())
            WHEN 'archived' THEN completed_at END FROM job_statuses s WHERE s.id = $8::bigint) END,
    version = version + 1,
    updated_at = now()
WHERE id = $1::bigint;

-- name: jobs_tenants_clear
-- params: job_id bigint
DELETE FROM job_tenants WHERE job_id = $1::bigint;

-- name: jobs_tenants_add
-- params: job_id bigint, tenants bigint[]
INSERT INTO job_tenants (job_id, tenant_id, tenant_account_id)
SELECT $1::bigint, t.id, t.account_id FROM tenants t WHERE t.id = ANY ($2::bigint[]) ON CONFLICT DO NOTHING;

-- name: jobs_commit
-- Keeps the job as it is now as a version. Sealed values stay sealed.
-- params: uuid uuid, job_id bigint, message text, _account_id bigint, author text
INSERT INTO job_commits (uuid, job_id, version, message, created_by, created_by_name, snapshot)
SELECT $1::uuid, j.id, j.version, $3::text, $4::bigint, $5::text,
    to_jsonb(j) || jsonb_build_object('tenants_ids', (SELECT coalesce(jsonb_agg(tenant_id), '[]') FROM job_tenants WHERE job_id = j.id))
FROM jobs j WHERE j.id = $2::bigint;

-- name: jobs_commits
-- params: uuid uuid
-- returns: ID bigint, id bigint, uuid uuid, version bigint, message text, created_by bigint?, created_by_name text?, created_at instant
-- where: j.uuid = $1::uuid
-- order: c.version DESC bigint
SELECT c.id, c.id, c.uuid, c.version::bigint, c.message, c.created_by, c.created_by_name, c.created_at
-- from
FROM job_commits c JOIN jobs j ON j.id = c.job_id;

-- name: jobs_restore
-- The job's contents as a version had them. Its life stays: reference, status, counters, and a contractor once it has been assigned.
-- params: job_id bigint, commit_uuid uuid
-- returns: version bigint, restored bigint
UPDATE jobs j SET job_title = v.job_title, job_description = v.job_description, priority_id = v.priority_id, job_type_id = v.job_type_id,
    address_id = v.address_id, branch_id = v.branch_id, landlord_account_id = v.landlord_account_id, agent_id = v.agent_id,
    contractor_id = CASE WHEN s.stage = 'new' THEN v.contractor_id ELSE coalesce(v.contractor_id, j.contractor_id) END,
    job_total_budget = v.job_total_budget, contractor_budget = v.contractor_budget, vat_percentage = v.vat_percentage,
    date_works_start_date = v.date_works_start_date, date_works_end_date = v.date_works_end_date, time_range_id = v.time_range_id,
    access_details_sealed = v.access_details_sealed, private_contact_name_sealed = v.private_contact_name_sealed,
    private_contact_email_sealed = v.private_contact_email_sealed, works_order_ref = v.works_order_ref, invoice_no = v.invoice_no,
    quote_no = v.quote_no, completion_details = v.completion_details, version = j.version + 1, updated_at = now()
FROM job_commits c, jsonb_populate_record(NULL::jobs, c.snapshot) v, job_statuses s
WHERE j.id = $1::bigint AND c.job_id = j.id AND c.uuid = $2::uuid AND s.id = j.status_id
RETURNING j.version::bigint, c.version::bigint AS restored;

-- name: jobs_tenants_restore
-- Those of them who are still there.
-- params: job_id bigint, commit_uuid uuid
INSERT INTO job_tenants (job_id, tenant_id, tenant_account_id)
SELECT c.job_id, t.id, t.account_id FROM job_commits c CROSS JOIN jsonb_array_elements_text(c.snapshot -> 'tenants_ids') x (id)
JOIN tenants t ON t.id = x.id::bigint WHERE c.job_id = $1::bigint AND c.uuid = $2::uuid;

-- name: jobs_preview_delete
-- params: uuid uuid
-- returns: uuid uuid, job_ref text, job_title text, case_notes bigint, case_note_attachments bigint, photos bigint, documents bigint
-- returns: archived_files bigint, tenants bigint, versions bigint, pins bigint
SELECT j.uuid, j.job_ref, j.job_title, (SELECT count(*) FROM case_notes n WHERE n.job_id = j.id),
    (SELECT coalesce(sum(n.attachments_count), 0)::bigint FROM case_notes n WHERE n.job_id = j.id),
    j.photos_count::bigint, j.documents_count::bigint, (SELECT count(*) FROM archived_files o WHERE o.job_id = j.id),
    (SELECT count(*) FROM job_tenants t WHERE t.job_id = j.id),
    (SELECT count(*) FROM job_commits c WHERE c.job_id = j.id), (SELECT count(*) FROM job_pins p WHERE p.job_id = j.id)
FROM jobs j WHERE j.uuid = $1::uuid;

-- name: jobs_delete
-- params: id bigint
-- returns: id bigint
DELETE FROM jobs WHERE id = $1::bigint RETURNING id;

-- name: jobs_pin
-- params: account_id bigint, job_id bigint
-- returns: job_id bigint
INSERT INTO job_pins (account_id, job_id) VALUES ($1::bigint, $2::bigint) ON CONFLICT DO NOTHING RETURNING job_id;

-- name: jobs_unpin
-- params: account_id bigint, job_id bigint
DELETE FROM job_pins WHERE account_id = $1::bigint AND job_id = $2::bigint;

-- name: jobs_notified
-- params: id bigint
UPDATE jobs SET notified_contractor_id = contractor_id, notified_at = now() WHERE id = $1::bigint;

-- name: jobs_assignment_state
-- params: uuid uuid
-- returns: uuid uuid, job_ref text, contractor_id bigint?, contractor_name text?, is_notified boolean, notified_at instant?
SELECT j.uuid, j.job_ref, j.contractor_id, co.first_name || ' ' || co.last_name,
    j.contractor_id IS NOT NULL AND j.notified_contractor_id IS NOT DISTINCT FROM j.contractor_id,
    CASE WHEN j.notified_contractor_id = j.contractor_id THEN j.notified_at END
FROM jobs j LEFT JOIN accounts co ON co.id = j.contractor_id WHERE j.uuid = $1::uuid;

-- name: job_creators
-- Of the jobs that the account sees.
-- params: _account_type bigint, _account_id bigint, _branch_ids bigint[]
-- returns: ID bigint, id bigint, uuid uuid, name text
SELECT a.id, a.id, a.uuid, a.first_name || ' ' || a.last_name FROM accounts a
WHERE CASE $1::bigint
    WHEN 1 THEN EXISTS (SELECT 1 FROM jobs j WHERE j.created_by = a.id)
    WHEN 2 THEN EXISTS (SELECT 1 FROM jobs j WHERE j.created_by = a.id AND j.branch_id = ANY ($3::bigint[]))
    WHEN 5 THEN a.id IN (SELECT j.created_by FROM jobs j WHERE j.contractor_id = $2::bigint) END
ORDER BY 4, 1 LIMIT 1000;

-- name: job_people
-- Whom an account may choose or filter by: staff everybody, agents the contractors and whoever belongs to their branches, contractors
-- themselves and the agents of their jobs.
-- params: type bigint, account_type bigint, account_id bigint, branch_ids bigint[]
-- returns: ID bigint, id bigint, uuid uuid, name text, branch_id bigint?
SELECT a.id, a.id, a.uuid, a.first_name || ' ' || a.last_name, a.branch_id FROM accounts a
WHERE a.account_type_id = $1::smallint AND a.account_status_id = 1 AND CASE $2::bigint
    WHEN 1 THEN true
    WHEN 2 THEN CASE $1::bigint WHEN 5 THEN true
        WHEN 2 THEN EXISTS (SELECT 1 FROM account_branches ab WHERE ab.account_id = a.id AND ab.branch_id = ANY ($4::bigint[]))
        ELSE EXISTS (SELECT 1 FROM landlords l JOIN addresses ad ON ad.landlord_id = l.id
            WHERE l.account_id = a.id AND ad.branch_id = ANY ($4::bigint[])) END
    WHEN 5 THEN CASE $1::bigint WHEN 5 THEN a.id = $3::bigint
        WHEN 2 THEN a.id IN (SELECT j.agent_id FROM jobs j WHERE j.contractor_id = $3::bigint) END END
ORDER BY 4, 1 LIMIT 1000;

-- name: job_file_types_list
-- returns: ID bigint, id bigint, name text, permission_key text
SELECT id, id, name, permission_key FROM job_file_types WHERE is_active ORDER BY position LIMIT 200;

-- name: job_statuses_list
-- returns: ID bigint, id bigint, name text, stage text
SELECT id, id, name, stage FROM job_statuses WHERE is_active ORDER BY position LIMIT 200;

-- name: job_priorities_list
-- returns: ID bigint, id bigint, name text, response_hours bigint?
SELECT id, id, name, response_hours::bigint FROM job_priorities WHERE is_active ORDER BY position LIMIT 200;

-- name: job_types_list
-- returns: ID bigint, id bigint, name text, description_template text?
SELECT id, id, name, description_template FROM job_types WHERE is_active ORDER BY position LIMIT 200;

-- name: job_time_ranges_list
-- returns: ID bigint, id bigint, name text
SELECT id, id, name FROM job_time_ranges ORDER BY position LIMIT 200;

-- name: payment_statuses_list
-- returns: ID bigint, id bigint, name text
SELECT id, id, name FROM payment_statuses ORDER BY position LIMIT 200;

-- name: addresses_list
-- returns: ID bigint, id bigint, uuid uuid, address_line1 text, address_line2 text?, city text, postcode text, country text, full_address text
-- returns: branch_id bigint, branch_name text
-- filter search text: a.search_text LIKE '%' || lower(replace(replace(replace(?, '\', '\\'), '%', '\%'), '_', '\_')) || '%'
-- scope agent: a.branch_id = ANY (?::bigint[])
-- order: a.id bigint
SELECT a.id, a.id, a.uuid, a.address_line1, a.address_line2, a.city, a.postcode, a.country, a.full_address, a.branch_id, b.name
-- from
FROM addresses a LEFT JOIN branches b ON b.id = a.branch_id;

-- name: address_create
-- No row when there is no such branch, or it takes no new work.
-- params: uuid uuid, branch_id bigint, address_line1 text, address_line2 text, city text, postcode text, country text
-- returns: address_id bigint, full_address text
INSERT INTO addresses (uuid, branch_id, address_line1, address_line2, city, postcode, country)
SELECT $1::uuid, b.id, $3::text, $4::text, $5::text, $6::text, coalesce($7::text, 'United Kingdom')
FROM branches b WHERE b.id = $2::bigint AND b.is_active
RETURNING id, full_address;

-- name: case_notes_list
-- params: job_uuid uuid
-- returns: ID bigint, id bigint, uuid uuid, job_id bigint, note_text text, created_by bigint?, created_by_name text, send_email boolean
-- returns: attachments_count bigint, created_at instant
-- where: j.uuid = $1::uuid
-- order: n.created_at DESC timestamptz, n.id DESC bigint
SELECT n.id, n.id, n.uuid, n.job_id, n.note_text, n.created_by, n.created_by_name, n.send_email, n.attachments_count::bigint, n.created_at
-- from
FROM case_notes n JOIN jobs j ON j.id = n.job_id;

-- name: case_note_create
-- params: uuid uuid, job_id bigint, note_text text, send_email boolean, _account_id bigint, author text
-- returns: id bigint
INSERT INTO case_notes (uuid, job_id, note_text, send_email, created_by, created_by_name)
VALUES ($1::uuid, $2::bigint, $3::text, $4::boolean, $5::bigint, $6::text) RETURNING id;
