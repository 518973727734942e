//! The command line: what can be asked for.

use std::path::PathBuf;
use std::time::Duration;

use aurora_mcp_token::TOOLS;
use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};

use crate::completion::Shell;
use crate::connect::client::Client;
use crate::output::Format;

/// Tokens for Aurora's MCP endpoint.
#[derive(Parser, Debug)]
#[command(name = "kubectl-aurora_mcp", bin_name = "kubectl aurora-mcp", version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Which cluster and which namespace.
#[derive(Args, Debug, Default)]
pub(crate) struct Target {
    /// The namespace of the McpToken. Default: the context's
    #[arg(short, long, global = true)]
    pub(crate) namespace: Option<String>,
    /// The context of the kubeconfig. Default: the current one
    #[arg(long, global = true)]
    pub(crate) context: Option<String>,
    /// The kubeconfig file. Default: $KUBECONFIG, then ~/.kube/config
    #[arg(long, global = true)]
    pub(crate) kubeconfig: Option<PathBuf>,
}

/// What is to be done.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Set a client up: make a token if there is none, write the client's file, make a call, keep a port open
    Connect(Connect),
    /// Make a token and wait until it works
    Create(Wanted),
    /// Make a new token in place of the one there is; the old one works on for the overlap
    Rotate {
        /// The McpToken
        name: String,
        /// How long to wait for the new token, such as 60s
        #[arg(long, default_value = "60s", value_parser = duration)]
        wait: Duration,
    },
    /// Stop a token without deleting anything
    Suspend {
        /// The McpToken
        name: String,
    },
    /// Let a suspended token work again
    Resume {
        /// The McpToken
        name: String,
    },
    /// Find the hop that fails, from the API server to an answer of Aurora; ends with 2 if one does
    Doctor(Doctor),
    /// Delete the McpToken; return when every replica of the gateway refuses the token
    Revoke(Revoke),
    /// Pack what somebody who helps needs to see into one file; no token is in it
    Report(Report),
    /// Print a script for completion
    Completion {
        /// What the script is for
        shell: Shell,
    },
    /// What kubectl asks while somebody types
    #[command(name = "__complete", hide = true)]
    Complete {
        #[arg(last = true)]
        words: Vec<String>,
    },
    /// Show the whole chain of one token: resource, Secret, row, Service, last use, events
    Status {
        /// The McpToken
        name: String,
        /// The form of the output
        #[arg(short, long, default_value = "text")]
        output: Format,
    },
}

/// A token to make.
#[derive(Args, Debug, Clone)]
pub(crate) struct Wanted {
    /// The McpToken
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) spec: Spec,
    /// Print the McpToken as YAML and make nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// How long to wait until the token works; 0s: don't
    #[arg(long, default_value = "60s", value_parser = duration)]
    pub(crate) wait: Duration,
}

/// A client to set up.
#[derive(Args, Debug, Clone)]
pub(crate) struct Connect {
    /// The McpToken; made if there is none and --user is given
    pub(crate) name: String,
    /// The client
    #[arg(long)]
    pub(crate) client: Client,
    #[command(flatten)]
    pub(crate) spec: Spec,
    /// The client's file. Default: where the client looks for it
    #[arg(long)]
    pub(crate) file: Option<PathBuf>,
    /// An address that reaches the gateway already, as `https://mcp.example.com/mcp`: no port is forwarded
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// The local port
    #[arg(long, default_value_t = 8811)]
    pub(crate) port: u16,
    /// End after the call instead of keeping the port open
    #[arg(long)]
    pub(crate) once: bool,
    /// How long to wait until the token works
    #[arg(long, default_value = "60s", value_parser = duration)]
    pub(crate) wait: Duration,
    /// Where the gateway is, if the token's status doesn't say
    #[arg(long)]
    pub(crate) gateway_namespace: Option<String>,
    /// Where the clients keep their files
    #[arg(long, env = "HOME", hide = true)]
    pub(crate) home: Option<PathBuf>,
}

