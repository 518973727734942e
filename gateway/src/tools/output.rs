//! Results: an object, never larger than a model can use, cut on JSON boundaries.

use rmcp::model::{CallToolResult, ContentBlock, JsonObject};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// The largest result, in bytes of JSON.
pub const LIMIT: usize = 40 * 1024;
/// Room for `truncated` and `hint`.
const NOTE: usize = 300;
/// Not worth starting a part with less.
const SMALLEST: usize = 64;
const HINT: &str = "The result was too long and has been shortened. Ask for less: a smaller limit, the next page, one \
                    object by its id, or aurora_api with a jq filter in select.";

/// What a tool answers with.
#[derive(Debug)]
pub enum Output {
    /// Put together here.
    Made(Value),
    /// As Aurora wrote it: to be passed on without being taken apart.
    Passed(Box<RawValue>),
}

impl Output {
    /// As a tree.
    pub fn into_value(self) -> Value {
        match self {
            Self::Made(value) => value,
            Self::Passed(raw) => serde_json::from_str(raw.get()).unwrap_or_default(),
        }
    }
}

/// The result of a call that went well: structured content, and the same as text. What is passed on has no structured content
/// in rmcp's type, which has only room for a tree: it is given beside it.
pub fn result(output: Output) -> (CallToolResult, Option<Box<RawValue>>) {
    match output {
        Output::Passed(raw) if passes(raw.get()) => {
            (CallToolResult::success(vec![ContentBlock::text(raw.get())]), Some(raw))
        }
        output => (made(output.into_value()), None),
    }
}

/// An object, small enough, and without line breaks, which have a meaning in event streams.
fn passes(text: &str) -> bool {
    text.len() <= LIMIT && text.starts_with('{') && !text.bytes().any(|byte| byte.is_ascii_control())
}

fn made(value: Value) -> CallToolResult {
    let mut value = Value::Object(rooted(value));
    let mut text = json_text(&value);
    if text.len() > LIMIT {
        value = Value::Object(capped(rooted(value), LIMIT));
        text = json_text(&value);
    }
    let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
    result.structured_content = Some(value);
    result
}

