//! The things whose health is reported, by the names that a client sees.

use serde::Serialize;

/// A dependency of Aurora, or Aurora itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Component {
    /// Postgres.
    Database,
    /// The broker, cache and rate-limit store.
    Redis,
    /// The vector store of the knowledge base: HTTP and gRPC.
    Weaviate,
    /// The workers that run investigations and chats.
    Celery,
    /// Aurora's Flask server.
    AuroraApi,
    /// Aurora's WebSocket server.
    Chatbot,
    /// The workloads of the Aurora release.
    Kubernetes,
}

impl Component {
    /// All of them, in the order in which a report lists them.
    pub const ALL: [Self; 7] = [
        Self::Database,
        Self::Redis,
        Self::Weaviate,
        Self::Celery,
        Self::AuroraApi,
        Self::Chatbot,
        Self::Kubernetes,
    ];

    /// The name in reports, resource addresses and metric labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Redis => "redis",
            Self::Weaviate => "weaviate",
            Self::Celery => "celery",
            Self::AuroraApi => "aurora_api",
            Self::Chatbot => "chatbot",
            Self::Kubernetes => "kubernetes",
        }
    }

    /// The component of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|component| component.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_component() {
        for component in Component::ALL {
            assert_eq!(Component::from_name(component.as_str()), Some(component));
        }
        assert_eq!(Component::from_name("Database"), None);
        assert_eq!(Component::from_name(""), None);
    }
}
