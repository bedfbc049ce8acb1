//! A body that is hashed on its way to the client, as the edge does it.

use sha2::{Digest as _, Sha256};

use crate::index::Blob;
use crate::oci::Algorithm;
use crate::serve::{Gate, Piece};

/// A download broke off after these bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BrokenOff(pub(crate) Vec<u8>);

/// What a client gets of a body that comes in these pieces and is hashed on its way, as `edge::verified` does it.
pub(crate) fn through<'p>(
    promised: &Blob,
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> Result<Vec<u8>, BrokenOff> {
    assert_eq!(promised.digest.algorithm(), Algorithm::Sha256);
    let (mut gate, mut hash) = (Gate::new(promised.clone()), Sha256::new());
    let (mut sent, mut held) = (Vec::new(), None);
    for piece in pieces {
        hash.update(piece);
        match gate.take(piece.len() as u64) {
            Piece::Send => sent.extend_from_slice(piece),
            Piece::Hold => held = Some(piece),
            Piece::Refuse => return Err(BrokenOff(sent)),
        }
    }
    if !gate.opens(&hash.finalize()) {
        return Err(BrokenOff(sent));
    }
    sent.extend_from_slice(held.unwrap_or_default());
    Ok(sent)
}
