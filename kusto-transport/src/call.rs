//! One call: its tries, until one gives an answer or there is no sense in another.

use std::time::Instant;

use kusto_protocol::{DecoderConfig, Request};

use crate::body::{Body, Limits};
use crate::cancel::CancelOnDrop;
use crate::deadline::{Deadline, IdleLimit, sleep};
use crate::error::{TransportError, TransportErrorKind};
use crate::frames::FrameStream;
use crate::outgoing::Outgoing;
use crate::pipeline::{Attempt, Pipeline};
use crate::request_id::jitter;
use crate::trace::Operation;

pub(crate) struct Call<'a> {
    pipeline: &'a Pipeline,
    outgoing: Outgoing,
    /// Covers all tries, the waits between them, and the body.
    deadline: Deadline,
    operation: Operation,
    retries: u32,
}

impl<'a> Call<'a> {
    pub(crate) fn new(pipeline: &'a Pipeline, request: Request) -> Result<Self, TransportError> {
        let outgoing = Outgoing::new(request, pipeline)?;
        Ok(Self {
            pipeline,
            deadline: Deadline::after(outgoing.limit),
            operation: Operation::start(&outgoing, pipeline.endpoint()),
            outgoing,
            retries: 0,
        })
    }

    /// The body of the first answer that the service did not refuse.
    pub(crate) async fn body(&mut self) -> Result<Body, TransportError> {
        loop {
            match self.attempt().await {
                Ok(body) => return Ok(body),
                Err(error) => self.pause(error).await?,
            }
        }
    }

    /// The frames of the first answer that got as far as its rows.
    pub(crate) async fn frames(&mut self, config: &DecoderConfig) -> Result<FrameStream, TransportError> {
        let threads = self.pipeline.options().decode_threads;
        loop {
            let mut frames = FrameStream::new(self.body().await?, config.clone(), threads);
            if !self.outgoing.is_repeatable {
                return Ok(frames);
            }
            match frames.read_head().await {
                Err(error) => self.pause(error).await?,
                Ok(()) => {
                    let Some(failure) = frames.transient_failure() else {
                        return Ok(frames);
                    };
                    if self.pause(failure).await.is_err() {
                        return Ok(frames);
                    }
                }
            }
        }
    }

    async fn attempt(&mut self) -> Result<Body, TransportError> {
        let id = self.outgoing.client_request_id(self.retries);
        let mut cancel = if self.outgoing.is_cancelled_on_drop {
            CancelOnDrop::new(self.pipeline, &self.outgoing.database, &id)
        } else {
            CancelOnDrop::disarmed()
        };
        let attempt = self.pipeline.attempt(Attempt {
            outgoing: &mut self.outgoing,
            id: &id,
            deadline: &mut self.deadline,
            cancel: &mut cancel,
        });
        match self.operation.attempt(attempt, self.retries, &id).await {
            Ok(answer) => {
                let limits = Limits {
                    deadline: self.deadline.clone(),
                    idle: self.pipeline.options().idle_timeout.map(IdleLimit::new),
                };
                Ok(Body::new(answer, id, limits, cancel, self.operation.clone()))
            }
            Err(error) => {
                if error.kind() != TransportErrorKind::Timeout {
                    cancel.disarm();
                }
                Err(error.with_ids(&id, None))
            }
        }
    }

    /// Waits until it is time for the next try, or gives the failure back.
    async fn pause(&mut self, error: TransportError) -> Result<(), TransportError> {
        let policy = &self.pipeline.options().retry;
        let delay = policy.delay(
            self.retries,
            error.failure(),
            self.outgoing.is_repeatable,
            jitter(),
        );
        let Some(wait) = delay.filter(|_| self.pipeline.take_retry(Instant::now())) else {
            self.operation.fail(&error);
            return Err(error);
        };
        self.operation.retry(&error, wait);
        if self.deadline.cover(sleep(wait)).await.is_err() {
            self.operation.fail(&error);
            return Err(error);
        }
        self.retries += 1;
        Ok(())
    }
}
