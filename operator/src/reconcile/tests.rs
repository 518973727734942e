//! Whole passes against a real Postgres and an API server in memory that notes every write.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use aurora_mcp_crds::McpToken;
use aurora_mcp_plan::{Config, GatewayAddress, Scheme, Tenants};
use aurora_mcp_store::{Bearer, Resolution, Settings, Store};
use aurora_mcp_telemetry::metrics::registry;
use aurora_mcp_test_database::TestDatabase;
use aurora_mcp_test_database::seed::ALICE;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{Method, Request, Response, StatusCode};
use kube::Client;
use kube::client::Body as KubeBody;
use kube::runtime::events::{Recorder, Reporter};
use prometheus_client::metrics::gauge::Gauge;
use serde_json::{Value, json};
use tokio::sync::{Notify, SetOnce};
use tower::service_fn;

use super::*;
use crate::metrics::Metrics;
use crate::queue::Queue;
use crate::requeue::Failures;

/// Objects by path, and the writes so far.
#[derive(Default)]
struct ApiServer {
    objects: BTreeMap<String, Value>,
    writes: VecDeque<String>,
    version: u64,
}

impl ApiServer {
    fn answer(&mut self, method: &Method, path: &str, body: &Bytes) -> (StatusCode, Value) {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        if method == Method::GET {
            return self.objects.get(path).map_or_else(not_found, |object| (StatusCode::OK, object.clone()));
        }
        let kind = path.rsplit('/').nth(usize::from(method != Method::POST)).unwrap();
        let kind = if path.ends_with("/status") { "status" } else { kind };
        self.writes.push_back(format!("{} {kind}", method.as_str().to_lowercase()));
        if kind == "events" {
            return (StatusCode::CREATED, body);
        }
        let name = body["metadata"]["name"].as_str().map(str::to_owned);
        let key = match method {
            &Method::POST => format!("{path}/{}", name.unwrap()),
            _ => path.trim_end_matches("/status").to_owned(),
        };
        if method == Method::DELETE {
            return self.objects.remove(&key).map_or_else(not_found, |object| (StatusCode::OK, object));
        }
        if method == Method::POST && self.objects.contains_key(&key) {
            return (StatusCode::CONFLICT, json!({"kind": "Status", "code": 409, "reason": "AlreadyExists"}));
        }
        let object = self.objects.entry(key).or_default();
        if method == Method::PATCH {
            merge(object, &body);
        } else {
            *object = body;
        }
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        (StatusCode::OK, object.clone())
    }
}

fn not_found() -> (StatusCode, Value) {
    (StatusCode::NOT_FOUND, json!({"kind": "Status", "code": 404, "reason": "NotFound"}))
}

/// RFC 7396.
fn merge(object: &mut Value, patch: &Value) {
    let Some(fields) = patch.as_object() else { return *object = patch.clone() };
    for (key, value) in fields {
        if value.is_null() {
            object.as_object_mut().unwrap().remove(key);
        } else if value.is_object() && object.get(key).is_some_and(Value::is_object) {
            merge(&mut object[key], value);
        } else {
            object[key] = value.clone();
        }
    }
}

struct Scene {
    api: Arc<Mutex<ApiServer>>,
    context: Arc<Context>,
}

const TOKEN: &str = "/apis/mcp.aurora-oss.dev/v1alpha1/namespaces/home/mcptokens/laptop";
const SECRET: &str = "/api/v1/namespaces/home/secrets/laptop";

