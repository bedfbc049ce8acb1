//! What becomes of each piece of a body whose length and digest are promised, while it is passed on.
//!
//! What was sent cannot be taken back. So the piece that completes the body waits until the digest is known: a client gets
//! the bytes that were promised, or a download that breaks off.

use crate::index::Blob;

/// What is done with a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// It goes to the client at once.
    Send,
    /// It is the last: it goes once the body has ended here and [`Gate::opens`].
    Hold,
    /// There is more than was promised: the download breaks off.
    Refuse,
}

/// Stands between a registry and a client.
#[derive(Debug)]
pub struct Gate {
    promised: Blob,
    /// How many bytes have come.
    seen: u64,
}

impl Gate {
    /// For the bytes of `promised`.
    pub fn new(promised: Blob) -> Self {
        Self { promised, seen: 0 }
    }

    /// What is promised.
    pub fn promised(&self) -> &Blob {
        &self.promised
    }

    /// Says what becomes of the next piece, of so many bytes; one of none is left out by the caller.
    pub fn take(&mut self, length: u64) -> Piece {
        self.seen = self.seen.saturating_add(length);
        match self.seen.cmp(&self.promised.size) {
            std::cmp::Ordering::Less => Piece::Send,
            std::cmp::Ordering::Equal => Piece::Hold,
            std::cmp::Ordering::Greater => Piece::Refuse,
        }
    }

    /// Whether the piece that was held back may go, now that the body has ended: all has come, and `hash` (the raw bytes of
    /// the promised digest's algorithm) is that of what has come. Otherwise the download breaks off.
    pub fn opens(&self, hash: &[u8]) -> bool {
        self.seen == self.promised.size && self.promised.digest.is(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::Digest;
    use crate::serve::tests::{BrokenOff, through};

    const BYTES: &[u8] = b"the package of nginx 1.0.0";

    fn promised(bytes: &[u8]) -> Blob {
        Blob {
            digest: Digest::sha256_of(bytes),
            size: bytes.len() as u64,
        }
    }

    /// What a client gets of `bytes` when they come in pieces of `piece` bytes.
    fn got(bytes: &[u8], piece: usize) -> Result<Vec<u8>, BrokenOff> {
        through(&promised(BYTES), bytes.chunks(piece))
    }

    #[test]
    fn a_client_gets_the_promised_bytes_or_a_download_that_breaks_off() {
        let changed_first = [b"T", &BYTES[1..]].concat();
        let changed_last = [&BYTES[..25], b"1"].concat();
        let longer = [BYTES, b"!"].concat();
        for piece in [1, 7, 25, 26, 27] {
            assert_eq!(got(BYTES, piece).unwrap(), BYTES, "{piece}");
            for wrong in [
                &changed_first[..],
                &changed_last,
                &longer,
                &BYTES[..25],
                b"",
            ] {
                let BrokenOff(sent) = got(wrong, piece).unwrap_err();
                assert!(sent.len() < BYTES.len(), "{piece}: {} bytes", sent.len());
            }
        }
    }

    #[test]
    fn nothing_is_held_back_but_the_last_piece() {
        let mut gate = Gate::new(promised(BYTES));
        assert_eq!(gate.take(10), Piece::Send);
        assert_eq!(gate.take(15), Piece::Send);
        assert_eq!(gate.take(1), Piece::Hold);
        assert_eq!(gate.take(1), Piece::Refuse);
        assert_eq!(gate.take(u64::MAX), Piece::Refuse);
    }

    #[test]
    fn no_bytes_have_a_digest_too() {
        let none = promised(b"");
        assert_eq!(through(&none, []).unwrap(), b"");
        let other = Blob {
            size: 0,
            ..promised(BYTES)
        };
        assert_eq!(through(&other, []).unwrap_err(), BrokenOff(Vec::new()));
        // The right bytes, of which more were promised.
        let longer = Blob {
            size: 27,
            ..promised(BYTES)
        };
        assert!(through(&longer, [BYTES]).is_err());
    }
}
