//! Why a component is as it is: a closed set, told apart by what a person does about it.

use serde::Serialize;

/// One cause. The set is a metric label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Nothing is wrong.
    Ok,
    /// No address was given: the component is not asked and does not count.
    NotConfigured,
    /// The first answer is still awaited.
    Pending,
    /// The configuration cannot be used.
    Misconfigured,
    /// Nothing listens at the address.
    Refused,
    /// No answer in time.
    Timeout,
    /// The name does not resolve.
    Dns,
    /// The connection was closed without an answer.
    Reset,
    /// The TLS handshake failed: unknown authority, wrong name, or plain text on a TLS port.
    Tls,
    /// Credentials are missing or wrong.
    Auth,
    /// Logged in, and not allowed to do what a probe does.
    Permission,
    /// Starting: data is being loaded.
    Loading,
    /// Answers, and accepts no writes.
    ReadOnly,
    /// A replica that lost its master.
    ReplicaWithoutMaster,
    /// No memory left for writes.
    OutOfMemory,
    /// Data is no longer written to disk.
    PersistenceFailing,
    /// Answers, and says that it is not ready.
    NotReady,
    /// HTTP works and gRPC does not.
    GrpcDown,
    /// A member of the cluster is not healthy.
    NodeUnhealthy,
    /// Tables that Aurora or the operator creates are missing.
    SchemaMissing,
    /// No Celery worker is connected.
    NoWorkers,
    /// A worker is connected and does not answer.
    WorkerFrozen,
    /// Tasks arrive faster than they are taken.
    QueueGrowing,
    /// A workload has fewer ready pods than it should.
    PodsNotReady,
    /// No workload of the release was found.
    NoWorkloads,
    /// An answer that the component should not give.
    Unexpected,
}

impl Reason {
    /// What to say of a component at an address that could not be asked.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Ok => "works",
            Self::NotConfigured => "is not configured",
            Self::Pending => "has not been asked yet",
            Self::Misconfigured => "cannot be asked: its configuration is wrong",
            Self::Refused => "refused the connection",
            Self::Timeout => "did not answer in time",
            Self::Dns => "has a host name that does not resolve",
            Self::Reset => "closed the connection without an answer",
            Self::Tls => "failed the TLS handshake",
            Self::Auth => "refused the credentials",
            Self::Permission => "does not permit what the check needs",
            Self::Loading => "is still loading its data",
            Self::ReadOnly => "accepts no writes",
            Self::ReplicaWithoutMaster => "is a replica that lost its master",
            Self::OutOfMemory => "has no memory left for writes",
            Self::PersistenceFailing => "cannot write its data to disk",
            Self::NotReady => "says that it is not ready",
            Self::GrpcDown => "answers HTTP but not gRPC",
            Self::NodeUnhealthy => "has an unhealthy node",
            Self::SchemaMissing => "lacks tables",
            Self::NoWorkers => "has no worker",
            Self::WorkerFrozen => "has a worker that does not answer",
            Self::QueueGrowing => "has a growing queue",
            Self::PodsNotReady => "has workloads with too few ready pods",
            Self::NoWorkloads => "has no workloads of the release",
            Self::Unexpected => "gave an answer that makes no sense",
        }
    }
}
