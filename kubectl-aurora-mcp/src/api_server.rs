//! An API server for tests: it answers what it was told, and knows nothing else.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use kube::{Client, Config};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::cluster::Cluster;

/// The namespace of the tests.
pub(crate) const NAMESPACE: &str = "team";

/// Answers by method and path; of several for the same one, the last stays.
type Script = HashMap<String, VecDeque<(u16, Value)>>;

/// A cluster with these objects: each is a method and a path, and the answer to it.
pub(crate) async fn cluster(answers: &[(&str, Value)]) -> Cluster {
    let mut script = Script::new();
    for (request, answer) in answers {
        let code = answer["code"].as_u64().and_then(|code| u16::try_from(code).ok()).unwrap_or(200);
        script.entry((*request).to_owned()).or_default().push_back((code, answer.clone()));
    }
    let script = Arc::new(Mutex::new(script));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&script)));
        }
    });
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = Config::new(format!("http://{address}").parse().unwrap());
    Cluster { client: Client::try_from(config).unwrap(), namespace: NAMESPACE.to_owned() }
}

/// What an API server says if it refuses.
pub(crate) fn refusal(code: u16, reason: &str, message: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message})
}

/// One request for each connection.
async fn serve(stream: TcpStream, script: Arc<Mutex<Script>>) {
    let mut stream = BufReader::new(stream);
    let mut first = String::new();
    stream.read_line(&mut first).await.unwrap();
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    stream.read_exact(&mut vec![0; length]).await.unwrap();
    let asked = first.split(['?', ' ']).take(2).collect::<Vec<_>>().join(" ");
    let (code, answer) = next(&script, &asked);
    let body = answer.to_string();
    let head = format!(
        "HTTP/1.1 {code} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    // Who asked may have gone.
    let _ = stream.write_all((head + &body).as_bytes()).await;
}

fn next(script: &Mutex<Script>, asked: &str) -> (u16, Value) {
    let mut script = script.lock().unwrap();
    match script.get_mut(asked) {
        Some(answers) if answers.len() > 1 => answers.pop_front().unwrap(),
        Some(answers) => answers[0].clone(),
        None => (404, refusal(404, "NotFound", &format!("{} not found", asked.rsplit('/').next().unwrap()))),
    }
}
