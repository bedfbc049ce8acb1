//! What the API deletes: charts and spaces, version by version.

use super::nothing;
use crate::catalog::ask::{ForgetSpace, InSpace};
use crate::error::{Error, Missing};
use crate::index::Space;
use crate::serve::reply::Reply;
use crate::serve::{Host, Incoming, Service};

/// Most versions that one request deletes: each costs a dozen calls, and Cloudflare gives a request a thousand.
const MOST: usize = 50;

impl<H: Host> Service<'_, H> {
    /// Answers for `DELETE /spaces/<space>`: deletes all that lies directly in it.
    pub(super) async fn remove_space(
        &self,
        request: &Incoming<'_>,
        space: &Space,
    ) -> Result<Reply<H::Body>, Error> {
        self.remove_versions(request, space, None).await?;
        let forget = ForgetSpace {
            space: space.clone(),
        };
        self.ask(&forget).await?;
        Ok(nothing())
    }

    /// Answers for `DELETE /spaces/<space>/charts/<chart>`.
    pub(super) async fn remove_chart(
        &self,
        request: &Incoming<'_>,
        space: &Space,
        chart: &str,
    ) -> Result<Reply<H::Body>, Error> {
        match self.remove_versions(request, space, Some(chart)).await? {
            0 => Err(Error::NotFound(Missing::Chart)),
            _ => Ok(nothing()),
        }
    }

    /// Deletes all versions of a chart, or of all charts, and tells how many. What is deleted when something fails, is; the same request
    /// again deletes the rest.
    async fn remove_versions(
        &self,
        request: &Incoming<'_>,
        space: &Space,
        chart: Option<&str>,
    ) -> Result<usize, Error> {
        let wanted = InSpace {
            limit: MOST,
            ..InSpace::of(space, chart)
        };
        let held = self.held(&wanted).await?;
        for item in &held.items {
            let deleted = self.delete_version(request, space, &item.name, &item.version);
            match deleted.await {
                // Somebody else was faster.
                Ok(()) | Err(Error::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let deleted = held.items.len();
        match held.total.saturating_sub(deleted) {
            0 => Ok(deleted),
            left => Err(Error::Conflict(format!(
                "{deleted} versions were deleted and {left} are left: send the request again"
            ))),
        }
    }
}
