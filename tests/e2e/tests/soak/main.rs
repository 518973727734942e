//! Several users at work at once, through the Service, while Postgres, Redis, Aurora and the gateway's pods are restarted in turn.
//!
//! Every request gets an answer or a clear error, nobody gets anything of somebody else's, and a rolling restart loses nothing.
//! `SOAK_SECONDS` says how long to go on with further rounds; there is one at least.

mod answer;
mod disturbance;
mod phase;
mod worker;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use aurora_mcp_e2e::{Token, scene};
use disturbance::Disturbance;
use futures::future::try_join_all;
use phase::Phases;
use tokio_util::sync::CancellationToken;
use worker::{Service, User, Worker};

const PEOPLE: [&str; 3] = ["alice@alpha.example", "eddie@alpha.example", "bob@beta.example"];
/// Tokens of each, and workers with each token: one keeps its connections, one opens a new one each time.
const TOKENS_EACH: usize = 2;
/// Load between two disturbances, during which nothing may fail.
const QUIET: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn every_request_gets_its_own_answer_or_a_clear_error_whatever_is_restarted() -> Result<()> {
    let began = Instant::now();
    scene(async |cluster| {
        let service = Service::find(cluster).await?;
        let mut users = Vec::new();
        for email in PEOPLE {
            for number in 0..TOKENS_EACH {
                let name = format!("soak-{}-{number}", email.split('@').next().unwrap_or_default());
                let token = Token::ready(cluster, &name, email).await?;
                users.push(User::new(&service, token.bearer().await?).await?);
            }
        }
        ensure!(
            users[0].shares_nothing_with(users.last().unwrap_or(&users[0])),
            "the two organisations are alike"
        );
        let (phases, stop) = (Phases::default(), CancellationToken::new());
        let workers: Vec<Worker<'_>> = users
            .iter()
            .flat_map(|user| [true, false].map(|keeps| Worker::new(&service, user, keeps)))
            .collect::<Result<_>>()?;
        let load = try_join_all(workers.iter().map(|worker| worker.work(&phases, stop.clone())));
        let restarts = async {
            let outcome: Result<u32> = async {
                let mut round = 0;
                while round == 0 || began.elapsed() < length() {
                    round += 1;
                    for disturbance in Disturbance::ALL {
                        phases.quiet();
                        tokio::time::sleep(QUIET).await;
                        phases.begin(disturbance);
                        disturbance.cause(cluster).await?;
                        phases.settled(&workers).await?;
                    }
                }
                phases.quiet();
                tokio::time::sleep(QUIET).await;
                Ok(round)
            }
            .await;
            stop.cancel();
            outcome
        };
        let (load, rounds) = tokio::join!(load, restarts);
        let tally = load?.into_iter().fold(answer::Tally::default(), answer::Tally::and);
        let rounds = rounds?;
        println!("{rounds} round(s) in {} s: {tally}", began.elapsed().as_secs());
        ensure!(tally.good > 500, "hardly any load: {tally}");
        Ok(())
    })
    .await
}

#[expect(clippy::disallowed_methods, reason = "the length of this test")]
fn length() -> Duration {
    let seconds = std::env::var("SOAK_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(0))
}
