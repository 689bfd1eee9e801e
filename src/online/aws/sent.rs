//! Whether a request left this machine: the difference between "nothing changed" and "nobody knows".

use aws_sdk_kms::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_kms::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_kms::error::BoxError;
use std::sync::{Arc, Mutex};

/// Watches one call.
#[derive(Debug, Clone, Default)]
pub(super) struct Sent {
    stop: bool,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    url: Option<String>,
    transmitted: bool,
}

impl Sent {
    /// For a call that is prepared only.
    pub(super) fn stopped() -> Self {
        Self { stop: true, seen: Arc::default() }
    }

    /// Where it went, or would have gone.
    pub(super) fn url(&self) -> Option<String> {
        self.seen.lock().ok()?.url.clone()
    }

    /// Whether it was handed to the network. When in doubt, it was.
    pub(super) fn transmitted(&self) -> bool {
        self.seen.lock().map_or(true, |seen| seen.transmitted)
    }
}

impl Intercept for Sent {
    fn name(&self) -> &'static str {
        "Sent"
    }

    fn read_before_signing(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Ok(mut seen) = self.seen.lock() {
            seen.url = Some(context.request().uri().to_owned());
        }
        if self.stop { Err("prepared only".into()) } else { Ok(()) }
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Ok(mut seen) = self.seen.lock() {
            seen.transmitted = true;
        }
        Ok(())
    }
}
