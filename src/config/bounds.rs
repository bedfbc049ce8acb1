//! What numbers and times may be set to, and what they are where nobody sets them.

use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

/// Bounds of `SYNC_INTERVAL`: below ten seconds a pass would still run when the next is due; above a day, what must happen
/// within 24 hours could not.
pub(super) const SYNC_INTERVAL: (Duration, Duration) =
    (SECOND.saturating_mul(10), HOUR.saturating_mul(24));

/// The default of `SYNC_INTERVAL`: a push is seen before its author looks twice, and a pass in which nothing changed costs about
/// a call a repository.
pub(super) const USUAL_SYNC_INTERVAL: Duration = MINUTE.saturating_mul(5);

/// Bounds of `REVALIDATE_WITHIN`: with a minute every tag is looked at in every pass already; superseded packages are kept for
/// 30 days.
pub(super) const REVALIDATE_WITHIN: (Duration, Duration) = (MINUTE, HOUR.saturating_mul(24 * 30));

/// The default of `REVALIDATE_WITHIN`: versions are hardly ever overwritten, and a day spreads the look at all of them.
pub(super) const USUAL_REVALIDATE_WITHIN: Duration = HOUR.saturating_mul(24);

/// The least `SUBREQUEST_BUDGET`: a slice stops when fewer than 4 calls remain, so with fewer than ten it could hardly begin.
pub(super) const LEAST_SUBREQUESTS: u32 = 10;

/// The default of `SUBREQUEST_BUDGET`: of the 50 that the free plan allows, some are spared for redirects.
pub(super) const USUAL_SUBREQUESTS: u32 = 45;

/// The least `KV_BUDGET`: a shard and an index, with room for deletions.
pub(super) const LEAST_KV_OPERATIONS: u32 = 5;

/// The default of `KV_BUDGET`: of the 1,000 operations that the platform allows an invocation, with room for reads.
pub(super) const USUAL_KV_OPERATIONS: u32 = 800;

/// The default of `UPLOAD_LIMIT`, that of ChartMuseum.
pub(super) const USUAL_UPLOAD_LIMIT: usize = 20 << 20;

/// The most that `UPLOAD_LIMIT` may be: a body is in memory, and once more on its way to the registry, of the 128 MB that an
/// isolate has.
pub(super) const MOST_UPLOADED: usize = 60 << 20;
