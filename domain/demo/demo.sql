-- name: demo_branch
-- params: uuid uuid, name text, code text, address text, city text, phone text, email text
-- returns: id bigint
INSERT INTO branches (uuid, name, code, address, city, phone, email)
VALUES ($1::uuid, $2::text, $3::text, $4::text, $5::text, $6::text, $7::text) RETURNING id;

-- name: demo_address
-- params: uuid uuid, branch_id bigint, landlord_id bigint, line1 text, line2 text, city text, postcode text
-- returns: id bigint
INSERT INTO addresses (uuid, branch_id, landlord_id, address_line1, address_line2, city, postcode)
VALUES ($1::uuid, $2::bigint, $3::bigint, $4::text, $5::text, $6::text, $7::text) RETURNING id;

-- name: demo_landlord
-- params: uuid uuid, account_id bigint, name bytea, email bytea, phone bytea
-- returns: id bigint
INSERT INTO landlords (uuid, account_id, name_sealed, email_sealed, phone_sealed)
VALUES ($1::uuid, $2::bigint, $3::bytea, $4::bytea, $5::bytea) RETURNING id;

-- name: demo_account_branch
-- params: account_id bigint, branch_id bigint
INSERT INTO account_branches (account_id, branch_id) VALUES ($1::bigint, $2::bigint) ON CONFLICT DO NOTHING;

-- name: demo_profile
-- params: account_id bigint, trading_name text, vat_number text, radius bigint
INSERT INTO contractor_profiles (account_id, trading_name, vat_number, coverage_radius_miles, travel_minutes)
VALUES ($1::bigint, $2::text, $3::text, $4::int, $4::int * 2) ON CONFLICT DO NOTHING;

-- name: demo_trade
-- params: account_id bigint, number bigint
INSERT INTO contractor_trades (account_id, trade_id)
SELECT $1::bigint, t.id FROM trades t ORDER BY t.position OFFSET $2::bigint LIMIT 1 ON CONFLICT DO NOTHING;

-- name: demo_area
-- params: account_id bigint, outward text
INSERT INTO contractor_areas (account_id, outward_code) VALUES ($1::bigint, $2::text) ON CONFLICT DO NOTHING;

-- name: demo_certificate
-- params: uuid uuid, account_id bigint, cert_type text, issuer text, days bigint
INSERT INTO certifications (uuid, account_id, cert_type, issuer, issued_on, expires_on)
VALUES ($1::uuid, $2::bigint, $3::text, $4::text, current_date - 365 + $5::int, current_date + $5::int);

-- name: demo_exists
-- returns: accounts bigint
SELECT count(*) FROM accounts;

-- name: demo_brand
-- params: name text, colour text
INSERT INTO settings (key, value) VALUES ('brand', jsonb_build_object('name', $1::text, 'colour', $2::text)) ON CONFLICT (key) DO NOTHING;

