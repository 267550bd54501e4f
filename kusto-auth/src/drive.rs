//! Takes the steps of a sign-in: over an HTTP client, with a person at the screen.

use std::fmt;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use azure_core::http::HttpClient;
use azure_core::time::OffsetDateTime;
use futures::future::{Either, select};
use kusto_protocol::Secret;

use crate::error::{AuthError, AuthErrorKind};
use crate::exchange::{exchange, sleep};
use crate::flow::{Prompt, Step, TokenFlow, Tokens};
use crate::loopback::Loopback;

/// What a sign-in runs on.
#[derive(Clone)]
pub(crate) struct Driver {
    pub(crate) http_client: Arc<dyn HttpClient>,
    pub(crate) clock: Arc<dyn Fn() -> OffsetDateTime + Send + Sync>,
}

impl Driver {
    pub(crate) fn new(http_client: Arc<dyn HttpClient>) -> Self {
        Self {
            http_client,
            clock: Arc::new(OffsetDateTime::now_utc),
        }
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        (self.clock)()
    }

    /// Drives a sign-in that asks nobody.
    pub(crate) async fn run(&self, flow: TokenFlow) -> Result<Tokens, AuthError> {
        self.run_with(flow, &|_| Ok(()), None).await
    }

    /// Drives a sign-in to its end. `prompt` shows something to a person; `loopback` is where a browser comes back.
    pub(crate) async fn run_with(
        &self,
        mut flow: TokenFlow,
        prompt: &(dyn Fn(&Prompt) -> Result<(), AuthError> + Sync),
        mut loopback: Option<&mut Loopback>,
    ) -> Result<Tokens, AuthError> {
        loop {
            match flow.step(self.now())? {
                Step::Done(tokens) => return Ok(tokens),
                Step::Prompt(shown) => prompt(&shown)?,
                Step::Send(request) => {
                    match exchange(&*self.http_client, request, LIMIT).await {
                        Ok(response) => flow.respond(response, self.now())?,
                        Err(error) => flow.lost(error, self.now())?,
                    }
                    if let Some(path) = flow.wanted_file() {
                        let content = read_key(path)?;
                        flow.challenged(content);
                    }
                }
                Step::Wait(time) => {
                    // A negative time is over.
                    let time = time.try_into().unwrap_or(Duration::ZERO);
                    match &mut loopback {
                        None => sleep(time).await,
                        Some(loopback) => wait_for_browser(&mut flow, loopback, time).await?,
                    }
                }
            }
        }
    }
}

/// Waits until a browser comes back to this sign-in, or the time is over.
async fn wait_for_browser(
    flow: &mut TokenFlow,
    loopback: &mut Loopback,
    time: Duration,
) -> Result<(), AuthError> {
    let mut over = sleep(time);
    loop {
        let visit = std::pin::pin!(loopback.next());
        let callback = match select(visit, &mut over).await {
            Either::Left((Some(callback), _)) => callback,
            Either::Left((None, _)) => {
                return Err(AuthError::new(
                    AuthErrorKind::Missing,
                    "nobody listens for the browser any more; start the sign-in again",
                ));
            }
            Either::Right(((), _)) => return Ok(()),
        };
        match flow.returned(&callback.query) {
            Ok(true) => {
                callback.answer(
                    "Signed in",
                    "You can close this window and go back to the program.",
                );
                return Ok(());
            }
            Ok(false) => callback.answer(
                "Another sign-in",
                "This answer belongs to no sign-in that is going on.",
            ),
            Err(error) => {
                callback.answer("Not signed in", "Go back to the program: it says why.");
                return Err(error);
            }
        }
    }
}

/// The proof that this program may read files of Azure Arc's agent.
fn read_key(path: &Path) -> Result<Secret, AuthError> {
    let failed = |error: std::io::Error| {
        AuthError::new(
            AuthErrorKind::Missing,
            format!(
                "the key {} of Azure Arc's agent cannot be read; add this user to the group himds",
                path.display()
            ),
        )
        .with_source(error)
    };
    let mut content = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_KEY + 1).read_to_string(&mut content))
        .map_err(failed)?;
    if content.len() as u64 > MAX_KEY {
        return Err(AuthError::new(
            AuthErrorKind::Malformed,
            format!(
                "{} has more than {MAX_KEY} bytes, so it is no key of Azure Arc's agent",
                path.display()
            ),
        ));
    }
    Ok(content.trim_end().into())
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").finish_non_exhaustive()
    }
}

/// How long an identity provider may take to answer.
const LIMIT: Duration = Duration::from_secs(30);
/// Bytes; no key is longer.
const MAX_KEY: u64 = 4096;
