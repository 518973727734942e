-- Login roles with the least rights: one for the operator, one for the gateway. Neither owns a table of Aurora, is a superuser
-- or is exempt from row-level security. For psql, in Aurora's database, as a superuser (or as the owner of Aurora's tables,
-- if both roles exist already). It can be repeated, and should be after an upgrade. Passwords are given apart:
--
--     psql -v ON_ERROR_STOP=1 -d aurora -f roles.sql
--     psql -d aurora -c '\password aurora_mcp_operator' -c '\password aurora_mcp_gateway'

DO $$
DECLARE
    login text;
BEGIN
    FOREACH login IN ARRAY ARRAY['aurora_mcp_operator', 'aurora_mcp_gateway'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = login) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS', login);
        END IF;
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), login);
    END LOOP;
    -- The operator makes its tables in a schema of its own. It need not own the schema, nor create others.
    IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'aurora_mcp') THEN
        CREATE SCHEMA aurora_mcp;
    END IF;
END
$$;
GRANT USAGE ON SCHEMA public TO aurora_mcp_operator, aurora_mcp_gateway;
GRANT USAGE, CREATE ON SCHEMA aurora_mcp TO aurora_mcp_operator;
-- Whoever may use this schema is given SELECT on the tokens' limits by the operator, who makes that table.
GRANT USAGE ON SCHEMA aurora_mcp TO aurora_mcp_gateway;

-- The operator makes, changes and ends rows. It never sees a password, and of a user only what is listed.
GRANT SELECT (id, token, user_id, org_id, name, status, expires_at, last_used_at, created_at),
      INSERT (token, user_id, org_id, name, status, expires_at),
      UPDATE (token, name, status, expires_at), DELETE
    ON mcp_tokens TO aurora_mcp_operator;
GRANT USAGE ON SEQUENCE mcp_tokens_id_seq TO aurora_mcp_operator;
GRANT SELECT (id, email, org_id) ON users TO aurora_mcp_operator;
-- For instant revocation. Whoever may make a trigger on a table has code run in the sessions of those who write to it: leave these
-- two out if that is too much. Revocations in Aurora are then seen within five seconds, by polling.
GRANT TRIGGER ON mcp_tokens TO aurora_mcp_operator;
GRANT TRIGGER ON users TO aurora_mcp_operator;

-- Aurora's own login may do what the operator may: programs that run with it, before the switch or after a rollback of it, go on.
DO $$
DECLARE
    auroras text := (SELECT relowner::regrole FROM pg_class WHERE oid = 'mcp_tokens'::regclass);
BEGIN
    IF current_setting('is_superuser')::boolean AND NOT pg_has_role(auroras, 'aurora_mcp_operator', 'MEMBER') THEN
        EXECUTE format('GRANT aurora_mcp_operator TO %s', auroras);
    END IF;
END
$$;

-- The gateway resolves tokens and notes when they were used. It can change nothing else.
GRANT SELECT (id, token, user_id, org_id, name, status, expires_at, last_used_at),
      UPDATE (last_used_at)
    ON mcp_tokens TO aurora_mcp_gateway;
GRANT SELECT (id, email, org_id, role) ON users TO aurora_mcp_gateway;

-- What an operator with another login made belongs to the operator's role from now on. The other login keeps its access, so that
-- programs which still run with it go on.
DO $$
DECLARE
    made record;
BEGIN
    FOR made IN
        SELECT format('TABLE %s', oid::regclass) AS object, relowner::regrole AS maker FROM pg_class
        WHERE relnamespace = 'aurora_mcp'::regnamespace AND relkind = 'r'
          AND relowner <> 'aurora_mcp_operator'::regrole
        UNION ALL
        SELECT format('FUNCTION %s', oid::regprocedure), proowner::regrole FROM pg_proc
        WHERE pronamespace = 'aurora_mcp'::regnamespace AND proowner <> 'aurora_mcp_operator'::regrole
    LOOP
        EXECUTE format('ALTER %s OWNER TO aurora_mcp_operator', made.object);
        EXECUTE format('GRANT ALL ON %s TO %s', made.object, made.maker);
        EXECUTE format('GRANT USAGE ON SCHEMA aurora_mcp TO %s', made.maker);
    END LOOP;
    IF EXISTS (SELECT FROM pg_tables WHERE schemaname = 'aurora_mcp' AND tablename = 'managed_token') THEN
        GRANT SELECT ON aurora_mcp.managed_token TO aurora_mcp_gateway;
    END IF;
END
$$;
