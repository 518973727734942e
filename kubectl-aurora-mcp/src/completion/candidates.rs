//! What may come next on the command line. Pure: the names of tokens are asked for elsewhere.

use clap::{Arg, Command};

use crate::cli::Target;

/// What may come next.
#[derive(Debug)]
pub(super) enum Candidates {
    Words(Vec<String>),
    /// Names of McpTokens that begin so.
    Tokens {
        prefix: String,
        target: Target,
    },
}

/// The last word is the one being typed; it may be empty.
pub(super) fn candidates(root: &Command, words: &[String]) -> Candidates {
    let (prefix, before) = match words.split_last() {
        Some((last, before)) => (last.as_str(), before),
        None => ("", words),
    };
    let mut command = root;
    let mut target = Target::default();
    let mut positionals = 0;
    let mut words = before.iter();
    while let Some(word) = words.next() {
        if word.starts_with('-') {
            let (flag, inline) = word.split_once('=').map_or((word.as_str(), None), |(a, b)| (a, Some(b)));
            let Some(option) = option(root, command, flag).filter(|option| takes_value(option)) else {
                continue;
            };
            let Some(value) = inline.map(str::to_owned).or_else(|| words.next().cloned()) else {
                return Candidates::Words(values(option, prefix));
            };
            match option.get_id().as_str() {
                "namespace" => target.namespace = Some(value),
                "context" => target.context = Some(value),
                "kubeconfig" => target.kubeconfig = Some(value.into()),
                _ => {}
            }
        } else if let Some(inner) = command.find_subcommand(word) {
            command = inner;
        } else {
            positionals += 1;
        }
    }
    if prefix.starts_with('-') {
        return Candidates::Words(flags(root, command, prefix));
    }
    if command.has_subcommands() {
        let names = command.get_subcommands().filter(|inner| !inner.is_hide_set()).map(Command::get_name);
        return Candidates::Words(beginning(names, prefix));
    }
    match command.get_positionals().nth(positionals) {
        Some(argument) if argument.get_id() == "name" && command.get_name() != "create" => {
            Candidates::Tokens { prefix: prefix.to_owned(), target }
        }
        Some(argument) => Candidates::Words(values(argument, prefix)),
        None => Candidates::Words(Vec::new()),
    }
}

fn option<'a>(root: &'a Command, command: &'a Command, flag: &str) -> Option<&'a Arg> {
    let mut all = command.get_arguments().chain(root.get_arguments());
    all.find(|option| {
        let long = option.get_long().map(|long| format!("--{long}"));
        let short = option.get_short().map(|short| format!("-{short}"));
        long.as_deref() == Some(flag) || short.as_deref() == Some(flag)
    })
}

fn takes_value(option: &Arg) -> bool {
    option.get_action().takes_values()
}

fn values(argument: &Arg, prefix: &str) -> Vec<String> {
    let all = argument.get_possible_values();
    beginning(all.iter().map(clap::builder::PossibleValue::get_name), prefix)
}

fn flags(root: &Command, command: &Command, prefix: &str) -> Vec<String> {
    let all = command.get_arguments().chain(root.get_arguments()).filter(|option| !option.is_hide_set());
    let mut long: Vec<String> =
        all.filter_map(|option| option.get_long()).map(|long| format!("--{long}")).collect();
    long.retain(|flag| flag.starts_with(prefix));
    long.sort();
    long.dedup();
    long
}

fn beginning<'a>(words: impl Iterator<Item = &'a str>, prefix: &str) -> Vec<String> {
    words.filter(|word| word.starts_with(prefix)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    fn words(line: &[&str]) -> Candidates {
        candidates(&Cli::command(), &line.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn commands_flags_and_values_are_offered() {
        for (line, offered) in [
            (&["st"][..], &["status"][..]),
            (&["-n", "team", "re"], &["report", "resume", "revoke"]),
            (&["connect", "laptop", "--client", "c"], &["claude", "codex", "cline", "cursor"]),
            (&["connect", "laptop", "--cli"], &["--client"]),
            (&["status", "laptop", "--out"], &["--output"]),
            (&["completion", "z"], &["zsh"]),
            (&["create", "laptop", "--tool", "list_i"], &["list_incidents"]),
            (&["status", "laptop", ""], &[]),
            (&["create", ""], &[]),
        ] {
            let Candidates::Words(mut found) = words(line) else { panic!("{line:?}: names") };
            found.sort();
            let mut offered = offered.to_vec();
            offered.sort_unstable();
            assert_eq!(found, offered, "{line:?}");
        }
    }

    #[test]
    fn names_are_looked_for_where_the_line_says() {
        for line in [&["-n", "team", "status", "la"][..], &["status", "--namespace=team", "la"]] {
            let Candidates::Tokens { prefix, target } = words(line) else { panic!("{line:?}: words") };
            assert_eq!((prefix.as_str(), target.namespace.as_deref()), ("la", Some("team")));
        }
    }
}
