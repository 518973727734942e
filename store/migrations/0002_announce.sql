-- Announces changes of tokens and users, so that a revocation reaches every gateway at once. A payload names a digest or
-- a user, never a token. These functions run inside Aurora's own transactions: they do nothing that can fail.
CREATE OR REPLACE FUNCTION aurora_mcp.announce_token() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog AS $$
BEGIN
    -- A deleted row has no NEW. Rows made by Aurora hold the token in clear: only its digest is announced.
    PERFORM pg_notify('aurora_mcp_changes', 'token ' || CASE WHEN token LIKE 'sha256:%' THEN token
        ELSE 'sha256:' || encode(sha256(convert_to(token, 'UTF8')), 'hex') END)
    FROM unnest(ARRAY[OLD.token, NEW.token]) AS token
    WHERE token IS NOT NULL;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION aurora_mcp.announce_managed() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_notify('aurora_mcp_changes', 'token ' || COALESCE(NEW.digest, OLD.digest));
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION aurora_mcp.announce_user() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_notify('aurora_mcp_changes', 'user ' || left(OLD.id, 500));
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION aurora_mcp.announce_all() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_notify('aurora_mcp_changes', 'everything');
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER aurora_mcp_announce_managed AFTER INSERT OR UPDATE OR DELETE ON aurora_mcp.managed_token
    FOR EACH ROW EXECUTE FUNCTION aurora_mcp.announce_managed();
CREATE OR REPLACE TRIGGER aurora_mcp_announce_managed_all AFTER TRUNCATE ON aurora_mcp.managed_token
    FOR EACH STATEMENT EXECUTE FUNCTION aurora_mcp.announce_all();
