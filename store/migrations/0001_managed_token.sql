-- Which rows of mcp_tokens the operator keeps, for which McpToken, and what each may do.
CREATE TABLE IF NOT EXISTS aurora_mcp.managed_token (
    token_id integer PRIMARY KEY,
    -- Equal to mcp_tokens.token. A row number that a rebuilt database gives out again can't lend its limits.
    digest text NOT NULL UNIQUE CHECK (digest ~ '^sha256:[0-9a-f]{64}$'),
    installation text NOT NULL,
    resource_uid text NOT NULL,
    namespace text NOT NULL,
    name text NOT NULL,
    serial bigint NOT NULL CHECK (serial > 0),
    user_id text NOT NULL,
    org_id text NOT NULL,
    access jsonb NOT NULL,
    suspended boolean NOT NULL DEFAULT false,
    -- The McpToken is gone and its deletionPolicy was Retain: no sweep touches the row.
    retained boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (resource_uid, serial)
);
CREATE INDEX IF NOT EXISTS managed_token_owner ON aurora_mcp.managed_token (installation, namespace, name);
