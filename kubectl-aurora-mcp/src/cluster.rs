//! The cluster and the namespace that the commands work in.

use std::time::Duration;

use aurora_mcp_crds::McpToken;
use kube::api::Api;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::NamespaceResourceScope;
use kube::{Client, Config, Resource};

use crate::cli::Target;
use crate::error::{Error, innermost};

/// A client and a namespace.
#[derive(Clone)]
pub(crate) struct Cluster {
    pub(crate) client: Client,
    pub(crate) namespace: String,
}

impl Cluster {
    pub(crate) async fn connect(target: &Target) -> Result<Self, Error> {
        // A second call finds the provider in place, which is as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut config = config(target).await?;
        config.connect_timeout = Some(Duration::from_secs(5));
        config.read_timeout = Some(Duration::from_secs(60));
        config.default_retry = false;
        let namespace = target.namespace.clone().unwrap_or_else(|| config.default_namespace.clone());
        let client = Client::try_from(config).map_err(|error| Error::NoCluster(innermost(&error)))?;
        Ok(Self { client, namespace })
    }

    /// Objects of the namespace.
    pub(crate) fn api<K>(&self) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Objects of another namespace.
    pub(crate) fn api_in<K>(&self, namespace: &str) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// An McpToken that there is to be.
    pub(crate) async fn token(&self, name: &str) -> Result<McpToken, Error> {
        let found = self.find_token(name).await?;
        found.ok_or_else(|| Error::NoToken { namespace: self.namespace.clone(), name: name.to_owned() })
    }

    /// An McpToken, if there is one.
    pub(crate) async fn find_token(&self, name: &str) -> Result<Option<McpToken>, Error> {
        match self.api::<McpToken>().get(name).await {
            Ok(token) => Ok(Some(token)),
            Err(kube::Error::Api(status)) if status.code == 404 && status.reason == "NotFound" => Ok(None),
            Err(error) => Err(Error::api(format!("read McpToken {name} in {}", self.namespace), error)),
        }
    }
}

async fn config(target: &Target) -> Result<Config, Error> {
    let options = KubeConfigOptions { context: target.context.clone(), ..KubeConfigOptions::default() };
    let refused = |error: kube::config::KubeconfigError| Error::NoCluster(innermost(&error));
    if let Some(path) = &target.kubeconfig {
        let file = Kubeconfig::read_from(path)
            .map_err(|error| Error::NoCluster(format!("{}: {}", path.display(), innermost(&error))))?;
        return Config::from_custom_kubeconfig(file, &options).await.map_err(refused);
    }
    match Config::from_kubeconfig(&options).await {
        Ok(config) => Ok(config),
        // In a pod there is no file, but a service account.
        Err(error) if target.context.is_none() => Config::incluster().map_err(|_| refused(error)),
        Err(error) => Err(refused(error)),
    }
}
