//! The settings, read once into a typed value. Everything that is wrong is reported at once and by name.
//!
//! A private registry never becomes public by omission: with registry credentials, either `AUTH_ANONYMOUS_GET` says `true` or
//! a reader is named; otherwise there is no [`Config`].
//!
//! To add a setting, read it in [`Config::read`] and name it in `.env.example` and `docs/configuration.md`; a test
//! compares the three.
//!
//! | file | holds |
//! |---|---|
//! | `accounts` | who may do what, and that nothing private becomes public by omission |
//! | `artifacthub` | `ARTIFACTHUB_REPOSITORY_ID` |
//! | `bounds` | what numbers and times may be set to, and their defaults |
//! | `classic` | `CLASSIC_INDEXES` |
//! | `credentials` | what Portolan logs in to the registry with |
//! | `cloud` | keys that are exchanged for a registry's password |
//! | `registry` | `REGISTRY` |
//! | `terms` | `TOKEN_REALMS`, `DOWNLOAD_HOSTS`, `REGISTRY_HEADERS` |
//! | `source` | what one registry is: its place, patterns, credentials and terms |
//! | `sources` | `SOURCES`: several of them |
//! | `settings` | reads one setting: text, secret, choice, number, duration |
//! | `duration` | `30s`, `5m`, `24h` |
//! | `var` | settings that came as JSON values: arrays and numbers under `[vars]` |
//! | `problems` | everything that is wrong, and how much of it strangers are told |

mod accounts;
mod artifacthub;
mod bounds;
mod classic;
mod cloud;
mod credentials;
mod duration;
mod problems;
mod registry;
mod settings;
mod source;
mod sources;
mod terms;
#[cfg(test)]
mod tests;
pub mod var;

use std::num::NonZeroU32;
use std::time::Duration;

use url::Url;

pub use crate::index::{IndexFormat, IndexScope};
pub use accounts::is_of_accounts;
pub use problems::{Problem, Problems};

use self::bounds::{
    LEAST_KV_OPERATIONS, LEAST_SUBREQUESTS, MOST_UPLOADED, REVALIDATE_WITHIN, SYNC_INTERVAL,
    USUAL_KV_OPERATIONS, USUAL_REVALIDATE_WITHIN, USUAL_SUBREQUESTS, USUAL_SYNC_INTERVAL,
    USUAL_UPLOAD_LIMIT,
};
use self::settings::Settings;
use crate::access::Accounts;
use crate::index::{DOCUMENT_LIMIT, View};
use crate::oci::{Digest, Name};
use crate::secret::Secret;
use crate::shown::shown;
use crate::source::{Precedence, Source};

/// The renderer's version. Raise it when the same rows give other bytes: documents then get new keys.
const RENDERER: u32 = 1;

/// Hex digits of a fingerprint: 64 bits tell the configurations of a Worker apart.
const FINGERPRINT: usize = 16;

/// Cloudflare's hints for where a Durable Object is to live.
const LOCATIONS: [(&str, &str); 9] = [
    ("wnam", "wnam"),
    ("enam", "enam"),
    ("sam", "sam"),
    ("weur", "weur"),
    ("eeur", "eeur"),
    ("apac", "apac"),
    ("oc", "oc"),
    ("afr", "afr"),
    ("me", "me"),
];

/// How packages are handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Download {
    /// Redirects where the registry does, streams where it does not.
    #[default]
    Auto,
    /// Redirects; a registry that does not is an error.
    Redirect,
    /// Streams through the Worker, whatever the registry does.
    Stream,
}

/// What becomes of a file that several repositories offer with different bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Collisions {
    /// The first in the fixed order serves it.
    #[default]
    First,
    /// No repository serves it where it is contested.
    Hide,
}

/// Whether a version that is there may be stored again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Overwriting {
    /// When the request asks for it.
    #[default]
    Forced,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// All settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The registries; of a contested file, the first one's wins. Never empty.
    pub sources: Vec<Source>,
    /// Who may do what.
    pub accounts: Accounts,
    /// The secret of webhooks, which are closed without it.
    pub webhook_secret: Option<Secret>,
    /// How many versions of each chart are served, the newest; all when `None`.
    pub versions_per_chart: Option<NonZeroU32>,
    /// How packages are handed out.
    pub download: Download,
    /// Whether streamed packages are hashed on their way, and break off when they are not what was promised.
    pub stream_verify: bool,
    /// What an index is written in.
    pub index_format: IndexFormat,
    /// What the index of a folder holds.
    pub index_scope: IndexScope,
    /// What links in indexes begin with, without a slash at the end; without it they are relative.
    pub chart_url: Option<String>,
    /// Which repositories serve a contested file before others.
    pub precedence: Precedence,
    /// What becomes of contested files.
    pub collisions: Collisions,
    /// Time between passes.
    pub sync_interval: Duration,
    /// The longest time until a version tag is looked at again.
    pub revalidate_within: Duration,
    /// Longest body of a request that stores a chart, in bytes.
    pub upload_limit: usize,
    /// Whether a version that is there may be stored again.
    pub overwriting: Overwriting,
    /// Most outbound calls in an invocation.
    pub subrequest_budget: u32,
    /// Most KV operations in an invocation.
    pub kv_budget: u32,
    /// Where the Durable Object should live.
    pub catalog_location: Option<String>,
    /// The id Artifact Hub gave this repository, for its `artifacthub-repo.yml`.
    pub artifacthub_repository_id: Option<String>,
    /// Longest index in bytes: what a document holds. Not a setting; tests have smaller ones.
    pub index_limit: usize,
    /// What works, and should not stay so.
    pub warnings: Vec<Problem>,
    /// See [`Config::fingerprint`].
    fingerprint: String,
}

