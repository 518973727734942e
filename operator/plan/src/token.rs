//! Which token is the current one: the Secret's, or a new one.

use aurora_mcp_crds::ROTATE_ANNOTATION;
use aurora_mcp_token::{Bearer, TokenId};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;

use crate::identity::Verdict;
use crate::lifetime::Lifetime;
use crate::secret::{self, Found, Marks};
use crate::{Config, Database, KnownRow, Observed, Reason, RowState};

/// What becomes of the token.
#[derive(Clone, Default)]
pub(crate) struct Decision {
    /// The Secret to be written, if it isn't as it should be.
    pub(crate) secret: Option<Box<Secret>>,
    /// The token that counts from now on.
    pub(crate) current: Option<Current>,
    /// Why there is none, or why it may not be registered.
    pub(crate) problem: Option<(Reason, String)>,
}

/// The token that counts.
#[derive(Clone)]
pub(crate) struct Current {
    pub(crate) bearer: Bearer,
    pub(crate) marks: Marks,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) rotates_at: Option<Timestamp>,
    /// A row in clear that holds this token already.
    pub(crate) adopt: Option<TokenId>,
}

/// True if somebody asked for a rotation that has not been carried out.
pub(crate) fn rotation_requested(observed: &Observed<'_>) -> bool {
    let request = rotation_request(observed);
    request.is_some_and(|request| {
        let done = match secret::find(observed) {
            Found::Ours { marks, .. } => marks.rotated_for,
            _ => observed.resource.status.as_ref().and_then(|status| status.last_rotation_request.clone()),
        };
        done.as_deref() != Some(request)
    })
}

fn rotation_request<'a>(observed: &'a Observed<'_>) -> Option<&'a str> {
    let annotations = observed.resource.metadata.annotations.as_ref()?;
    annotations.get(ROTATE_ANNOTATION).map(String::as_str).filter(|request| !request.is_empty())
}

pub(crate) fn decide(observed: &Observed<'_>, config: &Config, verdict: &Verdict) -> Decision {
    let lifetime = match Lifetime::read(&observed.resource.spec) {
        Ok(lifetime) => lifetime,
        Err(message) => return problem(Reason::InvalidSpec, message),
    };
    let found = match secret::find(observed) {
        Found::Foreign { message } => return problem(Reason::SecretConflict, message),
        Found::Absent => None,
        Found::Ours { token, marks } => token.map(|token| (token, marks)),
    };
    match (found, verdict) {
        (None, Verdict::Allowed { .. }) => mint(observed, config, &lifetime, None),
        (None, Verdict::Blocked { .. } | Verdict::Undecided { .. }) => Decision::default(),
        (Some((bearer, mut marks)), Verdict::Allowed { .. }) => {
            marks.revoked |= is_revoked(observed, &bearer);
            if rotation_due(observed, &lifetime, &marks) {
                return mint(observed, config, &lifetime, Some(&marks));
            }
            keep(observed, config, &lifetime, bearer, marks)
        }
        (Some((bearer, marks)), Verdict::Blocked { .. }) => keep(observed, config, &lifetime, bearer, marks),
        (Some((bearer, marks)), Verdict::Undecided { .. }) => {
            Decision { current: Some(current(&lifetime, bearer, marks)), ..Decision::default() }
        }
    }
}

fn problem(reason: Reason, message: String) -> Decision {
    Decision { problem: Some((reason, message)), ..Decision::default() }
}

fn current(lifetime: &Lifetime, bearer: Bearer, marks: Marks) -> Current {
    let (expires_at, rotates_at) =
        (lifetime.expires_at(marks.issued_at), lifetime.rotates_at(marks.issued_at));
    Current { bearer, marks, expires_at, rotates_at, adopt: None }
}

/// A schedule never replaces a token that somebody revoked or that is suspended; a request replaces a revoked one.
fn rotation_due(observed: &Observed<'_>, lifetime: &Lifetime, marks: &Marks) -> bool {
    if observed.resource.spec.suspended {
        return false;
    }
    if rotation_requested(observed) {
        return true;
    }
    !marks.revoked && lifetime.rotates_at(marks.issued_at).is_some_and(|at| at <= observed.now)
}

fn is_revoked(observed: &Observed<'_>, bearer: &Bearer) -> bool {
    let digest = bearer.digest();
    observed.own_rows().any(|row| row.digest == digest && !row.is_live() && row.row.is_some())
}

