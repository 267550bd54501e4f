//! The identities that azure_identity signs in.

use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, AzureDeveloperCliCredential,
    AzureDeveloperCliCredentialOptions,
};

use crate::error::{AuthError, AuthErrorKind};
use crate::tool::{AZURE_CLI, AZURE_DEVELOPER_CLI, Tool, Words};

/// Whoever is signed in to a command-line tool, in this tenant or in the tool's own.
#[derive(Clone, Debug)]
pub(crate) enum Identity {
    AzureCli(Option<String>),
    DeveloperCli(Option<String>),
}

impl Identity {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::AzureCli(_) => AZURE_CLI.name,
            Self::DeveloperCli(_) => AZURE_DEVELOPER_CLI.name,
        }
    }

    pub(crate) fn to_token_credential(&self) -> Result<Arc<dyn TokenCredential>, AuthError> {
        let credential = match self {
            Self::AzureCli(tenant) => {
                let options = AzureCliCredentialOptions {
                    tenant_id: tenant.clone(),
                    ..Default::default()
                };
                AzureCliCredential::new(Some(options)).map(|credential| tool(AZURE_CLI, credential))
            }
            Self::DeveloperCli(tenant) => {
                let options = AzureDeveloperCliCredentialOptions {
                    tenant_id: tenant.clone(),
                    ..Default::default()
                };
                AzureDeveloperCliCredential::new(Some(options))
                    .map(|credential| tool(AZURE_DEVELOPER_CLI, credential))
            }
        };
        credential.map_err(|error| {
            let error = AuthError::from_credential(error).with_kind(AuthErrorKind::Missing);
            error.in_credential(self.name())
        })
    }
}

fn tool(words: Words, credential: Arc<dyn TokenCredential>) -> Arc<dyn TokenCredential> {
    Arc::new(Tool { words, credential })
}
