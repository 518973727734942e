//! What is reported: conditions and the columns of `kubectl get`.

use aurora_mcp_crds::{McpTokenStatus, PreviousToken};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::identity::Verdict;
use crate::token::{Current, Decision};
use crate::{Database, KnownRow, Observed, Reason, RowState, secret, service, tools};

pub(crate) const READY: &str = "Ready";
pub(crate) const SECRET_READY: &str = "SecretReady";
pub(crate) const ROW_READY: &str = "RowReady";
pub(crate) const SERVICE_READY: &str = "ServiceReady";

/// Only there while it is false: revocations in Aurora are seen by polling.
const INSTANT_REVOCATION: &str = "InstantRevocation";
/// Only there while it is false: a limit names a tool that nobody has.
const TOOLS_KNOWN: &str = "ToolsKnown";

/// A use that is newer by less than this is not worth a write.
const LAST_USED_STEP: SignedDuration = SignedDuration::from_mins(5);

/// The outcome of one part: true, or why not.
type Outcome = Result<(Reason, String), (Reason, String)>;

/// The status of a resource whose pass failed: everything stays as it was known, and `Ready` says what went wrong.
pub fn failed(
    observed_resource: &aurora_mcp_crds::McpToken,
    now: Timestamp,
    reason: Reason,
    message: &str,
) -> McpTokenStatus {
    let mut status = observed_resource.status.clone().unwrap_or_default();
    put(&mut status, observed_resource.metadata.generation, now, READY, false, reason, message);
    status.observed_generation = observed_resource.metadata.generation;
    status
}

pub(crate) fn set(
    status: &mut McpTokenStatus,
    observed: &Observed<'_>,
    type_: &str,
    is_true: bool,
    reason: Reason,
    message: &str,
) {
    put(status, observed.resource.metadata.generation, observed.now, type_, is_true, reason, message);
}

/// Sets a condition; its transition time changes only with its status.
fn put(
    status: &mut McpTokenStatus,
    generation: Option<i64>,
    now: Timestamp,
    type_: &str,
    is_true: bool,
    reason: Reason,
    message: &str,
) {
    let text = if is_true { "True" } else { "False" };
    let before = status.condition(type_);
    let since =
        before.filter(|before| before.status == text).map(|before| before.last_transition_time.clone());
    let condition = Condition {
        type_: type_.to_owned(),
        status: text.to_owned(),
        reason: reason.as_str().to_owned(),
        message: message.to_owned(),
        observed_generation: generation,
        last_transition_time: since.unwrap_or(Time(Timestamp::from_second(now.as_second()).unwrap_or(now))),
    };
    match status.conditions.iter_mut().find(|condition| condition.type_ == type_) {
        Some(there) => *there = condition,
        None => status.conditions.push(condition),
    }
}

pub(crate) fn of(
    observed: &Observed<'_>,
    verdict: &Verdict,
    token: &Decision,
    service: &service::Decision,
) -> McpTokenStatus {
    let mut status = observed.resource.status.clone().unwrap_or_default();
    status.observed_generation = observed.resource.metadata.generation;
    let moved = token.current.is_some() && !matches!(verdict, Verdict::Undecided { .. });
    if moved || status.secret_name.is_none() {
        status.secret_name = Some(secret::name(observed.resource));
    }
    status.service_name = Some(service.name.clone());
    status.endpoint = Some(service.url.clone());
    describe_user(&mut status, observed, verdict, token);
    let current_row = token.current.as_ref().and_then(|current| row_of(observed, current));
    if let Some(current) = &token.current {
        describe_token(&mut status, current, current_row);
        if !matches!(verdict, Verdict::Undecided { .. }) {
            status.previous_token = previous(observed, current);
        }
    }
    let parts = [
        (SECRET_READY, secret_outcome(observed, verdict, token)),
        (ROW_READY, row_outcome(observed, verdict, token, current_row)),
        (SERVICE_READY, service_outcome(service)),
    ];
    let broken = parts.iter().find_map(|(_, outcome)| outcome.as_ref().err().cloned());
    for (type_, outcome) in &parts {
        match outcome {
            Ok((reason, message)) => set(&mut status, observed, type_, true, *reason, message),
            Err((reason, _)) => {
                set(&mut status, observed, type_, false, *reason, absence(type_, observed, token));
            }
        }
    }
    let ready = broken.map_or_else(|| Ok((Reason::Ready, "the token can be used".to_owned())), Err);
    let (is_true, (reason, message)) = split(&ready);
    set(&mut status, observed, READY, is_true, *reason, message);
    warn(&mut status, observed);
    status
}

