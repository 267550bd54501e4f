//! Who asks a Kusto cluster, and which hosts may learn it.
//!
//! A request to Azure Data Explorer carries one thing: a bearer token. This crate decides where it comes from and
//! where it may go. What has to be sent for that goes through the caller's HTTP client.
//!
//! ```
//! use kusto_auth::{Credential, TrustedHosts};
//! use kusto_protocol::ConnectionString;
//!
//! let string: ConnectionString = "http://localhost:8080/Samples".parse()?;
//! TrustedHosts::default().check(string.endpoint())?; // before anything else
//! let credential = Credential::from_connection_string(&string)?;
//! assert!(credential.is_anonymous());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! - [`Credential`]: the identity, from a connection string or by hand. It becomes an
//!   [`azure_core::credentials::TokenCredential`], the Azure ecosystem's own seam. [`UserSignIn`]: how a person signs
//!   in.
//! - [`TokenSource`]: the tokens for one service, as a transport asks for them. It puts these in their order:
//!   [`TrustedHosts`], the hosts that may receive a token; [`CloudCache`], what clusters said of their clouds
//!   ([`CloudInfo`]); [`TokenCache`], the tokens that were had already, one fetch at a time.
//! - [`TokenFlow`]: a sign-in as a machine that does no I/O, for every runtime and for none.
//! - [`AuthError`]: what went wrong, with the provider's code and what to do.
//!
//! # Not supported
//!
//! Federated accounts with a password (WS-Trust), certificates in a store of the machine, brokers of the operating
//! system, and single-page applications. A credential of another crate that does them can be passed to
//! [`Credential::token_credential`].
//!
//! # Features
//!
//! - `azure-identity`: Azure CLI and Azure Developer CLI, through `azure_identity`. They pass on no claims that a service
//!   asks for. Its other credentials are not used: they know no claims and no region, keep tokens of their own, want a
//!   provider with TLS even on this machine, and lack half of the sources of managed identities.
//! - `client-certificate`: applications that sign in with a certificate, signed by aws-lc-rs as TLS is.

#![forbid(unsafe_code)]

mod advice;
mod authority;
mod browser;
mod cache;
#[cfg(feature = "client-certificate")]
mod certificate;
mod challenge;
mod cloud;
mod cloud_cache;
mod credential;
mod default_chain;
mod drive;
mod error;
mod exchange;
mod flight;
mod flow;
mod flow_credential;
#[cfg(feature = "azure-identity")]
mod identity;
#[cfg(test)]
#[path = "../../kusto-transport/tests/transport/listen.rs"]
mod listen;
mod loopback;
mod pipelines;
#[cfg(test)]
mod scripted;
mod token_file;
mod token_source;
#[cfg(feature = "azure-identity")]
mod tool;
mod trusted_hosts;
mod user_sign_in;
mod workload_identity;

pub use authority::Authority;
pub use cache::TokenCache;
#[cfg(feature = "client-certificate")]
pub use certificate::ClientCertificate;
pub use challenge::Challenge;
pub use cloud::CloudInfo;
pub use cloud_cache::CloudCache;
pub use credential::Credential;
pub use error::{AuthError, AuthErrorKind};
pub use flow::{
    BrowserOptions, ClientAuthentication, ManagedIdentityId, ManagedIdentitySource, Prompt, Step, TokenFlow,
    TokenRequest, Tokens,
};
pub use token_source::TokenSource;
pub use trusted_hosts::TrustedHosts;
pub use user_sign_in::UserSignIn;
