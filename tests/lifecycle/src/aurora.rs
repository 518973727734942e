//! Aurora's database, changed as Aurora and its administrators do: behind the operator's back.

use anyhow::{Context as _, Result};
use aurora_mcp_store::{Bearer, Resolution, Settings, Store};
use aurora_mcp_test_database::TestDatabase;
use serde::Deserialize;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tokio::sync::Mutex;

/// A row of `mcp_tokens` and its record, if it has one.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    /// What stands in `mcp_tokens.token`.
    pub token: String,
    /// `active`, `revoked` or `expired`.
    pub status: String,
    /// The serial of its record.
    pub serial: Option<i64>,
    /// The McpToken of its record.
    pub resource_uid: Option<String>,
    /// Left to itself on purpose.
    pub retained: Option<bool>,
}

/// Aurora's database.
pub struct Aurora {
    pub(crate) store: Store,
    connection: Mutex<PgConnection>,
}

impl Aurora {
    /// Connects to a test's database, as the owner of Aurora's tables.
    pub async fn connect(database: &TestDatabase) -> Result<Self> {
        let settings = Settings::from_lookup(|name| database.lookup(name))?;
        let store = Store::connect_lazy(&settings, "lifecycle", 4);
        store.migrate().await?;
        let mut connection = database.connect().await;
        connection.execute("SET myapp.mcp_token_resolve = 'true'").await?;
        Ok(Self { store, connection: Mutex::new(connection) })
    }

    /// What a gateway would say to a bearer of this token.
    pub async fn resolve(&self, bearer: &str) -> Result<Resolution> {
        Ok(self.store.resolve(&Bearer::parse(bearer)?).await?)
    }

    /// True if a bearer of this token would be let in.
    pub async fn accepts(&self, bearer: &str) -> Result<bool> {
        Ok(matches!(self.resolve(bearer).await?, Resolution::Valid(_)))
    }

    /// Runs a statement; returns the number of rows that it changed.
    pub async fn execute(&self, sql: &str) -> Result<u64> {
        let mut connection = self.connection.lock().await;
        let done = connection.execute(AssertSqlSafe(sql.to_owned())).await;
        Ok(done.with_context(|| sql.to_owned())?.rows_affected())
    }

    /// Runs a statement in the name of an organisation, as Aurora's policies ask for inserting and deleting.
    pub async fn execute_for(&self, org: &str, sql: &str) -> Result<u64> {
        let mut connection = self.connection.lock().await;
        let mut transaction = connection.begin().await?;
        let set = sqlx::query("SELECT set_config('myapp.current_org_id', $1, true)").bind(org);
        set.execute(&mut *transaction).await?;
        let done = transaction.execute(AssertSqlSafe(sql.to_owned())).await;
        let changed = done.with_context(|| sql.to_owned())?.rows_affected();
        transaction.commit().await?;
        Ok(changed)
    }

    /// The one value of a query, as text.
    pub async fn value(&self, sql: &str) -> Result<Option<String>> {
        let mut connection = self.connection.lock().await;
        let sql = AssertSqlSafe(format!("SELECT ({sql})::text"));
        Ok(sqlx::query_scalar(sql).fetch_one(&mut *connection).await?)
    }

    /// Adds a user to an organisation.
    pub async fn add_user(&self, id: &str, org: &str) -> Result<()> {
        self.execute(&format!(
            "INSERT INTO users (id, email, password_hash, name, org_id, role)
             VALUES ('{id}', '{id}@example.com', '!', '{id}', '{org}', 'editor')"
        ))
        .await
        .map(drop)
    }

    /// Moves a user to another organisation.
    pub async fn move_user(&self, id: &str, org: &str) -> Result<()> {
        self.execute(&format!("UPDATE users SET org_id = '{org}' WHERE id = '{id}'")).await.map(drop)
    }

    /// Revokes a token in Aurora's own page. True if there was a row to revoke.
    pub async fn revoke(&self, bearer: &str) -> Result<bool> {
        let digest = Bearer::parse(bearer)?.digest();
        let sql = format!("UPDATE mcp_tokens SET status = 'revoked' WHERE token = '{digest}'");
        Ok(self.execute(&sql).await? > 0)
    }

    /// Adds a token in clear, as Aurora's own page does.
    pub async fn add_clear(&self, bearer: &str, user: &str, org: &str) -> Result<()> {
        let sql = format!(
            "INSERT INTO mcp_tokens (token, user_id, org_id, name) VALUES ('{bearer}', '{user}', '{org}', 'by hand')"
        );
        self.execute_for(org, &sql).await.map(drop)
    }

    /// Deletes the row of a token, as an administrator may.
    pub async fn drop_row(&self, bearer: &str) -> Result<()> {
        let digest = Bearer::parse(bearer)?.digest();
        let org = self.value(&format!("SELECT org_id FROM mcp_tokens WHERE token = '{digest}'")).await?;
        let org = org.context("no row")?;
        self.execute_for(&org, &format!("DELETE FROM mcp_tokens WHERE token = '{digest}'")).await.map(drop)
    }

    /// Takes the end and the limits of a token away, as somebody with too many rights may.
    pub async fn widen(&self, bearer: &str) -> Result<()> {
        let digest = Bearer::parse(bearer)?.digest();
        self.execute(&format!(
            "UPDATE mcp_tokens SET expires_at = NULL, name = 'wide' WHERE token = '{digest}'"
        ))
        .await?;
        let all = r#"{"mode": "ReadWrite"}"#;
        let record =
            format!("UPDATE aurora_mcp.managed_token SET access = '{all}' WHERE digest = '{digest}'");
        self.execute(&record).await.map(drop)
    }

    /// Deletes a user.
    pub async fn remove_user(&self, id: &str) -> Result<()> {
        self.execute(&format!("DELETE FROM users WHERE id = '{id}'")).await.map(drop)
    }

    /// All rows of a user.
    pub async fn rows(&self, user: &str) -> Result<Vec<Row>> {
        let sql = format!(
            "SELECT coalesce(json_agg(r), '[]') FROM (
                 SELECT t.token, t.status, m.serial, m.resource_uid, m.retained
                 FROM mcp_tokens t
                 LEFT JOIN aurora_mcp.managed_token m ON m.token_id = t.id AND m.digest = t.token
                 WHERE t.user_id = '{user}' ORDER BY t.id) r"
        );
        Ok(serde_json::from_str(&self.value(&sql).await?.context("no list")?)?)
    }
}
