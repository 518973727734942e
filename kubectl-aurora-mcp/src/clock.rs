//! The clock, read in one place.

use jiff::Timestamp;

/// Now.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock for all commands")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// How long ago, roughly: `5m`, `3h`, `12d`.
pub(crate) fn ago(then: Timestamp, now: Timestamp) -> String {
    let seconds = (now.as_second() - then.as_second()).max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_rough() {
        let at = |second| Timestamp::from_second(second).unwrap();
        for (seconds, text) in
            [(-5, "0s"), (59, "59s"), (60, "1m"), (3600, "1h"), (172_799, "47h"), (172_800, "2d")]
        {
            assert_eq!(ago(at(0), at(seconds)), text);
        }
    }
}