/// What it means for a part that something is wrong. Why, and what to do, is what `Ready` says.
fn absence(type_: &str, observed: &Observed<'_>, token: &Decision) -> &'static str {
    match type_ {
        SECRET_READY => "no Secret holds a token: condition Ready says why",
        SERVICE_READY => "the Service that spec.service names can't be made: condition Ready says why",
        _ if matches!(observed.database, Database::Away { .. }) => "Aurora's database can't be asked",
        _ if token.current.is_none() => "there is no token: condition Ready says why",
        _ => "the token is not in force: condition Ready says why",
    }
}

/// Conditions that are there only while there is something to say.
fn warn(status: &mut McpTokenStatus, observed: &Observed<'_>) {
    let polling = "revocations in Aurora take effect within 5 s, not at once: the database does not announce changes. \
                   Let the operator's database role make triggers: GRANT TRIGGER ON mcp_tokens, users";
    let warnings = [
        (INSTANT_REVOCATION, Reason::Polling, (!observed.announced).then(|| polling.to_owned())),
        (TOOLS_KNOWN, Reason::UnknownTools, tools::warning(observed.resource)),
    ];
    for (type_, reason, message) in warnings {
        match message {
            Some(message) => set(status, observed, type_, false, reason, &message),
            None => status.conditions.retain(|condition| condition.type_ != type_),
        }
    }
}

/// The token before the current one, while it works.
fn previous(observed: &Observed<'_>, current: &Current) -> Option<PreviousToken> {
    let serial = current.marks.previous?;
    let known = observed.own_rows().find(|row| row.serial == serial)?;
    let row = known.row.as_ref().filter(|row| row.state == RowState::Active)?;
    let expires_at = row.expires_at.filter(|at| *at > observed.now)?;
    Some(PreviousToken { serial, token_id: known.token_id.0, expires_at: Time(expires_at) })
}

fn split(outcome: &Outcome) -> (bool, &(Reason, String)) {
    match outcome {
        Ok(said) => (true, said),
        Err(said) => (false, said),
    }
}

fn row_of<'a>(observed: &'a Observed<'_>, current: &Current) -> Option<&'a KnownRow> {
    let digest = current.bearer.digest();
    observed.own_rows().find(|row| row.digest == digest)
}

fn describe_user(status: &mut McpTokenStatus, observed: &Observed<'_>, verdict: &Verdict, token: &Decision) {
    let spec = &observed.resource.spec.user;
    if status.user.is_none() {
        status.user = spec.email.clone().or_else(|| spec.id.clone());
    }
    if let Verdict::Allowed { user, org } = verdict {
        status.user = Some(user.email.clone());
        if token.current.is_some() {
            status.user_id = Some(user.id.as_str().to_owned());
            status.org_id = Some(org.as_str().to_owned());
        }
    }
}

fn describe_token(status: &mut McpTokenStatus, current: &Current, row: Option<&KnownRow>) {
    let time = |at: Timestamp| Time(at);
    status.token_preview = Some(current.bearer.preview());
    if current.marks.serial > 0 {
        status.serial = Some(current.marks.serial);
    }
    status.issued_at = Some(time(current.marks.issued_at));
    status.expires_at = current.expires_at.map(time);
    status.next_rotation_at = current.rotates_at.map(time);
    status.last_rotation_request.clone_from(&current.marks.rotated_for);
    let Some(known) = row else { return };
    status.token_id = Some(known.token_id.0);
    let used = known.row.as_ref().and_then(|row| row.last_used_at);
    let noted = status.last_used_at.as_ref().map(|time| time.0);
    if let Some(used) = used
        && noted.is_none_or(|noted| used.duration_since(noted) >= LAST_USED_STEP)
    {
        status.last_used_at = Some(time(Timestamp::from_second(used.as_second()).unwrap_or(used)));
    }
}

fn secret_outcome(observed: &Observed<'_>, verdict: &Verdict, token: &Decision) -> Outcome {
    match (&token.current, &token.problem) {
        (Some(_), _) => {
            Ok((Reason::SecretWritten, format!("the token is in Secret {}", secret::name(observed.resource))))
        }
        (None, Some(problem)) => Err(problem.clone()),
        (None, None) => match verdict {
            Verdict::Undecided { message } => Err((Reason::DatabaseUnavailable, away(message))),
            Verdict::Blocked { reason, message } => Err((*reason, message.clone())),
            Verdict::Allowed { .. } => Err((Reason::SecretMissing, "there is no token yet".into())),
        },
    }
}

fn row_outcome(
    observed: &Observed<'_>,
    verdict: &Verdict,
    token: &Decision,
    row: Option<&KnownRow>,
) -> Outcome {
    match verdict {
        Verdict::Undecided { message } => {
            return Err((Reason::DatabaseUnavailable, away(message)));
        }
        Verdict::Blocked { reason, message } => return Err((*reason, message.clone())),
        Verdict::Allowed { .. } => {}
    }
    if let Some(problem) = &token.problem {
        return Err(problem.clone());
    }
    let Some(current) = &token.current else {
        return Err((Reason::SecretMissing, "there is no token yet".into()));
    };
    let known_row = row.and_then(|known| known.row.as_ref());
    if current.marks.revoked || known_row.is_some_and(|row| row.state == RowState::Revoked) {
        let message = "the token was revoked in Aurora and stays so: request a rotation for a new one";
        return Err((Reason::RevokedInAurora, message.into()));
    }
    if observed.resource.spec.suspended {
        return Err((
            Reason::Suspended,
            "spec.suspended stops the token: set it to false to let it work again".into(),
        ));
    }
    let ended = current.expires_at.is_some_and(|at| at <= observed.now);
    let marked = row.is_some_and(|known| !known.suspended)
        && known_row.is_some_and(|row| row.state == RowState::Expired);
    if ended || marked {
        let message = "the token has expired: move spec.expiresAt or spec.ttl, or request a rotation";
        return Err((Reason::Expired, message.into()));
    }
    Ok((Reason::RowActive, "Aurora's database knows the token".into()))
}

fn service_outcome(service: &service::Decision) -> Outcome {
    match &service.problem {
        Some(problem) => Err(problem.clone()),
        None => Ok((Reason::ServiceFound, format!("Service {} leads to the gateway", service.name))),
    }
}

fn away(message: &str) -> String {
    format!("Aurora's database is away, nothing is changed until it is back: {message}")
}
