-- name: account_create
-- params: uuid uuid, type_id bigint, role_id bigint, branch_id bigint, first_name text, last_name text, email bytea, email_key bytea, phone bytea, password_hash text
-- returns: id bigint
INSERT INTO accounts (uuid, account_type_id, role_id, branch_id, first_name, last_name, email_sealed, email_key, phone_sealed, password_hash)
VALUES ($1::uuid, $2::smallint, $3::bigint, $4::bigint, $5::text, $6::text, $7::bytea, $8::bytea, $9::bytea, $10::text)
RETURNING id;

-- name: branch_by_code
-- params: code text
-- returns: id bigint
SELECT id FROM branches WHERE code = $1::text AND is_active;

-- name: account_branch_add
-- params: account_id bigint, branch_id bigint
INSERT INTO account_branches (account_id, branch_id) VALUES ($1::bigint, $2::bigint) ON CONFLICT DO NOTHING;

-- name: account_for_login
-- params: email_key bytea
-- returns: id bigint, uuid uuid, type_id bigint, role_id bigint?, role_name text?, status_id bigint, name text, password_hash text?, email sealed(accounts.email by uuid)
SELECT a.id, a.uuid, a.account_type_id::bigint, a.role_id, r.name, a.account_status_id::bigint, a.first_name || ' ' || a.last_name, a.password_hash, a.email_sealed
FROM accounts a LEFT JOIN roles r ON r.id = a.role_id WHERE a.email_key = $1::bytea;

-- name: password_rehash
-- params: id bigint, hash text
UPDATE accounts SET password_hash = $2::text WHERE id = $1::bigint;

-- name: account_logged_in
-- params: id bigint
UPDATE accounts SET last_login_at = now(), last_activity_at = now() WHERE id = $1::bigint;

-- name: session_create
-- params: uuid uuid, account_id bigint, kind text, secret_hash bytea, remembered boolean, user_agent text, seconds bigint, address_key bytea
-- returns: id bigint, expires_at instant
INSERT INTO sessions (uuid, account_id, kind, secret_hash, remembered, user_agent, expires_at, address_key)
VALUES ($1::uuid, $2::bigint, $3::text, $4::bytea, $5::boolean, left($6::text, 300), now() + $7::bigint * interval '1 second', $8::bytea)
RETURNING id, expires_at;

-- name: session_end_bearers
-- params: account_id bigint
UPDATE sessions SET ended_at = now() WHERE account_id = $1::bigint AND kind = 'bearer' AND ended_at IS NULL;

-- name: session_end
-- params: id bigint
UPDATE sessions SET ended_at = now() WHERE id = $1::bigint AND ended_at IS NULL;

-- name: sessions_end_all
-- params: account_id bigint
UPDATE sessions SET ended_at = now() WHERE account_id = $1::bigint AND ended_at IS NULL;

-- name: session_by_secret
-- Idle sessions end after 30 minutes, remembered ones only with their time.
-- params: secret_hash bytea
-- returns: id bigint, account_id bigint, stale boolean
SELECT s.id, s.account_id, s.last_seen_at < now() - interval '1 minute' FROM sessions s
WHERE s.secret_hash = $1::bytea AND s.kind = 'cookie' AND s.ended_at IS NULL AND s.expires_at > now()
  AND (s.remembered OR s.last_seen_at > now() - interval '30 minutes');

-- name: session_by_id
-- params: id bigint, uuid uuid
-- returns: id bigint, account_id bigint, stale boolean
SELECT s.id, s.account_id, s.last_seen_at < now() - interval '1 minute' FROM sessions s
WHERE s.id = $1::bigint AND s.uuid = $2::uuid AND s.kind = 'bearer' AND s.ended_at IS NULL AND s.expires_at > now();

-- name: session_seen
-- params: id bigint
UPDATE sessions SET last_seen_at = now() WHERE id = $1::bigint;

-- name: account_active
-- params: id bigint
-- returns: id bigint, uuid uuid, type_id bigint, role_id bigint?, role_name text?, level bigint?, name text, branch_ids bigint[]
SELECT a.id, a.uuid, a.account_type_id::bigint, a.role_id, r.name, r.hierarchy_level::bigint, a.first_name || ' ' || a.last_name,
    (SELECT coalesce(array_agg(b.branch_id ORDER BY b.branch_id), '{}') FROM account_branches b WHERE b.account_id = a.id)
FROM accounts a LEFT JOIN roles r ON r.id = a.role_id WHERE a.id = $1::bigint AND a.account_status_id = 1;

-- name: login_network_known
-- params: email_key bytea, address_key bytea
-- returns: known boolean
SELECT EXISTS (SELECT 1 FROM sessions s JOIN accounts a ON a.id = s.account_id
    WHERE a.email_key = $1::bytea AND s.address_key = $2::bytea AND s.created_at > now() - interval '90 days');

