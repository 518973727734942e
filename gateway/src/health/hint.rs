//! What to do about it, for each component and reason.

use super::component::Component;
use super::reason::Reason;

/// One sentence or two; none when there is nothing to do.
pub fn hint(component: Component, reason: Reason) -> Option<&'static str> {
    match reason {
        Reason::Ok | Reason::Pending => None,
        _ => Some(special(component, reason).unwrap_or_else(|| general(component, reason))),
    }
}

/// Where the component decides what to do.
fn special(component: Component, reason: Reason) -> Option<&'static str> {
    let text = match (component, reason) {
        (Component::Database, Reason::Auth) => {
            "Compare POSTGRES_USER and POSTGRES_PASSWORD with the role in the database; restart after rotating them."
        }
        (Component::Database, Reason::ReadOnly) => {
            "POSTGRES_HOST leads to a standby or a read-only primary: point it at the writable one. Reads go on working."
        }
        (Component::Database, Reason::SchemaMissing) => {
            "Aurora creates its tables when its server starts for the first time: start it, and read its log."
        }
        (Component::Redis | Component::Celery, Reason::Auth) => {
            "Put user and password into REDIS_URL (redis://user:password@host:6379/0), percent-encoded."
        }
        (Component::Redis | Component::Celery, Reason::Timeout) => {
            "Redis may be overloaded or frozen, a NetworkPolicy may drop the packets, or rediss:// meets a port without TLS."
        }
        (Component::Redis, Reason::ReadOnly) => "REDIS_URL leads to a replica: point it at the master.",
        (Component::Redis, Reason::Permission) => {
            "Grant the Redis user of REDIS_URL the commands PING and INFO."
        }
        (Component::Celery, Reason::Permission) => {
            "Grant the Redis user PUBLISH, SADD, SREM, BRPOP, DEL and LLEN on Celery's keys, and the channel of its pidbox."
        }
        (Component::Redis, Reason::PersistenceFailing) => {
            "The disk of Redis may be full: read its log, free space, then run BGSAVE."
        }
        (Component::Weaviate, Reason::Auth) => {
            "Aurora has no API key for Weaviate: allow anonymous access (AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED=true)."
        }
        (Component::Weaviate, Reason::Tls) => {
            "Compare WEAVIATE_SECURE with what the port speaks; the certificate must be trusted by the system's roots."
        }
        (Component::Celery, Reason::Unexpected) => {
            "Another program may write to Celery's reply lists: check that Redis is Aurora's alone."
        }
        (Component::AuroraApi, Reason::NotReady) => {
            "Aurora's server cannot reach its database or Redis: look at these two, then at its log."
        }
        (Component::AuroraApi, Reason::Unexpected) => {
            "Something else answers at BACKEND_URL, a proxy perhaps: point it at Aurora's server (port 5080)."
        }
        (Component::Kubernetes, Reason::Permission) => {
            "The gateway's ServiceAccount needs get, list and watch on deployments and statefulsets of the release's namespace."
        }
        _ => return None,
    };
    Some(text)
}

fn general(component: Component, reason: Reason) -> &'static str {
    match reason {
        Reason::Ok | Reason::Pending => "",
        Reason::NotConfigured => variable(component),
        Reason::Misconfigured => "Correct the value; the message names it.",
        Reason::Refused => {
            "Is its pod running and ready, and is the port right? kubectl get pods, then its log."
        }
        Reason::Timeout => {
            "It may be overloaded or frozen, or a NetworkPolicy drops the packets: look at its CPU, memory and log."
        }
        Reason::Dns => {
            "Check the host name in the configuration, that its Service exists, and that cluster DNS works."
        }
        Reason::Reset => "It may be restarting, or it expects TLS (rediss://, https://): look at its log.",
        Reason::Tls => {
            "Check that the port speaks TLS, the host name in the certificate, and the configured CA file."
        }
        Reason::Auth => "Check the configured credentials.",
        Reason::Permission => "Grant what the message names.",
        Reason::Loading => {
            "Wait: it is starting. If this lasts for minutes, look at the size of its data and its disk."
        }
        Reason::ReadOnly => "Point the configuration at the writable instance.",
        Reason::ReplicaWithoutMaster => "Start the master again or promote this replica (REPLICAOF NO ONE).",
        Reason::OutOfMemory => {
            "Raise maxmemory and the pod's limit, or set maxmemory-policy to one that evicts."
        }
        Reason::PersistenceFailing => "Look at its disk.",
        Reason::NotReady => "Wait for its start to finish; if it does not, look at its log.",
        Reason::GrpcDown => {
            "Check WEAVIATE_GRPC_PORT and that the Service exposes it: without gRPC every knowledge-base search comes back empty."
        }
        Reason::NodeUnhealthy => "Look at the log of the node that the detail names.",
        Reason::SchemaMissing => "Start Aurora's server once: it creates its tables.",
        Reason::NoWorkers => {
            "Start the Celery workers (kubectl get deploy): until then investigations and questions wait in the queue."
        }
        Reason::WorkerFrozen => {
            "Restart the worker's pod; look at its CPU and memory first if you want to know why."
        }
        Reason::QueueGrowing => "Add workers (replicas or CELERY_CONCURRENCY), or look for tasks that hang.",
        Reason::PodsNotReady => "kubectl describe the pods of the workloads that the detail names.",
        Reason::NoWorkloads => {
            "Check AURORA_NAMESPACE and AURORA_RELEASE (label app.kubernetes.io/instance)."
        }
        Reason::Unexpected => "Check that the configured address leads to it and not to something else.",
    }
}

/// The variable whose absence leaves a component unasked.
fn variable(component: Component) -> &'static str {
    match component {
        Component::Database => "Set POSTGRES_HOST.",
        Component::Redis | Component::Celery => "Set REDIS_URL.",
        Component::Weaviate => "Set WEAVIATE_HOST.",
        Component::AuroraApi => "Set BACKEND_URL.",
        Component::Chatbot => "Set CHATBOT_INTERNAL_URL.",
        Component::Kubernetes => "Set AURORA_NAMESPACE and AURORA_RELEASE when Aurora runs in Kubernetes.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trouble_of_every_component_has_a_hint() {
        let troubles = [
            Reason::NotConfigured,
            Reason::Misconfigured,
            Reason::Refused,
            Reason::Timeout,
            Reason::Dns,
            Reason::Reset,
            Reason::Tls,
            Reason::Auth,
            Reason::Permission,
            Reason::Loading,
            Reason::ReadOnly,
            Reason::ReplicaWithoutMaster,
            Reason::OutOfMemory,
            Reason::PersistenceFailing,
            Reason::NotReady,
            Reason::GrpcDown,
            Reason::NodeUnhealthy,
            Reason::SchemaMissing,
            Reason::NoWorkers,
            Reason::WorkerFrozen,
            Reason::QueueGrowing,
            Reason::PodsNotReady,
            Reason::NoWorkloads,
            Reason::Unexpected,
        ];
        for component in Component::ALL {
            assert_eq!(hint(component, Reason::Ok), None);
            for reason in troubles {
                assert!(
                    hint(component, reason).is_some_and(|hint| hint.ends_with(['.', ')'])),
                    "{component:?} {reason:?}"
                );
            }
        }
    }
}
