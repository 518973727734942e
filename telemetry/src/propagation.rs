//! W3C trace context on the way in and out (<https://www.w3.org/TR/trace-context/>).

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::global;
use opentelemetry::propagation::{Extractor, Injector};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Makes `span` a child of the trace that the caller's headers name, if they name one.
pub fn adopt(span: &Span, headers: &HeaderMap) {
    if span.is_disabled() {
        return;
    }
    let context = global::get_text_map_propagator(|propagator| propagator.extract(&Incoming(headers)));
    // A span that is not exported has nothing to adopt into; that is no error.
    let _ = span.set_parent(context);
}

/// Writes `traceparent` (and `tracestate`) of `span` into `headers`. Writes nothing while spans are not exported.
pub fn inject(span: &Span, headers: &mut HeaderMap) {
    if span.is_disabled() {
        return;
    }
    let context = span.context();
    global::get_text_map_propagator(|propagator| propagator.inject_context(&context, &mut Outgoing(headers)));
}

struct Incoming<'a>(&'a HeaderMap);

impl Extractor for Incoming<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

struct Outgoing<'a>(&'a mut HeaderMap);

impl Injector for Outgoing<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(key), HeaderValue::try_from(value)) {
            self.0.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::TracerProvider as _;
    use opentelemetry_sdk::propagation::TraceContextPropagator;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[test]
    fn the_callers_trace_goes_on_with_a_new_span() {
        global::set_text_map_propagator(TraceContextPropagator::new());
        let provider = SdkTracerProvider::builder().build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        tracing::subscriber::with_default(tracing_subscriber::Registry::default().with(layer), || {
            let trace = "0af7651916cd43dd8448eb211c80319c";
            let incoming = HeaderMap::from_iter([(
                HeaderName::from_static("traceparent"),
                HeaderValue::from_str(&format!("00-{trace}-b7ad6b7169203331-01")).unwrap(),
            )]);
            let span = tracing::info_span!("request");
            adopt(&span, &incoming);
            let mut outgoing = HeaderMap::new();
            inject(&span, &mut outgoing);
            let sent = outgoing["traceparent"].to_str().unwrap();
            assert_eq!(&sent[3..35], trace);
            assert_ne!(&sent[36..52], "b7ad6b7169203331");
        });
    }
}
