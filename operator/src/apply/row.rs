//! Rows in Aurora's database.

use aurora_mcp_crds::McpToken;
use aurora_mcp_plan::Step;
use aurora_mcp_store::{Managed, TokenId};

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
        Step::RegisterRow(new) => {
            store.register(&convert::new_row(&context.owner(resource), new)).await?;
        }
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

fn find<'a>(managed: &'a [Managed], id: TokenId, step: &'static str) -> Result<&'a Managed, Error> {
    managed.iter().find(|row| row.token_id == id).ok_or(Error::UnknownRow { step, row: id.0 })
}
