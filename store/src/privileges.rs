//! Names each grant that the login role lacks, so that an administrator can copy it.

use crate::{Store, StoreError};

/// A grant that the role lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingGrant {
    /// The statement that would give it.
    pub grant: String,
}

impl Store {
    /// The grants that keeping tokens needs and this role lacks; empty when nothing is missing.
    ///
    /// Tables that don't exist yet are not reported: Aurora's server makes them when it first starts.
    pub async fn missing_grants(&self) -> Result<Vec<MissingGrant>, StoreError> {
        let missing: Vec<String> = sqlx::query_scalar(
            "SELECT format('GRANT %s ON %s TO %I', needed.privilege, needed.object, current_user)
             FROM (VALUES ('SELECT', 'mcp_tokens'), ('INSERT', 'mcp_tokens'), ('UPDATE', 'mcp_tokens'),
                          ('DELETE', 'mcp_tokens'), ('SELECT', 'aurora_mcp.managed_token'),
                          ('INSERT', 'aurora_mcp.managed_token'), ('UPDATE', 'aurora_mcp.managed_token'),
                          ('DELETE', 'aurora_mcp.managed_token')) AS needed (privilege, object)
             WHERE to_regclass(needed.object) IS NOT NULL
               AND NOT has_table_privilege(needed.object, needed.privilege)
             UNION ALL
             SELECT format('GRANT SELECT (id, email, org_id) ON users TO %I', current_user)
             WHERE to_regclass('users') IS NOT NULL
               AND NOT (has_column_privilege('users', 'id', 'SELECT') AND has_column_privilege('users', 'email', 'SELECT')
                        AND has_column_privilege('users', 'org_id', 'SELECT'))
             UNION ALL
             SELECT format('GRANT USAGE ON SEQUENCE mcp_tokens_id_seq TO %I', current_user)
             WHERE to_regclass('mcp_tokens_id_seq') IS NOT NULL
               AND NOT has_sequence_privilege('mcp_tokens_id_seq', 'USAGE')",
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::at("check the role's grants"))?;
        Ok(missing.into_iter().map(|grant| MissingGrant { grant }).collect())
    }
}
