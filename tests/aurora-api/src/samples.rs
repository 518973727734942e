//! The captured answers, compiled in, and the index by which a request finds its own.

use std::collections::BTreeMap;

use http::StatusCode;
use include_dir::{Dir, include_dir};
use serde::Deserialize;
use serde_json::Value;

use crate::answer::Answer;
use crate::routes::{Route, meets};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/samples");

/// A captured exchange with the real Aurora.
#[derive(Debug, Deserialize)]
pub struct Sample {
    pub request: Request,
    pub status: u16,
    pub body: Value,
}

#[derive(Debug, Deserialize)]
pub struct Request {
    pub method: String,
    /// Path with its query.
    pub path: String,
    pub json: Option<Value>,
    #[cfg(test)]
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

/// Everything that was captured.
#[derive(Debug)]
pub struct Samples {
    pub routes: Vec<Route>,
    by_name: BTreeMap<String, Sample>,
}

#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    #[error("sample {0} is missing")]
    Missing(String),
    #[error("sample {name} is not what it should be")]
    Malformed { name: String, source: serde_json::Error },
}

impl Samples {
    pub fn load() -> Result<Self, SampleError> {
        let mut by_name = BTreeMap::new();
        for file in FILES.get_dir("http").into_iter().flat_map(Dir::files) {
            let name = file.path().file_stem().unwrap_or_default().to_string_lossy().into_owned();
            by_name.insert(name.clone(), parse(&name, file.contents())?);
        }
        Ok(Self { routes: read("routes_with_permissions.json")?, by_name })
    }

    /// The body of a sample that the stand-in's state starts from.
    pub fn body(&self, name: &str) -> Result<Value, SampleError> {
        self.by_name
            .get(name)
            .map(|sample| sample.body.clone())
            .ok_or_else(|| SampleError::Missing(name.to_owned()))
    }

    /// What the real Aurora answered: to the very same request, else to one for the same path.
    pub fn answer(&self, method: &str, path: &str, query: &str, json: Option<&Value>) -> Option<Answer> {
        let target = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        let same_request = |sample: &&Sample| {
            sample.request.path == target
                && sample.request.json.as_ref() == json
                && !matches!(sample.status, 401 | 403)
        };
        let same_path = |sample: &&Sample| {
            sample.request.path.split('?').next() == Some(path) && matches!(sample.status, 200..=299 | 404)
        };
        let candidates = || self.by_name.values().filter(|sample| sample.request.method == method);
        let sample = candidates().find(same_request).or_else(|| candidates().find(same_path))?;
        Some(Answer::json(StatusCode::from_u16(sample.status).ok()?, sample.body.clone()))
    }

    /// A good answer of the same rule for other arguments.
    pub fn sibling(&self, method: &str, rule: &str) -> Option<&Value> {
        let of_rule = |sample: &&Sample| {
            let path = sample.request.path.split('?').next().unwrap_or_default();
            sample.request.method == method && (200..300).contains(&sample.status) && meets(rule, path)
        };
        self.by_name.values().find(of_rule).map(|sample| &sample.body)
    }

    #[cfg(test)]
    pub fn all(&self) -> impl Iterator<Item = (&String, &Sample)> {
        self.by_name.iter()
    }
}

/// A file of `samples/` that is not an exchange.
pub fn read<T: for<'de> Deserialize<'de>>(name: &str) -> Result<T, SampleError> {
    let file = FILES.get_file(name).ok_or_else(|| SampleError::Missing(name.to_owned()))?;
    parse(name, file.contents())
}

fn parse<T: for<'de> Deserialize<'de>>(name: &str, bytes: &[u8]) -> Result<T, SampleError> {
    serde_json::from_slice(bytes).map_err(|source| SampleError::Malformed { name: name.to_owned(), source })
}

/// The same shape without content: what another organisation, which has none of Alpha's data, would get.
pub fn emptied(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            Value::Object(map.into_iter().map(|(key, value)| (key, emptied(value))).collect())
        }
        Value::Array(_) => Value::Array(Vec::new()),
        Value::Number(_) => 0.into(),
        Value::String(_) => Value::Null,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_sample_parses() {
        let samples = Samples::load().unwrap();
        assert!(samples.all().count() > 90);
        assert_eq!(samples.routes.len(), 513);
    }

    #[test]
    fn the_same_query_is_preferred_to_the_same_path() {
        let samples = Samples::load().unwrap();
        let one = samples.answer("GET", "/api/artifacts", "title=T", None).unwrap();
        let all = samples.answer("GET", "/api/artifacts", "", None).unwrap();
        assert_ne!(one, all);
        assert!(samples.answer("GET", "/api/artifacts", "title=other", None).is_some());
    }

    #[test]
    fn nothing_of_alpha_is_left_in_an_emptied_answer() {
        let full =
            json!({"total": 3, "names": ["a"], "by": {"x": 1}, "text": "secret", "ok": true, "none": null});
        let empty = json!({"total": 0, "names": [], "by": {"x": 0}, "text": null, "ok": true, "none": null});
        assert_eq!(emptied(full), empty);
    }
}
