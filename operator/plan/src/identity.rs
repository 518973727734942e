//! Whom a token is for, and whether it may exist.

use aurora_mcp_crds::UserRef;
use aurora_mcp_token::{OrgId, UserId};

use crate::secret::{self, Found};
use crate::{Config, Database, Observed, Reason, User};

/// Whether a token may be in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// For this user, in this organisation.
    Allowed {
        /// The user.
        user: User,
        /// The organisation.
        org: OrgId,
    },
    /// No token may be in force. Rows are stopped, not revoked: the cause may pass.
    Blocked {
        /// Why.
        reason: Reason,
        /// What to do about it.
        message: String,
    },
    /// Aurora's database is away: nothing is decided.
    Undecided {
        /// What the connection said.
        message: String,
    },
}

impl Verdict {
    fn blocked(reason: Reason, message: String) -> Self {
        Self::Blocked { reason, message }
    }
}

pub(crate) fn judge(observed: &Observed<'_>, config: &Config) -> Verdict {
    let user = match &observed.database {
        Database::Away { message } => return Verdict::Undecided { message: message.clone() },
        Database::Answered { user, .. } => user,
    };
    // First of all, and in the same words for every user: a namespace learns nothing about those it may not mint for.
    if !config.tenants.permit(observed.namespace(), &observed.namespace_labels, user.as_ref()) {
        return not_permitted(observed);
    }
    let Some(user) = user else { return not_found(&observed.resource.spec.user) };
    let Some(org) = user.org_id.clone() else {
        let message =
            format!("user {} belongs to no organisation: add the user to one in Aurora", user.email);
        return Verdict::blocked(Reason::UserWithoutOrganisation, message);
    };
    let checks = [wrong_organisation(observed, user, &org), moved(observed, &user.id, &org)];
    if let Some(verdict) = checks.into_iter().flatten().next() {
        return verdict;
    }
    Verdict::Allowed { user: user.clone(), org }
}

/// Says nothing that the spec doesn't say.
fn not_permitted(observed: &Observed<'_>) -> Verdict {
    let wanted = &observed.resource.spec.user;
    let message = format!(
        "namespace {} may not have tokens of user {}: check spec.user, or ask an administrator to allow it in the operator's tenants",
        observed.namespace(),
        wanted.email.as_deref().or(wanted.id.as_deref()).unwrap_or_default()
    );
    Verdict::blocked(Reason::NotPermitted, message)
}

fn not_found(wanted: &UserRef) -> Verdict {
    let message = match (&wanted.id, &wanted.email) {
        (Some(id), _) => format!(
            "Aurora has no user with id {id}: check spec.user.id; for an e-mail address use spec.user.email"
        ),
        (None, email) => format!(
            "Aurora has no user with the address {}: check spec.user.email, or create the user in Aurora",
            email.as_deref().unwrap_or_default()
        ),
    };
    Verdict::blocked(Reason::UserNotFound, message)
}

fn wrong_organisation(observed: &Observed<'_>, user: &User, org: &OrgId) -> Option<Verdict> {
    let wanted = observed.resource.spec.org_id.as_deref()?;
    (wanted != org.as_str()).then(|| {
        let message = format!(
            "user {} belongs to organisation {org}, not to {wanted} as spec.orgId says: it must be the organisation's id, not its name",
            user.email
        );
        Verdict::blocked(Reason::OrganisationMismatch, message)
    })
}

/// A token opens the organisation it was made for. If its user is elsewhere now, somebody has to ask for a new token.
fn moved(observed: &Observed<'_>, id: &UserId, org: &OrgId) -> Option<Verdict> {
    let (user_then, org_then) = made_for(observed)?;
    let same = user_then == id.as_str() && org_then == org.as_str();
    (!same && !crate::token::rotation_requested(observed)).then(|| {
        let message = format!(
            "the token was made for user {user_then} of organisation {org_then}, which is now user {id} of organisation {org}: \
             request a rotation for a token of the new organisation, or delete this resource"
        );
        Verdict::blocked(Reason::UserMoved, message)
    })
}

/// Whom the current token was made for: its row says so, or the status if it speaks of this very token.
fn made_for(observed: &Observed<'_>) -> Option<(String, String)> {
    let status = observed.resource.status.as_ref();
    let of_status = || {
        let status = status?;
        Some((status.user_id.clone()?, status.org_id.clone()?))
    };
    let Found::Ours { token, marks } = secret::find(observed) else { return of_status() };
    let digest = token.map(|token| token.digest());
    let row = observed.own_rows().find(|row| Some(row.digest) == digest).and_then(|known| known.row.as_ref());
    match row {
        Some(row) => Some((row.user_id.as_str().to_owned(), row.org_id.as_ref()?.as_str().to_owned())),
        // Only a requested rotation makes a token for another organisation than the status tells, until the status has heard of it.
        None if status.is_some_and(|status| status.last_rotation_request == marks.rotated_for) => of_status(),
        None => None,
    }
}
