//! Between the store's words and the plan's: each is free of the other.

use aurora_mcp_plan as plan;
use aurora_mcp_store as store;

pub(crate) fn row(managed: &store::Managed) -> plan::KnownRow {
    plan::KnownRow {
        token_id: managed.token_id,
        digest: managed.digest,
        owner: plan::Owner {
            installation: managed.owner.installation.clone(),
            uid: managed.owner.uid.clone(),
            namespace: managed.owner.namespace.clone(),
            name: managed.owner.name.clone(),
        },
        serial: managed.serial,
        access: managed.access.clone(),
        suspended: managed.suspended,
        row: managed.row.as_ref().map(token_row),
    }
}

fn token_row(row: &store::TokenRow) -> plan::Row {
    plan::Row {
        user_id: row.user_id.clone(),
        org_id: row.org_id.clone(),
        name: row.name.clone(),
        state: match row.status {
            store::RowStatus::Active => plan::RowState::Active,
            store::RowStatus::Revoked => plan::RowState::Revoked,
            store::RowStatus::Expired => plan::RowState::Expired,
        },
        expires_at: row.expires_at,
        last_used_at: row.last_used_at,
    }
}

pub(crate) fn stray(stray: &store::Stray) -> plan::Stray {
    plan::Stray { token_id: stray.row.id, in_clear: stray.in_clear, row: token_row(&stray.row) }
}

pub(crate) fn user(user: store::User) -> plan::User {
    plan::User { id: user.id, email: user.email, org_id: user.org_id }
}

pub(crate) fn new_row(owner: &store::Owner, new: &plan::NewRow) -> store::NewManaged {
    store::NewManaged {
        owner: owner.clone(),
        serial: new.serial,
        digest: new.digest,
        adopt: new.adopt,
        user_id: new.user_id.clone(),
        org_id: new.org_id.clone(),
        display_name: new.display_name.clone(),
        expires_at: new.expires_at,
        access: new.access.clone(),
        suspended: new.suspended,
    }
}

pub(crate) fn amendment(to: &plan::Amendment) -> store::Amendment {
    store::Amendment {
        display_name: to.display_name.clone(),
        expires_at: to.expires_at,
        access: to.access.clone(),
        suspended: to.suspended,
    }
}
