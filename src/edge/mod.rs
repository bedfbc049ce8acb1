//! Cloudflare. The only place that names `worker`, and it decides nothing: events become calls of [`crate::serve`] and
//! [`crate::catalog`], and the traits of [`crate::platform`] are met with KV, SQLite and `fetch`.
//!
//! Nothing here may panic, nor call an import that can throw without `catch`: in a Durable Object either leaves the
//! caller without an answer and blocks the alarm, as a panic ends the Wasm instance under the object.
//!
//! | file | holds |
//! |---|---|
//! | `event` | where everything begins: a request, a tick of cron |
//! | `catalog` | the Durable Object: questions and alarms |
//! | `client` | how a request reaches the Durable Object |
//! | `isolate` | what an isolate keeps between requests, the settings first |
//! | `fetch` | HTTP out |
//! | `kv` | the published documents |
//! | `database` | SQLite of the Durable Object |
//! | `headers` | headers in and out, without the conversions of `worker` that panic |
//! | `stream` | bodies that pass through untouched |
//! | `verified` | a body that is hashed while it is passed on |
//! | `rebuilt` | a package that is made while it is sent |
//! | `sign` | signatures by WebCrypto |
//! | `verify` | signatures of others, by WebCrypto |
//! | `log` | one line of JSON an occasion |

mod catalog;
mod client;
mod database;
mod event;
mod fetch;
mod headers;
mod isolate;
mod kv;
mod log;
mod rebuilt;
mod sign;
mod stream;
mod verified;
mod verify;

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};

use crate::platform::Timestamp;

/// The binding of the KV namespace, in `wrangler.toml`.
const DOCUMENTS: &str = "DOCUMENTS";

/// The binding of the Durable Object, in `wrangler.toml`.
const CATALOG: &str = "CATALOG";

/// The binding of the limits for requests, in `wrangler.toml`; there need not be one.
const LIMITS: &str = "LIMITS";

/// The time; at Cloudflare it moves on only with I/O.
fn now() -> Timestamp {
    Timestamp(i64::try_from(worker::Date::now().as_millis()).unwrap_or(i64::MAX))
}

/// What `future` gives within `limit`, else nothing.
async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    let delay = worker::Delay::from(limit);
    match select(pin!(future), pin!(delay)).await {
        Either::Left((value, _)) => Some(value),
        Either::Right(((), _)) => None,
    }
}
