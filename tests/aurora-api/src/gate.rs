//! The checks in front of every handler, in Flask's order.

use http::{Method, StatusCode};

use crate::answer::Answer;
use crate::people::{self, Role};
use crate::received::Received;
use crate::routes::{self, Match, Route};

/// Who asks, once every check has passed. Open routes know nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub user: String,
    pub org: String,
}

/// The rule that a request met, with its arguments and its caller.
#[derive(Debug)]
pub struct Passed<'a> {
    pub route: &'a Route,
    pub arguments: Vec<String>,
    pub caller: Option<Caller>,
}

/// Secret, then routing, then user, organisation and role. `Err` is Flask's answer to whoever fails.
pub fn check<'a>(routes: &'a [Route], secret: &str, request: &Received) -> Result<Passed<'a>, Box<Answer>> {
    let path = request.path();
    let found = routes::find(routes, &request.method, &path);
    let open = request.method == Method::OPTIONS
        || path.starts_with("/health")
        || matches!(&found, Match::Route(route, _) if route.open);
    if !open && request.header("x-internal-secret") != Some(secret) {
        let text = "Forbidden: invalid or missing X-Internal-Secret header";
        return Err(Box::new(Answer::error(StatusCode::FORBIDDEN, text)));
    }
    let (route, arguments) = match found {
        Match::Route(route, arguments) => (route, arguments),
        other => return Err(Box::new(unrouted(other, &path))),
    };
    let caller = authorise(route, request).map_err(Box::new)?;
    Ok(Passed { route, arguments, caller })
}

fn unrouted(found: Match<'_>, path: &str) -> Answer {
    match found {
        Match::WrongMethod(methods) => {
            let text = "The method is not allowed for the requested URL.";
            Answer::page(StatusCode::METHOD_NOT_ALLOWED, text).with_header("allow", methods.join(", "))
        }
        Match::MissingSlash => Answer::page(
            StatusCode::PERMANENT_REDIRECT,
            "You should be redirected automatically to the target URL.",
        )
        .with_header("location", format!("{path}/")),
        Match::Route(..) | Match::None => Answer::error(StatusCode::NOT_FOUND, "Not found"),
    }
}

fn authorise(route: &Route, request: &Received) -> Result<Option<Caller>, Answer> {
    let catalogue = route.path == "/api/routes";
    if route.perm.is_empty() && !catalogue {
        return Ok(None);
    }
    let Some(user) = request.header("x-user-id") else {
        return Err(Answer::error(StatusCode::UNAUTHORIZED, "Unauthorized"));
    };
    let person = people::find(user);
    let org = request.header("x-org-id").or_else(|| person.and_then(|person| person.org));
    let needs_role = route.perm.iter().any(|permission| permission != "auth-only");
    if !needs_role {
        return Ok(org.map(|org| Caller { user: user.to_owned(), org: org.to_owned() }));
    }
    let Some(org) = org else {
        return Err(Answer::error(StatusCode::FORBIDDEN, "Forbidden - no organization context"));
    };
    let role: Option<Role> = person.filter(|person| person.org == Some(org)).map(|person| person.role);
    if !role.is_some_and(|role| route.perm.iter().all(|permission| role.may(permission))) {
        return Err(Answer::error(StatusCode::FORBIDDEN, "Forbidden"));
    }
    Ok(Some(Caller { user: user.to_owned(), org: org.to_owned() }))
}
