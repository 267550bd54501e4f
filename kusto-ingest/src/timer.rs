//! Waiting, on whichever runtime `azure_core` was told to use.

use std::time::Duration;

use azure_core::async_runtime::get_async_runtime;

pub(crate) async fn sleep(duration: Duration) {
    // A duration that does not fit is some thousand years.
    let duration = duration.try_into().unwrap_or(azure_core::time::Duration::MAX);
    get_async_runtime().sleep(duration).await;
}
