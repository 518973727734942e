//! The rows in Aurora's database: the current token's, the previous one's, and those that must not work any more.

use aurora_mcp_crds::{McpToken, ModeSpec};
use aurora_mcp_token::{Access, ApiRule, Mode, OrgId};

use crate::identity::Verdict;
use crate::lifetime::Lifetime;
use crate::token::{Current, Decision};
use crate::{Amendment, Config, KnownRow, NewRow, Observed, Reason, RowState, Step};

pub(crate) fn steps(
    observed: &Observed<'_>,
    config: &Config,
    verdict: &Verdict,
    token: &Decision,
) -> Vec<Step> {
    match verdict {
        Verdict::Undecided { .. } => Vec::new(),
        Verdict::Blocked { .. } => observed.own_rows().filter_map(stop).collect(),
        Verdict::Allowed { .. } if ends_tokens(token) => observed.own_rows().filter_map(stop).collect(),
        Verdict::Allowed { user, org } => token
            .current
            .iter()
            .flat_map(|current| {
                let settled = observed.own_rows().filter_map(|row| settle(observed, current, org, row));
                register(observed, config, current, user, org).into_iter().chain(settled).collect::<Vec<_>>()
            })
            .collect(),
    }
}

/// Most problems keep a new token from being made and leave the old one alone; these say that none may be in force.
fn ends_tokens(token: &Decision) -> bool {
    matches!(token.problem, Some((Reason::LifetimeNotAllowed | Reason::TokenInUse, _)))
}

fn register(
    observed: &Observed<'_>,
    config: &Config,
    current: &Current,
    user: &crate::User,
    org: &OrgId,
) -> Option<Step> {
    let digest = current.bearer.digest();
    let own = observed.own_rows().find(|row| row.digest == digest);
    // A token that was revoked in Aurora stays so even if the row that said it is lost.
    if current.marks.revoked && own.is_none_or(|row| row.row.is_none()) {
        return None;
    }
    // A record of the same McpToken under an earlier UID, or of an installation that gave it up, is taken over by registering again.
    let is_kept =
        |row: &KnownRow| row.owner.uid == observed.uid() && row.owner.installation == config.installation;
    if own.is_some_and(|row| row.row.is_some() && is_kept(row)) {
        return None;
    }
    Some(Step::RegisterRow(Box::new(NewRow {
        serial: current.marks.serial,
        digest,
        adopt: current.adopt,
        user_id: user.id.clone(),
        org_id: org.clone(),
        display_name: display_name(observed.resource),
        expires_at: current.expires_at,
        access: access(observed.resource),
        suspended: observed.resource.spec.suspended,
    })))
}

/// Brings one existing row to where it belongs.
fn settle(observed: &Observed<'_>, current: &Current, org: &OrgId, known: &KnownRow) -> Option<Step> {
    let row = known.row.as_ref().filter(|row| row.state != RowState::Revoked)?;
    let is_current = known.digest == current.bearer.digest();
    let is_over = if is_current {
        // A token that was revoked in Aurora stays so even if an older backup of the row says otherwise.
        current.marks.revoked
    } else {
        // No token goes on beside the new one in an organisation that its user has left.
        Some(known.serial) != current.marks.previous || row.org_id.as_ref() != Some(org)
    };
    if is_over {
        return Some(Step::RevokeRow(known.token_id));
    }
    let expires_at = if is_current {
        current.expires_at
    } else {
        let overlap = Lifetime::read(&observed.resource.spec).ok()?.overlap;
        let end = current.marks.issued_at.checked_add(overlap).ok()?;
        Some(row.expires_at.map_or(end, |already| already.min(end)))
    };
    amend(observed.resource, known, expires_at)
}

fn amend(resource: &McpToken, known: &KnownRow, expires_at: Option<jiff::Timestamp>) -> Option<Step> {
    let row = known.row.as_ref()?;
    let wanted = Amendment {
        token_id: known.token_id,
        display_name: display_name(resource),
        expires_at,
        access: access(resource),
        suspended: resource.spec.suspended,
    };
    let state = if wanted.suspended { RowState::Expired } else { RowState::Active };
    let as_wanted = row.name.as_ref() == Some(&wanted.display_name)
        && row.expires_at == wanted.expires_at
        && known.access.as_ref() == Some(&wanted.access)
        && known.suspended == wanted.suspended
        && row.state == state;
    // Marked as expired by somebody else: it is not ours to bring back.
    let foreign_end = row.state == RowState::Expired && !known.suspended && !wanted.suspended;
    (!as_wanted && !foreign_end).then(|| Step::AmendRow(Box::new(wanted)))
}

/// Stops a row for as long as its token may not be in force. Everything else about it stays.
fn stop(known: &KnownRow) -> Option<Step> {
    let row = known.row.as_ref().filter(|row| row.state == RowState::Active)?;
    Some(Step::AmendRow(Box::new(Amendment {
        token_id: known.token_id,
        display_name: row.name.clone().unwrap_or_default(),
        expires_at: row.expires_at,
        access: known.access.clone().unwrap_or(Access {
            mode: Mode::ReadOnly,
            tools: Some(vec![]),
            api: Some(vec![]),
        }),
        suspended: true,
    })))
}

fn display_name(resource: &McpToken) -> String {
    resource.spec.display_name.clone().unwrap_or_else(|| {
        let metadata = &resource.metadata;
        let full = format!(
            "{}/{}",
            metadata.namespace.as_deref().unwrap_or_default(),
            metadata.name.as_deref().unwrap_or_default()
        );
        full.chars().take(100).collect()
    })
}

fn access(resource: &McpToken) -> Access {
    let Some(spec) = &resource.spec.access else { return Access::default() };
    let rule = |rule: &aurora_mcp_crds::ApiRuleSpec| ApiRule {
        methods: rule.methods.iter().map(|method| format!("{method:?}").to_ascii_uppercase()).collect(),
        path: rule.path.clone(),
    };
    Access {
        mode: match spec.mode {
            ModeSpec::ReadOnly => Mode::ReadOnly,
            ModeSpec::ReadWrite => Mode::ReadWrite,
        },
        tools: spec.tools.clone(),
        api: spec.api.as_ref().map(|rules| rules.iter().map(rule).collect()),
    }
}
