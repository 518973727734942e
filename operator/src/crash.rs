//! Points at which a test ends this process, as a crash would. Without the feature `failpoints` there are none.

#[cfg(all(feature = "failpoints", not(debug_assertions)))]
compile_error!(
    "the feature `failpoints` lets the environment end the program: it is for tests, never for a release"
);

/// Ends the process here, without a word to anybody, if a test armed the point `<moment> <step>`.
#[cfg(feature = "failpoints")]
pub(crate) fn point(moment: &str, step: &str) {
    fail::fail_point!(&format!("{moment} {step}"), |_| std::process::abort());
}

/// Nothing.
#[cfg(not(feature = "failpoints"))]
pub(crate) fn point(_moment: &str, _step: &str) {}
