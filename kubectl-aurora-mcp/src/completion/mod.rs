//! Completion: scripts for shells, and answers to kubectl, which asks plugins itself.

mod candidates;

use std::io::Write;

use aurora_mcp_crds::McpToken;
use clap::CommandFactory as _;
use kube::ResourceExt as _;
use kube::api::ListParams;

use crate::cli::{Cli, Target};
use crate::cluster::Cluster;
use crate::error::Error;

use candidates::{Candidates, candidates};

/// kubectl runs an executable of this name with the words typed so far.
const FOR_KUBECTL: &str = "#!/bin/sh\n# kubectl_complete-aurora_mcp: put it into PATH, executable.\nexec kubectl-aurora_mcp __complete -- \"$@\"\n";
/// What kubectl reads after the candidates: don't offer files.
const NO_FILES: &str = ":4";

/// Where a script is for.
#[derive(clap::ValueEnum, Clone, Copy, Debug)]
pub(crate) enum Shell {
    /// For kubectl's own completion, in any shell
    Kubectl,
    Bash,
    Zsh,
    Fish,
}

/// Prints a script.
pub(crate) fn script(shell: Shell, out: &mut dyn Write) -> Result<(), Error> {
    let generator = match shell {
        Shell::Kubectl => return Ok(out.write_all(FOR_KUBECTL.as_bytes())?),
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Zsh => clap_complete::Shell::Zsh,
        Shell::Fish => clap_complete::Shell::Fish,
    };
    let mut command = Cli::command().bin_name("kubectl-aurora_mcp");
    let mut script = Vec::new();
    clap_complete::generate(generator, &mut command, "kubectl-aurora_mcp", &mut script);
    Ok(out.write_all(&script)?)
}

/// Answers kubectl. Completion has no place for errors: a cluster that is away means no names.
pub(crate) async fn answer(words: &[String], out: &mut dyn Write) -> Result<(), Error> {
    let offered = match candidates(&Cli::command(), words) {
        Candidates::Words(words) => words,
        Candidates::Tokens { prefix, target } => {
            let mut names = tokens(&target).await.unwrap_or_default();
            names.retain(|name| name.starts_with(&prefix));
            names
        }
    };
    for word in offered {
        writeln!(out, "{word}")?;
    }
    writeln!(out, "{NO_FILES}")?;
    Ok(())
}

async fn tokens(target: &Target) -> Option<Vec<String>> {
    let cluster = Cluster::connect(target).await.ok()?;
    let found = cluster.api::<McpToken>().list(&ListParams::default()).await.ok()?;
    Some(found.items.iter().map(McpToken::name_any).collect())
}