impl Scene {
    async fn new(database: &TestDatabase) -> Self {
        let api = Arc::new(Mutex::new(ApiServer::default()));
        let server = api.clone();
        let service = service_fn(move |request: Request<KubeBody>| {
            let server = server.clone();
            async move {
                let (parts, body) = request.into_parts();
                let body = to_bytes(Body::new(body), 1_000_000).await.unwrap();
                let (status, answer) = server.lock().unwrap().answer(&parts.method, parts.uri.path(), &body);
                let answer = Body::from(serde_json::to_vec(&answer).unwrap());
                Ok::<_, Infallible>(Response::builder().status(status).body(answer).unwrap())
            }
        });
        let client = Client::new(service, "home");
        let settings = Settings::from_lookup(|name| database.lookup(name)).unwrap();
        let store = Store::connect_lazy(&settings, "test", 3);
        store.migrate().await.unwrap();
        let reporter = Reporter { controller: "test".into(), instance: Some("test".into()) };
        let context = Context {
            recorder: Recorder::new(client.clone(), reporter.clone()),
            reporter,
            queue: Queue::new(Gauge::default(), Gauge::default()),
            announced: AtomicBool::new(true),
            listening: AtomicBool::new(true),
            schema_ready: SetOnce::new(),
            schema_missed: Notify::new(),
            gone: Arc::default(),
            client,
            store,
            config: config(),
            metrics: Metrics::register(&mut registry("test")),
            failures: Failures::default(),
            tokens: Vec::new(),
            gateway: None,
            echoes: Arc::default(),
            listings: Vec::new(),
            secrets: Arc::default(),
            whole_cluster: true,
        };
        let scene = Self { api, context: Arc::new(context) };
        scene.put(TOKEN, json!({
            "apiVersion": "mcp.aurora-oss.dev/v1alpha1", "kind": "McpToken", "spec": {"user": {"id": ALICE}},
            "metadata": {"name": "laptop", "namespace": "home", "uid": "uid-1", "generation": 1, "resourceVersion": "1"},
        }));
        scene.put(
            "/api/v1/namespaces/home/services/gateway",
            json!({"metadata": {"name": "gateway", "namespace": "home"}}),
        );
        scene
    }

    fn put(&self, path: &str, object: Value) {
        self.api.lock().unwrap().objects.insert(path.to_owned(), object);
    }

    fn object(&self, path: &str) -> Option<Value> {
        self.api.lock().unwrap().objects.get(path).cloned()
    }

    /// One pass; returns what was written to the API server.
    async fn pass(&self) -> Vec<String> {
        let token: McpToken = serde_json::from_value(self.object(TOKEN).unwrap()).unwrap();
        reconcile(Arc::new(token), self.context.clone()).await.unwrap();
        self.api.lock().unwrap().writes.drain(..).collect()
    }

    fn bearer(&self) -> Bearer {
        let secret = serde_json::from_value(self.object(SECRET).unwrap()).unwrap();
        aurora_mcp_plan::token_of(&secret, "token").unwrap()
    }
}

fn config() -> Config {
    let gateway = GatewayAddress {
        namespace: "home".into(),
        service: "gateway".into(),
        port: 8811,
        scheme: Scheme::Http,
        release: None,
        selector: BTreeMap::new(),
    };
    let tenants = Tenants { release_namespace: Some("home".into()), list: Vec::new() };
    Config { installation: "test".into(), gateway, public_url: None, max_ttl: None, tenants }
}

#[tokio::test]
async fn first_pass_issues_and_the_second_writes_nothing() {
    TestDatabase::run(async |database| {
        let scene = Scene::new(database).await;
        let first = scene.pass().await;
        assert_eq!(first, ["patch mcptokens", "post secrets", "patch status", "post events"]);
        assert!(matches!(scene.context.store.resolve(&scene.bearer()).await.unwrap(), Resolution::Valid(_)));
        let version = "SELECT xmin FROM mcp_tokens";
        let before = database.value(version).await;
        assert_eq!(scene.pass().await, Vec::<String>::new(), "steady state");
        assert_eq!(database.value(version).await, before, "the row is the very same version");
    })
    .await;
}

#[tokio::test]
async fn deleted_token_is_revoked_before_its_finalizer_goes() {
    TestDatabase::run(async |database| {
        let scene = Scene::new(database).await;
        scene.pass().await;
        let bearer = scene.bearer();
        let mut token = scene.object(TOKEN).unwrap();
        token["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        scene.put(TOKEN, token);
        assert_eq!(scene.pass().await, ["patch mcptokens", "post events"]);
        assert_eq!(scene.context.store.resolve(&bearer).await.unwrap(), Resolution::Revoked);
        assert_eq!(scene.object(TOKEN).unwrap()["metadata"]["finalizers"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn foreign_secret_is_reported_and_left_alone() {
    TestDatabase::run(async |database| {
        let scene = Scene::new(database).await;
        let foreign = json!({"metadata": {"name": "laptop", "namespace": "home", "resourceVersion": "7"}});
        scene.put(SECRET, foreign.clone());
        // A new McpToken's Secret is made without a look first: the API server refuses.
        assert_eq!(scene.pass().await, ["patch mcptokens", "post secrets", "patch status", "post events"]);
        assert_eq!(scene.object(SECRET), Some(foreign));
        assert_eq!(database.value("SELECT count(*) FROM mcp_tokens").await.as_deref(), Some("0"));
    })
    .await;
}
