//! The table of routes: what each answers to, what it needs, and what is read of a request before it is answered.
//!
//! A route is a variant of [`Route`], and [`Route::rule`] has to give all columns for it, or it does not compile.

use super::route::{Museum, Route, Sender, SpaceCall};
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
    /// That its sender has a right on some space: which one, its body tells, and its answer judges that.
    Somewhere(Right),
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
    /// All of it, up to a limit in bytes; what breaks off is refused.
    Complete(usize),
    /// All of it, up to `UPLOAD_LIMIT`; what breaks off is refused.
    Upload,
}

/// What errors look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErrorFormat {
    /// `{"error": "…"}`.
    Json,
    /// `{"message": "…", "reason": "…"}`, of the space / chart / version API.
    Reasoned,
}

impl ErrorFormat {
    /// What errors look like at a path that is no route.
    pub(super) fn at(path: &str) -> Self {
        match path.strip_prefix("/api/v1") {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => Self::Reasoned,
            _ => Self::Json,
        }
    }
}

/// Longest body that replaces a file in a package, in bytes.
const FILE_LIMIT: usize = 512 * 1024;

/// Longest body that names a space, in bytes.
const NAME_LIMIT: usize = 16 * 1024;

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
            Self::Home | Self::Health | Self::ApiDocs => row(READ, Needs::Nothing, unread),
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
            Self::Spaces(_, call) => space_rule(call),
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
            Self::Index(_)
            | Self::ArtifactHub(_)
            | Self::Refresh(_)
            | Self::Museum(_, _)
            | Self::Spaces(_, _) => Missing::Space,
            Self::File(_) => Missing::File,
            Self::Home
            | Self::Health
            | Self::ApiDocs
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
            | Self::Museum(space, _)
            | Self::Spaces(space, _) => space.clone(),
            Self::File(file) => file.space.clone(),
            Self::Refresh(Some(path)) => path.parse().unwrap_or_default(),
            Self::Refresh(None)
            | Self::Home
            | Self::Health
            | Self::ApiDocs
            | Self::DeepHealth
            | Self::Info
            | Self::Metrics
            | Self::Webhook(_) => Space::root(),
        }
    }
}

/// The row of a call of the space / chart / version API.
fn space_rule(call: &SpaceCall) -> Rule {
    use SpaceCall as Call;
    let unread = BodyRule::Unread;
    let (needs, body) = match call {
        Call::Spaces
        | Call::Charts
        | Call::Versions(_)
        | Call::Download(_)
        | Call::Metadata(_)
        | Call::Values(_)
        | Call::Describe { .. } => (Needs::Right(Right::Read), unread),
        Call::Create => (
            Needs::Somewhere(Right::Push),
            BodyRule::Complete(NAME_LIMIT),
        ),
        Call::Upload | Call::Replace(_) => (Needs::Right(Right::Push), BodyRule::Upload),
        Call::ReplaceMetadata(_) | Call::ReplaceValues(_) => {
            (Needs::Right(Right::Push), BodyRule::Complete(FILE_LIMIT))
        }
        Call::Remove | Call::RemoveChart(_) | Call::RemoveVersion(_) => {
            (Needs::Right(Right::Delete), unread)
        }
    };
    Rule {
        methods: call.methods(),
        needs,
        body,
        errors: ErrorFormat::Reasoned,
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    /// One path of each route.
    const PATHS: [&str; 41] = [
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
        "GET /api/v1/spaces",
        "POST /api/v1/spaces",
        "DELETE /api/v1/spaces/team",
        "GET /api/v1/spaces/team/a/charts",
        "POST /api/v1/spaces/team/charts",
        "DELETE /api/v1/spaces/team/charts/web",
        "GET /api/v1/spaces/team/charts/web/versions",
        "GET /api/v1/spaces/team/charts/web/versions/1.0.0",
        "PUT /api/v1/spaces/team/charts/web/versions/1.0.0",
        "DELETE /api/v1/spaces/team/charts/web/versions/1.0.0",
        "GET /api/v1/spaces/team/charts/web/versions/1.0.0/manifests/metadata",
        "PUT /api/v1/spaces/team/charts/web/versions/1.0.0/manifests/values",
        "GET /api/v1/spaces/team/metadata",
        "GET /api/v1/spaces/team/metadata/latest",
        "GET /api/v1/spaces/team/charts/web/metadata",
        "GET /api/v1/spaces/team/charts/web/metadata/latest",
        "GET /apidocs.json",
        "POST /refresh",
        "POST /refresh/team/a",
        "POST /webhook/distribution",
        "POST /webhook/harbor",
        "POST /webhook/github",
    ];

    /// Each with its row.
    #[test]
    fn the_table() {
        let rows = PATHS.map(|line| {
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
            /api/v1/spaces []: GET, HEAD, POST, Right(Read), Unread, Reasoned
            /api/v1/spaces []: GET, HEAD, POST, Somewhere(Push), Complete(16384), Reasoned
            /api/v1/spaces/team [team]: DELETE, Right(Delete), Unread, Reasoned
            /api/v1/spaces/team/a/charts [team/a]: GET, HEAD, POST, Right(Read), Unread, Reasoned
            /api/v1/spaces/team/charts [team]: GET, HEAD, POST, Right(Push), Upload, Reasoned
            /api/v1/spaces/team/charts/web [team]: DELETE, Right(Delete), Unread, Reasoned
            /api/v1/spaces/team/charts/web/versions [team]: GET, HEAD, Right(Read), Unread, Reasoned
            /api/v1/spaces/team/charts/web/versions/1.0.0 [team]: GET, HEAD, PUT, DELETE, Right(Read), Unread, Reasoned
            /api/v1/spaces/team/charts/web/versions/1.0.0 [team]: GET, HEAD, PUT, DELETE, Right(Push), Upload, Reasoned
            /api/v1/spaces/team/charts/web/versions/1.0.0 [team]: GET, HEAD, PUT, DELETE, Right(Delete), Unread, Reasoned
            /api/v1/spaces/team/charts/web/versions/1.0.0/manifests/metadata [team]: GET, HEAD, PUT, Right(Read), Unread, Reasoned
            /api/v1/spaces/team/charts/web/versions/1.0.0/manifests/values [team]: GET, HEAD, PUT, Right(Push), Complete(524288), Reasoned
            /api/v1/spaces/team/metadata [team]: GET, HEAD, Right(Read), Unread, Reasoned
            /api/v1/spaces/team/metadata/latest [team]: GET, HEAD, Right(Read), Unread, Reasoned
            /api/v1/spaces/team/charts/web/metadata [team]: GET, HEAD, Right(Read), Unread, Reasoned
            /api/v1/spaces/team/charts/web/metadata/latest [team]: GET, HEAD, Right(Read), Unread, Reasoned
            /apidocs.json []: GET, HEAD, Nothing, Unread, Json
            /refresh []: POST, Right(Refresh), Unread, Json
            /refresh/team/a [team/a]: POST, Right(Refresh), Unread, Json
            /webhook/distribution []: POST, Notice(Never), Whole(1048576), Json
            /webhook/harbor []: POST, Notice(Never), Whole(1048576), Json
            /webhook/github []: POST, Notice(Always), Whole(262144), Json
        ");
    }
}
