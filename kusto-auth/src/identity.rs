//! The identities that azure_identity signs in.

use std::sync::Arc;

use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::TokenCredential;
use azure_core::http::{ClientOptions, HttpClient, Transport};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, ClientAssertionCredentialOptions, ClientSecretCredential,
    ClientSecretCredentialOptions, ManagedIdentityCredential, ManagedIdentityCredentialOptions,
    UserAssignedId, WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};
use kusto_protocol::Secret;

use crate::cloud::CloudInfo;
use crate::error::AuthError;

/// An identity that azure_identity signs in.
#[derive(Clone)]
pub(crate) enum Identity {
    AzureCli {
        tenant: Option<String>,
    },
    ClientSecret {
        tenant: String,
        client_id: String,
        secret: Secret,
    },
    Managed {
        client_id: Option<String>,
    },
    Workload,
}

impl Identity {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::AzureCli { .. } => "Azure CLI",
            Self::ClientSecret { .. } => "client secret",
            Self::Managed { .. } => "managed identity",
            Self::Workload => "workload identity",
        }
    }

    pub(crate) fn to_token_credential(
        &self,
        cloud: &CloudInfo,
        http_client: &Arc<dyn HttpClient>,
    ) -> Result<Arc<dyn TokenCredential>, AuthError> {
        let client_options = client_options(cloud, http_client);
        let credential: azure_core::Result<Arc<dyn TokenCredential>> = match self {
            Self::AzureCli { tenant } => {
                let options = AzureCliCredentialOptions {
                    tenant_id: tenant.clone(),
                    ..Default::default()
                };
                AzureCliCredential::new(Some(options)).map(|credential| credential as _)
            }
            Self::ClientSecret {
                tenant,
                client_id,
                secret,
            } => {
                let options = ClientSecretCredentialOptions { client_options };
                let secret = secret.expose().to_owned().into();
                ClientSecretCredential::new(tenant, client_id.clone(), secret, Some(options))
                    .map(|credential| credential as _)
            }
            Self::Managed { client_id } => {
                let user_assigned_id = client_id.clone().map(UserAssignedId::ClientId);
                let options = ManagedIdentityCredentialOptions {
                    user_assigned_id,
                    client_options,
                };
                ManagedIdentityCredential::new(Some(options)).map(|credential| credential as _)
            }
            Self::Workload => {
                let credential_options = ClientAssertionCredentialOptions { client_options };
                let options = WorkloadIdentityCredentialOptions {
                    credential_options,
                    ..Default::default()
                };
                WorkloadIdentityCredential::new(Some(options)).map(|credential| credential as _)
            }
        };
        credential.map_err(AuthError::from_credential)
    }
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
