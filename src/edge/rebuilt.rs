//! A package that is made while it is sent.

use std::ops::ControlFlow;

use futures::channel::mpsc;
use futures::{SinkExt as _, StreamExt as _, future, stream};
use web_sys::ReadableStream;
use worker::{ResponseBody, ResponseBuilder};

use super::stream::sized;
use crate::chart::rebuild::Parts;

/// The package as a stream of the runtime's that knows its length, so that a client is told it.
pub(super) fn stream(parts: Parts, length: u64) -> worker::Result<ReadableStream> {
    // A place for one piece: the next is made when the client has taken the last.
    let (mut sender, receiver) = mpsc::channel::<worker::Result<Vec<u8>>>(0);
    let maker = async move {
        let take = async |piece| match sender.send(Ok(piece)).await {
            Ok(()) => ControlFlow::Continue(()),
            // The client has left.
            Err(_) => ControlFlow::Break(()),
        };
        if let Err(unfit) = parts.make(take).await {
            let _ = sender.send(Err(unfit.to_string().into())).await;
        }
    };
    let made = stream::once(maker).filter_map(|()| future::ready(None));
    let (_, body) = ResponseBuilder::new()
        .from_stream(stream::select(receiver, made))?
        .into_parts();
    let ResponseBody::Stream(pieces) = body else {
        return Err("no stream was made".into());
    };
    sized(&pieces, length)
}
