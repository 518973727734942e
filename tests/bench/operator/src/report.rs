//! The tables that a benchmark prints, as Markdown.

use std::fs::read_to_string;
use std::time::Duration;

/// Rows of what was measured, and of what was aimed at.
#[derive(Debug)]
pub struct Table {
    title: String,
    rows: Vec<[String; 3]>,
}

impl Table {
    /// Without rows yet.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, what: impl Into<String>, seen: impl Into<String>, aim: &str) {
        self.rows.push([what.into(), seen.into(), aim.to_owned()]);
    }

    /// Prints it.
    pub fn print(&self) {
        println!("\n### {}\n\n| what | measured | aim |\n| --- | ---: | ---: |", self.title);
        for [what, seen, aim] in &self.rows {
            println!("| {what} | {seen} | {aim} |");
        }
    }
}

/// Measured times, from the shortest to the longest.
#[derive(Debug)]
pub struct Times(Vec<Duration>);

impl Times {
    /// At least one.
    pub fn new(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// The time that so many percent don't exceed.
    pub fn percentile(&self, percent: usize) -> Duration {
        let at = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        self.0.get(at).copied().unwrap_or_default()
    }

    /// `p50 / p99 / longest`, in milliseconds.
    pub fn summary(&self) -> String {
        [50, 99, 100].map(|percent| milliseconds(self.percentile(percent))).join(" / ")
    }
}

/// With one decimal.
pub fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

/// With one decimal.
pub fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// A count for each of so many tokens.
#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are small")]
pub fn each(count: f64, tokens: usize) -> String {
    format!("{:.2}", count / tokens as f64)
}

/// So many within a time, a second.
#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are small")]
pub fn rate(count: usize, time: Duration) -> String {
    format!("{:.0}", count as f64 / time.as_secs_f64())
}

/// Prints on what all this runs.
pub fn print_machine() {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let cpu = read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    println!("{cores} cores of {}.", model.map_or("an unknown processor", |(_, name)| name));
}

/// Says on standard error what is being done.
pub fn say(what: &str) {
    eprintln!("… {what}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let times = Times::new((1..=200).rev().map(Duration::from_millis).collect());
        assert_eq!([1, 50, 99, 100].map(|p| times.percentile(p).as_millis()), [2, 100, 198, 200]);
        assert_eq!(Times::new(vec![Duration::from_millis(7)]).summary(), "7.0 ms / 7.0 ms / 7.0 ms");
    }
}
