-- The tables of Aurora that this product meets, as Aurora's own server makes them: columns, indexes, checks and
-- forced row-level security. Run as the role that owns them, which is not a superuser.

CREATE TABLE organizations (
    id character varying(255) PRIMARY KEY DEFAULT gen_random_uuid()::text,
    name character varying(255) NOT NULL,
    slug character varying(255) NOT NULL UNIQUE,
    created_by character varying(255),
    onboarding_completed boolean DEFAULT false,
    created_at timestamp without time zone DEFAULT now(),
    updated_at timestamp without time zone DEFAULT now(),
    bitbucket_webhook_secret_ref text,
    plan_tier character varying(20) DEFAULT 'free'
);
CREATE INDEX idx_organizations_slug ON organizations (slug);

CREATE TABLE users (
    id character varying(255) PRIMARY KEY DEFAULT gen_random_uuid()::text,
    email character varying(255) NOT NULL UNIQUE,
    password_hash character varying(255) NOT NULL,
    name character varying(255),
    org_id character varying(255) REFERENCES organizations (id) ON DELETE SET NULL,
    must_change_password boolean DEFAULT false,
    created_at timestamp without time zone DEFAULT now(),
    updated_at timestamp without time zone DEFAULT now(),
    role character varying(50) DEFAULT 'viewer',
    email_verified boolean DEFAULT false,
    email_verification_code character varying(64),
    email_verification_code_expires_at timestamp without time zone,
    email_verification_attempts integer DEFAULT 0
);
CREATE INDEX idx_users_email ON users (email);
CREATE INDEX idx_users_org_id ON users (org_id);

ALTER TABLE organizations ADD CONSTRAINT organizations_created_by_fkey FOREIGN KEY (created_by) REFERENCES users (id);

CREATE TABLE mcp_tokens (
    id serial PRIMARY KEY,
    token character varying(128) NOT NULL UNIQUE,
    user_id text NOT NULL,
    org_id character varying(255),
    name text,
    created_at timestamp without time zone DEFAULT now(),
    last_used_at timestamp without time zone,
    expires_at timestamp without time zone,
    status text DEFAULT 'active'
        CONSTRAINT mcp_tokens_status_check CHECK (status IN ('active', 'revoked', 'expired'))
);
CREATE INDEX idx_mcp_tokens_org_id ON mcp_tokens (org_id);
CREATE INDEX idx_mcp_tokens_token ON mcp_tokens (token);
CREATE INDEX idx_mcp_tokens_user ON mcp_tokens (user_id);

ALTER TABLE mcp_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE mcp_tokens FORCE ROW LEVEL SECURITY;
CREATE POLICY select_by_org ON mcp_tokens FOR SELECT USING (
    org_id IS NOT NULL AND COALESCE(current_setting('myapp.current_org_id', true), '') <> ''
    AND org_id = current_setting('myapp.current_org_id', true));
CREATE POLICY insert_by_org ON mcp_tokens FOR INSERT WITH CHECK (
    org_id IS NOT NULL AND COALESCE(current_setting('myapp.current_org_id', true), '') <> ''
    AND org_id = current_setting('myapp.current_org_id', true));
CREATE POLICY update_by_org ON mcp_tokens FOR UPDATE USING (
    org_id IS NOT NULL AND COALESCE(current_setting('myapp.current_org_id', true), '') <> ''
    AND org_id = current_setting('myapp.current_org_id', true));
CREATE POLICY delete_by_org ON mcp_tokens FOR DELETE USING (
    org_id IS NOT NULL AND COALESCE(current_setting('myapp.current_org_id', true), '') <> ''
    AND org_id = current_setting('myapp.current_org_id', true));
CREATE POLICY select_by_token_resolve ON mcp_tokens FOR SELECT
    USING (current_setting('myapp.mcp_token_resolve', true) = 'true');
CREATE POLICY update_by_token_resolve ON mcp_tokens FOR UPDATE
    USING (current_setting('myapp.mcp_token_resolve', true) = 'true');
