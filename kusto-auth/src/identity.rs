//! The identities that azure_identity signs in.

use std::sync::Arc;

use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::TokenCredential;
use azure_core::http::{ClientOptions, HttpClient, Transport};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, AzureDeveloperCliCredential,
    AzureDeveloperCliCredentialOptions, AzurePipelinesCredential, AzurePipelinesCredentialOptions,
    ClientAssertionCredentialOptions,
};
use kusto_protocol::Secret;

use crate::cloud::CloudInfo;
use crate::error::{AuthError, AuthErrorKind};
use crate::tool::{AZURE_CLI, AZURE_DEVELOPER_CLI, Tool, Words};

/// An identity that azure_identity signs in.
#[derive(Clone, Debug)]
pub(crate) enum Identity {
    Cli {
        tenant: Option<String>,
    },
    DeveloperCli {
        tenant: Option<String>,
    },
    Pipelines {
        tenant: String,
        client_id: String,
        service_connection_id: String,
        access_token: Secret,
    },
}

impl Identity {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Cli { .. } => AZURE_CLI.name,
            Self::DeveloperCli { .. } => AZURE_DEVELOPER_CLI.name,
            Self::Pipelines { .. } => "Azure Pipelines",
        }
    }

    pub(crate) fn to_token_credential(
        &self,
        cloud: &CloudInfo,
        http_client: &Arc<dyn HttpClient>,
    ) -> Result<Arc<dyn TokenCredential>, AuthError> {
        let credential: azure_core::Result<Arc<dyn TokenCredential>> = match self {
            Self::Cli { tenant } => {
                let options = AzureCliCredentialOptions {
                    tenant_id: tenant.clone(),
                    ..Default::default()
                };
                AzureCliCredential::new(Some(options)).map(|credential| tool(AZURE_CLI, credential))
            }
            Self::DeveloperCli { tenant } => {
                let options = AzureDeveloperCliCredentialOptions {
                    tenant_id: tenant.clone(),
                    ..Default::default()
                };
                AzureDeveloperCliCredential::new(Some(options))
                    .map(|credential| tool(AZURE_DEVELOPER_CLI, credential))
            }
            Self::Pipelines {
                tenant,
                client_id,
                service_connection_id,
                access_token,
            } => {
                let credential_options = ClientAssertionCredentialOptions {
                    client_options: client_options(cloud, http_client),
                };
                let options = AzurePipelinesCredentialOptions { credential_options };
                AzurePipelinesCredential::new(
                    tenant.clone(),
                    client_id.clone(),
                    service_connection_id,
                    access_token.expose().to_owned(),
                    Some(options),
                )
                .map(|credential| credential as _)
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

/// The cluster's login endpoint and the caller's way to the network.
fn client_options(cloud: &CloudInfo, http_client: &Arc<dyn HttpClient>) -> ClientOptions {
    let mut custom = CustomConfiguration::default();
    custom.authority_host = cloud.login_endpoint.clone();
    ClientOptions {
        transport: Some(Transport::new(Arc::clone(http_client))),
        cloud: Some(Arc::new(custom.into())),
        ..Default::default()
    }
}
