//! `GET /`: what this is and how to use it, for whoever finds it in a browser or with curl.

use std::rc::Rc;

use http::header::{ACCEPT, HeaderName, VARY};
use http::request::Parts;
use http::{HeaderValue, StatusCode};

use super::reply::Reply;
use super::{Host, Incoming, Service, progress};
use crate::access::Right;
use crate::catalog::ask::{AskStatus, Status};
use crate::config::{Config, Problems};
use crate::error::{Error, Missing};
use crate::index::Space;
use crate::platform::Clock;

const CONTENT_SECURITY_POLICY: HeaderName = HeaderName::from_static("content-security-policy");

/// Paragraphs; a line that starts with `$ ` is a command.
type Paragraphs = Vec<String>;

impl<H: Host> Service<'_, H> {
    /// Answers for `/`.
    pub(super) async fn home(&self, request: &Incoming<'_>) -> Reply<H::Body> {
        // A stranger of a private Worker is told that it is up, and what a reader needs to log in.
        let status = self.status_for(request).await;
        page(request, &Space::root(), status.as_ref())
    }

    /// Answers for a space's own address as for `/`, where there is such a space.
    pub(super) async fn space(
        &self,
        request: &Incoming<'_>,
        space: &Space,
    ) -> Result<Reply<H::Body>, Error> {
        match self.must_exist(request, space).await {
            Ok(()) => Ok(page(
                request,
                space,
                self.status_for(request).await.as_ref(),
            )),
            Err(Error::NotFound(_)) => Err(Error::NotFound(Missing::Path)),
            Err(error) => Err(error),
        }
    }

    /// The page that a Worker with wrong settings has: nothing else of it answers.
    pub(super) fn misconfigured(head: &Parts, problems: &Problems) -> Reply<H::Body> {
        let page = vec![
            "Portolan: a Helm chart repository in front of an OCI registry.".to_owned(),
            format!(
                "It is not set up yet. These settings are missing or wrong: {}",
                problems.public()
            ),
            "The log of the Worker says what is wrong with each.".to_owned(),
        ];
        render(head, &page)
    }

    /// The catalog's state, for who may read everything: it counts everything.
    async fn status_for(&self, request: &Incoming<'_>) -> Option<Rc<Status>> {
        if request.principal.reads_all() {
            self.status().await
        } else {
            None
        }
    }

    /// The catalog's state as of some seconds ago, if it answers: this page is for anyone, and does without.
    async fn status(&self) -> Option<Rc<Status>> {
        let now = self.host.clock().now();
        if self.memory.status_is_due(now)
            && let Ok(status) = self.ask(&AskStatus).await
        {
            self.memory.keep_status(Rc::new(status));
        }
        self.memory.status()
    }
}

fn page<B>(request: &Incoming<'_>, space: &Space, status: Option<&Rc<Status>>) -> Reply<B> {
    let mut page = vec![
        "Portolan: a Helm chart repository in front of an OCI registry.".to_owned(),
        add_line(request.config, request.head, space),
    ];
    if let Some(status) = status {
        page.extend(state(status));
    }
    render(request.head, &page)
}

fn state(status: &Status) -> Paragraphs {
    if status.ready {
        return vec![format!(
            "It has {} versions of {} charts.",
            progress::grouped(status.versions),
            progress::grouped(status.charts)
        )];
    }
    let mut page = vec![format!(
        "The first sync is running: {}.",
        progress::words(&status.progress)
    )];
    if let Some(fault) = &status.progress.fault {
        page.push(format!("The registry {} {}.", fault.host, fault.kind));
    }
    page
}

/// The command that makes the repository known to Helm.
fn add_line(config: &Config, head: &Parts, space: &Space) -> String {
    let uri = &head.uri;
    let scheme = uri.scheme_str().unwrap_or("https");
    // Host and port only, and only if a shell would take them as they are.
    let authority = uri
        .authority()
        .map(|authority| match authority.port() {
            Some(port) => format!("{}:{port}", authority.host()),
            None => authority.host().to_owned(),
        })
        .filter(|text| {
            text.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte))
        })
        .unwrap_or_else(|| "<this host>".to_owned());
    let anyone = &config.accounts.anonymous;
    let login = if anyone.spaces(Right::Read).hold_all_below(space) {
        ""
    } else {
        " --username <user> --password-stdin"
    };
    let slash = if space.is_root() { "" } else { "/" };
    format!("$ helm repo add charts {scheme}://{authority}{slash}{space}{login}")
}

fn render<B>(head: &Parts, page: &[String]) -> Reply<B> {
    let wants_html = head
        .headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("text/html"));
    let reply = if wants_html {
        Reply::text(StatusCode::OK, "text/html; charset=utf-8", html(page)).with(
            CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'"),
        )
    } else {
        let text = page.join("\n\n") + "\n";
        Reply::text(StatusCode::OK, "text/plain; charset=utf-8", text)
    };
    reply.with(VARY, HeaderValue::from_static("accept"))
}

fn html(page: &[String]) -> String {
    let body: String = page
        .iter()
        .map(|paragraph| match paragraph.strip_prefix("$ ") {
            Some(command) => format!("<pre>{}</pre>\n", escaped(command)),
            None => format!("<p>{}</p>\n", escaped(paragraph)),
        })
        .collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Portolan</title>\n\
         <style>body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 45rem; margin: 3rem auto; padding: 0 1rem }}</style>\n\
         {body}</html>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests;
