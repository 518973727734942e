-- Whoever may use the schema may read the tokens' limits: the gateway's role, where it has one of its own. Runs at every start.
DO $$
DECLARE
    reader record;
BEGIN
    FOR reader IN
        SELECT r.rolname FROM pg_namespace n, aclexplode(n.nspacl) AS acl JOIN pg_roles r ON r.oid = acl.grantee
        WHERE n.nspname = 'aurora_mcp' AND acl.privilege_type = 'USAGE'
          AND NOT has_table_privilege(r.oid, 'aurora_mcp.managed_token', 'SELECT')
    LOOP
        EXECUTE format('GRANT SELECT ON aurora_mcp.managed_token TO %I', reader.rolname);
    END LOOP;
END
$$;
