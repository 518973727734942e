//! Log lines to stderr. Audit lines, one for each request, can be written together instead of with a system call for each.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

/// The target of audit events.
const AUDIT: &str = "audit";
/// More than these bytes are not held.
const MOST: usize = 16 * 1024;

static HOLDING: AtomicBool = AtomicBool::new(false);
static HELD: Mutex<Held> = Mutex::new(Held(Vec::new()));

/// From now on audit lines may be held until [`flush`]: to be called whenever a thread comes to rest, and at the end.
pub fn hold_audit() {
    HOLDING.store(true, Ordering::Relaxed);
}

/// Writes what is held.
pub fn flush() {
    // If this fails there is nobody to tell.
    let _ = held(|held| held.flush(&mut io::stderr()));
}

/// Whole after every statement, so a panic elsewhere can't have spoiled it.
fn held<T>(act: impl FnOnce(&mut Held) -> T) -> T {
    act(&mut HELD.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Makes a writer for each line.
#[derive(Clone, Copy)]
pub(crate) struct Lines;

impl MakeWriter<'_> for Lines {
    type Writer = Line;

    fn make_writer(&self) -> Line {
        Line { may_wait: false }
    }

    fn make_writer_for(&self, meta: &Metadata<'_>) -> Line {
        Line { may_wait: meta.target() == AUDIT && HOLDING.load(Ordering::Relaxed) }
    }
}

/// Writes one line, which comes whole.
pub(crate) struct Line {
    may_wait: bool,
}

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        held(|held| held.add(line, self.may_wait, &mut io::stderr()))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Held(Vec<u8>);

impl Held {
    /// Lines stay in their order: one that can't wait takes those with it that could.
    fn add(&mut self, line: &[u8], may_wait: bool, to: &mut impl Write) -> io::Result<()> {
        self.0.extend_from_slice(line);
        if may_wait && self.0.len() <= MOST { Ok(()) } else { self.flush(to) }
    }

    fn flush(&mut self, to: &mut impl Write) -> io::Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let written = to.write_all(&self.0);
        self.0.clear();
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Remembers what was written at one go.
    #[derive(Default)]
    struct Writes(Vec<String>);

    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(String::from_utf8(bytes.to_vec()).unwrap());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_that_can_wait_are_written_together_and_before_the_next_that_can_not() {
        let (mut held, mut writes) = (Held(Vec::new()), Writes::default());
        for (line, may_wait) in [("a\n", true), ("b\n", true), ("c\n", false), ("d\n", true)] {
            held.add(line.as_bytes(), may_wait, &mut writes).unwrap();
        }
        assert_eq!(writes.0, ["a\nb\nc\n"]);
        for _ in 0..2 {
            held.flush(&mut writes).unwrap();
        }
        assert_eq!(writes.0[1..], ["d\n"], "once, and nothing is written for nothing");
    }

    #[test]
    fn no_more_is_held_than_a_bound() {
        let (mut held, mut writes) = (Held(Vec::new()), Writes::default());
        let line = [b'x'; 1_000];
        for _ in 0..100 {
            held.add(&line, true, &mut writes).unwrap();
            assert!(held.0.len() <= MOST);
        }
        let written: usize = writes.0.iter().map(String::len).sum();
        assert_eq!(written + held.0.len(), 100 * line.len(), "and none is lost");
    }
}
