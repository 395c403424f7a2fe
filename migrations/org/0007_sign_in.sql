-- How often passwords may be tried, from where an account is known, and what of it is forgotten again.
-- Safe while the release before is serving: it neither writes nor reads the new column, and reads the log as staff only.

ALTER TABLE sessions ADD COLUMN address_key bytea; -- keyed hash of the network it was begun from
CREATE INDEX sessions_by_address ON sessions (account_id, address_key);

-- What has ended long ago is swept away.
GRANT DELETE ON sessions TO :role;

-- Everybody's deeds are written down; only the office reads them.
ALTER TABLE activity_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE activity_log FORCE ROW LEVEL SECURITY;
CREATE POLICY activity_log_reading ON activity_log FOR SELECT TO :role
    USING ((SELECT current_setting('app.account_type', true) = '1'));
CREATE POLICY activity_log_writing ON activity_log FOR INSERT TO :role WITH CHECK (true);