/// A report to write.
#[derive(Args, Debug, Clone)]
pub(crate) struct Report {
    /// The file. Default: aurora-mcp-report-TIME.tar.gz, here
    #[arg(short, long)]
    pub(crate) file: Option<PathBuf>,
    /// Leave the users' e-mail addresses in
    #[arg(long)]
    pub(crate) with_emails: bool,
    /// Leave the logs of operator and gateway out
    #[arg(long)]
    pub(crate) no_logs: bool,
    /// How many lines of each log
    #[arg(long, default_value_t = 2000)]
    pub(crate) lines: i64,
    /// Where operator and gateway are. Default: the token's namespace
    #[arg(long)]
    pub(crate) gateway_namespace: Option<String>,
}

/// What to examine.
#[derive(Args, Debug, Clone)]
pub(crate) struct Doctor {
    /// The McpToken. Without it: what there is besides
    pub(crate) name: Option<String>,
    /// Before the chart is installed: whether it can be
    #[arg(long, conflicts_with = "name")]
    pub(crate) pre: bool,
    /// The name of Aurora's Helm release, for --pre
    #[arg(long, default_value = "aurora-oss")]
    pub(crate) aurora_release: String,
    /// Look again until nothing fails, for this long
    #[arg(long, default_value = "0s", value_parser = duration)]
    pub(crate) wait: Duration,
    /// An address from outside, as `https://mcp.example.com/mcp`, that is tried, too
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// Where the gateway is, if the token's status doesn't say
    #[arg(long)]
    pub(crate) gateway_namespace: Option<String>,
    /// The form of the output
    #[arg(short, long, default_value = "text")]
    pub(crate) output: Format,
}

/// A token to end.
#[derive(Args, Debug, Clone)]
pub(crate) struct Revoke {
    /// The McpToken
    pub(crate) name: String,
    /// How long to wait until every replica refuses the token
    #[arg(long, default_value = "60s", value_parser = duration)]
    pub(crate) wait: Duration,
    /// Where the gateway is, if the token's status doesn't say
    #[arg(long)]
    pub(crate) gateway_namespace: Option<String>,
}

/// What the token is to be.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct Spec {
    /// Aurora's user, by e-mail address or id
    #[arg(long)]
    pub(crate) user: Option<String>,
    /// How long each token works, such as 720h. Default: for ever, if the operator allows that
    #[arg(long)]
    pub(crate) ttl: Option<String>,
    /// A new token each such interval, such as 168h
    #[arg(long)]
    pub(crate) rotate_every: Option<String>,
    /// Only what reads
    #[arg(long)]
    pub(crate) read_only: bool,
    /// The only tool that may be called; can be given more than once
    #[arg(long = "tool", value_parser = PossibleValuesParser::new(TOOLS), hide_possible_values = true)]
    pub(crate) tools: Vec<String>,
    /// The user must belong to this organisation
    #[arg(long)]
    pub(crate) org: Option<String>,
    /// The name that Aurora shows
    #[arg(long)]
    pub(crate) display_name: Option<String>,
}

/// `90s`, `5m`, `1h30m`: the same form as in an McpToken.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let how = || format!("{text:?} is no duration: write hours, minutes and seconds, such as 90s or 5m");
    let parsed: jiff::SignedDuration = text.parse().map_err(|_| how())?;
    Duration::try_from(parsed).map_err(|_| how())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn durations_are_read_and_others_are_refused_with_how_to_write_them() {
        for (text, seconds) in [("0s", 0), ("90s", 90), ("5m", 300), ("1h30m", 5400)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "5", "-5s", "soon", "1 fortnight", "5s5"] {
            assert!(duration(text).is_err_and(|why| why.contains("such as 90s")), "{text}");
        }
    }

    #[test]
    fn misspelt_tool_is_refused_with_the_right_name() {
        for command in [&["create", "laptop"][..], &["connect", "laptop", "--client", "cursor"]] {
            let line = [&["aurora-mcp"], command, &["--tool", "list_incident"]].concat();
            let said = Cli::try_parse_from(line).unwrap_err().to_string();
            assert!(said.contains("'list_incidents'") && said.contains("possible values"), "{said}");
        }
        assert!(Cli::try_parse_from(["aurora-mcp", "create", "laptop", "--tool", "list_incidents"]).is_ok());
    }
}
