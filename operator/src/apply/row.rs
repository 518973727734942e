//! Rows in Aurora's database.

use aurora_mcp_crds::McpToken;
use aurora_mcp_plan::{Amendment, NewRow};
use aurora_mcp_store::{Managed, TokenId};

use crate::context::Context;
use crate::convert;
use crate::error::Error;

pub(super) async fn register(context: &Context, resource: &McpToken, new: &NewRow) -> Result<(), Error> {
    context.store.register(&convert::new_row(&context.owner(resource), new)).await?;
    Ok(())
}

pub(super) async fn amend(context: &Context, managed: &Managed, to: &Amendment) -> Result<(), Error> {
    Ok(context.store.amend(managed, &convert::amendment(to)).await?)
}

pub(super) fn find<'a>(
    managed: &'a [Managed],
    id: TokenId,
    step: &'static str,
) -> Result<&'a Managed, Error> {
    managed.iter().find(|row| row.token_id == id).ok_or(Error::UnknownRow { step, row: id.0 })
}
