//! Rows in Aurora's database.

use std::sync::atomic::Ordering;

use aurora_mcp_crds::McpToken;
use aurora_mcp_plan::{NewRow, Step};
use aurora_mcp_store::{Managed, StoreError, TokenId};

use crate::context::Context;
use crate::convert;
use crate::error::Error;

/// Carries out a step that changes a row; other steps are none of its business.
pub(super) async fn apply(
    context: &Context,
    resource: &McpToken,
    managed: &[Managed],
    step: &Step,
) -> Result<(), Error> {
    let (store, name) = (&context.store, step.name());
    match step {
        Step::RegisterRow(new) => register(context, resource, new).await?,
        Step::AmendRow(to) => {
            store.amend(find(managed, to.token_id, name)?, &convert::amendment(to)).await?;
        }
        Step::RevokeRow(id) => store.revoke(find(managed, *id, name)?).await?,
        Step::DeleteRow(id) => store.delete(find(managed, *id, name)?).await?,
        Step::RetainRow(id) => store.retain(find(managed, *id, name)?).await?,
        _ => {}
    }
    Ok(())
}

async fn register(context: &Context, resource: &McpToken, new: &NewRow) -> Result<(), StoreError> {
    let (announced, listening) = (&context.announced, &context.listening);
    if announced.load(Ordering::Acquire) && listening.load(Ordering::Acquire) {
        context.echoes.note_row(&new.digest);
    }
    let done = context.store.register(&convert::new_row(&context.owner(resource), new)).await;
    if done.is_err() {
        // Whatever is announced now, somebody else did.
        context.echoes.recognise_row(&new.digest);
    }
    done.map(drop)
}

fn find<'a>(managed: &'a [Managed], id: TokenId, step: &'static str) -> Result<&'a Managed, Error> {
    managed.iter().find(|row| row.token_id == id).ok_or(Error::UnknownRow { step, row: id.0 })
}
