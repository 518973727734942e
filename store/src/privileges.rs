//! Names each grant that the login role lacks, so that an administrator can copy it. `roles.sql` gives them all.

use crate::pool::answered;
use crate::{Store, StoreError};

/// A grant that the role lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingGrant {
    /// The statement that would give it.
    pub grant: String,
}

/// Which of the two programs asks: each needs other grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// Makes, changes and ends rows.
    Operator,
    /// Resolves tokens and notes their use.
    Gateway,
    /// The same, and compares the address of a token's user with the proxy's word.
    GatewayBehindProxy,
}

/// A privilege on columns of a table; no columns: on all of it.
struct Need {
    schema: &'static str,
    table: &'static str,
    privilege: &'static str,
    columns: &'static [&'static str],
}

const fn need(
    schema: &'static str,
    table: &'static str,
    privilege: &'static str,
    columns: &'static [&'static str],
) -> Need {
    Need { schema, table, privilege, columns }
}

/// What keeping tokens takes. The triggers are no need of it: without them changes are seen by polling.
const OPERATOR: &[Need] = &[
    need(
        "public",
        "mcp_tokens",
        "SELECT",
        &["id", "token", "user_id", "org_id", "name", "status", "expires_at", "last_used_at", "created_at"],
    ),
    need("public", "mcp_tokens", "INSERT", &["token", "user_id", "org_id", "name", "status", "expires_at"]),
    need("public", "mcp_tokens", "UPDATE", &["token", "name", "status", "expires_at"]),
    need("public", "mcp_tokens", "DELETE", &[]),
    need("public", "mcp_tokens_id_seq", "USAGE", &[]),
    need("public", "users", "SELECT", &["id", "email", "org_id"]),
    need("aurora_mcp", "managed_token", "SELECT", &[]),
    need("aurora_mcp", "managed_token", "INSERT", &[]),
    need("aurora_mcp", "managed_token", "UPDATE", &[]),
    need("aurora_mcp", "managed_token", "DELETE", &[]),
];

/// What resolving tokens takes. Besides these, `users.email` and `users.role` for what is no condition of its work.
const GATEWAY: &[Need] = &[
    need(
        "public",
        "mcp_tokens",
        "SELECT",
        &["id", "token", "user_id", "org_id", "name", "status", "expires_at", "last_used_at"],
    ),
    need("public", "mcp_tokens", "UPDATE", &["last_used_at"]),
    need("public", "users", "SELECT", &["id", "org_id"]),
    need("aurora_mcp", "managed_token", "SELECT", &[]),
];

const EMAIL: Need = need("public", "users", "SELECT", &["email"]);

impl Store {
    /// The grants that a program needs and this role lacks; empty when nothing is missing.
    ///
    /// Tables that don't exist yet are not reported: Aurora's server makes its own when it first starts, the operator ours.
    pub async fn missing_grants(&self, program: Program) -> Result<Vec<MissingGrant>, StoreError> {
        let step = "check the role's grants";
        answered(step, async {
            let needs: Vec<&Need> = match program {
                Program::Operator => OPERATOR.iter().collect(),
                Program::Gateway => GATEWAY.iter().collect(),
                Program::GatewayBehindProxy => GATEWAY.iter().chain([&EMAIL]).collect(),
            };
            let texts = |text: fn(&Need) -> String| needs.iter().copied().map(text).collect::<Vec<_>>();
            let missing: Vec<String> = sqlx::query_scalar(MISSING)
                .bind(texts(|need| need.schema.to_owned()))
                .bind(texts(|need| need.table.to_owned()))
                .bind(texts(|need| need.privilege.to_owned()))
                .bind(texts(|need| need.columns.join(", ")))
                .fetch_all(&self.pool)
                .await
                .map_err(StoreError::at(step))?;
            Ok(missing.into_iter().map(|grant| MissingGrant { grant }).collect())
        })
        .await
    }
}

/// Aurora's tables are looked for on the search path, ours in their schema: by catalogue, because a name in a schema that may not
/// be used is an error and no answer.
const MISSING: &str = "
    WITH needed AS (
        SELECT n.oid AS schema_id, n.nspname, c.oid, c.relkind, u.relation, u.privilege, u.columns, u.at
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
             WITH ORDINALITY AS u (schema, relation, privilege, columns, at)
        JOIN pg_class c ON c.relname = u.relation
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE CASE u.schema WHEN 'public' THEN c.oid = to_regclass(u.relation) ELSE n.nspname = u.schema END
    )
    SELECT grant_text FROM (
        SELECT DISTINCT format('GRANT USAGE ON SCHEMA %I TO %I', nspname, current_user) AS grant_text, 0::bigint AS at
        FROM needed WHERE NOT has_schema_privilege(schema_id, 'USAGE')
        UNION ALL
        SELECT format('GRANT %s%s ON %s%I.%I TO %I', privilege, CASE columns WHEN '' THEN '' ELSE ' (' || columns || ')' END,
                      CASE relkind WHEN 'S' THEN 'SEQUENCE ' ELSE '' END, nspname, relation, current_user), at
        FROM needed
        WHERE NOT CASE
            WHEN relkind = 'S' THEN has_sequence_privilege(oid, privilege)
            WHEN columns = '' THEN has_table_privilege(oid, privilege)
            ELSE (SELECT bool_and(has_column_privilege(oid, wanted, privilege))
                  FROM unnest(string_to_array(columns, ', ')) AS wanted)
        END
    ) missing
    ORDER BY at";
