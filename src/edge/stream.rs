//! Bodies: streams of JavaScript's that pass through untouched, unless they must be read.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures::future::{Either, select};
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStream, ReadableStreamDefaultReader};
use worker::worker_sys::FixedLengthStream;

use super::now;
use crate::platform::Patience;

/// A body not read yet; none for an answer without one.
#[derive(Debug)]
pub(crate) struct Stream(pub(super) Option<ReadableStream>);

/// What came of reading.
pub(super) enum BodyRead {
    /// All there was.
    Whole(Bytes),
    /// There is more: this is the limit and something beyond it.
    Cut,
    /// It did not end in time.
    Late,
    /// There is no room for it.
    NoRoom,
}

/// What of a body has come. One whose length its sender stated is put into one piece of memory; of others the chunks are joined once,
/// as what grows by doubling is in memory three times.
struct KeptChunks {
    whole: Vec<u8>,
    chunks: Vec<Vec<u8>>,
}

impl KeptChunks {
    fn keep(&mut self, chunk: &Uint8Array) {
        let (start, length) = (self.whole.len(), chunk.length() as usize);
        if self.chunks.is_empty() && self.whole.capacity() - start >= length {
            self.whole.resize(start + length, 0);
            if let Some(free) = self.whole.get_mut(start..) {
                chunk.copy_to(free);
            }
        } else {
            self.chunks.push(chunk.to_vec());
        }
    }

    fn join(mut self) -> Bytes {
        if self.chunks.is_empty() {
            return self.whole.into();
        }
        self.chunks.insert(0, self.whole);
        self.chunks.concat().into()
    }
}

/// A body that is being read. Whoever stops reading, and drops it, cancels it. That is not waited for: who sends nothing may not end
/// either.
struct Unread(Option<ReadableStreamDefaultReader>);

impl Drop for Unread {
    fn drop(&mut self) {
        if let Some(reader) = self.0.take() {
            drop(JsFuture::from(reader.cancel()));
        }
    }
}

impl Stream {
    /// Reads to the end, or until more than `limit` bytes have come, or `patience` ends; the rest is cancelled.
    pub(super) async fn read(self, limit: usize, patience: Patience) -> Result<BodyRead, JsValue> {
        self.read_all(limit, patience, 0, |_| true).await
    }

    /// The same of what a client sends, for as long as `has_room` says yes to what has come; `expected` bytes, as far as it says.
    pub(super) async fn receive(
        self,
        expected: usize,
        limit: usize,
        has_room: impl FnMut(usize) -> bool,
    ) -> Result<BodyRead, JsValue> {
        self.read_all(limit, Patience::Progress, expected, has_room)
            .await
    }

    async fn read_all(
        self,
        limit: usize,
        patience: Patience,
        expected: usize,
        mut has_room: impl FnMut(usize) -> bool,
    ) -> Result<BodyRead, JsValue> {
        let Some(stream) = self.0 else {
            return Ok(BodyRead::Whole(Bytes::new()));
        };
        let reader = ReadableStreamDefaultReader::new(&stream)?;
        let mut unread = Unread(Some(reader.clone()));
        let mut received = KeptChunks {
            whole: Vec::with_capacity(expected.min(limit)),
            chunks: Vec::new(),
        };
        let mut length = 0_usize;
        let (started, mut last) = (now(), Duration::ZERO);
        let mut alarm = pin!(worker::Delay::from(patience.ends(last, length)));
        loop {
            let mut next = JsFuture::from(reader.read());
            let step = loop {
                match select(next, alarm.as_mut()).await {
                    Either::Left((step, _)) => break step?,
                    Either::Right(((), pending)) => {
                        let end = patience.ends(last, length);
                        let left = end.saturating_sub(now().since(started));
                        if left.is_zero() {
                            return Ok(BodyRead::Late);
                        }
                        // More has come since it was set.
                        alarm.set(worker::Delay::from(left));
                        next = pending;
                    }
                }
            };
            if Reflect::get(&step, &JsValue::from_str("done"))?.is_truthy() {
                unread.0 = None;
                return Ok(BodyRead::Whole(received.join()));
            }
            let chunk: Uint8Array = Reflect::get(&step, &JsValue::from_str("value"))?.dyn_into()?;
            length = length.saturating_add(chunk.length() as usize);
            last = now().since(started);
            let refused = match () {
                () if length > limit => Some(BodyRead::Cut),
                () if !has_room(length) => Some(BodyRead::NoRoom),
                () => None,
            };
            if let Some(refused) = refused {
                drop(received);
                unread.0 = None;
                let _ = JsFuture::from(reader.cancel()).await;
                return Ok(refused);
            }
            received.keep(&chunk);
        }
    }

    /// Lets go: an unread body keeps its connection open for as long as a Durable Object lives,
    /// and there are six (<https://developers.cloudflare.com/workers/platform/limits/#simultaneous-open-connections>).
    pub(super) async fn cancel(self) {
        if let Some(stream) = self.0 {
            let _ = JsFuture::from(stream.cancel()).await;
        }
    }
}

/// The same bytes as a stream of which the runtime knows the length, and tells the client; with more or less it breaks off.
/// A header alone would not do: for other streams the runtime sends chunks.
pub(super) fn sized(stream: &ReadableStream, length: u64) -> worker::Result<ReadableStream> {
    let fixed = FixedLengthStream::new_big_int(length.into())?;
    // It ends early when the client leaves, which is no fault of anyone's.
    drop(JsFuture::from(stream.pipe_to(&fixed.writable())));
    Ok(fixed.readable())
}

impl From<worker::ResponseBody> for Stream {
    fn from(body: worker::ResponseBody) -> Self {
        match body {
            worker::ResponseBody::Stream(stream) => Self(Some(stream)),
            // What comes from `fetch` is a stream or nothing.
            worker::ResponseBody::Empty | worker::ResponseBody::Body(_) => Self(None),
        }
    }
}
