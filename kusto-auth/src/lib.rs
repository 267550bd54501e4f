//! Who asks a Kusto cluster, and which hosts may learn it.
//!
//! A request to Azure Data Explorer carries one thing: a bearer token. This crate decides where it comes from and
//! where it may go; it opens no connection of its own.
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
//! - [`TrustedHosts`]: the hosts that may receive a token.
//! - [`CloudInfo`]: what a cluster says about its cloud; request and answer, not the sending.
//! - [`Credential`]: the identity, from a connection string or by hand. It becomes an
//!   [`azure_core::credentials::TokenCredential`], the Azure ecosystem's own seam.
//! - [`TokenCache`]: tokens that were had already; one fetch at a time.
//!
//! # Not supported
//!
//! Interactive sign-in in a browser, device code, certificates, user and password, on-behalf-of, and a chain of
//! default credentials. A credential of another crate that does them can be passed to
//! [`Credential::token_credential`].
//!
//! # Features
//!
//! `azure-identity`: client secret, managed identity, workload identity and Azure CLI, through `azure_identity`.

#![forbid(unsafe_code)]

mod advice;
mod cache;
mod challenge;
mod cloud;
mod cloud_cache;
mod credential;
mod error;
mod exchange;
mod flight;
#[cfg(feature = "azure-identity")]
mod identity;
#[cfg(test)]
mod scripted;
mod token_source;
mod trusted_hosts;

pub use cache::TokenCache;
pub use challenge::Challenge;
pub use cloud::CloudInfo;
pub use cloud_cache::CloudCache;
pub use credential::Credential;
pub use error::{AuthError, AuthErrorKind};
pub use token_source::TokenSource;
pub use trusted_hosts::TrustedHosts;
