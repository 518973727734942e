//! Resources: the API catalogue, what is connected, runbooks, health, who is asking, recent incidents.

mod catalog;
mod connectors;
mod runbooks;

use std::sync::Arc;

use percent_encoding::percent_decode_str;
use rmcp::model::{ErrorData, ReadResourceResult, Resource, ResourceContents, ResourceTemplate};
use serde_json::{Value, json};

use crate::access::AccessRules;
use crate::aurora::{AuroraError, Connectors, IncidentId, IncidentPage, Route};
use crate::tools::{CallContext, CatalogueEntry};

const CATALOG: &str = "aurora://api-catalog";
/// The health of everything; `/{component}` below it is one.
pub const HEALTH: &str = "aurora://health";
/// Who asks.
pub const WHOAMI: &str = "aurora://whoami";
const RECENT: &str = "aurora://incidents/recent";
const CONNECTORS: &str = "aurora://catalog/connectors";
const SKILLS: &str = "aurora://catalog/skills";
const RUNBOOKS: &str = "aurora://runbooks/index";
/// Followed by a path, which begins with a slash.
const PATHS: &str = "aurora://api-paths";
const JSON: &str = "application/json";
const TEXT: &str = "text/plain";

/// All resources. None of them can be read around the token's access rules.
pub struct Resources;

impl Resources {
    /// What there is for a token.
    pub fn list(&self, access: &AccessRules) -> Vec<Resource> {
        let mut resources = vec![
            resource(
                CATALOG,
                "api-catalog",
                "API catalogue",
                TEXT,
                "All paths and methods of the Aurora API, by group.",
            ),
            resource(HEALTH, "health", "Health", JSON, "Health of Aurora and everything that it depends on."),
            resource(
                WHOAMI,
                "whoami",
                "Who am I",
                JSON,
                "The user, role, organisation and access of this token.",
            ),
        ];
        if access.permits_tool("list_incidents") {
            resources.push(resource(
                RECENT,
                "recent-incidents",
                "Recent incidents",
                JSON,
                "The twenty latest incidents.",
            ));
        }
        if access.permits_tool("search_tools") {
            resources.push(resource(
                CONNECTORS,
                "connectors",
                "Connectors",
                JSON,
                "The outside systems that Aurora knows, whether each is connected, and whether tools need it.",
            ));
            resources.push(resource(
                SKILLS,
                "skills",
                "Skills",
                JSON,
                "What can be done with each connected system: the names for call_tool, by connector.",
            ));
        }
        if runbooks::permitted(access) {
            resources.push(resource(
                RUNBOOKS,
                "runbooks",
                "Runbooks",
                JSON,
                "The documents of the knowledge base and the sites of SharePoint, to search with search_runbooks.",
            ));
        }
        resources
    }

    /// Resources with a parameter.
    pub fn templates(&self, access: &AccessRules) -> Vec<ResourceTemplate> {
        let mut templates = vec![
            ResourceTemplate::new("aurora://health/{component}", "component-health")
                .with_title("Health of one component")
                .with_description(
                    "One of database, redis, weaviate, celery, aurora_api, chatbot, kubernetes, in detail.",
                )
                .with_mime_type(JSON),
        ];
        templates.push(
            ResourceTemplate::new("aurora://api-catalog/{area}", "api-area")
                .with_title("One area of the API")
                .with_description(
                    "Paths and methods of one area of the Aurora API, such as incidents, graph, jira.",
                )
                .with_mime_type(TEXT),
        );
        templates.push(
            ResourceTemplate::new(format!("{PATHS}{{+path}}"), "api-path")
                .with_title("One path of the API")
                .with_description("A path of the Aurora API and those below it, with their methods.")
                .with_mime_type(TEXT),
        );
        if access.permits_tool("get_incident") {
            templates.push(
                ResourceTemplate::new("aurora://incidents/{incident_id}", "incident")
                    .with_title("Incident")
                    .with_description("One incident in detail, by its UUID.")
                    .with_mime_type(JSON),
            );
        }
        templates
    }

