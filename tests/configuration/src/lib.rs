//! All environment variables of operator and gateway, and the page that lists them. A test holds the list to what the programs read.

mod page;
mod variables;

pub use page::page;
pub use variables::{DATABASE, GATEWAY, OPERATOR, TELEMETRY};

/// What happens when a variable is not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unset {
    /// The program does not start.
    Refused,
    /// As if it were set to this.
    Means(&'static str),
    /// As the words say.
    Is(&'static str),
}

/// One variable.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What holds without it.
    pub unset: Unset,
    /// What can be written, with the unit.
    pub form: &'static str,
    /// What it is for.
    pub meaning: &'static str,
    /// Where the chart takes it from.
    pub chart: &'static str,
    /// A value that the programs take.
    pub example: &'static str,
}
