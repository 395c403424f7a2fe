-- name: contractors_list
-- returns: ID bigint, id bigint, uuid uuid, first_name text, last_name text, name text, email sealed(accounts.email by uuid), phone sealed(accounts.phone by uuid)?, trading_name text?, trades text[], is_active boolean
-- filter search text: EXISTS (SELECT 1 FROM (SELECT '%' || lower(replace(replace(replace(?, '\', '\\'), '%', '\%'), '_', '\_')) || '%' AS pattern) s WHERE lower(a.first_name || ' ' || a.last_name) LIKE s.pattern OR lower(p.trading_name) LIKE s.pattern)
-- filter trade_id bigint: a.id IN (SELECT ct.account_id FROM contractor_trades ct WHERE ct.trade_id = ?)
-- filter postcode text: a.id IN (SELECT ca.account_id FROM contractor_areas ca WHERE ca.outward_code = regexp_replace(upper(replace(?, ' ', '')), '[0-9][A-Z]{2}$', ''))
-- where: a.account_type_id = 5 AND a.account_status_id = 1
-- order: a.last_name text, a.id bigint
SELECT a.id, a.id, a.uuid, a.first_name, a.last_name, a.first_name || ' ' || a.last_name, a.email_sealed, a.phone_sealed, p.trading_name,
    (SELECT coalesce(array_agg(t.name ORDER BY t.position), '{}') FROM contractor_trades ct JOIN trades t ON t.id = ct.trade_id WHERE ct.account_id = a.id),
    a.account_status_id = 1
-- from
FROM accounts a LEFT JOIN contractor_profiles p ON p.account_id = a.id;

-- name: trades_list
-- returns: ID bigint, id bigint, name text
SELECT id, id, name FROM trades ORDER BY position, id LIMIT 200;
