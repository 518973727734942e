//! A pass of the operator as a trace, received over TLS: what it read, what it did, and the statements in Postgres below that.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use anyhow::{Context as _, ensure};
use aurora_mcp_lifecycle::{ControlPlane, Operator, Stage, Token, eventually, ready};
use aurora_mcp_test_collector::{Collector, Span};
use aurora_mcp_test_database::TestDatabase;
use aurora_mcp_test_database::seed::ALPHA;
use serde_json::json;

#[tokio::test]
async fn a_pass_is_a_trace_with_its_steps_and_their_statements() {
    let plane = ControlPlane::start().await.unwrap();
    TestDatabase::run(async |database| {
        let collector = Collector::start_tls(plane.directory()).await;
        let mut stage =
            Stage::new(&plane, database, "traces", env!("CARGO_BIN_EXE_operator-under-test")).await.unwrap();
        stage.set("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint());
        let authority = plane.directory().join("certificate.pem");
        stage.set("SSL_CERT_FILE", &authority.display().to_string());
        let operator = Operator::start(&stage.operator, "").await.unwrap();
        stage.aurora.add_user("traced", ALPHA).await.unwrap();
        let token = Token { stage: &stage, name: "traced".to_owned() };
        token.create(&json!({})).await.unwrap();
        eventually("an McpToken to be ready", 60, async || {
            let object = token.object().await?.context("it is gone")?;
            ensure!(ready(&object).is_some_and(|ready| ready.status == "True"), "it is not ready");
            Ok(())
        })
        .await
        .unwrap();
        let bearer = token.bearer().await.unwrap().unwrap();
        // What is buffered is sent before the end.
        operator.stop().await.unwrap();

        let register = collector.span("of the row", |span| span.name == "make the token's row").await;
        assert_eq!((register.kind.as_str(), register.attribute("db.system.name")), ("Client", "postgresql"));
        assert_eq!(register.service, "aurora-mcp-operator");
        let spans = collector.spans();
        let above = |below: &Span| -> Span {
            let parent = spans.iter().find(|span| below.is_child_of(span));
            parent.unwrap_or_else(|| panic!("nothing above {below:?}")).clone()
        };
        let step = above(&register);
        assert_eq!((step.name.as_str(), step.attribute("step")), ("step", "register-row"));
        let pass = above(&step);
        assert!(pass.parent.is_empty() && pass.attribute("object.ref").contains("traced"), "{pass:?}");
        let observed = |span: &&Span| span.name == "observe" && span.is_child_of(&pass);
        let observation = spans.iter().find(observed).unwrap();
        assert!(
            spans.iter().any(|span| span.name == "read the token's rows" && span.is_child_of(observation)),
            "{spans:#?}"
        );
        assert!(!collector.printed().contains(&bearer), "a span holds the token");
    })
    .await;
}