impl Config {
    /// Reads all settings, each by its name through `lookup`. An empty one counts as unset.
    #[cfg(any(test, fuzzing))]
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Problems> {
        Self::read(lookup, &[])
    }

    /// Reads all settings, also those named in `further`, which are merged with `ACCOUNTS` in this order.
    pub fn read(
        lookup: impl Fn(&str) -> Option<String>,
        further: &[String],
    ) -> Result<Self, Problems> {
        let mut settings = Settings::new(lookup);
        let insecure = settings.switch("ALLOW_INSECURE_REGISTRY").unwrap_or(false);
        let sources::ConfiguredSources { sources, private } =
            sources::read(&mut settings, insecure);
        let versions_per_chart = settings.number("VERSIONS_PER_CHART", NonZeroU32::MIN);
        let classic = classic::read(&mut settings, insecure);
        let accounts = accounts::read(&mut settings, private || classic.private, further);
        let webhook_secret = settings.secret("WEBHOOK_SECRET");
        let download = settings.choice(
            "DOWNLOAD",
            &[
                ("auto", Download::Auto),
                ("redirect", Download::Redirect),
                ("stream", Download::Stream),
            ],
        );
        let stream_verify = settings.switch("STREAM_VERIFY");
        let index_format = settings.choice(
            "INDEX_FORMAT",
            &[("json", IndexFormat::Json), ("yaml", IndexFormat::Yaml)],
        );
        let index_scope = settings.choice(
            "INDEX_SCOPE",
            &[
                ("subtree", IndexScope::Subtree),
                ("folder", IndexScope::Folder),
            ],
        );
        let chart_url = settings.parsed("CHART_URL", base_url);
        let precedence = settings
            .parsed("PRECEDENCE", Precedence::parse)
            .unwrap_or_default();
        let collisions = settings.choice(
            "COLLISIONS",
            &[("first", Collisions::First), ("hide", Collisions::Hide)],
        );
        let (least, most) = SYNC_INTERVAL;
        let sync_interval = settings.duration("SYNC_INTERVAL", least, most);
        let (least, most) = REVALIDATE_WITHIN;
        let revalidate_within = settings.duration("REVALIDATE_WITHIN", least, most);
        let read_only = settings.switch("READ_ONLY").unwrap_or(false);
        let upload_limit = settings.parsed("UPLOAD_LIMIT", upload_limit);
        let overwriting = read_overwriting(&mut settings);
        let subrequest_budget = settings.number("SUBREQUEST_BUDGET", LEAST_SUBREQUESTS);
        let kv_budget = settings.number("KV_BUDGET", LEAST_KV_OPERATIONS);
        let catalog_location = settings.choice("CATALOG_LOCATION", &LOCATIONS);
        let artifacthub_repository_id =
            settings.parsed("ARTIFACTHUB_REPOSITORY_ID", artifacthub::uuid);
        let config = sources.zip(accounts).map(|(sources, accounts)| Self {
            sources: [sources, classic.sources].concat(),
            accounts: Accounts {
                read_only,
                ..accounts
            },
            warnings: settings.warnings(),
            webhook_secret,
            versions_per_chart,
            download: download.unwrap_or_default(),
            stream_verify: stream_verify.unwrap_or(true),
            index_format: index_format.unwrap_or_default(),
            index_scope: index_scope.unwrap_or_default(),
            chart_url,
            precedence,
            collisions: collisions.unwrap_or_default(),
            sync_interval: sync_interval.unwrap_or(USUAL_SYNC_INTERVAL),
            revalidate_within: revalidate_within.unwrap_or(USUAL_REVALIDATE_WITHIN),
            upload_limit: upload_limit.unwrap_or(USUAL_UPLOAD_LIMIT),
            overwriting,
            subrequest_budget: subrequest_budget.unwrap_or(USUAL_SUBREQUESTS),
            kv_budget: kv_budget.unwrap_or(USUAL_KV_OPERATIONS),
            catalog_location: catalog_location.map(str::to_owned),
            artifacthub_repository_id,
            index_limit: DOCUMENT_LIMIT,
            fingerprint: String::new(),
        });
        let config = config.map(Self::fingerprinted);
        settings.finish(config)
    }

