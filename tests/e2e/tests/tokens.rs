//! What a token can do, from `kubectl apply` to `kubectl delete`.

use anyhow::{Context, Result, ensure};
use aurora_mcp_e2e::{
    Gateway, Token,
    cluster::NAMESPACE,
    eventually, scene, sql,
    token::{digest, is_well_formed},
};
use serde_json::{Value, json};

const ALICE: &str = "alice@alpha.example";
const VERA: &str = "vera@alpha.example";
/// An incident of organisation Alpha, and one of Beta.
const OWN_INCIDENT: &str = "11111111-1111-4111-8111-000000000001";
const FOREIGN_INCIDENT: &str = "55555555-5555-4555-8555-000000000001";

#[tokio::test]
async fn ready_token_calls_a_tool() -> Result<()> {
    scene(async |cluster| {
        let token = Token::ready(cluster, "e2e-calls", ALICE).await?;
        let gateway = Gateway::open().await?;
        let bearer = token.bearer().await?;
        let session = gateway.session(&bearer);
        let answer = session.call("list_incidents", json!({"status": "investigating"})).await?;
        ensure!(!answer.is_error, "{}", answer.text);
        let incidents = answer.content["incidents"].as_array().context("no incidents")?;
        ensure!(
            !incidents.is_empty() && incidents.iter().all(|incident| incident["status"] == "investigating")
        );
        let answer = session.call("get_incident", json!({"incident_id": OWN_INCIDENT})).await?;
        ensure!(!answer.is_error && answer.text.contains(OWN_INCIDENT), "{}", answer.text);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn deleted_token_is_refused_by_every_replica() -> Result<()> {
    scene(async |cluster| {
        let token = Token::ready(cluster, "e2e-deleted", ALICE).await?;
        let bearer = token.bearer().await?;
        let replicas = Gateway::open_each(cluster).await?;
        for gateway in &replicas {
            gateway.session(&bearer).expect_status(200).await?;
        }
        token.delete().await?;
        for gateway in &replicas {
            let refused = async || gateway.session(&bearer).expect_status(401).await;
            eventually("the deleted token to be refused", 10, refused).await?;
        }
        let status = sql::value(
            cluster,
            &format!("SELECT status FROM mcp_tokens WHERE token = '{}'", digest(&bearer)),
        )
        .await?;
        ensure!(status == "revoked", "the row stays for the audit, revoked, but it is '{status}'");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn clear_token_is_nowhere_in_postgres() -> Result<()> {
    scene(async |cluster| {
        let token = Token::ready(cluster, "e2e-hashed", ALICE).await?;
        let bearer = token.bearer().await?;
        let rows = |table: &str| format!("SELECT count(*) FROM {table} t WHERE t::text LIKE '%{bearer}%'");
        for table in ["mcp_tokens", "aurora_mcp.managed_token"] {
            let count = sql::value(cluster, &rows(table)).await?;
            ensure!(count == "0", "{table} holds the clear token");
        }
        let hashed = format!(
            "SELECT count(*) FROM mcp_tokens WHERE token = '{}' AND status = 'active'",
            digest(&bearer)
        );
        ensure!(sql::value(cluster, &hashed).await? == "1", "no active row has the token's digest");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn secret_has_every_key_and_its_files_parse() -> Result<()> {
    scene(async |cluster| {
        let token = Token::ready(cluster, "e2e-secret", ALICE).await?;
        let secret = token.secret().await?;
        let bearer = secret.get("token").context("no key token")?;
        ensure!(is_well_formed(bearer), "the token is not of the documented form");
        let authorization = format!("Bearer {bearer}");
        let url = secret.get("url").context("no key url")?;
        ensure!(secret.get("uri") == Some(url), "uri is not url");
        ensure!(secret.get("authorization") == Some(&authorization));
        ensure!(
            secret.contains_key("type") && secret.contains_key("provider"),
            "Service Binding keys are missing"
        );
        for (file, address) in [("mcp.json", "url"), ("windsurf.json", "serverUrl")] {
            let text = secret.get(file).with_context(|| format!("no key {file}"))?;
            let json: Value = serde_json::from_str(text).with_context(|| format!("{file} is not JSON"))?;
            let server = &json["mcpServers"]["aurora"];
            ensure!(server[address] == json!(url), "{file} has another address");
            ensure!(server["headers"]["Authorization"] == json!(authorization), "{file} has another token");
        }
        ensure!(
            secret.get("codex.toml").is_some_and(|toml| toml.contains(url)),
            "codex.toml lacks the address"
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn incident_of_another_organisation_is_not_found() -> Result<()> {
    scene(async |cluster| {
        let token = Token::ready(cluster, "e2e-foreign-incident", ALICE).await?;
        let gateway = Gateway::open().await?;
        let bearer = token.bearer().await?;
        let answer =
            gateway.session(&bearer).call("get_incident", json!({"incident_id": FOREIGN_INCIDENT})).await?;
        ensure!(answer.is_error && answer.text.contains("404"), "{}", answer.text);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn viewer_who_asks_is_told_why_it_is_refused() -> Result<()> {
    scene(async |cluster| {
        let token = Token::ready(cluster, "e2e-viewer", VERA).await?;
        let gateway = Gateway::open().await?;
        let bearer = token.bearer().await?;
        let session = gateway.session(&bearer);
        let question = json!({"incident_id": OWN_INCIDENT, "question": "What changed before it began?"});
        let answer = session.call("ask_incident", question).await?;
        ensure!(answer.is_error && answer.text.contains("403"), "{}", answer.text);
        ensure!(answer.text.to_lowercase().contains("role"), "no hint at the role: {}", answer.text);
        let answer = session.call("list_incidents", json!({})).await?;
        ensure!(!answer.is_error, "a viewer may read: {}", answer.text);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn foreign_secret_of_the_same_name_is_left_alone() -> Result<()> {
    const NAME: &str = "e2e-conflict";
    scene(async |cluster| {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": NAME, "namespace": NAMESPACE},
            "stringData": {"theirs": "untouched"},
        });
        cluster.created("secret", NAMESPACE, NAME);
        cluster.kubectl_with(&["apply", "-f", "-"], &secret.to_string()).await?;
        let token = Token::apply(cluster, NAMESPACE, NAME, &json!({"user": {"email": ALICE}})).await?;
        let message = token.wait_refused("SecretConflict").await?;
        ensure!(message.contains(NAME), "the message does not name the Secret: {message}");
        let data = token.secret().await?;
        ensure!(data.len() == 1 && data["theirs"] == "untouched", "the Secret was changed");
        token.delete().await?;
        ensure!(token.secret().await.is_ok(), "the foreign Secret was deleted with the token");
        Ok(())
    })
    .await
}
