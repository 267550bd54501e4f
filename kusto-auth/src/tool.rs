//! The command-line tools that know who is signed in.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use futures::future::{Either, select};

use crate::advice;
use crate::error::{AuthError, AuthErrorKind, code_in, one_line};
use crate::exchange::sleep;

/// Runs a tool, and says what to do if it gives no token.
#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) words: Words,
    pub(crate) credential: Arc<dyn TokenCredential>,
}

/// What people call a tool.
#[derive(Clone, Copy)]
pub(crate) struct Words {
    pub(crate) name: &'static str,
    pub(crate) command: &'static str,
    pub(crate) login: &'static str,
    pub(crate) install: &'static str,
}

pub(crate) const AZURE_CLI: Words = Words {
    name: "Azure CLI",
    command: "az",
    login: "az login",
    install: "https://aka.ms/azure-cli",
};

pub(crate) const AZURE_DEVELOPER_CLI: Words = Words {
    name: "Azure Developer CLI",
    command: "azd",
    login: "azd auth login",
    install: "https://aka.ms/azd",
};

impl Words {
    /// What to do about a tool that said this.
    fn explain(self, said: &str) -> AuthError {
        let Self {
            name,
            command,
            login,
            install,
        } = self;
        if said.contains("not found on PATH") {
            return missing(format!(
                "{command} is not on the PATH; install the {name} ({install}) and run `{login}`, or sign in another way"
            ));
        }
        let said = without_tokens(said);
        let code = code_in(&said);
        let said = plain(&said, code.as_deref());
        match &code {
            Some(known) => {
                let advice = advice::of(known).map_or_else(String::new, |advice| format!("; {advice}"));
                let message = format!("the {name} gave no token: {said}{advice}; run `{login}`");
                AuthError::new(AuthErrorKind::Rejected, message).with_code(code)
            }
            None if said.contains(login) => {
                missing(format!("nobody is signed in to the {name}; run `{login}`"))
            }
            None if said.is_empty() => {
                missing(format!("the {name} gave no token and no reason; run `{login}`"))
            }
            None => missing(format!(
                "the {name} gave no token: {said}; run `{login}`, or update it if it is old"
            )),
        }
    }
}

#[async_trait::async_trait]
impl TokenCredential for Tool {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let token = self.credential.get_token(scopes, options);
        let error = match select(token, sleep(PATIENCE)).await {
            Either::Left((Ok(token), _)) => return Ok(token),
            Either::Left((Err(error), _)) => self.words.explain(&cause(&error)),
            Either::Right(((), _)) => AuthError::new(
                AuthErrorKind::Timeout,
                format!(
                    "the {} gave no token within {} s; run `{}` to see what it waits for",
                    self.words.name,
                    PATIENCE.as_secs(),
                    self.words.login,
                ),
            ),
        };
        Err(error.into_azure())
    }
}

/// What the tool said, without the words that azure_identity puts around it.
fn cause(error: &azure_core::Error) -> String {
    let mut innermost: &dyn Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// The first words of a tool: its reason, without what it prints before and behind every one.
fn plain(said: &str, code: Option<&str>) -> String {
    let said = said.split("Trace ID:").next().unwrap_or(said);
    let line = one_line(said);
    let line = line.strip_prefix("ERROR: ").unwrap_or(&line);
    let line = code
        .and_then(|code| line.strip_prefix(code))
        .map_or(line, |rest| rest.trim_start_matches([':', ' ']));
    line.trim_end_matches(['.', ' ']).to_owned()
}

/// Tools do not print tokens when they fail. If one did, nobody should read it in a log.
fn without_tokens(said: &str) -> String {
    let words = said.split_whitespace();
    let words = words.map(|word| if word.contains("eyJ") { "****" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

fn missing(message: String) -> AuthError {
    AuthError::new(AuthErrorKind::Missing, message)
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// How long a tool may take: they start slowly, and may ask the network.
const PATIENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Hangs;

    #[async_trait::async_trait]
    impl TokenCredential for Hangs {
        async fn get_token(
            &self,
            _: &[&str],
            _: Option<TokenRequestOptions<'_>>,
        ) -> azure_core::Result<AccessToken> {
            std::future::pending().await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_tool_that_hangs_is_given_up() {
        let tool = Tool {
            words: AZURE_CLI,
            credential: Arc::new(Hangs),
        };
        let error = AuthError::from_credential(tool.get_token(&["s"], None).await.unwrap_err());
        assert_eq!(error.kind(), AuthErrorKind::Timeout);
        assert_eq!(
            error.to_string(),
            "the Azure CLI gave no token within 30 s; run `az login` to see what it waits for"
        );
    }

    #[test]
    fn no_token_is_repeated() {
        let error = AZURE_CLI.explain("Traceback: {\"accessToken\":\"eyJ0eXAi.eyJhdWQi.c2ln\"} in cli.py");
        assert_eq!(
            error.to_string(),
            "the Azure CLI gave no token: Traceback: **** in cli.py; run `az login`, or update it if it is old"
        );
    }
}