    /// What the links in the index of a view begin with: nothing, or the absolute address of its folder.
    pub(crate) fn links_of(&self, view: &View) -> String {
        let folder = view.below();
        match &self.chart_url {
            None => String::new(),
            Some(url) if folder.is_root() => format!("{url}/"),
            Some(url) => format!("{url}/{folder}/"),
        }
    }

    /// The source with this id; `None` when it is no longer configured.
    pub fn source(&self, id: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.id == id)
    }

    /// The sources that a repository may be served from, which a registry named. Registries call themselves by names of their
    /// own, so the host counts only where one of these sources has it.
    pub(crate) fn sources_of(&self, host: Option<&str>, name: &Name) -> Vec<&Source> {
        let allowing = self.sources.iter().filter(|source| source.allows(name));
        let at_host = |source: &&Source| host.is_some_and(|host| source.registry.is_at(host));
        let at: Vec<_> = allowing.clone().filter(at_host).collect();
        if at.is_empty() {
            allowing.collect()
        } else {
            at
        }
    }

    /// The same settings for other sources.
    #[cfg(test)]
    pub(crate) fn with_sources(self, sources: Vec<Source>) -> Self {
        Self { sources, ..self }.fingerprinted()
    }

    /// A hash of every setting that decides the content of documents. Other settings have other keys in KV.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Computes the fingerprint, once for a configuration: every request needs it.
    fn fingerprinted(self) -> Self {
        let sources: Vec<_> = self.sources.iter().map(Source::content).collect();
        // All sources had the same once, and its place is the same still.
        let tags = self.sources.first().map(|source| &source.tags);
        let mut content = vec![serde_json::json!([
            RENDERER,
            sources,
            tags.map(|tags| &tags.included),
            tags.map(|tags| &tags.excluded),
            self.versions_per_chart,
            match self.index_format {
                IndexFormat::Json => "json",
                IndexFormat::Yaml => "yaml",
            },
            match self.index_scope {
                IndexScope::Subtree => "subtree",
                IndexScope::Folder => "folder",
            },
            match self.collisions {
                Collisions::First => "first",
                Collisions::Hide => "hide",
            },
        ])];
        // What is not set says nothing: with a new setting the documents of before keep their keys.
        let precedence = self.precedence.patterns();
        content.extend((!precedence.is_empty()).then(|| precedence.into()));
        let others = self.sources.iter().skip(1).map(|source| &source.tags);
        let others: Vec<_> = others
            .map(|tags| [&tags.included, &tags.excluded])
            .collect();
        content.extend((!others.is_empty()).then(|| serde_json::json!({ "tags": others })));
        let chart_url = self.chart_url.as_ref();
        content.extend(chart_url.map(|url| serde_json::json!({ "chart_url": url })));
        let content: String = content.iter().map(ToString::to_string).collect();
        let digest = Digest::sha256_of(content.as_bytes());
        let fingerprint = digest.prefix(FINGERPRINT).to_owned();
        Self {
            fingerprint,
            ..self
        }
    }
}

fn read_overwriting<L: Fn(&str) -> Option<String>>(settings: &mut Settings<L>) -> Overwriting {
    let allowed = settings.switch("ALLOW_OVERWRITE").unwrap_or(false);
    let force_disabled = settings.switch("DISABLE_FORCE_OVERWRITE").unwrap_or(false);
    match (allowed, force_disabled) {
        (true, _) => Overwriting::Always,
        (false, true) => Overwriting::Never,
        (false, false) => Overwriting::Forced,
    }
}

/// A number of bytes, or of mebibytes (`20MiB`).
fn upload_limit(text: &str) -> Result<usize, String> {
    let (digits, unit) = match text.strip_suffix("MiB") {
        Some(digits) => (digits.trim_end(), 1 << 20),
        None => (text, 1),
    };
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits
        .parse::<usize>()
        .ok()
        .filter(|_| plain)
        .and_then(|number| number.checked_mul(unit))
        .filter(|limit| (1..=MOST_UPLOADED).contains(limit))
        .ok_or_else(|| format!("{} is not a size of at most 60MiB", shown(text)))
}

/// The address that links begin with: `https://charts.acme.example`, or with a path. `http://` too: a Worker of one's own
/// machine, or behind a proxy, has no other.
fn base_url(text: &str) -> Result<String, String> {
    let wrong = || {
        format!(
            "{} is not an address such as https://charts.acme.example",
            shown(text)
        )
    };
    let url = Url::parse(text).map_err(|_| wrong())?;
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !plain || !matches!(url.scheme(), "http" | "https") {
        return Err(wrong());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}
