//! Random sequences of what may happen to McpTokens, to Aurora's database and to the operator.

use aurora_mcp_crds::DeletionPolicy;
use aurora_mcp_lifecycle::Gate;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

/// Something that is done to one McpToken. What makes no sense at its time is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// `spec.access` allows reading only, or everything.
    Limit(bool),
    Suspend(bool),
    /// Another name for its Secret; 0: the default.
    Rename(u8),
    /// A Service of its own; 0: the gateway's.
    Serve(u8),
    /// A rotation every [`INTERVAL`], or none.
    Schedule(bool),
    /// Each token ends after [`TTL`], or never.
    Mortal(bool),
    Rotate,
    LoseSecret,
    /// A token that somebody made up is put into the Secret.
    EditSecret,
    /// What is put into the Secret is no token.
    SpoilSecret,
    /// A token that it had before is put into the Secret.
    PutBack,
    RevokeInAurora,
    DropRow,
    /// The row's end and limits are taken away in the database.
    WidenRow,
    /// Its user leaves Aurora, or is back.
    User(bool),
    /// Its user goes to another organisation, or back.
    Move(bool),
    Delete(DeletionPolicy),
    /// The finalizer is taken away by hand, and the McpToken is gone.
    TearOut,
    /// It is made again, under its old name.
    Make,
    /// The same, to take a token over that was made in Aurora.
    Adopt,
}

/// Something that happens to all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// So many hours pass.
    Forward(i64),
    BackUp,
    Restore,
    /// Aurora's database is made anew, without a row.
    Lose,
    DatabaseAway(Gate),
    DatabaseBack,
    /// By SIGKILL, or in peace.
    OperatorAway {
        killed: bool,
    },
    OperatorBack,
}

/// What happens before everything is compared again.
#[derive(Debug, Clone)]
pub enum Round {
    /// To each McpToken, at the same time.
    Each(Vec<Option<Act>>),
    All(Event),
}

/// Hours between two rotations, where there is a schedule.
pub const INTERVAL: i64 = 10;
/// Hours for which the token before goes on, where there is a schedule; without one it is a single hour.
pub const OVERLAP: i64 = 3;
/// Hours for which a mortal token lives.
pub const TTL: i64 = 24;
/// McpTokens in one sequence.
pub const LIVES: usize = 4;
const ROUNDS: usize = 20;

/// The sequence of a seed.
pub fn sequence(seed: u64) -> Vec<Round> {
    let mut rng = StdRng::seed_from_u64(seed);
    (0..ROUNDS).map(|_| round(&mut rng)).collect()
}

fn round(rng: &mut StdRng) -> Round {
    if rng.random_bool(0.4) {
        return Round::All(event(rng));
    }
    Round::Each((0..LIVES).map(|_| rng.random_bool(0.8).then(|| act(rng))).collect())
}

fn event(rng: &mut StdRng) -> Event {
    match rng.random_range(0..20) {
        0..6 => Event::Forward(*[1, 2, 5, 10, 30].choose(rng).unwrap()),
        6 | 7 => Event::BackUp,
        8 | 9 => Event::Restore,
        10 => Event::Lose,
        11 | 12 => Event::DatabaseAway(if rng.random_bool(0.8) { Gate::Closed } else { Gate::Silent }),
        13 | 14 => Event::DatabaseBack,
        15 | 16 => Event::OperatorAway { killed: rng.random() },
        _ => Event::OperatorBack,
    }
}

fn act(rng: &mut StdRng) -> Act {
    match rng.random_range(0..42) {
        0..3 => Act::Limit(rng.random()),
        3..6 => Act::Suspend(rng.random_bool(0.4)),
        6 | 7 => Act::Rename(rng.random_range(0..3)),
        8 | 9 => Act::Serve(rng.random_range(0..3)),
        10..13 => Act::Schedule(rng.random()),
        13 | 14 => Act::Mortal(rng.random()),
        15..20 => Act::Rotate,
        20 | 21 => Act::LoseSecret,
        22 => Act::EditSecret,
        23 => Act::SpoilSecret,
        24 => Act::PutBack,
        25 | 26 => Act::RevokeInAurora,
        27 | 28 => Act::DropRow,
        29 => Act::WidenRow,
        30 | 31 => Act::User(rng.random_bool(0.6)),
        32 => Act::Delete(
            *[DeletionPolicy::Revoke, DeletionPolicy::Delete, DeletionPolicy::Retain].choose(rng).unwrap(),
        ),
        33 => Act::TearOut,
        34..36 => Act::Move(rng.random_bool(0.6)),
        36..38 => Act::Adopt,
        _ => Act::Make,
    }
}
