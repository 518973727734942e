//! One request in, one reaction out: audit, faults, Flask's checks, answer, journal.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;

use crate::answer::Answer;
use crate::chat::Chat;
use crate::faults::{Effect, Faults};
use crate::health::Health;
use crate::incidents::Incidents;
use crate::journal::{Entry, Journal};
use crate::knowledge::Knowledge;
use crate::received::Received;
use crate::samples::{SampleError, Samples};
use crate::{audit, control, gate, replies};

/// How a stand-in behaves from its start.
#[derive(Debug, Clone)]
pub struct Options {
    /// `INTERNAL_API_SECRET`.
    pub secret: String,
    /// How long `/health/` takes. The real one waits a second for Celery.
    pub health_delay: Duration,
}

impl Options {
    /// As the real one behaves.
    pub fn new(secret: impl Into<String>) -> Self {
        Self { secret: secret.into(), health_delay: Duration::from_secs(1) }
    }
}

/// Why a stand-in could not be started.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A compiled-in sample is missing or malformed.
    #[error("the samples cannot be read")]
    Samples(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The address is taken or not ours.
    #[error("cannot listen on {address}")]
    Listen {
        /// As it was given.
        address: String,
        /// What the system said.
        source: std::io::Error,
    },
}

impl From<SampleError> for Error {
    fn from(error: SampleError) -> Self {
        Self::Samples(Box::new(error))
    }
}

/// What changes while it runs.
#[derive(Debug)]
pub struct State {
    pub incidents: Incidents,
    pub chat: Chat,
    pub knowledge: Knowledge,
    pub connectors: BTreeMap<String, bool>,
    pub health: Health,
    pub faults: Faults,
    pub journal: Journal,
}

/// What the server does with a request.
#[derive(Debug, PartialEq)]
pub enum Reaction {
    Answer { answer: Box<Answer>, after: Duration },
    Drop,
}

/// The stand-in without its socket.
#[derive(Debug)]
pub struct StandIn {
    secret: String,
    samples: Samples,
    state: Mutex<State>,
}

impl StandIn {
    /// Loads the samples.
    pub fn new(options: Options) -> Result<Self, Error> {
        let samples = Samples::load()?;
        let state = State {
            incidents: Incidents::load(&samples)?,
            chat: Chat::load(&samples)?,
            knowledge: Knowledge::load(&samples)?,
            connectors: BTreeMap::new(),
            health: Health::load(&samples, options.health_delay)?,
            faults: Faults::default(),
            journal: Journal::default(),
        };
        Ok(Self { secret: options.secret, samples, state: Mutex::new(state) })
    }

    pub(crate) fn react(&self, request: &Received) -> Reaction {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if request.raw_path.starts_with(control::PREFIX) {
            let answer = control::answer(&mut state, request);
            return Reaction::Answer { answer: Box::new(answer), after: Duration::ZERO };
        }
        let violation = audit::inspect(request);
        let mut entry = Entry::new(request, violation);
        let reaction = match violation {
            Some(violation) => {
                tracing::error!(
                    ?violation,
                    path = request.raw_path,
                    "a request that Aurora must never be sent"
                );
                let text = format!("STAND-IN: rule broken: {violation:?}");
                now(Answer::error(StatusCode::INTERNAL_SERVER_ERROR, &text))
            }
            None => self.answer(&mut state, request),
        };
        if let Reaction::Answer { answer, .. } = &reaction {
            entry.status = Some(answer.status.as_u16());
        }
        state.journal.record(entry);
        reaction
    }

    /// Notes bytes that were no request at all.
    pub(crate) fn note_unreadable(&self) {
        tracing::error!("bytes that are no HTTP request");
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.journal.record(Entry::unreadable());
    }

    fn answer(&self, state: &mut State, request: &Received) -> Reaction {
        let mut after = Duration::ZERO;
        match state.faults.take(&request.raw_path).map(|fault| fault.effect(&state.health)) {
            Some(Effect::Answer(answer)) => return Reaction::Answer { answer, after },
            Some(Effect::Drop) => return Reaction::Drop,
            Some(Effect::Wait(delay)) => after = delay,
            None => {}
        }
        let passed = match gate::check(&self.samples.routes, &self.secret, request) {
            Ok(passed) => passed,
            Err(answer) => return Reaction::Answer { answer, after },
        };
        if passed.route.path == "/health/" {
            after += state.health.delay;
        }
        let answer = replies::answer(state, &self.samples, &passed, request);
        Reaction::Answer { answer: Box::new(answer), after }
    }
}

fn now(answer: Answer) -> Reaction {
    Reaction::Answer { answer: Box::new(answer), after: Duration::ZERO }
}

#[cfg(test)]
#[path = "stand_in_tests.rs"]
mod tests;