-- name: login_try
-- Counts a try ahead of its outcome; no row when the wait that earlier ones earned is not over. Tries are forgotten after a quiet hour.
-- params: subject bytea, free bigint
-- returns: failures bigint
INSERT INTO login_failures AS f (subject, failures, last_at) VALUES ($1::bytea, 1, now())
ON CONFLICT (subject) DO UPDATE SET failures = CASE WHEN f.last_at < now() - interval '1 hour' THEN 1 ELSE f.failures + 1 END, last_at = now()
WHERE f.failures < $2::bigint OR f.last_at + least(60, 2 ^ least(f.failures - $2::bigint, 6)) * interval '1 second' <= now()
RETURNING f.failures::bigint;

-- name: login_wait
-- params: subject bytea, free bigint
-- returns: seconds bigint
SELECT ceil(extract(epoch FROM f.last_at + least(60, 2 ^ least(f.failures - $2::bigint, 6)) * interval '1 second' - now()))::bigint
FROM login_failures f WHERE f.subject = $1::bytea AND f.failures >= $2::bigint;

-- name: login_try_take_back
-- params: subject bytea
UPDATE login_failures SET failures = failures - 1 WHERE subject = $1::bytea AND failures > 0;

-- name: login_tries_forget
-- params: subject bytea
DELETE FROM login_failures WHERE subject = $1::bytea;

-- name: login_failures_sweep
-- params: most bigint
-- returns: gone bigint
WITH gone AS (
    DELETE FROM login_failures WHERE subject IN (SELECT subject FROM login_failures WHERE last_at < now() - interval '1 day' LIMIT $1::bigint)
    RETURNING 1)
SELECT count(*) FROM gone;

-- name: sessions_sweep
-- An account stays known at a network for 90 days.
-- params: most bigint
-- returns: gone bigint
WITH gone AS (
    DELETE FROM sessions WHERE id IN (
        SELECT id FROM sessions WHERE created_at < now() - interval '90 days' AND (expires_at < now() OR ended_at IS NOT NULL) LIMIT $1::bigint)
    RETURNING 1)
SELECT count(*) FROM gone;

-- name: profile_get
-- params: uuid uuid
-- returns: ID bigint, id bigint, uuid uuid, first_name text, last_name text, email sealed(accounts.email by uuid), phone sealed(accounts.phone by uuid)?, account_type_id bigint, account_type_name text, account_status_id bigint, account_status_name text, branch_id bigint?, branch_name text?, role_id bigint?, role_name text?, created_at instant
SELECT a.id, a.id, a.uuid, a.first_name, a.last_name, a.email_sealed, a.phone_sealed, a.account_type_id::bigint,
    (ARRAY['Staff', 'Agent', 'Landlord', 'Tenant', 'Contractor'])[a.account_type_id], a.account_status_id::bigint,
    CASE a.account_status_id WHEN 1 THEN 'Active' ELSE 'Inactive' END, a.branch_id, b.name, a.role_id, r.name, a.created_at
FROM accounts a LEFT JOIN branches b ON b.id = a.branch_id LEFT JOIN roles r ON r.id = a.role_id WHERE a.uuid = $1::uuid;

-- name: profile_lock
-- params: uuid uuid
-- returns: id bigint, uuid uuid, type_id bigint, level bigint?, role_id bigint?
SELECT a.id, a.uuid, a.account_type_id::bigint, r.hierarchy_level::bigint, a.role_id
FROM accounts a LEFT JOIN roles r ON r.id = a.role_id WHERE a.uuid = $1::uuid FOR UPDATE OF a;

-- name: role_level
-- params: id bigint
-- returns: level bigint
SELECT hierarchy_level::bigint FROM roles WHERE id = $1::bigint AND is_active;

-- name: role_keys
-- params: id bigint
-- returns: keys text[]
SELECT coalesce(array_agg(key), '{}') FROM role_rights WHERE role_id = $1::bigint;

-- name: profile_update
-- Each value comes with a flag: whether it was sent.
-- params: id bigint, has_first boolean, first_name text, has_last boolean, last_name text, has_phone boolean, phone bytea, has_branch boolean, branch_id bigint, has_role boolean, role_id bigint
UPDATE accounts SET
    first_name = CASE WHEN $2::boolean THEN $3::text ELSE first_name END,
    last_name = CASE WHEN $4::boolean THEN $5::text ELSE last_name END,
    phone_sealed = CASE WHEN $6::boolean THEN $7::bytea ELSE phone_sealed END,
    branch_id = CASE WHEN $8::boolean THEN $9::bigint ELSE branch_id END,
    role_id = CASE WHEN $10::boolean THEN $11::bigint ELSE role_id END,
    updated_at = now()
WHERE id = $1::bigint;