    /// Reads one.
    pub async fn read(
        &self,
        uri: &str,
        context: &CallContext<'_>,
        identity: &Value,
    ) -> Result<ReadResourceResult, ErrorData> {
        let (mime, text) = match uri {
            CATALOG => {
                (TEXT, catalog::render(&context.aurora.routes().await.map_err(|error| unreadable(&error))?))
            }
            HEALTH => (JSON, pretty(&*context.health.report())),
            WHOAMI => (JSON, pretty(identity)),
            RECENT if context.access.permits_tool("list_incidents") => {
                (JSON, pretty(&recent(context).await?))
            }
            CONNECTORS if context.access.permits_tool("search_tools") => {
                (JSON, pretty(&connectors::status(&*connected(context).await?)))
            }
            SKILLS if context.access.permits_tool("search_tools") => {
                let callable = |entry: &CatalogueEntry| entry.permitted(context);
                (JSON, pretty(&connectors::skills(&*connected(context).await?, callable)))
            }
            RUNBOOKS if runbooks::permitted(context.access) => {
                (JSON, pretty(&runbooks::index(context).await))
            }
            _ => match part_of_catalog(uri) {
                Some(wanted) => (TEXT, catalog_of(wanted, uri, context).await?),
                None => (JSON, pretty(&parameterised(uri, context).await?)),
            },
        };
        Ok(ReadResourceResult::new(vec![ResourceContents::text(text, uri).with_mime_type(mime)]))
    }
}

async fn connected(context: &CallContext<'_>) -> Result<Arc<Connectors>, ErrorData> {
    context.connectors.of(context.aurora).await.ok_or_else(|| {
        ErrorData::internal_error(
            "Aurora can't say now what is connected to it; aurora://health may say why",
            None,
        )
    })
}

/// The routes that a URI below the catalogue stands for.
fn part_of_catalog(uri: &str) -> Option<impl Fn(&Route) -> bool> {
    let area = uri.strip_prefix("aurora://api-catalog/");
    // A client may encode the brackets of a placeholder.
    let path = uri.strip_prefix(PATHS).filter(|path| path.starts_with('/'));
    let path = path.map(|path| percent_decode_str(path).decode_utf8_lossy());
    if area.is_none() && path.is_none() {
        return None;
    }
    Some(move |route: &Route| match &path {
        Some(path) => route.is_at_or_below(path),
        None => area == Some(route.area()),
    })
}

async fn catalog_of(
    wanted: impl Fn(&Route) -> bool,
    uri: &str,
    context: &CallContext<'_>,
) -> Result<String, ErrorData> {
    let routes = context.aurora.routes().await.map_err(|error| unreadable(&error))?;
    let mut routes = routes.iter().filter(|route| wanted(route)).peekable();
    if routes.peek().is_none() {
        return Err(unknown(uri));
    }
    Ok(catalog::render(routes))
}

async fn parameterised(uri: &str, context: &CallContext<'_>) -> Result<Value, ErrorData> {
    if let Some(name) = uri.strip_prefix("aurora://health/") {
        let component = context.health.component(name).ok_or_else(|| unknown(uri))?;
        return Ok(json!(component));
    }
    if let Some(id) = uri.strip_prefix("aurora://incidents/")
        && context.access.permits_tool("get_incident")
    {
        let id: IncidentId =
            id.parse().map_err(|error| ErrorData::invalid_params(format!("{error}"), None))?;
        let mut answer = context.aurora.incident(id).await.map_err(|error| unreadable(&error))?;
        if let Some(incident) = answer.get_mut("incident").and_then(Value::as_object_mut) {
            incident.remove("streamingThoughts");
            incident.remove("chatSessions");
        }
        return Ok(answer);
    }
    Err(unknown(uri))
}

async fn recent(context: &CallContext<'_>) -> Result<Value, ErrorData> {
    let page = IncidentPage { status: None, limit: 20, offset: 0 };
    let answer = context.aurora.incidents(&page).await.map_err(|error| unreadable(&error))?;
    let incidents: Vec<Value> = answer["incidents"].as_array().map_or_else(Vec::new, |all| {
        all.iter()
            .map(|incident| {
                json!({
                    "id": incident["id"],
                    "title": incident["alert"]["title"],
                    "service": incident["alert"]["service"],
                    "status": incident["status"],
                    "severity": incident["severity"],
                    "created_at": incident["createdAt"],
                })
            })
            .collect()
    });
    Ok(json!({"incidents": incidents}))
}

fn resource(uri: &str, name: &str, title: &str, mime: &str, description: &str) -> Resource {
    Resource::new(uri, name).with_title(title).with_description(description).with_mime_type(mime)
}

fn pretty(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn unknown(uri: &str) -> ErrorData {
    let uri: String = uri.chars().take(200).collect();
    ErrorData::resource_not_found(
        "there is no such resource; resources/list shows those that there are",
        Some(json!({"uri": uri})),
    )
}

fn unreadable(error: &AuroraError) -> ErrorData {
    ErrorData::internal_error(format!("{error}. {}", error.hint()), None)
}
