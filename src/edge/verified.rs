//! A body that is hashed while it is passed on. The platform hashes and copies: no byte of it comes into Wasm.

use js_sys::{Reflect, Uint8Array};
use serde_json::json;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStream, ReadableStreamByobReader, WritableStreamDefaultWriter};
use worker::Context;
use worker::crypto::{DigestStream, DigestStreamAlgorithm};
use worker::worker_sys::FixedLengthStream;

use super::log;
use crate::index::Blob;
use crate::oci::Algorithm;
use crate::serve::{Gate, Piece};

/// How many bytes are asked for at a time. A reader without a buffer of its own gets 4 KiB pieces, each of which costs a turn
/// of JavaScript and Rust.
const PIECE: u32 = 64 << 10;

/// Why a body was not passed on to its end.
enum End {
    /// It is not what was promised.
    Other,
    /// It broke off, or the client has left.
    Broken,
}

impl From<JsValue> for End {
    fn from(_: JsValue) -> Self {
        Self::Broken
    }
}

/// The same bytes as a stream that knows its length, and breaks off before its end unless they are those of `promised`.
pub(super) fn stream(
    body: &ReadableStream,
    promised: Blob,
    context: &Context,
) -> worker::Result<ReadableStream> {
    let fixed = FixedLengthStream::new_big_int(promised.size.into())?;
    let client = fixed.writable().get_writer()?;
    let reader = ReadableStreamByobReader::new(body)?;
    // Waited for, so that it is still told when the client has left, and lets go of what it holds.
    context.wait_until(async move {
        let mut gate = Gate::new(promised);
        let Err(end) = pass(&reader, &client, &mut gate).await else {
            return;
        };
        if let End::Other = end {
            let digest = gate.promised().digest.to_string();
            log::fault(
                "download",
                json!({ "digest": digest, "fault": "the registry sent other bytes" }),
            );
        }
        let reason = JsValue::from_str("the download broke off");
        drop(JsFuture::from(client.abort_with_reason(&reason)));
        drop(JsFuture::from(reader.cancel_with_reason(&reason)));
    });
    Ok(fixed.readable())
}

/// Passes a body on through `gate`.
async fn pass(
    reader: &ReadableStreamByobReader,
    client: &WritableStreamDefaultWriter,
    gate: &mut Gate,
) -> Result<(), End> {
    let digest = DigestStream::new(match gate.promised().digest.algorithm() {
        Algorithm::Sha256 => DigestStreamAlgorithm::Sha256,
        Algorithm::Sha512 => DigestStreamAlgorithm::Sha512,
    });
    let hasher = digest.raw().get_writer()?;
    let mut room = Uint8Array::new_with_length(PIECE);
    let mut held = None;
    loop {
        let read = JsFuture::from(reader.read_with_array_buffer_view(&room)).await?;
        if Reflect::get(&read, &JsValue::from_str("done"))?.is_truthy() {
            break;
        }
        let piece: Uint8Array = Reflect::get(&read, &JsValue::from_str("value"))?.dyn_into()?;
        if piece.length() == 0 {
            return Err(End::Broken);
        }
        JsFuture::from(hasher.write_with_chunk(&piece)).await?;
        match gate.take(piece.length().into()) {
            Piece::Send => {
                JsFuture::from(client.write_with_chunk(&piece)).await?;
                // The memory that the piece was read into, free again.
                room = Uint8Array::new(&piece.buffer());
            }
            Piece::Hold => {
                held = Some(piece);
                room = Uint8Array::new_with_length(1);
            }
            Piece::Refuse => return Err(End::Other),
        }
    }
    JsFuture::from(hasher.close()).await?;
    let hash = digest.digest().await.map_err(|_| End::Broken)?;
    if !gate.opens(&hash.to_vec()) {
        return Err(End::Other);
    }
    if let Some(piece) = held {
        JsFuture::from(client.write_with_chunk(&piece)).await?;
    }
    JsFuture::from(client.close()).await?;
    Ok(())
}
