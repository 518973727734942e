//! Tracing, OTLP export and metrics, set up once for both programs.
