//! The data into a blob.

use kusto_protocol::Secret;

use super::{BLOCK_BYTES, Plan, QueuedIngestClient, TRIES};
use crate::blocks::{Blocks, Packing};
use crate::error::{IngestError, IngestErrorKind};
use crate::progress::Meter;
use crate::resources::Rest;
use crate::source::Source;
use crate::storage::{StorageError, Upload, UploadError};

impl QueuedIngestClient {
    /// Writes the data into the first container that takes it, of up to three. Gives the address and the size of the
    /// data before compression.
    pub(super) async fn upload(
        &self,
        plan: &Plan<'_>,
        mut upload: Upload,
        again: Option<Source>,
        name: &str,
    ) -> Result<(Secret, u64), IngestError> {
        let meter = Meter::new(self.listener.clone());
        let mut resources = self.resources.get().await?;
        let (mut failure, mut is_renewed): (Option<(String, StorageError)>, _) = (None, false);
        'renewed: loop {
            let rest = resources.rest.as_ref().filter(|_| plan.suits_rest());
            plan.check_size(rest, again.as_ref().map_or(0, Source::least_size))?;
            for container in self.ranked(resources.containers(rest)).into_iter().take(TRIES) {
                if failure.is_some() {
                    meter.begin_again();
                    if !upload.can_begin_again() {
                        let Some(source) = again.as_ref().and_then(Source::again) else {
                            break 'renewed;
                        };
                        upload = Upload::new(Blocks::open(source, plan.format, BLOCK_BYTES).await?);
                    }
                }
                let Some(url) = container.blob(&plan.blob_name(name, upload.blocks().packing())) else {
                    continue;
                };
                match self.storage.upload(url.clone(), &mut upload, &meter).await {
                    Ok(()) => {
                        self.record(container, true);
                        let raw_size = upload.blocks().raw_size();
                        plan.check_size(rest, raw_size)?;
                        return Ok((Secret::new(url.as_str()), raw_size));
                    }
                    Err(UploadError::Source(error)) => return Err(error),
                    Err(UploadError::Storage(error)) => {
                        self.record(container, false);
                        failure = Some((container.address(), error));
                    }
                }
            }
            let is_denied = failure.as_ref().is_some_and(|(_, error)| error.is_denied());
            let can_go_on = upload.can_begin_again() || again.is_some();
            match is_denied && can_go_on {
                true => match self.renewed(&resources, &mut is_renewed).await? {
                    Some(renewed) => resources = renewed,
                    None => break,
                },
                false => break,
            }
        }
        Err(match failure {
            Some((container, error)) => {
                let hint = if upload.can_begin_again() || again.is_some() {
                    ""
                } else {
                    "; the data of a reader cannot be read again for another one"
                };
                error.into_error(
                    IngestErrorKind::Upload,
                    &format!("container {container} did not take the data{hint}"),
                )
            }
            None => IngestError::new(IngestErrorKind::Upload, "no container has a usable address"),
        })
    }
}

impl Plan<'_> {
    /// Checks the size of the data before compression against what the service takes.
    pub(super) fn check_size(&self, rest: Option<&Rest>, raw_size: u64) -> Result<(), IngestError> {
        match rest.and_then(|rest| rest.max_data_size) {
            Some(most) if raw_size > most && !self.properties.ignore_size_limit => Err(IngestError::new(
                IngestErrorKind::TooLarge,
                format!(
                    "the data has {raw_size} bytes before compression, and the service takes {most} at once; send it \
                     in parts, or set ignore_size_limit"
                ),
            )),
            _ => Ok(()),
        }
    }

    /// `{database}__{table}__{id}__{name}.{format}[.gz]`, as the other SDKs name their blobs: the service reads the
    /// endings.
    fn blob_name(&self, name: &str, packing: Packing) -> String {
        let safe = |text: &str| -> String {
            text.chars()
                .map(|c| if c.is_alphanumeric() || c == '-' { c } else { '_' })
                .collect()
        };
        let (database, table) = (safe(&self.properties.database), safe(&self.properties.table));
        let (format, packing) = (self.format.file_extension(), packing.extension());
        format!(
            "{database}__{table}__{}__{name}.{format}{packing}",
            self.source_id
        )
    }
}