/// A new token: the first, the next, or one for a Secret that was lost or spoiled.
fn mint(observed: &Observed<'_>, config: &Config, lifetime: &Lifetime, before: Option<&Marks>) -> Decision {
    let issued_at = whole_seconds(observed.now);
    if let Some(message) = config.max_ttl.and_then(|max| lifetime.exceeds(issued_at, max)) {
        return problem(Reason::LifetimeNotAllowed, message);
    }
    let expires_at = lifetime.expires_at(issued_at);
    if expires_at.is_some_and(|at| at <= observed.now) {
        return problem(Reason::Expired, "spec.expiresAt is in the past: no token is made".into());
    }
    let bearer = match (&observed.resource.spec.adopt_from, &observed.adopted) {
        (Some(_), Some(adopted)) if is_first(observed, adopted) => adopted.clone(),
        // After a restore, or under the name of an earlier McpToken, it was taken over before.
        (Some(from), None) if before.is_none() && last_serial(observed) == 0 => {
            let from = &from.secret_key_ref;
            let message = format!("Secret {} has no well-formed token under key {}", from.name, from.key);
            return problem(Reason::AdoptionFailed, message);
        }
        _ => Bearer::mint(&observed.fresh),
    };
    let marks = Marks {
        serial: last_serial(observed).max(before.map_or(0, |marks| marks.serial)) + 1,
        issued_at,
        // What was revoked in Aurora is given no overlap, whatever its row says.
        previous: before.filter(|marks| !marks.revoked).map(|marks| marks.serial),
        rotated_for: rotation_request(observed).map(str::to_owned),
        revoked: false,
    };
    let mut current = current(lifetime, bearer, marks);
    if let Err(problem) = claim(observed, config, &mut current) {
        return Decision { problem: Some(problem), ..Decision::default() };
    }
    Decision { secret: secret::write(observed, config, &current), current: Some(current), problem: None }
}

/// This McpToken has had no token yet, and no earlier one of its name had this one.
fn is_first(observed: &Observed<'_>, adopted: &Bearer) -> bool {
    let digest = adopted.digest();
    let had_one = observed.resource.status.as_ref().is_some_and(|status| status.serial.is_some());
    !had_one && !observed.own_rows().any(|row| row.owner.uid == observed.uid() || row.digest == digest)
}

/// The Secret's token stays. If it was edited by hand, it is given a serial of its own, and none lives beside it.
fn keep(
    observed: &Observed<'_>,
    config: &Config,
    lifetime: &Lifetime,
    bearer: Bearer,
    mut marks: Marks,
) -> Decision {
    let digest = bearer.digest();
    let own = observed.own_rows().find(|row| row.digest == digest);
    let is_free = |serial: i64| !observed.own_rows().any(|row| row.serial == serial && row.digest != digest);
    // A row of an earlier McpToken of this name keeps its serial, unless this one gave it to another token.
    let recorded = own.filter(|row| row.owner.uid == observed.uid() || is_free(row.serial));
    if let Some(row) = recorded {
        marks.serial = row.serial;
    } else if marks.serial == 0 || !is_free(marks.serial) {
        marks = Marks {
            serial: last_serial(observed) + 1,
            previous: None,
            issued_at: whole_seconds(observed.now),
            ..marks
        };
    }
    marks.revoked |= is_revoked(observed, &bearer);
    let issued_at = marks.issued_at;
    let mut current = current(lifetime, bearer, marks);
    if let Err(problem) = claim(observed, config, &mut current) {
        return Decision { problem: Some(problem), ..Decision::default() };
    }
    let problem = config
        .max_ttl
        .and_then(|max| lifetime.exceeds(issued_at, max))
        .map(|message| (Reason::LifetimeNotAllowed, message));
    Decision { secret: secret::write(observed, config, &current), current: Some(current), problem }
}

/// Makes sure that nobody else has this token. A row in clear of the same user is taken over.
fn claim(observed: &Observed<'_>, config: &Config, current: &mut Current) -> Result<(), (Reason, String)> {
    let digest = current.bearer.digest();
    let other = observed.rows().iter().find(|row| row.digest == digest && !observed.keeps(row));
    if let Some(KnownRow { owner, .. }) = other {
        let (namespace, name) = (&owner.namespace, &owner.name);
        let message = format!(
            "the token in the Secret is that of McpToken {namespace}/{name}: delete the Secret to get a token of its own"
        );
        return Err((Reason::TokenInUse, message));
    }
    let Database::Answered { stray: Some(stray), user: Some(user), .. } = &observed.database else {
        return Ok(());
    };
    // Whether the token is this user's would tell a namespace something about a user that it may not mint for.
    if !config.tenants.permit(observed.namespace(), &observed.namespace_labels, Some(user)) {
        return Ok(());
    }
    if stray.row.user_id != user.id || stray.row.org_id != user.org_id {
        let message =
            "the token in the Secret belongs to another user of Aurora: delete the Secret to get a new one";
        return Err((Reason::TokenInUse, message.into()));
    }
    if stray.row.state == RowState::Active && stray.in_clear {
        current.adopt = Some(stray.token_id);
    }
    Ok(())
}

fn last_serial(observed: &Observed<'_>) -> i64 {
    let of_rows = observed.own_rows().map(|row| row.serial).max().unwrap_or(0);
    let of_status = observed.resource.status.as_ref().and_then(|status| status.serial).unwrap_or(0);
    of_rows.max(of_status)
}

/// As precisely as the API server keeps times: what is compared with a status must not be more precise.
pub(crate) fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
