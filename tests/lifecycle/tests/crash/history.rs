//! Random histories of a few McpTokens, one of them sure to make the operator take a given step.

use std::fmt;

use aurora_mcp_crds::DeletionPolicy;
use aurora_mcp_plan::Step;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

/// Something that somebody does to an McpToken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Rotate,
    Suspend(bool),
    Limit(bool),
    /// Another name for its Secret.
    Rename(u8),
    /// A Service of its own.
    Serve,
    LoseSecret,
    RevokeInAurora,
    /// Its user leaves for another organisation.
    MoveUser,
    Delete(DeletionPolicy),
}

/// How an McpToken began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Birth {
    /// It was ready before anything happened.
    Settled,
    /// It is made while the operator is about to die, limited from its first instant.
    New,
    /// The same, of a token that somebody made by hand.
    Adopting,
}

/// What happens to one McpToken.
#[derive(Debug, Clone)]
pub struct Story {
    pub birth: Birth,
    /// While the operator is about to die.
    pub before: Vec<Act>,
    /// While it is dead.
    pub meanwhile: Vec<Act>,
}

/// Where the operator dies.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Boundary {
    pub moment: &'static str,
    pub step: &'static str,
}

impl fmt::Debug for Boundary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.moment, self.step)
    }
}

impl Boundary {
    pub fn all() -> impl Iterator<Item = Self> + Clone {
        Step::NAMES.into_iter().flat_map(|step| ["before", "after"].map(|moment| Self { moment, step }))
    }
}

/// A whole run.
#[derive(Debug)]
pub struct History {
    pub boundary: Boundary,
    /// The operator survives so many times that it comes by the boundary.
    pub survived: usize,
    /// Where the second operator dies, too, if it comes by there.
    pub again: Option<Boundary>,
    pub stories: Vec<Story>,
}

/// Stories that come by a step at least once each.
const LEADING: usize = 3;

impl History {
    /// The history of a seed; consecutive seeds go through all boundaries.
    pub fn of(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let all: Vec<_> = Boundary::all().collect();
        let boundary = all[usize::try_from(seed).unwrap_or(0) % all.len()];
        let (birth, leading) = leads_to(boundary.step).unwrap_or((Birth::Settled, Act::Rotate));
        let mut stories: Vec<Story> =
            (0..LEADING).map(|_| Story::leading(&mut rng, birth, leading)).collect();
        // The gateway's Service goes with the last McpToken, once.
        let last = boundary.step == "remove-service";
        if !last {
            stories.push(Story { birth: Birth::Settled, before: Vec::new(), meanwhile: Vec::new() });
            stories.extend((0..2).map(|_| Story::random(&mut rng)));
        }
        let survived = if last { 0 } else { rng.random_range(0..LEADING) };
        let again = rng.random_bool(0.25).then(|| *all.choose(&mut rng).unwrap());
        Self { boundary, survived, again, stories }
    }
}

/// A story that comes by a step for sure: how it begins, and what happens.
pub fn leads_to(step: &str) -> Option<(Birth, Act)> {
    Some(match step {
        "add-finalizer" | "write-secret" | "register-row" => (Birth::New, Act::Limit(true)),
        "amend-row" => (Birth::Settled, Act::Limit(true)),
        "revoke-row" => (Birth::Settled, Act::LoseSecret),
        "write-service" => (Birth::Settled, Act::Serve),
        "remove-secret" => (Birth::Settled, Act::Rename(1)),
        "delete-row" => (Birth::Settled, Act::Delete(DeletionPolicy::Delete)),
        "retain-row" => (Birth::Settled, Act::Delete(DeletionPolicy::Retain)),
        "remove-finalizer" | "remove-service" => (Birth::Settled, Act::Delete(DeletionPolicy::Revoke)),
        _ => return None,
    })
}

impl Story {
    fn leading(rng: &mut StdRng, birth: Birth, act: Act) -> Self {
        // A rotation comes by as many steps as a new token does, and by more.
        let before = match act {
            Act::Limit(true) if birth == Birth::New && rng.random_bool(0.5) => {
                return Self { birth: Birth::Adopting, before: vec![], meanwhile: some(rng, false) };
            }
            act => vec![act],
        };
        let meanwhile =
            if matches!(act, Act::Delete(_)) { Vec::new() } else { some(rng, birth != Birth::New) };
        Self { birth, before, meanwhile }
    }

    fn random(rng: &mut StdRng) -> Self {
        let birth = *[Birth::Settled, Birth::Settled, Birth::New, Birth::Adopting].choose(rng).unwrap();
        let settled = birth == Birth::Settled;
        if settled && rng.random_bool(0.1) {
            return Self { birth, before: vec![Act::Delete(DeletionPolicy::Retain)], meanwhile: Vec::new() };
        }
        let mut acts = some(rng, settled);
        if settled && rng.random_bool(0.2) {
            acts.insert(0, Act::MoveUser);
        }
        if birth != Birth::Adopting && rng.random_bool(0.25) {
            let policy = *[DeletionPolicy::Revoke, DeletionPolicy::Delete].choose(rng).unwrap();
            acts.push(Act::Delete(policy));
        }
        let meanwhile = acts.split_off(rng.random_range(0..=acts.len()));
        Self { birth, before: acts, meanwhile }
    }

    /// All that happens, in its order.
    pub fn acts(&self) -> impl Iterator<Item = Act> {
        self.before.iter().chain(&self.meanwhile).copied()
    }
}

fn some(rng: &mut StdRng, settled: bool) -> Vec<Act> {
    let one = |rng: &mut StdRng| match rng.random_range(0..if settled { 8 } else { 7 }) {
        0 | 1 => Act::Rotate,
        2 => Act::Suspend(rng.random()),
        3 => Act::Limit(rng.random()),
        4 => Act::Rename(rng.random_range(1..3)),
        5 => Act::Serve,
        6 => Act::LoseSecret,
        _ => Act::RevokeInAurora,
    };
    (0..rng.random_range(0..4)).map(|_| one(rng)).collect()
}
