-- A job that is seen shows its tenants and whether it is pinned; asking the policies of those tables for the job again cost as much as the
-- rest of the statement. The function is asked only for jobs that a policy has let through. Safe while the server before it runs.

CREATE FUNCTION tenants_of_job(job bigint) RETURNS bigint[] LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :schema, pg_catalog AS $$
BEGIN
    RETURN (SELECT coalesce(array_agg(jt.tenant_id ORDER BY jt.tenant_id), '{}') FROM job_tenants jt WHERE jt.job_id = job);
END $$;
REVOKE EXECUTE ON FUNCTION tenants_of_job(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenants_of_job(bigint) TO :role;

-- One's own pins tell nothing about a job that one does not see any more; a new one needs a job that is seen.
ALTER POLICY job_pins_scope ON job_pins
USING (account_id = (SELECT nullif(current_setting('app.account_id', true), '')::bigint))
WITH CHECK (account_id = (SELECT nullif(current_setting('app.account_id', true), '')::bigint) AND EXISTS (SELECT 1 FROM jobs j WHERE j.id = job_id));
