//! The guide: one page for each question, with examples that run.

#[doc = include_str!("../docs/guide/authentication.md")]
pub mod authentication {}

#[doc = include_str!("../docs/guide/comparison.md")]
pub mod comparison {}

#[doc = include_str!("../docs/guide/errors.md")]
pub mod errors {}

#[doc = include_str!("../docs/guide/ingestion.md")]
pub mod ingestion {}

#[doc = include_str!("../docs/guide/performance.md")]
pub mod performance {}

#[doc = include_str!("../docs/guide/queries.md")]
pub mod queries {}

#[doc = include_str!("../docs/guide/tracing.md")]
pub mod tracing {}
