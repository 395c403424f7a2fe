-- name: role_make
-- params: uuid uuid, name text, description text, level bigint, locked boolean
INSERT INTO roles (uuid, name, description, hierarchy_level, is_locked, is_default, position)
VALUES ($1::uuid, $2::text, $3::text, $4::int, $5::boolean, true, $4::int)
ON CONFLICT (name) DO NOTHING;

-- name: role_by_name
-- params: name text
-- returns: id bigint
SELECT id FROM roles WHERE name = $1::text;

-- name: ship_to_role
-- Keys that this role was never given; each is given once.
-- params: role text, keys text[]
WITH fresh AS (
    INSERT INTO shipped_rights (holder, key) SELECT 'role:' || $1::text, k FROM unnest($2::text[]) k ON CONFLICT DO NOTHING RETURNING key
)
INSERT INTO role_rights (role_id, key) SELECT r.id, f.key FROM fresh f JOIN roles r ON r.name = $1::text ON CONFLICT DO NOTHING;

-- name: ship_to_type
-- params: type bigint, keys text[]
WITH fresh AS (
    INSERT INTO shipped_rights (holder, key) SELECT 'type:' || $1::bigint, k FROM unnest($2::text[]) k ON CONFLICT DO NOTHING RETURNING key
)
INSERT INTO account_type_rights (account_type_id, key) SELECT $1::bigint, key FROM fresh ON CONFLICT DO NOTHING;

-- name: document_keys
-- returns: keys text[]
SELECT coalesce(array_agg(t.permission_key || v.verb ORDER BY t.position, v.verb), '{}')
FROM job_file_types t CROSS JOIN (VALUES ('.read'), ('.upload'), ('.delete')) v (verb);

-- name: rights_of_account
-- params: account_id bigint, type_id bigint, role_id bigint
-- returns: keys text[]
SELECT coalesce(array_agg(key ORDER BY key), '{}') FROM (
    SELECT key FROM role_rights WHERE $2::bigint = 1 AND role_id = $3::bigint
    UNION SELECT key FROM account_type_rights WHERE $2::bigint <> 1 AND account_type_id = $2::bigint
    UNION SELECT key FROM account_rights WHERE account_id = $1::bigint AND granted
    EXCEPT SELECT key FROM account_rights WHERE account_id = $1::bigint AND NOT granted
) held;
