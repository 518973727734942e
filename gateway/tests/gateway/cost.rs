//! What the list of tools costs in every conversation, held to a budget and to what the guide says.

use serde_json::{Map, Value, json};

use crate::world::{ALICES, World, run};

const GUIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/clients.md");
/// A token is about four bytes of such JSON.
const BYTES_PER_TOKEN: usize = 4;
const WITHOUT_CONNECTORS: usize = 4_000;
const WITH_ALL_CONNECTORS: usize = 5_000;
const ONE_TOOL: usize = 700;
/// One of each tool that needs a connector.
const CONNECTORS: [&str; 5] = ["datadog", "splunk", "jira", "notion", "bitbucket"];

async fn tools(world: &World<'_>) -> Vec<Value> {
    let list = world.rpc(ALICES, "tools/list", json!({})).await.result();
    list["tools"].as_array().unwrap().clone()
}

fn cost(tools: &[Value]) -> usize {
    tools.iter().map(|tool| tool.to_string().len()).sum()
}

/// The tokens, in hundreds as the guide has them.
fn rounded(bytes: usize) -> usize {
    (bytes / BYTES_PER_TOKEN + 50) / 100 * 100
}

fn thousands(number: usize) -> String {
    format!("{},{:03}", number / 1_000, number % 1_000)
}

async fn measured(connected: bool) -> Vec<Value> {
    let mut measured = Vec::new();
    run(async |world| {
        if connected {
            let status: Map<String, Value> =
                CONNECTORS.iter().map(|name| ((*name).to_owned(), json!(true))).collect();
            world.order("connectors", Value::Object(status)).await;
        }
        measured = tools(world).await;
    })
    .await;
    measured
}

#[tokio::test]
async fn the_list_of_tools_stays_within_its_budget_and_the_guide_says_what_it_costs() {
    let (few, all) = (measured(false).await, measured(true).await);
    assert!(few.len() < all.len(), "connectors bring tools of their own");
    for tool in &all {
        let tokens = cost(std::slice::from_ref(tool)) / BYTES_PER_TOKEN;
        assert!(tokens <= ONE_TOOL, "{}: {tokens} tokens", tool["name"]);
    }
    let (few, all) = (cost(&few), cost(&all));
    println!("tools/list: {few} bytes without connectors, {all} with all of them");
    assert!(few / BYTES_PER_TOKEN <= WITHOUT_CONNECTORS, "{few} bytes");
    assert!(all / BYTES_PER_TOKEN <= WITH_ALL_CONNECTORS, "{all} bytes");
    let sentence = format!(
        "The list costs a conversation about {} tokens without connectors and {} with all of them.",
        thousands(rounded(few)),
        thousands(rounded(all))
    );
    let guide = std::fs::read_to_string(GUIDE).unwrap();
    assert!(guide.contains(&sentence), "docs/clients.md should say: {sentence}");
}
