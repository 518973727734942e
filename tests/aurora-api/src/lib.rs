//! A stand-in for the Aurora API that answers from captured samples.
