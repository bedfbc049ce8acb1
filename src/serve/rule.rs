//! The table of routes: what each answers to, what it needs, and what is read of a request before it is answered.
//!
//! A route is a variant of [`Route`], and [`Route::rule`] has to give all columns for it, or it does not compile.

use super::route::{Museum, Route, Sender};
use crate::access::Right;
use crate::access::signature::Signs;
use crate::error::Missing;
use crate::index::Space;

/// Longest notification that is read, in bytes. They are some kilobytes.
const NOTIFICATION_LIMIT: usize = 1024 * 1024;

/// Longest notification that is read before it is known who sends it, as the signature is over the body: GitHub's about packages are of
/// some ten kilobytes.
const SIGNED_LIMIT: usize = 256 * 1024;

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rule {
    /// The methods it answers to, as `Allow` tells them.
    pub(super) methods: &'static str,
    /// What a request must show before its body is read.
    pub(super) needs: Needs,
    /// What is read of its body.
    pub(super) body: BodyRule,
    /// What its errors look like.
    pub(super) errors: ErrorFormat,
}

/// What a request must show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// Nothing: it is for anyone.
    Nothing,
    /// That its sender has a right on the route's space.
    Right(Right),
    /// That it is a notification of somebody who knows `WEBHOOK_SECRET`.
    Notice(Signs),
}

/// What is read of a request's body: whole, as what is written is judged before any of it goes to a registry. A route that
/// passed one on as a stream would be a case of its own here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyRule {
    /// Nothing.
    Unread,
    /// All of it, up to a limit in bytes.
    Whole(usize),
    /// All of it, up to `UPLOAD_LIMIT`.
    Upload,
}

/// What errors look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErrorFormat {
    /// `{"error": "…"}`.
    Json,
}

const READ: &str = "GET, HEAD";
const POST: &str = "POST";

impl Route {
    /// The route's row.
    pub(super) fn rule(&self) -> Rule {
        let row = |methods, needs, body| Rule {
            methods,
            needs,
            body,
            errors: ErrorFormat::Json,
        };
        let unread = BodyRule::Unread;
        match self {
            Self::Home | Self::Health => row(READ, Needs::Nothing, unread),
            Self::Index(_) | Self::File(_) | Self::ArtifactHub(_) | Self::Space(_) => {
                row(READ, Needs::Right(Right::Read), unread)
            }
            Self::Info => row(READ, Needs::Right(Right::Inspect), unread),
            Self::DeepHealth | Self::Metrics => row(READ, Needs::Right(Right::Measure), unread),
            Self::Museum(_, museum) => {
                let (right, body) = match museum {
                    Museum::Show(_) => (Right::Read, unread),
                    Museum::Upload | Museum::Sign => (Right::Push, BodyRule::Upload),
                    Museum::Delete { .. } => (Right::Delete, unread),
                };
                row(museum.methods(), Needs::Right(right), body)
            }
            Self::Refresh(_) => row(POST, Needs::Right(Right::Refresh), unread),
            Self::Webhook(sender) => {
                let (signs, limit) = match sender {
                    Sender::GitHub => (Signs::Always, SIGNED_LIMIT),
                    Sender::Distribution | Sender::Harbor => (Signs::Never, NOTIFICATION_LIMIT),
                };
                row(POST, Needs::Notice(signs), BodyRule::Whole(limit))
            }
        }
    }

    /// What is told where nothing is, and to an account that may not see what is.
    pub(super) fn missing(&self) -> Missing {
        match self {
            Self::Index(_) | Self::ArtifactHub(_) | Self::Refresh(_) | Self::Museum(_, _) => {
                Missing::Space
            }
            Self::File(_) => Missing::File,
            Self::Home
            | Self::Health
            | Self::DeepHealth
            | Self::Info
            | Self::Metrics
            | Self::Space(_) => Missing::Path,
            Self::Webhook(_) => Missing::Webhook,
        }
    }

