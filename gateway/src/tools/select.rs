//! jq filters, run in a process of their own.
//!
//! A filter is a program from outside: it may never end, or ask for all memory there is. So it runs in a child of the
//! same binary (`aurora-mcp-gateway select`) with limits on memory and time and an empty environment.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars, data::JustLut, unwrap_valr};
use jaq_json::{Val, read};
use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

/// The argument that makes the binary a child.
pub const COMMAND: &str = "select";

const LONGEST_FILTER: usize = 2_000;
const MOST_OUTPUTS: usize = 10_000;
const LONGEST_MESSAGE: usize = 300;
/// Strings of jq's messages that are repeated.
const LONGEST_STRING: usize = 80;
const MEMORY: u64 = 512 * 1024 * 1024;
const CPU_SECONDS: u64 = 1;
const PATIENCE: Duration = Duration::from_secs(5);
const EXHAUSTED: &str = "the filter needs too much memory or time";

/// Runs filters.
#[derive(Clone, Debug)]
pub struct Selector {
    program: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Task {
    filter: String,
    input: Value,
}

type Outcome = Result<Value, String>;

impl Selector {
    /// `program` is the gateway's binary.
    pub fn new(program: PathBuf) -> Self {
        Self { program }
    }

    /// Applies a filter. One output is the result; none or several become a list.
    pub async fn select(&self, filter: &str, input: &Value) -> Outcome {
        if filter.len() > LONGEST_FILTER {
            return Err(format!("the filter is longer than {LONGEST_FILTER} bytes"));
        }
        let task = serde_json::to_vec(&Task { filter: filter.to_owned(), input: input.clone() })
            .map_err(|error| error.to_string())?;
        let child = self.spawn().map_err(|error| {
            tracing::error!(%error, program = %self.program.display(), "cannot start a filter");
            "filters cannot be run at the moment".to_owned()
        })?;
        let output = tokio::time::timeout(PATIENCE, talk(child, task)).await;
        let output = output.map_err(|_| EXHAUSTED.to_owned())?;
        serde_json::from_slice(&output.unwrap_or_default()).unwrap_or_else(|_| Err(EXHAUSTED.to_owned()))
    }

    fn spawn(&self) -> std::io::Result<Child> {
        Command::new(&self.program)
            .arg(COMMAND)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
    }
}

async fn talk(mut child: Child, task: Vec<u8>) -> std::io::Result<Vec<u8>> {
    if let Some(mut stdin) = child.stdin.take() {
        // A child that died early closes the pipe; its missing answer says so.
        let _ = stdin.write_all(&task).await;
    }
    child.wait_with_output().await.map(|output| output.stdout)
}

/// The child: limits itself, reads one task, writes one outcome.
pub fn run(mut input: impl Read, mut output: impl Write) -> std::io::Result<()> {
    limit(Resource::As, MEMORY)?;
    limit(Resource::Cpu, CPU_SECONDS)?;
    limit(Resource::Core, 0)?;
    let mut text = Vec::new();
    input.read_to_end(&mut text)?;
    let task: Task = serde_json::from_slice(&text)?;
    let outcome = apply(&task.filter, &task.input);
    output.write_all(&serde_json::to_vec(&outcome)?)?;
    output.flush()
}

fn limit(resource: Resource, value: u64) -> std::io::Result<()> {
    Ok(setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) })?)
}

