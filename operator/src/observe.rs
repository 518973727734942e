//! Reads everything that a plan depends on.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Instant;

use aurora_mcp_crds::McpToken;
use aurora_mcp_plan::{Database, Observed, SERIAL, token_of};
use aurora_mcp_store::{Managed, UserKey};
use k8s_openapi::api::core::v1::{Namespace, Secret, Service};
use kube::{Api, ResourceExt as _};

use crate::apply::Written;
use crate::context::Context;
use crate::error::Error;
use crate::{chance, convert, release};

/// An observation, and the rows in the store's own words for the steps that change them.
pub(crate) struct Observation<'a> {
    pub(crate) observed: Observed<'a>,
    pub(crate) managed: Vec<Managed>,
}

/// `written` is what the API server answered in the round before.
pub(crate) async fn observe<'a>(
    context: &Context,
    resource: &'a McpToken,
    written: Written,
) -> Result<Observation<'a>, Error> {
    let namespace = resource.namespace().unwrap_or_default();
    let secrets: Api<Secret> = Api::namespaced(context.client.clone(), &namespace);
    let secret_name = secret_name(resource);
    let (changed, new) =
        (written.services || written.others_first, !written.others_first && is_new(context, resource));
    let (secret, service, gateway_service, namespace_labels) = tokio::try_join!(
        wanted_secret(&secrets, &secret_name, written.secret, new),
        named_service(context, resource, &namespace),
        gateway_service(context, changed),
        namespace_labels(context, &namespace),
    )?;
    let release_leaving = gateway_service.is_none() && release::is_leaving(context).await;
    let former_secret = former_secret(context, resource, &secrets, &secret_name).await?;
    let former_service = former_service(context, resource, &namespace).await?;
    let adopted = adopted(resource, &secrets).await?;
    let held = secret.as_ref().or(former_secret.as_ref());
    let token = held.and_then(|secret| token_of(secret, "token")).or_else(|| adopted.clone());
    let (database, managed, clock) = read_database(context, resource, token.as_ref()).await?;
    let observed = Observed {
        resource,
        namespace_labels,
        secret,
        former_secret,
        service,
        former_service,
        gateway_service,
        release_leaving,
        adopted,
        database,
        announced: context.announced.load(Ordering::Acquire),
        gateway_service_shared: resource.metadata.deletion_timestamp.is_some()
            && context.has_others(resource),
        now: clock.unwrap_or_else(chance::now),
        fresh: chance::token_bytes(),
    };
    Ok(Observation { observed, managed })
}

