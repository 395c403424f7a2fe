-- name: demo_branch
-- params: uuid uuid, name text, code text, address text, city text, phone text, email text
-- returns: id bigint
INSERT INTO branches (uuid, name, code, address, city, phone, email)
VALUES ($1::uuid, $2::text, $3::text, $4::text, $5::text, $6::text, $7::text)
ON CONFLICT (code) DO UPDATE SET name = excluded.name RETURNING id;

-- name: demo_address
-- params: uuid uuid, branch_id bigint, landlord_id bigint, line1 text, line2 text, city text, postcode text
-- returns: id bigint
INSERT INTO addresses (uuid, branch_id, landlord_id, address_line1, address_line2, city, postcode)
VALUES ($1::uuid, $2::bigint, $3::bigint, $4::text, $5::text, $6::text, $7::text) RETURNING id;

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

-- name: demo_jobs
-- Jobs spread over addresses, people, statuses and the last two years, all from the number of each.
-- params: count bigint, titles text[], descriptions text[], types bigint[], seed bigint
-- returns: made bigint
WITH numbers AS (UPDATE job_counter SET last = last + $1::bigint RETURNING last - $1::bigint AS base),
places AS (SELECT a.id, a.branch_id, l.account_id AS landlord, row_number() OVER (ORDER BY a.id) - 1 AS n FROM addresses a LEFT JOIN landlords l ON l.id = a.landlord_id),
contractors AS (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM accounts WHERE account_type_id = 5 AND account_status_id = 1),
agents AS (SELECT a.id, ab.branch_id FROM accounts a JOIN account_branches ab ON ab.account_id = a.id WHERE a.account_type_id = 2),
staff AS (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM accounts WHERE account_type_id = 1),
sizes AS (SELECT (SELECT count(*) FROM places) AS places, (SELECT count(*) FROM contractors) AS contractors, (SELECT count(*) FROM staff) AS staff),
plan AS (
    SELECT g AS n, 'JOB-' || (numbers.base + g) AS ref,
        (g * 7919 + $5::bigint) % s.places AS place, (g * 104729 + $5::bigint) % s.contractors AS contractor, (g * 31) % s.staff AS author,
        (ARRAY[1, 1, 2, 3, 4, 4, 5, 6, 6, 6, 8, 8, 9, 9, 10])[1 + (g * 13 + $5::bigint) % 15] AS status,
        1 + (g * 17 + $5::bigint) % cardinality($2::text[]) AS text,
        now() - ((g * 6971 + $5::bigint) % 17520) * interval '1 hour' - (g % 3600) * interval '1 second' AS at
    FROM generate_series(1, $1::bigint) g CROSS JOIN sizes s CROSS JOIN numbers
),
made AS (
    INSERT INTO jobs (uuid, job_ref, branch_id, landlord_account_id, job_title, job_description, priority_id, status_id, job_type_id, address_id,
        agent_id, contractor_id, created_by, contractor_budget, job_total_budget, date_works_start_date, date_works_end_date, time_range_id,
        works_order_ref, completed_at, completion_details, created_at, updated_at)
    SELECT gen_random_uuid(), p.ref, a.branch_id, a.landlord, ($2::text[])[p.text], ($3::text[])[p.text], 1 + (p.n * 5) % 4, p.status, ($4::bigint[])[p.text], a.id,
        (SELECT g.id FROM agents g WHERE g.branch_id = a.branch_id ORDER BY g.id LIMIT 1),
        CASE WHEN p.status > 1 THEN c.id END, s.id, 60 + (p.n * 35) % 700, 80 + (p.n * 35) % 700,
        CASE WHEN p.status > 1 THEN (p.at + interval '3 days')::date END, CASE WHEN p.status > 1 THEN (p.at + interval '4 days')::date END,
        CASE WHEN p.status > 1 THEN 1 + p.n % 6 END, 'WO-' || (5000 + p.n),
        CASE WHEN p.status IN (6, 8, 9, 10) THEN p.at + interval '5 days' END,
        CASE WHEN p.status IN (6, 8, 9, 10) THEN 'Attended and completed. Area left clean, tenant shown the repair.' END, p.at, p.at + interval '1 day'
    FROM plan p JOIN places a ON a.n = p.place JOIN contractors c ON c.n = p.contractor JOIN staff s ON s.n = p.author
    RETURNING id
)
SELECT count(*) FROM made;

-- name: demo_versions
INSERT INTO job_commits (uuid, job_id, version, message, created_by, created_by_name, snapshot, created_at)
SELECT gen_random_uuid(), j.id, j.version, 'Created', j.created_by, 'Demo', to_jsonb(j) || '{"tenants_ids": []}', j.created_at
FROM jobs j WHERE NOT EXISTS (SELECT 1 FROM job_commits c WHERE c.job_id = j.id);

-- name: demo_notes
-- params: texts text[]
INSERT INTO case_notes (uuid, job_id, note_text, created_by, created_by_name, created_at)
SELECT gen_random_uuid(), j.id, ($1::text[])[1 + (j.id * 3 + g) % cardinality($1::text[])], j.created_by, a.first_name || ' ' || a.last_name, j.created_at + g * interval '5 hours'
FROM jobs j JOIN accounts a ON a.id = j.created_by CROSS JOIN generate_series(1, 2) g WHERE (j.id + g) % 3 <> 0;

-- name: demo_job_tenants
INSERT INTO job_tenants (job_id, tenant_id, tenant_account_id)
SELECT j.id, t.id, t.account_id FROM jobs j JOIN tenants t ON t.address_id = j.address_id ON CONFLICT DO NOTHING;

-- name: demo_brand
-- params: name text, colour text
INSERT INTO settings (key, value) VALUES ('brand', jsonb_build_object('name', $1::text, 'colour', $2::text)) ON CONFLICT (key) DO NOTHING;
