//! The sign-ins of a single request: nobody is asked, nothing is waited for.

use azure_core::time::OffsetDateTime;
use kusto_protocol::Secret;

use super::form::Form;
use super::{ClientAuthentication, TokenRequest};
use crate::error::AuthError;

/// What is given for a token.
#[derive(Clone)]
pub(crate) enum Grant {
    ClientCredentials(ClientAuthentication),
    OnBehalfOf {
        client: ClientAuthentication,
        /// The token that a user came with.
        assertion: Secret,
    },
    Password {
        user: String,
        password: Secret,
    },
    RefreshToken {
        /// Applications that have a secret must show it; public ones have none.
        client: Option<ClientAuthentication>,
        token: Secret,
    },
}

impl Grant {
    /// The beginning of a message about its refusal.
    pub(crate) fn what(&self, request: &TokenRequest) -> String {
        let (client, tenant) = (&request.client_id, request.authority.tenant());
        match self {
            Self::ClientCredentials(_) => {
                format!("the sign-in of application {client} in tenant {tenant}")
            }
            Self::OnBehalfOf { .. } => {
                format!("the sign-in of application {client} in tenant {tenant} on behalf of a user")
            }
            Self::Password { user, .. } => format!("the sign-in of {user} with a password"),
            Self::RefreshToken { .. } => {
                format!("the refresh token of application {client} in tenant {tenant}")
            }
        }
    }

    pub(crate) fn endpoint(&self, request: &TokenRequest) -> String {
        match self {
            Self::ClientCredentials(_) => request.authority.regional_token_endpoint(),
            _ => request.authority.token_endpoint(),
        }
    }

    pub(crate) fn form(&self, request: &TokenRequest, now: OffsetDateTime) -> Result<Form, AuthError> {
        let audience = self.endpoint(request);
        let client_id = &request.client_id;
        let form = Form::default().field("client_id", client_id);
        let form = match self {
            Self::ClientCredentials(client) => client
                .sign(
                    form.field("grant_type", "client_credentials"),
                    client_id,
                    &audience,
                    now,
                )?
                .field("scope", &request.scope),
            Self::OnBehalfOf { client, assertion } => client
                .sign(form.field("grant_type", JWT_BEARER), client_id, &audience, now)?
                .secret("assertion", assertion)
                .field("requested_token_use", "on_behalf_of")
                .field("scope", &request.scope_of_a_user()),
            Self::Password { user, password } => form
                .field("grant_type", "password")
                .field("username", user)
                .secret("password", password)
                .field("scope", &request.scope_of_a_user()),
            Self::RefreshToken { client, token } => {
                let form = form.field("grant_type", "refresh_token");
                let form = match client {
                    Some(client) => client.sign(form, client_id, &audience, now)?,
                    None => form,
                };
                form.secret("refresh_token", token)
                    .field("scope", &request.scope_of_a_user())
            }
        };
        Ok(form.optional("claims", request.claims.as_deref()))
    }
}

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
