-- The only change to Aurora's own tables. Aurora's server may make the tables anew, so this runs at every start.
CREATE OR REPLACE TRIGGER aurora_mcp_announce AFTER UPDATE OF token, user_id, org_id, expires_at, status OR DELETE
    ON mcp_tokens FOR EACH ROW EXECUTE FUNCTION aurora_mcp.announce_token();
CREATE OR REPLACE TRIGGER aurora_mcp_announce_all AFTER TRUNCATE ON mcp_tokens
    FOR EACH STATEMENT EXECUTE FUNCTION aurora_mcp.announce_all();
CREATE OR REPLACE TRIGGER aurora_mcp_announce AFTER INSERT OR UPDATE OF id, email, org_id OR DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION aurora_mcp.announce_user();
CREATE OR REPLACE TRIGGER aurora_mcp_announce_all AFTER TRUNCATE ON users
    FOR EACH STATEMENT EXECUTE FUNCTION aurora_mcp.announce_all();
