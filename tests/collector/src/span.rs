//! Spans, read from what the collector's debug exporter prints.

use std::collections::BTreeMap;

/// One span.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// `service.name` of its resource.
    pub service: String,
    /// The trace that it belongs to, in hexadecimal as all ids.
    pub trace: String,
    /// Its own id.
    pub id: String,
    /// The span above it; empty at the top.
    pub parent: String,
    /// Its name.
    pub name: String,
    /// `Server`, `Client` or `Internal`.
    pub kind: String,
    /// Its attributes, as text.
    pub attributes: BTreeMap<String, String>,
}

impl Span {
    /// An attribute; empty if there is none.
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    /// True directly below another span.
    pub fn is_child_of(&self, parent: &Span) -> bool {
        self.trace == parent.trace && self.parent == parent.id
    }
}

enum Part {
    Resource,
    Head,
    Attributes,
    Other,
}

/// Reads all spans of a text.
pub fn read(text: &str) -> Vec<Span> {
    let (mut spans, mut service, mut part) = (Vec::<Span>::new(), String::new(), Part::Other);
    for line in text.lines() {
        if line.starts_with("Span #") {
            spans.push(Span { service: service.clone(), ..Span::default() });
            part = Part::Head;
        } else if !line.starts_with(' ') {
            part = match line {
                "Resource attributes:" => Part::Resource,
                "Attributes:" => Part::Attributes,
                _ => Part::Other,
            };
        } else {
            match (&part, spans.last_mut()) {
                (Part::Resource, _) => {
                    if let Some(("service.name", value)) = attribute(line) {
                        value.clone_into(&mut service);
                    }
                }
                (Part::Head, Some(span)) => head(span, line),
                (Part::Attributes, Some(span)) => {
                    span.attributes
                        .extend(attribute(line).map(|(name, value)| (name.to_owned(), value.to_owned())));
                }
                _ => {}
            }
        }
    }
    spans
}

fn head(span: &mut Span, line: &str) {
    let Some((name, value)) = line.split_once(':') else { return };
    let field = match name.trim() {
        "Trace ID" => &mut span.trace,
        "Parent ID" => &mut span.parent,
        "ID" => &mut span.id,
        "Name" => &mut span.name,
        "Kind" => &mut span.kind,
        _ => return,
    };
    value.trim().clone_into(field);
}

/// `     -> name: Str(value)`.
fn attribute(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.trim_start().strip_prefix("-> ")?.split_once(": ")?;
    let (_, value) = value.split_once('(')?;
    Some((name, value.strip_suffix(')')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "\
Traces\t{\"resource spans\": 1, \"spans\": 2}
ResourceSpans #0
Resource SchemaURL: 
Resource attributes:
     -> service.name: Str(gateway)
ScopeSpans #0
InstrumentationScope gateway 
Span #0
    Trace ID       : 0af7651916cd43dd8448eb211c80319c
    Parent ID      : 
    ID             : 00f067aa0ba902b7
    Name           : request
    Kind           : Server
    Status code    : Unset
Attributes:
     -> url.path: Str(/mcp)
     -> http.response.status_code: Int(200)
Events:
SpanEvent #0
     -> Name: noise
     -> Attributes::
          -> level: Str(INFO)
Span #1
    Trace ID       : 0af7651916cd43dd8448eb211c80319c
    Parent ID      : 00f067aa0ba902b7
    ID             : 00f067aa0ba902b8
    Name           : tool
    Kind           : Internal
";

    #[test]
    fn spans_are_read_with_what_they_belong_to() {
        let [request, tool] = read(PRINTED).try_into().expect("two");
        assert_eq!(
            (request.service.as_str(), request.name.as_str(), request.parent.as_str()),
            ("gateway", "request", "")
        );
        assert_eq!(
            (request.attribute("url.path"), request.attribute("http.response.status_code")),
            ("/mcp", "200")
        );
        assert_eq!(request.attributes.len(), 2, "those of events are not its own");
        assert!(tool.is_child_of(&request) && !request.is_child_of(&tool));
    }
}