    /// The space it is about; the root for what is about everything.
    pub(super) fn space(&self) -> Space {
        match self {
            Self::Index(space)
            | Self::ArtifactHub(space)
            | Self::Space(space)
            | Self::Museum(space, _) => space.clone(),
            Self::File(file) => file.space.clone(),
            Self::Refresh(Some(path)) => path.parse().unwrap_or_default(),
            Self::Refresh(None)
            | Self::Home
            | Self::Health
            | Self::DeepHealth
            | Self::Info
            | Self::Metrics
            | Self::Webhook(_) => Space::root(),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    /// One path of each route, with its row.
    #[test]
    fn the_table() {
        let rows = [
            "GET /",
            "GET /team",
            "GET /health",
            "GET /health?deep",
            "GET /info",
            "GET /metrics",
            "GET /team/index.yaml",
            "GET /team/charts/0123456789abcdef/a-1.0.0.tgz",
            "GET /team/charts/a-1.0.0.tgz.prov",
            "GET /team/artifacthub-repo.yml",
            "POST /api/charts",
            "POST /api/team/a/charts",
            "GET /api/team/charts",
            "GET /api/charts/web",
            "GET /api/charts/web/1.0.0",
            "DELETE /api/team/a/charts/web/1.0.0+b",
            "GET /api/charts/web/latest/templates",
            "HEAD /api/charts/web/%5E1.0/values",
            "POST /api/team/prov",
            "POST /refresh",
            "POST /refresh/team/a",
            "POST /webhook/distribution",
            "POST /webhook/harbor",
            "POST /webhook/github",
        ]
        .map(|line| {
            let (method, path) = line.split_once(' ').unwrap();
            let method: Method = method.parse().unwrap();
            let (bare, query) = path.split_once('?').unzip();
            let route = Route::of(&method, bare.unwrap_or(path))
                .unwrap()
                .asked(query);
            let Rule {
                methods,
                needs,
                body,
                errors,
            } = route.rule();
            format!(
                "{path} [{}]: {methods}, {needs:?}, {body:?}, {errors:?}",
                route.space()
            )
        });
        insta::assert_snapshot!(rows.join("\n"), @"
            / []: GET, HEAD, Nothing, Unread, Json
            /team [team]: GET, HEAD, Right(Read), Unread, Json
            /health []: GET, HEAD, Nothing, Unread, Json
            /health?deep []: GET, HEAD, Right(Measure), Unread, Json
            /info []: GET, HEAD, Right(Inspect), Unread, Json
            /metrics []: GET, HEAD, Right(Measure), Unread, Json
            /team/index.yaml [team]: GET, HEAD, Right(Read), Unread, Json
            /team/charts/0123456789abcdef/a-1.0.0.tgz [team]: GET, HEAD, Right(Read), Unread, Json
            /team/charts/a-1.0.0.tgz.prov [team]: GET, HEAD, Right(Read), Unread, Json
            /team/artifacthub-repo.yml [team]: GET, HEAD, Right(Read), Unread, Json
            /api/charts []: GET, HEAD, POST, Right(Push), Upload, Json
            /api/team/a/charts [team/a]: GET, HEAD, POST, Right(Push), Upload, Json
            /api/team/charts [team]: GET, HEAD, POST, Right(Read), Unread, Json
            /api/charts/web []: GET, HEAD, Right(Read), Unread, Json
            /api/charts/web/1.0.0 []: GET, HEAD, DELETE, Right(Read), Unread, Json
            /api/team/a/charts/web/1.0.0+b [team/a]: GET, HEAD, DELETE, Right(Delete), Unread, Json
            /api/charts/web/latest/templates []: GET, HEAD, Right(Read), Unread, Json
            /api/charts/web/%5E1.0/values []: GET, HEAD, Right(Read), Unread, Json
            /api/team/prov [team]: POST, Right(Push), Upload, Json
            /refresh []: POST, Right(Refresh), Unread, Json
            /refresh/team/a [team/a]: POST, Right(Refresh), Unread, Json
            /webhook/distribution []: POST, Notice(Never), Whole(1048576), Json
            /webhook/harbor []: POST, Notice(Never), Whole(1048576), Json
            /webhook/github []: POST, Notice(Always), Whole(262144), Json
        ");
    }
}