fn apply(filter: &str, data: &Value) -> Outcome {
    let input = read::parse_single(data.to_string().as_bytes()).map_err(|error| error.to_string())?;
    let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let arena = Arena::default();
    let modules = Loader::new(definitions)
        .load(&arena, File { code: filter, path: () })
        .map_err(|_| format!("{filter:?} is not a jq filter"))?;
    let compiled = Compiler::default().with_funs(functions).compile(modules).map_err(|errors| {
        let names: Vec<_> =
            errors.iter().flat_map(|(_, undefined)| undefined).map(|(name, _)| *name).collect();
        format!("not defined in jq: {}", names.join(", "))
    })?;
    let context = Ctx::<JustLut<Val>>::new(&compiled.lut, Vars::new([]));
    let mut outputs = Vec::new();
    for output in compiled.id.run((context, input)).map(unwrap_valr) {
        if outputs.len() == MOST_OUTPUTS {
            return Err(format!("the filter gives more than {MOST_OUTPUTS} values; use first or limit"));
        }
        let output = output
            .map_err(|error| format!("{}; the answer is {}", complaint(&error.to_string()), shape(data)))?;
        outputs.push(
            serde_json::from_str(&output.to_string()).map_err(|_| "the result is not JSON".to_owned())?,
        );
    }
    Ok(if outputs.len() == 1 { outputs.swap_remove(0) } else { Value::Array(outputs) })
}

/// jq's message with the kind of a value in place of the value, which may be the whole answer.
fn complaint(message: &str) -> String {
    let mut text = String::new();
    let mut rest = message;
    while let Some(start) = rest.find(['[', '{', '"']) {
        let (before, value) = rest.split_at(start);
        let mut values = serde_json::Deserializer::from_str(value).into_iter::<Value>();
        let kind = match values.next() {
            Some(Ok(Value::Array(_))) => "array",
            Some(Ok(Value::Object(_))) => "object",
            Some(Ok(_)) if values.byte_offset() > LONGEST_STRING => "string",
            Some(Ok(_)) => &value[..values.byte_offset()],
            _ => break,
        };
        text.extend([before, kind]);
        rest = &value[values.byte_offset()..];
    }
    text.push_str(rest);
    text.chars().take(LONGEST_MESSAGE).collect()
}

fn shape(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("an array of {}", items.len()),
        Value::Object(map) => format!("an object with {} keys", map.len()),
        _ => "a single value".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn filters_select_and_reshape() {
        let input = json!({"incidents": [{"id": 1, "status": "open"}, {"id": 2, "status": "resolved"}]});
        for (filter, expected) in [
            (".incidents | length", json!(2)),
            (".incidents[] | .id", json!([1, 2])),
            (".incidents[] | select(.status == \"resolved\") | {id}", json!({"id": 2})),
            ("[.incidents[].id] | add", json!(3)),
            ("empty", json!([])),
            (".missing", json!(null)),
        ] {
            assert_eq!(apply(filter, &input), Ok(expected), "{filter}");
        }
    }

    #[test]
    fn what_is_no_filter_is_explained() {
        for (filter, expected) in [
            (".[", "is not a jq filter"),
            ("nonsense", "not defined in jq: nonsense"),
            (".a.b", "cannot index"),
            ("import \"x\" as x; .", "is not a jq filter"),
        ] {
            let error = apply(filter, &json!({"a": 1})).unwrap_err();
            assert!(error.contains(expected), "{filter}: {error}");
        }
    }

    #[test]
    fn a_complaint_names_kinds_and_does_not_repeat_the_answer() {
        let items: Vec<_> = (0..50).map(|id| json!({"id": id, "text": "] \" }".repeat(20)})).collect();
        let input = json!({"incidents": items, "note": "x".repeat(500)});
        for (filter, expected) in [
            (".incidents.nosuch", "cannot index array with \"nosuch\"; the answer is an object with 2 keys"),
            (".note.x", "cannot index string with \"x\"; the answer is an object with 2 keys"),
            (".incidents + .", "cannot calculate array + object; the answer is an object with 2 keys"),
            ("error(\"no [luck\")", "\"no [luck\"; the answer is an object with 2 keys"),
        ] {
            assert_eq!(apply(filter, &input), Err(expected.to_owned()), "{filter}");
        }
        assert_eq!(
            apply(".x", &json!([1])).unwrap_err(),
            "cannot index array with \"x\"; the answer is an array of 1"
        );
        assert_eq!(complaint("cannot use [1, as"), "cannot use [1, as", "what is no JSON stays");
    }

    #[test]
    fn a_filter_may_not_flood_the_result() {
        assert!(apply("range(1000000)", &json!(null)).unwrap_err().contains("more than 10000 values"));
    }
}
