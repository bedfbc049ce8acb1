//! What operators and their tools ask: health, state, counts, a sync now.

use std::collections::BTreeMap;
use std::time::Duration;

use http::StatusCode;
use http::header::ETAG;
use serde::Serialize;

use super::reply::Reply;
use super::webhook::{ByHost, Named};
use super::{CatalogClient, Host, Incoming, Service, metrics, webhook};
use crate::access::{self, Right};
use crate::catalog::ask::{Accepted, AskStatus, Await, Changed, Info, Refresh};
use crate::error::{Error, Missing};
use crate::index::Space;
use crate::oci;
use crate::platform::Clock;

/// How long `?wait` without a number waits, in seconds.
const WAIT: u64 = 60;

/// Longest wait for a sync, in seconds: proxies on the way rarely bear a silence of more than some minutes.
const LONGEST_WAIT: u64 = 300;

/// How long to wait before asking again whether a sync was published.
const PAUSE: Duration = Duration::from_millis(500);

/// `/info`: the version first, then what the catalog says.
#[derive(Serialize)]
struct InfoReply {
    version: &'static str,
    #[serde(flatten)]
    catalog: serde_json::Value,
}

impl<H: Host> Service<'_, H> {
    /// Answers for `/health`: whoever gets here has sound settings.
    pub(super) fn health() -> Reply<H::Body> {
        Reply::text(
            StatusCode::OK,
            "application/json",
            r#"{"healthy":true}"#.to_owned(),
        )
    }

    /// Answers for `/health?deep`: whether every source is read and lets Portolan in.
    pub(super) async fn deep_health(&self) -> Result<Reply<H::Body>, Error> {
        let status = self.ask(&AskStatus).await?;
        let sources = &status.figures.sources;
        let sick: Vec<_> = sources
            .iter()
            .filter(|source| source.overdue || source.denied_since.is_some())
            .map(|source| {
                serde_json::json!({
                    "source": source.source,
                    "denied_since": source.denied_since.map(|since| since.to_string()),
                    "read": source.read.map(|read| read.to_string()),
                })
            })
            .collect();
        if sick.is_empty() {
            return Ok(Self::health());
        }
        let body = serde_json::json!({ "healthy": false, "sources": sick });
        Ok(Reply::json(StatusCode::SERVICE_UNAVAILABLE, &body))
    }

    /// Answers for `/info[?page=<n>]`.
    pub(super) async fn info(&self, request: &Incoming<'_>) -> Result<Reply<H::Body>, Error> {
        let page = match request.query("page") {
            None => 0,
            Some(page) => page
                .parse()
                .map_err(|_| Error::BadRequest("page is not a number"))?,
        };
        let mut catalog = self.ask(&Info { page }).await?;
        if let Some(warning) = self.memory.names.warning()
            && let Some(warnings) = catalog.get_mut("warnings").and_then(|it| it.as_array_mut())
        {
            warnings.push(warning.into());
        }
        let version = env!("CARGO_PKG_VERSION");
        Ok(Reply::json(StatusCode::OK, &InfoReply { version, catalog }))
    }

    /// Answers for `/metrics`.
    pub(super) async fn metrics(&self) -> Result<Reply<H::Body>, Error> {
        let status = self.ask(&AskStatus).await?;
        let text = metrics::render(&status);
        Ok(Reply::text(StatusCode::OK, metrics::CONTENT, text))
    }

    /// Answers for `/refresh[/<path>][?wait=<seconds>][&confirm]`.
    pub(super) async fn refresh(
        &self,
        request: &Incoming<'_>,
        path: Option<String>,
    ) -> Result<Reply<H::Body>, Error> {
        let wait = request
            .query("wait")
            .map(|text| seconds(&text))
            .transpose()?;
        let confirm = match request.query("confirm").as_deref() {
            None | Some("false" | "0") => false,
            Some("" | "true" | "1") => true,
            Some(_) => return Err(Error::BadRequest("confirm takes no value")),
        };
        if confirm {
            // It is of all sources, whatever the path.
            let root = Space::root();
            let all = Missing::Space;
            access::permit(
                &request.config.accounts,
                &request.principal,
                Right::Refresh,
                &root,
                all,
            )?;
        }
        let mut answer = self
            .ask(&Refresh {
                path: path.clone(),
                confirm,
            })
            .await?;
        let started = self.host.clock().now();
        loop {
            let (ticket, done) = match answer {
                // Who waits wants to know whether what was pushed is served, and only an operator gets here.
                Some(Accepted {
                    fault: Some(fault), ..
                }) if wait.is_some() => return Err(Error::NotSynced(fault)),
                Some(Accepted {
                    ticket,
                    done,
                    etag,
                    unread,
                    ..
                }) => {
                    // That of the root's index, which not everybody sees.
                    let etag = etag.filter(|_| request.principal.reads_all());
                    (ticket, done.then_some((etag, unread)))
                }
                None => return Err(Error::NotFound(Missing::Space)),
            };
            let Some(wait) = wait else {
                return Ok(accepted());
            };
            if let Some((etag, unread)) = done {
                let mut body = serde_json::json!({ "published": true, "etag": etag });
                if let (Some(unread), Some(body)) = (unread, body.as_object_mut()) {
                    body.insert("unread".to_owned(), unread.into());
                }
                let reply = Reply::json(StatusCode::OK, &body);
                return Ok(match etag {
                    Some(etag) => reply.with(ETAG, etag),
                    None => reply,
                });
            }
            if self.host.clock().now() >= started.after(Duration::from_secs(wait)) {
                return Err(Error::NotPublished(wait));
            }
            self.host.catalog().pause(PAUSE).await;
            let path = path.clone();
            answer = self.ask(&Await { ticket, path }).await?;
        }
    }

    /// Answers a notification: what it names below the configured sources is looked at again.
    pub(super) async fn changed(
        &self,
        request: &Incoming<'_>,
        named: ByHost,
    ) -> Result<Reply<H::Body>, Error> {
        let config = request.config;
        let mut meant: BTreeMap<Option<&str>, Vec<Named>> = BTreeMap::new();
        for (host, names) in named {
            // However many hosts a notification names, those of no source are one.
            let mut registries = config.sources.iter().map(|source| &source.registry);
            let host = host.and_then(|host| registries.find(|registry| registry.is_at(&host)));
            for (name, tag) in names {
                if let Ok(path) = name.parse::<oci::Name>()
                    && config.sources.iter().any(|source| source.allows(&path))
                {
                    let tag = tag.filter(|tag| tag.parse::<oci::Tag>().is_ok());
                    let here = meant.entry(host.map(oci::Registry::host)).or_default();
                    here.push((name, tag));
                }
            }
        }
        for (host, names) in meant {
            let delivery = webhook::delivery(request.headers());
            let host = host.map(str::to_owned);
            self.ask(&Changed::Notified {
                names,
                host,
                delivery,
            })
            .await?;
        }
        Ok(accepted())
    }
}

fn accepted<B>() -> Reply<B> {
    Reply::json(
        StatusCode::ACCEPTED,
        &serde_json::json!({ "accepted": true }),
    )
}

/// How long to wait: a number of seconds, with or without the `s` of the settings; nothing means [`WAIT`].
fn seconds(text: &str) -> Result<u64, Error> {
    if text.is_empty() {
        return Ok(WAIT);
    }
    let number = text.strip_suffix('s').unwrap_or(text);
    let seconds: u64 = number
        .parse()
        .map_err(|_| Error::BadRequest("wait is not a number of seconds"))?;
    Ok(seconds.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests;
