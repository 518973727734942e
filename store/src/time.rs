//! Instants on their way in and out of SQL, as microseconds since 1970.
//!
//! Aurora's columns have no zone and are compared with `now()` in the session's zone, so the conversion is left to the
//! statement (to and from `timestamptz`) and never done here.

use jiff::Timestamp;

/// SQL for a column as microseconds since 1970; NULL where it is NULL or infinite.
macro_rules! micros {
    ($column:literal) => {
        concat!(
            "CASE WHEN isfinite(",
            $column,
            ") THEN (extract(epoch FROM ",
            $column,
            "::timestamptz) * 1000000)::bigint END"
        )
    };
}

/// SQL for a bound number of microseconds as an instant; NULL stays NULL.
macro_rules! instant {
    ($parameter:literal) => {
        concat!("(timestamptz 'epoch' + ", $parameter, "::bigint * interval '1 microsecond')")
    };
}

pub(crate) use {instant, micros};

/// The instant of a column read through [`micros!`].
pub(crate) fn from_micros(micros: Option<i64>) -> Option<Timestamp> {
    micros.and_then(|micros| Timestamp::from_microsecond(micros).ok())
}
