-- name: maintenance_get
-- returns: enabled boolean, reason text?, since instant?
SELECT coalesce((s.value->>'enabled')::boolean, false), s.value->>'reason', s.updated_at AS since
FROM (SELECT 1) one LEFT JOIN settings s ON s.key = 'maintenance';

-- name: maintenance_set
-- params: enabled boolean, reason text
INSERT INTO settings (key, value, updated_at) VALUES ('maintenance', jsonb_build_object('enabled', $1::boolean, 'reason', $2::text), now())
ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = now();

-- name: activity_stamp
-- params: _account_id bigint
-- returns: valid boolean
UPDATE accounts SET last_activity_at = now() WHERE id = $1::bigint RETURNING true;

-- name: brand_get
-- The logo is a path on the org's own host.
-- returns: name text?, short_name text?, colour text?, logo text?
SELECT s.value->>'name', s.value->>'short_name', s.value->>'colour', substring(s.value->>'logo' FROM '^/[A-Za-z0-9][A-Za-z0-9/._-]*$')
FROM (SELECT 1) one LEFT JOIN settings s ON s.key = 'brand';
