//! On whose behalf the Aurora API is called.

use http::HeaderValue;
use http::header::InvalidHeaderValue;

/// The identity headers of one request. They come from the token's row alone, never from what the client sent.
#[derive(Clone, Debug)]
pub struct Caller {
    pub(super) user: HeaderValue,
    pub(super) organisation: HeaderValue,
    pub(super) request_id: HeaderValue,
    pub(super) traceparent: HeaderValue,
}

impl Caller {
    /// The user and organisation of a valid token, and the request they are served in.
    pub fn new(
        user: &str,
        organisation: &str,
        request_id: HeaderValue,
        traceparent: HeaderValue,
    ) -> Result<Self, InvalidHeaderValue> {
        Ok(Self { user: user.try_into()?, organisation: organisation.try_into()?, request_id, traceparent })
    }

    /// The request's name in all logs.
    pub fn request_id(&self) -> &str {
        self.request_id.to_str().unwrap_or_default()
    }
}
