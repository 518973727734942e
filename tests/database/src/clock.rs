//! A clock of the database's own, which a test moves forward: nobody has to wait for an hour.

use sqlx::{AssertSqlSafe, Executor as _};

use crate::TestDatabase;

/// `now` is found in this schema before the server's own, by every session that begins afterwards.
const CLOCK: &str = "
    CREATE SCHEMA clock;
    GRANT USAGE ON SCHEMA clock TO PUBLIC;
    CREATE TABLE clock.shift (by interval NOT NULL);
    GRANT SELECT ON clock.shift TO PUBLIC;
    INSERT INTO clock.shift VALUES ('0');
    CREATE FUNCTION clock.now() RETURNS timestamptz LANGUAGE sql STABLE
        RETURN pg_catalog.now() + (SELECT by FROM clock.shift);";

impl TestDatabase {
    /// Gives the database a clock of its own. Before a program connects: sessions that there are keep the server's.
    pub async fn give_clock(&self) {
        let mut connection = self.connect().await;
        connection.execute(sqlx::raw_sql(CLOCK)).await.expect("a clock");
        self.execute(&format!("ALTER DATABASE {} SET search_path = public, clock, pg_catalog", self.name))
            .await;
    }

    /// Moves its clock forward, by an interval such as `2 hours`. Nobody is told.
    pub async fn forward(&self, by: &str) {
        let mut connection = self.connect().await;
        let sql = format!("UPDATE clock.shift SET by = by + interval '{by}'");
        let done = connection.execute(AssertSqlSafe(sql)).await.expect("an interval");
        assert_eq!(done.rows_affected(), 1, "give_clock comes first");
    }
}