async fn read<T>(
    what: &'static str,
    reading: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, Error> {
    reading.await.map_err(|source| Error::Read { what, source })
}

fn secret_name(resource: &McpToken) -> String {
    let wanted = resource.spec.secret.as_ref().and_then(|secret| secret.name.clone());
    wanted.unwrap_or_else(|| resource.name_any())
}

/// Nothing was ever made for it. If a Secret has its name after all, that can't be created, and everything is read anew.
fn is_new(context: &Context, resource: &McpToken) -> bool {
    resource.status.is_none()
        && resource.metadata.deletion_timestamp.is_none()
        && context.secrets.names(&resource.uid().unwrap_or_default()).is_empty()
}

async fn wanted_secret(
    secrets: &Api<Secret>,
    name: &str,
    written: Option<Secret>,
    new: bool,
) -> Result<Option<Secret>, Error> {
    match written {
        Some(secret) => Ok(Some(secret)),
        None if new => Ok(None),
        None => read("the Secret", secrets.get_opt(name)).await,
    }
}

/// A Secret that this McpToken has under another name than it should: the status names it, or else a crash was faster than the
/// status. Of several the one with the newest token comes first, the others in the next rounds of the pass.
async fn former_secret(
    context: &Context,
    resource: &McpToken,
    secrets: &Api<Secret>,
    wanted: &str,
) -> Result<Option<Secret>, Error> {
    let uid = resource.uid().unwrap_or_default();
    let mut names = context.secrets.names(&uid);
    names.extend(resource.status.as_ref().and_then(|status| status.secret_name.clone()));
    names.remove(wanted);
    let mut newest = None;
    for name in names {
        match read("a former Secret", secrets.get_opt(&name)).await? {
            Some(secret) if newest.as_ref().is_none_or(|newest| serial(newest) < serial(&secret)) => {
                newest = Some(secret);
            }
            Some(_) => {}
            None => context.secrets.forget_name(&uid, &name),
        }
    }
    Ok(newest)
}

/// The serial of a Secret's token; none is the lowest.
fn serial(secret: &Secret) -> Option<i64> {
    secret.annotations().get(SERIAL)?.parse().ok()
}

async fn named_service(
    context: &Context,
    resource: &McpToken,
    namespace: &str,
) -> Result<Option<Service>, Error> {
    let Some(name) = resource.spec.service.as_ref().and_then(|service| service.name.as_deref()) else {
        return Ok(None);
    };
    let services: Api<Service> = Api::namespaced(context.client.clone(), namespace);
    read("the Service", services.get_opt(name)).await
}

async fn former_service(
    context: &Context,
    resource: &McpToken,
    namespace: &str,
) -> Result<Option<Service>, Error> {
    let former = resource.status.as_ref().and_then(|status| status.service_name.as_deref());
    let wanted = resource.spec.service.as_ref().and_then(|service| service.name.as_deref());
    let gateways = Some(context.config.gateway.service.as_str());
    match former.filter(|name| Some(*name) != wanted && Some(*name) != gateways) {
        Some(name) => {
            let services: Api<Service> = Api::namespaced(context.client.clone(), namespace);
            read("the former Service", services.get_opt(name)).await
        }
        None => Ok(None),
    }
}

/// The watch knows the gateway's Service, and any change of it brings another pass. Asked for if it isn't known, or was just changed.
async fn gateway_service(context: &Context, changed: bool) -> Result<Option<Service>, Error> {
    let gateway = &context.config.gateway;
    let known = context.gateway.as_ref().filter(|_| !changed).and_then(|known| known.find(|_| true));
    if let Some(known) = known {
        return Ok(Some((*known).clone()));
    }
    let services: Api<Service> = Api::namespaced(context.client.clone(), &gateway.namespace);
    read("the gateway's Service", services.get_opt(&gateway.service)).await
}

/// The labels count only where a rule asks for them; without the right to read namespaces such a rule matches nothing.
async fn namespace_labels(context: &Context, namespace: &str) -> Result<BTreeMap<String, String>, Error> {
    let asked = context.config.tenants.list.iter().any(|tenant| !tenant.namespace_labels.is_empty());
    if !asked || !context.whole_cluster {
        return Ok(BTreeMap::new());
    }
    let namespaces: Api<Namespace> = Api::all(context.client.clone());
    let found = read("the namespace", namespaces.get_opt(namespace)).await?;
    Ok(found.and_then(|found| found.metadata.labels).unwrap_or_default())
}

async fn adopted(
    resource: &McpToken,
    secrets: &Api<Secret>,
) -> Result<Option<aurora_mcp_store::Bearer>, Error> {
    let Some(from) = &resource.spec.adopt_from else { return Ok(None) };
    let from = &from.secret_key_ref;
    let secret = read("the Secret of spec.adoptFrom", secrets.get_opt(&from.name)).await?;
    Ok(secret.and_then(|secret| token_of(&secret, &from.key)))
}

type Reading = (Database, Vec<Managed>, Option<jiff::Timestamp>);

/// An outage is an observation, not a failure: much can be said and some things done without the database.
async fn read_database(
    context: &Context,
    resource: &McpToken,
    token: Option<&aurora_mcp_store::Bearer>,
) -> Result<Reading, Error> {
    let wanted = &resource.spec.user;
    // The schema lets nothing pass that has neither.
    let by_id = wanted.id.as_deref().map(UserKey::Id);
    let key = by_id.unwrap_or(UserKey::Email(wanted.email.as_deref().unwrap_or_default()));
    let started = Instant::now();
    let read = context.store.ledger_and_user(&context.owner(resource), token, key).await;
    context.metrics.database("read", started.elapsed());
    match read {
        Ok((ledger, user)) => {
            let database = Database::Answered {
                user: user.map(convert::user),
                rows: ledger.managed.iter().map(convert::row).collect(),
                stray: ledger.stray.as_ref().map(convert::stray),
            };
            Ok((database, ledger.managed, Some(ledger.now)))
        }
        Err(error) => {
            if error.is_unavailable() {
                Ok((Database::Away { message: error.to_string() }, Vec::new(), None))
            } else {
                Err(error.into())
            }
        }
    }
}