-- name: demo_reached
-- How far the demo has come: NULL, jobs, files.
-- returns: step text?
SELECT (SELECT value #>> '{}' FROM settings WHERE key = 'demo') AS step;

-- name: demo_reach
-- params: step text
INSERT INTO settings (key, value) VALUES ('demo', to_jsonb($1::text)) ON CONFLICT (key) DO UPDATE SET value = excluded.value;

-- name: demo_addresses
-- returns: id bigint, branch_id bigint, landlord bigint?
SELECT a.id, a.branch_id, l.account_id AS landlord FROM addresses a LEFT JOIN landlords l ON l.id = a.landlord_id ORDER BY a.id LIMIT 1000;

-- name: demo_agents
-- returns: id bigint, branch_id bigint
SELECT a.id, ab.branch_id FROM accounts a JOIN account_branches ab ON ab.account_id = a.id WHERE a.account_type_id = 2
ORDER BY a.id, ab.branch_id LIMIT 1000;

-- name: demo_workers
-- returns: id bigint, trade bigint
SELECT ct.account_id, t.place FROM contractor_trades ct JOIN accounts a ON a.id = ct.account_id AND a.account_status_id = 1
JOIN (SELECT id, row_number() OVER (ORDER BY position) - 1 AS place FROM trades) t ON t.id = ct.trade_id
ORDER BY ct.account_id, t.place LIMIT 1000;

-- name: demo_authors
-- returns: id bigint
SELECT a.id FROM accounts a JOIN roles r ON r.id = a.role_id WHERE a.account_type_id = 1 AND r.name = 'Maintenance Coordinator'
ORDER BY a.id LIMIT 100;

-- name: demo_numbers
-- params: count bigint
-- returns: before bigint
UPDATE job_counter SET last = last + $1::bigint RETURNING last - $1::bigint;

-- name: demo_jobs
-- Ages are seconds before now, sealed values hexadecimal. Ids in the order of the list.
-- params: jobs jsonb, before bigint
-- returns: ids bigint[]
WITH made AS (
    INSERT INTO jobs (uuid, job_ref, branch_id, landlord_account_id, job_title, job_description, priority_id, status_id, job_type_id,
        address_id, agent_id, contractor_id, created_by, job_total_budget, contractor_budget, vat_percentage,
        date_works_start_date, date_works_end_date, time_range_id, access_details_sealed, private_contact_name_sealed,
        private_contact_email_sealed, works_order_ref, quote_no, invoice_no, completion_details, completed_at,
        notified_contractor_id, notified_at, created_at, updated_at)
    SELECT (x.j ->> 'uuid')::uuid, 'JOB-' || ($2::bigint + x.n), (x.j ->> 'branch')::bigint, (x.j ->> 'landlord')::bigint,
        x.j ->> 'title', x.j ->> 'description', (x.j ->> 'priority')::bigint, (x.j ->> 'status')::bigint, (x.j ->> 'type')::bigint,
        (x.j ->> 'address')::bigint, (x.j ->> 'agent')::bigint, (x.j ->> 'contractor')::bigint, (x.j ->> 'author')::bigint,
        (x.j ->> 'total_budget')::numeric, (x.j ->> 'contractor_budget')::numeric, (x.j ->> 'vat')::numeric,
        (now() - (x.j ->> 'starts')::bigint * interval '1 second')::date, (now() - (x.j ->> 'ends')::bigint * interval '1 second')::date,
        (x.j ->> 'time_range')::bigint, decode(x.j ->> 'access', 'hex'), decode(x.j ->> 'contact', 'hex'),
        decode(x.j ->> 'contact_email', 'hex'), x.j ->> 'works_order', x.j ->> 'quote', x.j ->> 'invoice', x.j ->> 'done',
        now() - (x.j ->> 'completed')::bigint * interval '1 second', (x.j ->> 'contractor')::bigint,
        CASE WHEN x.j ->> 'contractor' IS NOT NULL THEN now() - (x.j ->> 'age')::bigint * 0.9 * interval '1 second' END,
        now() - (x.j ->> 'age')::bigint * interval '1 second',
        now() - coalesce((x.j ->> 'completed')::bigint, ((x.j ->> 'age')::bigint * 0.8)::bigint) * interval '1 second'
    FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY x (j, n) ORDER BY x.n
    RETURNING id
)
SELECT array_agg(id ORDER BY id) FROM made;

-- name: demo_job_tenants
-- params: ids bigint[]
INSERT INTO job_tenants (job_id, tenant_id, tenant_account_id)
SELECT j.id, t.id, t.account_id FROM unnest($1::bigint[]) i (id) JOIN jobs j ON j.id = i.id JOIN tenants t ON t.address_id = j.address_id
ON CONFLICT DO NOTHING;

-- name: demo_jobs_to_show
-- Finished jobs with a contractor, the newest first: those with a certificate to hand in, or the others.
-- params: certified boolean, most bigint
-- returns: id bigint, uuid uuid, job_ref text, job_type_id bigint, full_address text, completed_on date, contractor_id bigint
-- returns: contractor_uuid uuid, contractor_name text, trading_name text?
SELECT j.id, j.uuid, j.job_ref, j.job_type_id, a.full_address, j.completed_at::date AS completed_on, j.contractor_id,
    c.uuid AS contractor_uuid, c.first_name || ' ' || c.last_name AS contractor_name, p.trading_name
FROM jobs j JOIN addresses a ON a.id = j.address_id JOIN accounts c ON c.id = j.contractor_id
LEFT JOIN contractor_profiles p ON p.account_id = c.id
WHERE j.completed_at IS NOT NULL AND (j.job_type_id IN (5, 6)) = $1::boolean ORDER BY j.completed_at DESC, j.id DESC LIMIT $2::bigint;

-- name: demo_file_type
-- params: permission_key text
-- returns: id bigint
SELECT id FROM job_file_types WHERE permission_key = $1::text;

-- name: demo_notes
-- by: 0 who raised the job, 1 its agent, 2 its contractor.
-- params: notes jsonb
INSERT INTO case_notes (uuid, job_id, note_text, created_by, created_by_name, created_at)
SELECT gen_random_uuid(), j.id, x.text, a.id, a.first_name || ' ' || a.last_name, now() - x.age * interval '1 second'
FROM jsonb_to_recordset($1::jsonb) x (job bigint, age bigint, "by" bigint, text text) JOIN jobs j ON j.id = x.job
JOIN accounts a ON a.id = CASE x."by" WHEN 1 THEN coalesce(j.agent_id, j.created_by) WHEN 2 THEN coalesce(j.contractor_id, j.created_by)
    ELSE j.created_by END
ORDER BY x.age DESC;

-- name: demo_first_versions
-- How a job that has come further was when it was raised. The present is then its second version.
-- params: ids bigint[]
WITH further AS (UPDATE jobs SET version = 2 WHERE id = ANY ($1::bigint[]) AND status_id > 1 RETURNING id)
INSERT INTO job_commits (uuid, job_id, version, message, created_by, created_by_name, snapshot, created_at)
SELECT gen_random_uuid(), j.id, 1, 'Created', j.created_by, a.first_name || ' ' || a.last_name,
    to_jsonb(j) || jsonb_build_object('version', 1, 'status_id', 1, 'contractor_id', NULL, 'completed_at', NULL, 'completion_details', NULL,
        'tenants_ids', (SELECT coalesce(jsonb_agg(tenant_id), '[]') FROM job_tenants t WHERE t.job_id = j.id)), j.created_at
FROM further f JOIN jobs j ON j.id = f.id JOIN accounts a ON a.id = j.created_by;

-- name: demo_versions
-- params: ids bigint[]
INSERT INTO job_commits (uuid, job_id, version, message, created_by, created_by_name, snapshot, created_at)
SELECT gen_random_uuid(), j.id, j.version, CASE j.version WHEN 1 THEN 'Created' ELSE 'Changed status_id, contractor_id' END,
    j.created_by, a.first_name || ' ' || a.last_name,
    to_jsonb(j) || jsonb_build_object('tenants_ids', (SELECT coalesce(jsonb_agg(tenant_id), '[]') FROM job_tenants t WHERE t.job_id = j.id)),
    j.updated_at
FROM unnest($1::bigint[]) i (id) JOIN jobs j ON j.id = i.id JOIN accounts a ON a.id = j.created_by;