/// Written at one go, which `Display` of a value does not. A value has nothing that JSON could not say.
fn json_text(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Clients want an object at the root.
fn rooted(value: Value) -> JsonObject {
    match value {
        Value::Object(map) => map,
        Value::Array(items) => JsonObject::from_iter([("items".to_owned(), Value::Array(items))]),
        other => JsonObject::from_iter([("value".to_owned(), other)]),
    }
}

/// Shortens an object to `limit` bytes of JSON and says so in it.
fn capped(map: JsonObject, limit: usize) -> JsonObject {
    let value = Value::Object(map);
    if size(&value) <= limit {
        return rooted(value);
    }
    let mut map = rooted(fitted(value, limit.saturating_sub(NOTE)));
    map.insert("truncated".to_owned(), json!(true));
    map.insert("hint".to_owned(), json!(HINT));
    map
}

/// The length of a value as compact JSON.
fn size(value: &Value) -> usize {
    match value {
        Value::Null => 4,
        Value::Bool(flag) => 4 + usize::from(!flag),
        Value::Number(number) => number.to_string().len(),
        Value::String(text) => text_size(text),
        Value::Array(items) => 2 + items.iter().map(|item| size(item) + 1).sum::<usize>(),
        Value::Object(map) => {
            2 + map.iter().map(|(key, item)| text_size(key) + size(item) + 2).sum::<usize>()
        }
    }
}

fn text_size(text: &str) -> usize {
    2 + text.chars().map(character_size).sum::<usize>()
}

fn character_size(character: char) -> usize {
    match character {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        _ => character.len_utf8(),
    }
}

/// The largest beginning of `value` that fits. Short parts of an object stay whole, long ones share what is left.
fn fitted(value: Value, budget: usize) -> Value {
    if size(&value) <= budget {
        return value;
    }
    match value {
        Value::String(text) => Value::String(fitted_text(&text, budget)),
        Value::Array(items) => Value::Array(fitted_items(items, budget)),
        Value::Object(map) => Value::Object(fitted_members(map, budget)),
        _ => Value::Null,
    }
}

fn fitted_text(text: &str, budget: usize) -> String {
    let mut left = budget.saturating_sub(2 + '…'.len_utf8());
    let mut cut: String = text
        .chars()
        .take_while(|character| {
            let cost = character_size(*character);
            let fits = cost <= left;
            left = left.saturating_sub(cost);
            fits
        })
        .collect();
    cut.push('…');
    cut
}

fn fitted_items(items: Vec<Value>, budget: usize) -> Vec<Value> {
    let mut left = budget.saturating_sub(2);
    let mut kept = Vec::new();
    for item in items {
        let cost = size(&item) + 1;
        if cost <= left {
            left -= cost;
            kept.push(item);
        } else {
            if left > SMALLEST && !matches!(item, Value::Number(_)) {
                kept.push(fitted(item, left - 1));
            }
            break;
        }
    }
    kept
}

fn fitted_members(map: JsonObject, budget: usize) -> JsonObject {
    let mut left = budget.saturating_sub(2);
    let mut by_size: Vec<(String, usize)> =
        map.iter().map(|(key, item)| (key.clone(), text_size(key) + size(item) + 2)).collect();
    by_size.sort_by_key(|(_, cost)| *cost);
    let mut shares = std::collections::HashMap::new();
    let count = by_size.len();
    for (index, (key, cost)) in by_size.into_iter().enumerate() {
        let share = cost.min(left / (count - index));
        left -= share;
        shares.insert(key, (cost, share));
    }
    map.into_iter()
        .filter_map(|(key, item)| {
            let (cost, share) = shares.get(&key).copied()?;
            if cost <= share {
                return Some((key, item));
            }
            let room = share.checked_sub(text_size(&key) + 2).filter(|room| *room >= SMALLEST)?;
            Some((key, fitted(item, room)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn length(value: &Value) -> usize {
        value.to_string().len()
    }

    #[test]
    fn only_a_short_object_on_one_line_is_passed_on() {
        let long = json!({"text": "x".repeat(LIMIT)}).to_string();
        for (text, expected) in
            [("{\"a\": [1]}", true), ("[1]", false), ("{\"a\":\n1}", false), (long.as_str(), false)]
        {
            let raw = RawValue::from_string(text.to_owned()).unwrap();
            let (result, passed) = result(Output::Passed(raw));
            assert_eq!(passed.is_some(), expected, "{text:.20}");
            assert_eq!(result.structured_content.is_none(), expected, "{text:.20}");
            assert_eq!(result.content.len(), 1);
        }
    }

    #[test]
    fn a_short_result_is_left_alone() {
        let value = json!({"incidents": [{"id": 1}]});
        assert_eq!(Value::Object(capped(rooted(value.clone()), LIMIT)), value);
    }

    #[test]
    fn lists_and_scalars_get_an_object_around_them() {
        assert_eq!(Value::Object(rooted(json!([1, 2]))), json!({"items": [1, 2]}));
        assert_eq!(Value::Object(rooted(json!("x"))), json!({"value": "x"}));
    }

    #[test]
    fn a_long_list_is_cut_between_its_elements_and_says_so() {
        let items: Vec<Value> =
            (0..10_000).map(|n| json!({"id": n, "title": "something happened"})).collect();
        let cut = Value::Object(capped(rooted(json!({"incidents": items, "total": 10_000})), LIMIT));
        assert!(length(&cut) <= LIMIT);
        assert_eq!(cut["truncated"], true);
        assert_eq!(cut["total"], 10_000);
        let kept = cut["incidents"].as_array().unwrap();
        assert!(kept.len() > 500, "{}", kept.len());
        assert_eq!(kept[0], json!({"id": 0, "title": "something happened"}));
    }

    #[test]
    fn one_huge_field_does_not_push_the_others_out() {
        let value = json!({"incident": {"id": "x", "alert": {"rawPayload": "y".repeat(200_000)}, "summary": "short"}});
        let cut = Value::Object(capped(rooted(value), LIMIT));
        assert_eq!(cut["incident"]["summary"], "short");
        let payload = cut["incident"]["alert"]["rawPayload"].as_str().unwrap();
        assert!(payload.ends_with('…') && payload.len() > 30_000);
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,80}|[\u{0}-\u{1f}\"\\\\é😀]{0,80}".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 200, 12, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..12).prop_map(Value::from),
                prop::collection::hash_map("[a-z\"]{0,12}", inner, 0..12)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_size_is_never_underestimated(value in json_value()) {
            prop_assert!(size(&value) >= length(&value));
        }

        #[test]
        fn nothing_is_ever_larger_than_the_limit(value in json_value(), limit in 400usize..4_000) {
            let fits = size(&Value::Object(rooted(value.clone()))) <= limit;
            let cut = Value::Object(capped(rooted(value), limit));
            prop_assert!(length(&cut) <= limit);
            prop_assert_eq!(cut.get("truncated").is_none(), fits);
        }
    }
}
