//! Portolan: a Cloudflare Worker that serves the charts of any OCI registry as a classic Helm repository.
//!
//! # Four paths
//!
//! ```text
//! read       client ── access ── route ── KV index document ──────────────────────▶ 200 | 304
//! download   client ── access ── route ── KV file shard ── registry GET blob ─────▶ 302 | 200 streamed
//! write      client ── access ── route ── push ── registry: blobs, manifest ── catalog ──▶ 201 when it is served
//! sync       alarm, cron, refresh, webhook, a read ──▶ catalog ── slices ──▶ registry
//!                                                        └── rows ── publish ──▶ KV
//! ```
//!
//! Only the catalog writes, and it is one Durable Object. KV is a published copy: a miss in it is never an answer, the
//! catalog gives that. A read does no work that grows, and a link says by its digest which bytes it means.
//!
//! # The layers
//!
//! Each may use those on the lines below it; nobody uses `edge`. `tests/structure` holds this.
//!
//! ```text
//! edge
//! serve
//! catalog   push
//! config
//! source    access
//! oci::client        index   chart
//! oci (pure)         platform   error   secret   shown   glob
//! ```
//!
//! | module | what it is | look here for |
//! |---|---|---|
//! | `edge` | Cloudflare, on wasm32 only: events, the Durable Object, KV, SQLite, `fetch`, the log. Decides nothing | what `worker` is called with |
//! | [`serve`] | turns every request into a response; errors become responses too | `route` (paths), `rule` (what each needs), a file for each answer, `reply` (headers) |
//! | `access` | who may do what | `principal` (who), `grant` (what on which spaces), `authenticate` and `signature` (how it is proven), `account` |
//! | [`catalog`] | the sync engine over rows: passes in slices, what removes a chart, the documents made of it | its rooms: `ask` (questions), `sync` (a step), `publish` (documents), `rows` (tables) |
//! | `push` | what is stored: judged, and made into what `helm push` makes of it | `artifact` (byte for byte as Helm's), `submission` |
//! | [`config`] | the settings, read into sources, accounts and values; reports all wrong ones at once | each setting's name, default and bounds |
//! | [`source`] | what is read: one registry with a prefix, patterns, a way of listing and credentials | `discovery` and `listing` (how repositories are found), `patterns` (which of them, and which tags) |
//! | [`index`] | documents byte for byte: index text, file table, keys, entity tags | `writer`, `text` (escaping that JSON and YAML readers accept), `candidate` |
//! | [`chart`] | charts: metadata, versions, tags, packages, and the ten layouts in a registry | `layout` (what is a chart at all), `metadata` (metadata that no client stumbles over), `rebuild` |
//! | [`oci`] | the distribution protocol as values, and the client that puts them in order | [`oci::challenge`], [`oci::token`], [`oci::realm`] (who is told a password), [`oci::link`] (pages), [`oci::location`] (redirects) |
//! | [`platform`] | what is asked of a host: HTTP, documents, a database, the time | the limits a host must keep |
//! | [`mod@error`] | the outward error | every status and public message |
//! | [`secret`] | passwords and tokens, which cannot be printed | |
//! | `shown` | how a wrong value is shown in a message | |
//! | `glob` | wildcards in settings | |
//! | `fuzzing` | in tests and when fuzzed: what reads foreign input | what must hold of it |
//! | `testing` | in tests only: a registry, documents, a database and a clock in memory | the ways in which the real ones misbehave |
//!
//! `docs/architecture.md` tells the life of a tag and where to begin with a change.
//!
//! Time and randomness are arguments, so everything but `edge` is tested natively. Foreign text is parsed at the door into types
//! that cannot be invalid, under named limits; nothing outside tests panics.
//!
//! # Absent on purpose
//!
//! - A `/v2/` gateway: `helm push` goes to the registry itself.
//! - Referrers, credential helpers, and registries' own APIs except for listing repositories.
//! - A cache of packages. Their bytes go from the registry to the client.
//! - An HTTP framework, an async runtime, `Send`: there is one thread and a handful of routes.

#![cfg_attr(
    not(target_arch = "wasm32"),
    allow(
        dead_code,
        unused_imports,
        reason = "`edge` is what uses the crate, and it is compiled for wasm32 only: dead code shows there"
    )
)]

mod access;
mod catalog;
mod chart;
mod config;
mod error;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod glob;
mod index;
mod oci;
mod platform;
mod push;
mod secret;
mod serve;
mod shown;
mod source;

#[cfg(target_arch = "wasm32")]
mod edge;
#[cfg(test)]
mod testing;
