//! The lines of the table: who asks what, and which routes of the access matrix that stands for.

use bytes::Bytes;
use http::HeaderName;
use http::header::CACHE_CONTROL;

use super::callers::Caller;
use super::changes;
use crate::testing::World;

pub(super) const NO_CACHE: (HeaderName, &str) = (CACHE_CONTROL, "no-cache");

/// Asked past caches, these cost something else.
pub(super) const PAST_CACHES: [&str; 2] = [
    "GET /{space}/index.yaml, no-cache",
    "GET /{space}/charts/a-1.0.0.tgz, no-cache",
];

/// They may read everything.
const READERS: &[Caller] = &[
    Caller::Reader,
    Caller::Pipeline,
    Caller::TokenHolder,
    Caller::Admin,
];

/// A line, before it is measured.
pub(super) struct Line {
    /// What the table calls them.
    pub(super) who: &'static str,
    /// Who sends, in turn.
    pub(super) callers: &'static [Caller],
    /// As the table has it.
    pub(super) what: &'static str,
    /// What it stands for: lines of the access matrix.
    pub(super) routes: Vec<&'static str>,
    /// The method and path of each request.
    pub(super) path: Box<dyn Fn(usize) -> (&'static str, String)>,
    pub(super) headers: Vec<(HeaderName, &'static str)>,
    pub(super) body: Box<dyn Fn(usize) -> Bytes>,
    /// After how many requests the rest is reckoned.
    pub(super) sample: Option<usize>,
    /// What is done to the world before.
    pub(super) prepare: fn(&World),
}

impl Line {
    /// Requests of a method, `paths` in turn, with the number of the request for `{n}` and as a digest for `{digest}`.
    pub(super) fn of(
        (who, callers): (&'static str, &'static [Caller]),
        what: &'static str,
        paths: &'static [&'static str],
        routes: &[&'static str],
    ) -> Self {
        let (method, _) = what.split_once(' ').unwrap();
        let path = move |n: usize| {
            let path = paths[n % paths.len()].replace("{n}", &n.to_string());
            (method, path.replace("{digest}", &format!("{n:016}")))
        };
        Self {
            who,
            callers,
            what,
            routes: routes.to_vec(),
            path: Box::new(path),
            headers: Vec::new(),
            body: Box::new(|_| Bytes::new()),
            sample: None,
            prepare: |_| {},
        }
    }

    pub(super) fn with(mut self, header: (HeaderName, &'static str)) -> Self {
        self.headers.push(header);
        self
    }

    pub(super) fn sending(self, body: impl Fn(usize) -> Bytes + 'static) -> Self {
        let body = Box::new(body);
        Self { body, ..self }
    }

    pub(super) fn sampled(self, sample: Option<usize>) -> Self {
        Self { sample, ..self }
    }
}

/// All lines.
pub(super) fn lines() -> Vec<Line> {
    let mut lines = of_anyone();
    for who in [
        ("stranger of a public Worker", &[Caller::PublicStranger][..]),
        ("reader", READERS),
    ] {
        lines.extend(of_indexes(who));
        lines.extend(of_files(who));
        lines.extend(of_museum(who));
        lines.extend(of_spaces(who));
    }
    for who in [
        ("stranger of a mixed Worker", &[Caller::MixedStranger][..]),
        ("reader of a part", &[Caller::PartReader]),
    ] {
        lines.extend(of_parts(who));
    }
    lines.extend(changes::lines());
    lines
}

/// What anyone may ask.
fn of_anyone() -> Vec<Line> {
    const NOBODY: &[Caller] = &[Caller::Stranger, Caller::Sender, Caller::Prometheus];
    let nobody = ("who may not read", NOBODY);
    let github = Line::of(
        ("stranger", &[Caller::Stranger]),
        "POST /webhook/github, false signatures",
        &["/webhook/github"],
        &[],
    );
    let signature = HeaderName::from_static("x-hub-signature-256");
    let wrong = "sha256=0000000000000000000000000000000000000000000000000000000000000000";
    vec![
        Line::of(
            ("anyone", &Caller::ALL),
            "GET /apidocs.json",
            &["/apidocs.json"],
            &["GET /apidocs.json"],
        ),
        Line::of(nobody, "GET /", &["/"], &["GET /"]),
        Line::of(nobody, "GET /health", &["/health"], &["GET /health"]),
        Line::of(nobody, "GET /<guess>", &["/x-{n}"], &[]),
        github.with((signature, wrong)).sending(changes::package),
    ]
}

fn of_indexes(who: (&'static str, &'static [Caller])) -> Vec<Line> {
    let of = |what, paths, routes: &[&'static str]| Line::of(who, what, paths, routes);
    let past_caches = &PAST_CACHES[..1];
    vec![
        of("GET /", &["/"], &["GET /", "GET /health"]),
        of("GET /<space>", &["/team"], &["GET /{space}"]),
        of(
            "GET /index.yaml",
            &["/index.yaml"],
            &["GET /{space}/index.yaml"],
        ),
        of("GET /index.yaml, no-cache", &["/index.yaml"], past_caches).with(NO_CACHE),
        of(
            "GET /index.yaml and /<space>/index.yaml, no-cache",
            &["/index.yaml", "/team/index.yaml"],
            past_caches,
        )
        .with(NO_CACHE),
        of("GET /<guess>/index.yaml", &["/x-{n}/index.yaml"], &[]),
        of(
            "GET /<guess>/index.yaml, no-cache",
            &["/x-{n}/index.yaml"],
            &[],
        )
        .with(NO_CACHE),
        of(
            "GET /artifacthub-repo.yml",
            &["/artifacthub-repo.yml?{n}"],
            &["GET /{space}/artifacthub-repo.yml"],
        ),
    ]
}

fn of_files(who: (&'static str, &'static [Caller])) -> Vec<Line> {
    let of = |what, paths, routes: &[&'static str]| Line::of(who, what, paths, routes);
    vec![
        of(
            "GET /charts/<file>",
            &["/charts/a-1.0.0.tgz"],
            &["GET /{space}/charts/a-1.0.0.tgz"],
        ),
        of("HEAD /charts/<file>", &["/charts/a-1.0.0.tgz"], &[]),
        of(
            "GET /charts/<file>, no-cache",
            &["/charts/a-1.0.0.tgz"],
            &PAST_CACHES[1..],
        )
        .with(NO_CACHE),
        of("GET /charts/<guess>", &["/charts/x-{n}.tgz"], &[]),
        of("GET /charts/<guess>, no-cache", &["/charts/x-{n}.tgz"], &[]).with(NO_CACHE),
        of(
            "GET /charts/<wrong digest>/<file>",
            &["/charts/{digest}/a-1.0.0.tgz"],
            &["GET /{space}/charts/{digest}/a-1.0.0.tgz"],
        ),
        of(
            "GET /charts/<file>.prov",
            &["/charts/a-1.0.0.tgz.prov"],
            &["GET /{space}/charts/a-1.0.0.tgz.prov"],
        ),
    ]
}

fn of_museum(who: (&'static str, &'static [Caller])) -> Vec<Line> {
    let of = |what, paths, routes: &[&'static str]| Line::of(who, what, paths, routes);
    vec![
        of(
            "GET /api/charts",
            &["/api/charts", "/api/charts?offset=1&limit={n}"],
            &["GET /api/{space}/charts"],
        ),
        of(
            "GET /api/charts/<name>",
            &["/api/charts/a"],
            &["GET /api/{space}/charts/a"],
        ),
        of(
            "GET /api/charts/<name>/<version>",
            &["/api/charts/a/1.0.0"],
            &["GET /api/{space}/charts/a/1.0.0"],
        ),
        of("GET /api/charts/<guess>", &["/api/charts/x-{n}"], &[]),
        of(
            "GET /api/charts/<name>/<version>/values and templates",
            &[
                "/api/charts/a/1.0.0/values",
                "/api/charts/a/1.0.0/templates",
            ],
            &[
                "GET /api/{space}/charts/a/1.0.0/templates",
                "GET /api/{space}/charts/a/1.0.0/values",
            ],
        ),
    ]
}

fn of_spaces(who: (&'static str, &'static [Caller])) -> Vec<Line> {
    let of = |what, paths, routes: &[&'static str]| Line::of(who, what, paths, routes);
    vec![
        of(
            "GET /api/v1/spaces",
            &["/api/v1/spaces"],
            &["GET /api/v1/spaces"],
        ),
        of(
            "GET /api/v1/spaces/<space>/charts and …/<name>/versions",
            &[
                "/api/v1/spaces/team/charts",
                "/api/v1/spaces/team/charts/b/versions",
            ],
            &[
                "GET /api/v1/spaces/{space}/charts",
                "GET /api/v1/spaces/{space}/charts/a/versions",
            ],
        ),
        of(
            "GET /api/v1/spaces/<space>/metadata and …/<name>/metadata/latest",
            &[
                "/api/v1/spaces/team/metadata",
                "/api/v1/spaces/team/charts/b/metadata/latest",
            ],
            &[
                "GET /api/v1/spaces/{space}/metadata",
                "GET /api/v1/spaces/{space}/charts/a/metadata/latest",
            ],
        ),
        of(
            "GET /api/v1/spaces/<guess>/charts",
            &["/api/v1/spaces/x-{n}/charts"],
            &[],
        ),
        of(
            "GET /api/v1/…/versions/<version>",
            &["/api/v1/spaces/team/charts/b/versions/1.0.0"],
            &["GET /api/v1/spaces/{space}/charts/a/versions/1.0.0"],
        ),
        of(
            "GET /api/v1/…/manifests/metadata and values",
            &[
                "/api/v1/spaces/team/charts/b/versions/1.0.0/manifests/metadata",
                "/api/v1/spaces/team/charts/b/versions/1.0.0/manifests/values",
            ],
            &[
                "GET /api/v1/spaces/{space}/charts/a/versions/9.9.9/manifests/metadata",
                "GET /api/v1/spaces/{space}/charts/a/versions/9.9.9/manifests/values",
            ],
        ),
    ]
}

/// Of who may read a part: what a share costs more than a folder, and the rest in turn.
fn of_parts(who: (&'static str, &'static [Caller])) -> Vec<Line> {
    let of = |what, paths, routes: &[&'static str]| Line::of(who, what, paths, routes);
    let index = "GET /{space}/index.yaml";
    vec![
        of("GET /index.yaml", &["/index.yaml"], &[index]),
        of(
            "GET /index.yaml, no-cache",
            &["/index.yaml"],
            &PAST_CACHES[..1],
        )
        .with(NO_CACHE),
        of(
            "GET /charts/<file>",
            &["/charts/b-1.0.0.tgz"],
            &["GET /{space}/charts/a-1.0.0.tgz"],
        ),
        of(
            "GET /charts/<file>, no-cache",
            &["/charts/b-1.0.0.tgz"],
            &PAST_CACHES[1..],
        )
        .with(NO_CACHE),
        of(
            "GET of what else they may read, in turn",
            &[
                "/",
                "/health",
                "/team",
                "/team/charts/{digest}/b-1.0.0.tgz",
                "/team/charts/b-1.0.0.tgz.prov",
                "/team/artifacthub-repo.yml",
                "/api/charts",
                "/api/team/charts/b",
                "/api/team/charts/b/1.0.0",
                "/api/team/charts/b/1.0.0/templates",
                "/api/team/charts/b/1.0.0/values",
                "/api/v1/spaces",
                "/api/v1/spaces/team/charts",
                "/api/v1/spaces/team/charts/b/versions",
                "/api/v1/spaces/team/charts/b/versions/1.0.0",
                "/api/v1/spaces/team/charts/b/versions/1.0.0/manifests/metadata",
                "/api/v1/spaces/team/charts/b/versions/1.0.0/manifests/values",
                "/api/v1/spaces/team/metadata",
                "/api/v1/spaces/team/charts/b/metadata/latest",
            ],
            &[
                "GET /",
                "GET /health",
                "GET /{space}",
                "GET /{space}/charts/{digest}/a-1.0.0.tgz",
                "GET /{space}/charts/a-1.0.0.tgz.prov",
                "GET /{space}/artifacthub-repo.yml",
                "GET /api/{space}/charts",
                "GET /api/{space}/charts/a",
                "GET /api/{space}/charts/a/1.0.0",
                "GET /api/{space}/charts/a/1.0.0/templates",
                "GET /api/{space}/charts/a/1.0.0/values",
                "GET /api/v1/spaces",
                "GET /api/v1/spaces/{space}/charts",
                "GET /api/v1/spaces/{space}/charts/a/versions",
                "GET /api/v1/spaces/{space}/charts/a/versions/1.0.0",
                "GET /api/v1/spaces/{space}/charts/a/versions/9.9.9/manifests/metadata",
                "GET /api/v1/spaces/{space}/charts/a/versions/9.9.9/manifests/values",
                "GET /api/v1/spaces/{space}/metadata",
                "GET /api/v1/spaces/{space}/charts/a/metadata/latest",
            ],
        ),
    ]
}
