//! How far a pass is with a source.

use base64::Engine as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::catalog::rows::position::{MovingTurn, Position};
use crate::secret::BASE64;

/// Row ids, one bit each. In JSON they are base64; what is none is a fault of the row, as nothing seen is evidence that all is gone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SeenIds(Vec<u8>);

impl SeenIds {
    /// The byte of an id, and the bit in it; `None` for what is no row's id.
    fn place(id: i64) -> Option<(usize, u8)> {
        let id = usize::try_from(id).ok()?;
        let bits = u8::BITS as usize;
        Some((id / bits, 1 << (id % bits)))
    }

    /// Adds a row's id.
    pub(crate) fn insert(&mut self, id: i64) {
        let Some((byte, bit)) = Self::place(id) else {
            return;
        };
        if self.0.len() <= byte {
            self.0.resize(byte + 1, 0);
        }
        if let Some(bits) = self.0.get_mut(byte) {
            *bits |= bit;
        }
    }

    /// Whether a row's id is among them.
    pub(crate) fn contains(&self, id: i64) -> bool {
        Self::place(id)
            .is_some_and(|(byte, bit)| self.0.get(byte).is_some_and(|bits| bits & bit != 0))
    }
}

impl Serialize for SeenIds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Without padding, which Workers of older releases do not read.
        let text = BASE64.encode(&self.0);
        serializer.serialize_str(text.trim_end_matches('='))
    }
}

impl<'de> Deserialize<'de> for SeenIds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64.decode(text).map(Self).map_err(de::Error::custom)
    }
}

/// How far a pass is with a source.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a milestone of its own"
)]
pub(crate) struct Enumeration {
    /// The source's id.
    pub(crate) source: String,
    /// The pass in which its turn began.
    pub(crate) begun: u64,
    /// The next page's address; the first page when `None`.
    pub(crate) next: Option<String>,
    /// Pages read.
    pub(crate) pages: u32,
    /// Pages without a name among the last ones read.
    pub(crate) empty: u32,
    /// The address of the last page whose number was a power of two: where it comes again, the list goes round in a circle
    /// (R. P. Brent, "An improved Monte Carlo factorization algorithm", 1980).
    pub(crate) mark: Option<String>,
    /// Row ids of the repositories seen.
    pub(crate) seen: SeenIds,
    /// Failures in this pass.
    pub(crate) attempts: u32,
    /// Repositories up to this id were known when it began: of later ones the enumeration may know nothing.
    pub(crate) known_to: i64,
    /// Repositories up to this id have had their turn.
    pub(crate) listed_to: i64,
    /// Tags that move have had their turn up to here.
    pub(crate) moving_at: Position,
    /// Whose moving tags have their turn.
    pub(crate) moving_turn: MovingTurn,
    /// Whether the moving tags have all had their turn.
    pub(crate) moving_done: bool,
    /// Version tags still to be revalidated.
    pub(crate) quota: u64,
    /// Whether all of it has had its turn. If not when a pass ends, the next one goes on with it.
    pub(crate) finished: bool,
    /// Whether what it showed to be gone was removed.
    pub(crate) concluded: bool,
    /// Versions there were when the pass began, for the judgement of a mass removal.
    pub(crate) versions_before: u64,
    /// Versions removed since.
    pub(crate) removed: u64,
    /// Whether a tag list of the source was read in this pass.
    pub(crate) answered: bool,
    /// How many it denied.
    pub(crate) denials: u32,
    /// How many calls it answered with 429 or 503, or not in time.
    pub(crate) busy: u32,
    /// Whether it denied its enumeration.
    pub(crate) refused: bool,
    /// Whether its enumeration has ended.
    pub(crate) done: bool,
    /// Why it is not complete, in public words.
    pub(crate) fault: Option<String>,
    /// Names it gave that are wanted and cannot be served: too long, or no names of repositories.
    pub(crate) unservable: u64,
    /// The first of them, cut to what may be shown.
    pub(crate) first_unservable: Option<String>,
}

impl Enumeration {
    /// Whether all of it has just had its turn, and what that showed is not concluded yet.
    pub(crate) fn is_fresh(&self) -> bool {
        self.finished && !self.concluded
    }
}
