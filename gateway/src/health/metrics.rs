//! Health for Prometheus: a series for each component and status, and how long checks take.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::component::Component;
use super::verdict::Status;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabels {
    component: &'static str,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ComponentLabels {
    component: &'static str,
}

type Seconds = Gauge<f64, std::sync::atomic::AtomicU64>;

/// Handles of the metrics. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct HealthMetrics {
    status: Family<StatusLabels, Gauge>,
    latency: Family<ComponentLabels, Seconds>,
}

impl HealthMetrics {
    /// Registers the metrics; every series exists from the start.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let help = "1 for the status that a component has, 0 for the others";
        registry.register("component_status", help, metrics.status.clone());
        let help = "Seconds that the last check of a component took";
        registry.register("component_check_seconds", help, metrics.latency.clone());
        for component in Component::ALL {
            metrics.set(component, Status::Pending, Duration::ZERO);
        }
        metrics
    }

    /// Notes a check.
    pub fn set(&self, component: Component, now: Status, took: Duration) {
        let component = component.as_str();
        for status in Status::ALL {
            let labels = StatusLabels { component, status: status.as_str() };
            self.status.get_or_create(&labels).set(i64::from(status == now));
        }
        self.latency.get_or_create(&ComponentLabels { component }).set(took.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_status_of_a_component_is_set() {
        let mut registry = Registry::with_prefix("aurora_mcp");
        let metrics = HealthMetrics::register(&mut registry);
        metrics.set(Component::Redis, Status::Unhealthy, Duration::from_millis(1500));
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        let line =
            |status: &str| format!(r#"aurora_mcp_component_status{{component="redis",status="{status}"}}"#);
        assert!(text.contains(&format!("{} 1", line("unhealthy"))), "{text}");
        for status in ["healthy", "degraded", "pending", "not_configured"] {
            assert!(text.contains(&format!("{} 0", line(status))), "{status}: {text}");
        }
        assert!(text.contains(r#"aurora_mcp_component_check_seconds{component="redis"} 1.5"#), "{text}");
    }
}
