//! What the API deletes: charts and spaces, version by version.

use std::time::Duration;

use super::nothing;
use crate::catalog::ask::{ForgetSpace, HeldPage, HeldVersion, InSpace};
use crate::error::{Error, Missing};
use crate::index::Space;
use crate::platform::Clock as _;
use crate::serve::reply::Reply;
use crate::serve::write::PATIENCE;
use crate::serve::{Host, Incoming, Service};

/// Most versions that one request deletes.
const MOST: usize = 50;

/// Calls to the registry for one of them: the tag is read, the tags are listed, the tag is deleted and perhaps the digest, and
/// somebody may have to log in.
const CALLS: usize = 5;

/// Most versions that one request tries: what cannot be deleted does not stand before what can be.
const TRIED: usize = 4 * MOST;

/// How long one request goes on deleting.
const LONGEST: Duration = Duration::from_secs(30);

/// Most versions that an answer names.
const NAMED: usize = 5;

/// What came of deleting versions one after the other.
#[derive(Default)]
struct Removal {
    /// How many there were.
    total: usize,
    /// How many are gone.
    gone: usize,
    /// Those that cannot be deleted, each with the reason.
    kept: Vec<(HeldVersion, Error)>,
    /// How many more a classic repository has, which is only read.
    classic: usize,
}

impl<H: Host> Service<'_, H> {
    /// Answers for `DELETE /spaces/<space>`: deletes all that lies directly in it.
    pub(super) async fn remove_space(
        &self,
        request: &Incoming<'_>,
        space: &Space,
    ) -> Result<Reply<H::Body>, Error> {
        self.remove_versions(request, space, None).await?.judge()?;
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
        let removal = self.remove_versions(request, space, Some(chart)).await?;
        if removal.total + removal.classic == 0 {
            return Err(Error::NotFound(Missing::Chart));
        }
        removal.judge()?;
        Ok(nothing())
    }

    /// Deletes versions of a chart, or of all charts, as many as one request may, and waits until the catalog no longer serves
    /// them. What is deleted when the registry fails, is; the same request again deletes the rest.
    async fn remove_versions(
        &self,
        request: &Incoming<'_>,
        space: &Space,
        chart: Option<&str>,
    ) -> Result<Removal, Error> {
        let began = self.host.clock().now();
        let held = self.removable(space, chart, began.0).await?;
        let most = (request.config.subrequest_budget as usize / CALLS).clamp(1, MOST);
        let mut removal = Removal {
            total: held.total,
            classic: held.classic,
            ..Removal::default()
        };
        let deadline = began.after(LONGEST + PATIENCE);
        for item in held.items {
            let is_late = self.host.clock().now() >= began.after(LONGEST);
            if removal.gone == most || is_late {
                break;
            }
            let deleting = self.delete_without_waiting(request, space, &item.name, &item.version);
            match deleting.await {
                // One after the other: many that are gone at once the catalog takes for a fault of the registry.
                Ok(one) => self.await_gone(&one, space, deadline).await,
                // Somebody else was faster.
                Err(Error::NotFound(_)) => {}
                Err(error @ (Error::Conflict(_) | Error::Locked)) => {
                    removal.kept.push((item, error));
                    continue;
                }
                Err(error) => return Err(error),
            }
            removal.gone += 1;
        }
        Ok(removal)
    }

    /// The versions to try. Of more than are tried at once, another part each second.
    async fn removable(
        &self,
        space: &Space,
        chart: Option<&str>,
        now: i64,
    ) -> Result<HeldPage, Error> {
        let mut wanted = InSpace {
            removable: true,
            limit: TRIED,
            ..InSpace::of(space, chart)
        };
        let held = self.held(&wanted).await?;
        let beyond = held.total.saturating_sub(TRIED);
        if beyond == 0 {
            return Ok(held);
        }
        let seconds = usize::try_from(now / 1000).unwrap_or(0);
        wanted.start = seconds % (beyond + 1);
        self.held(&wanted).await
    }
}

impl Removal {
    /// Whether all of it is gone; an error that says what is not, and why.
    fn judge(self) -> Result<(), Error> {
        let Self {
            total,
            gone,
            kept,
            classic,
        } = self;
        let left = total.saturating_sub(gone);
        if left + classic == 0 {
            return Ok(());
        }
        let (kept_count, mut why) = (kept.len(), Vec::new());
        for (item, error) in kept.iter().take(NAMED) {
            let HeldVersion { name, version, .. } = item;
            why.push(format!("{name} {version}: {}", error.public_message()));
        }
        if kept_count > NAMED {
            why.push(format!("and {} more like these", kept_count - NAMED));
        }
        if classic > 0 {
            why.push(format!(
                "a classic repository has {classic}, and is only read"
            ));
        }
        if left > kept_count {
            why.push("send the request again for the others".to_owned());
        }
        // The only thing in the way is a writer, who will have done.
        let mut errors = kept.iter().map(|(_, error)| error);
        let is_locked = classic == 0 && left == kept_count && errors.all(|it| *it == Error::Locked);
        if is_locked {
            return Err(Error::Locked);
        }
        let (left, why) = (left + classic, why.join("; "));
        Err(Error::Conflict(format!(
            "{gone} versions were deleted and {left} are left: {why}"
        )))
    }
}
