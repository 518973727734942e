//! Two replicas, with one token and with very many: what a request costs must not depend on how many there are.

use std::time::Duration;

use crate::TOKENS;
use crate::bed::Bed;
use crate::comparison::middle;
use crate::load::Measured;
use crate::server::Kind;

const CONNECTIONS: usize = 16;
const ROUND: Duration = Duration::from_secs(3);
/// Long enough that every replica has met every token.
const WARM_UP: Duration = Duration::from_secs(10);

/// What two replicas have shown.
pub struct Scaled {
    pub one: Measured,
    pub many: Measured,
    /// Memory of both replicas together, in MB.
    pub memory_with_one: f64,
    pub memory_with_many: f64,
}

/// One token and all of them in turn, on the same two replicas.
pub async fn run(bed: &Bed) -> anyhow::Result<Scaled> {
    let replicas = [Kind::Gateway.start(bed).await?, Kind::Gateway.start(bed).await?];
    let servers = [(&replicas[0].process, replicas[0].port), (&replicas[1].process, replicas[1].port)];
    let load = |tokens, time| bed.load(tokens, CONNECTIONS, time);
    let memory = || servers.iter().map(|(process, _)| process.resident()).sum::<anyhow::Result<f64>>();

    eprintln!("two replicas: every token once");
    load(1, ROUND).run(&servers).await?;
    let memory_with_one = memory()?;
    load(TOKENS, WARM_UP).run(&servers).await?;
    let (mut one, mut many) = (Vec::new(), Vec::new());
    for round in 1..=bed.rounds {
        eprintln!("two replicas, round {round} of {}", bed.rounds);
        one.push(load(1, ROUND).run(&servers).await?);
        many.push(load(TOKENS, ROUND).run(&servers).await?);
    }
    Ok(Scaled { one: middle(&one), many: middle(&many), memory_with_one, memory_with_many: memory()? })
}
