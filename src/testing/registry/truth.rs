//! What only the registry itself knows: which charts it holds, and who called it while it wanted to be left alone.

use serde_json::Value;

use crate::oci::Digest;
use crate::platform::Timestamp;

use super::{FakeRegistry, State};

/// A chart as Helm pushes it, and a tag that names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Chart {
    pub(crate) repository: String,
    pub(crate) tag: String,
    pub(crate) name: String,
    pub(crate) version: String,
    /// The hex digits of its package's digest.
    pub(crate) package: String,
}

/// A time in which a host is to be left alone, from its answer on.
pub(super) struct Refusal {
    host: String,
    at: Timestamp,
    until: Timestamp,
}

/// Name, version and package of a manifest; `None` where it is none of a chart.
pub(super) type Contents = Option<(String, String, String)>;

impl FakeRegistry {
    /// All charts it holds, whatever it says of them.
    pub(crate) fn charts(&self) -> Vec<Chart> {
        let mut state = self.state.borrow_mut();
        let State {
            repositories,
            blobs,
            contents,
            ..
        } = &mut *state;
        let mut charts = Vec::new();
        for (repository, held) in repositories {
            for (tag, digest) in &held.tags {
                let contents = contents.entry(digest.clone()).or_insert_with(|| {
                    let (_, manifest) = held.manifests.get(digest)?;
                    let manifest: Value = serde_json::from_slice(manifest).unwrap();
                    let config: Digest = manifest["config"]["digest"].as_str()?.parse().unwrap();
                    let config: Value = serde_json::from_slice(blobs.get(&config)?).unwrap();
                    let text = |value: &Value| Some(value.as_str()?.to_owned());
                    let package = text(&manifest["layers"][0]["digest"])?;
                    let (_, hex) = package.split_once(':')?;
                    Some((
                        text(&config["name"])?,
                        text(&config["version"])?,
                        hex.to_owned(),
                    ))
                });
                if let Some((name, version, package)) = contents.clone() {
                    charts.push(Chart {
                        repository: repository.clone(),
                        tag: tag.clone(),
                        name,
                        version,
                        package,
                    });
                }
            }
        }
        charts
    }

    /// Lists no more than the first `shown` tags of a repository, as if there were no others; `None` ends it.
    pub(crate) fn show_only(&self, repository: &str, shown: Option<usize>) {
        let mut state = self.state.borrow_mut();
        match shown {
            Some(shown) => state.shown.insert(repository.to_owned(), shown),
            None => state.shown.remove(repository),
        };
    }

    /// Has its list of repositories lack one that is there all the same.
    pub(crate) fn hide(&self, repository: &str, hidden: bool) {
        let mut state = self.state.borrow_mut();
        if hidden {
            state.hidden.insert(repository.to_owned());
        } else {
            state.hidden.remove(repository);
        }
    }

    /// Answers at another host, too.
    pub(crate) fn also_at(&self, host: &str) {
        self.state.borrow_mut().other_host = Some(host.to_owned());
    }

    /// Has calls to a host take so long; from [`SILENCE`] on they have no answer. `None` ends it.
    pub(crate) fn set_slow(&self, slow: Option<(&str, std::time::Duration)>) {
        self.state.borrow_mut().slow = slow.map(|(host, by)| (host.to_owned(), by));
    }

    /// Whether an injected fault of this status that has not struck for the last time may strike a call that contains `what`.
    pub(crate) fn has_fault(&self, status: u16, what: &[&str]) -> bool {
        let state = self.state.borrow();
        let mut faults = state.faults.iter();
        faults.any(|fault| fault.is_pending(status, what))
    }

    /// Ends what it asked of its callers: an operator said so, time jumped, or who was told has died.
    pub(crate) fn forget_refusals(&self) {
        self.state.borrow_mut().refusals.clear();
    }

    /// Calls that came while it was to be left alone (`Retry-After`).
    pub(crate) fn intrusions(&self) -> Vec<String> {
        self.state.borrow().intrusions.clone()
    }
}

/// So long a call waits for an answer at the most.
pub(crate) const SILENCE: std::time::Duration = std::time::Duration::from_secs(30);

impl State {
    /// How long a call takes.
    pub(super) fn latency_of(&self, request: &http::Request<bytes::Bytes>) -> std::time::Duration {
        let slow = self.slow.as_ref();
        slow.filter(|(host, _)| request.uri().host() == Some(host))
            .map_or(self.latency, |(_, by)| (*by).min(SILENCE))
    }

    /// Notes a call that should not have come.
    pub(super) fn watch(&mut self, request: &http::Request<bytes::Bytes>, now: Timestamp) {
        let host = request.uri().host().unwrap_or_default();
        let mut refusals = self.refusals.iter();
        // Who is asked to wait may still be reading so.
        let heard = std::time::Duration::from_secs(1);
        let told = |refusal: &Refusal| refusal.host == host && refusal.at.after(heard) < now;
        if refusals.any(|refusal| told(refusal) && now < refusal.until) {
            let call = format!("{} {} at {}", request.method(), request.uri(), now.0);
            self.intrusions.push(call);
        }
    }

    /// Notes when callers were asked to come again, if they were.
    pub(super) fn note(
        &mut self,
        request: &http::Request<bytes::Bytes>,
        answer: &http::Response<bytes::Bytes>,
        now: Timestamp,
    ) {
        let seconds = answer.headers().get("retry-after");
        let seconds = seconds.and_then(|value| value.to_str().unwrap().parse().ok());
        if answer.status() == 429
            && let Some(seconds) = seconds
        {
            self.refusals.push(Refusal {
                host: request.uri().host().unwrap_or_default().to_owned(),
                at: now,
                until: now.after(std::time::Duration::from_secs(seconds)),
            });
        }
    }
}
