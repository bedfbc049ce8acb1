//! What requests cost.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderName, Request};
use sha2::Sha256;

use super::callers::{Caller, Scene};
use super::lines::Line;
use crate::platform::Clock as _;
use crate::serve::Memory;
use crate::testing::{Counted, Object, request, rs256, run, verify};

/// A thousand requests in an hour, one each.
const BETWEEN: Duration = Duration::from_millis(3600);
const REQUESTS: usize = 1000;

/// So many requests in turn are of one of a line's callers: not in step with paths that change from request to request.
const AT_A_TIME: usize = 7;

/// GitHub's signature, and the number of a delivery.
const SIGNATURE: HeaderName = HeaderName::from_static("x-hub-signature-256");
const DELIVERY: HeaderName = HeaderName::from_static("x-github-delivery");

/// What requests cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cost {
    /// Calls to the registry, the catalog's own among them, and to who signs tokens.
    calls: usize,
    /// Reads of KV.
    gets: usize,
    /// Writes to KV that came of them.
    puts: usize,
    /// Questions to the catalog.
    questions: usize,
    /// The catalog's work in SQLite.
    effort: u64,
}

impl Cost {
    /// The cost of a thousand requests, of which this is what the first `sample` cost and `two` what the first two such parts
    /// did.
    fn extrapolated(self, two: Self, sample: usize) -> Self {
        let later = REQUESTS / sample - 1;
        let all = |one: usize, two: usize| one + (two - one) * later;
        Self {
            calls: all(self.calls, two.calls),
            gets: all(self.gets, two.gets),
            puts: all(self.puts, two.puts),
            questions: all(self.questions, two.questions),
            effort: self.effort + (two.effort - self.effort) * later as u64,
        }
    }
}

/// The request that a caller sends as the `n`-th of a line.
fn nth(line: &Line, n: usize, caller: Caller, scene: &Scene) -> Request<Bytes> {
    let (method, path) = (line.path)(n);
    let body = (line.body)(n);
    let mut request = request(method, &path, &line.headers, body.clone());
    if path == "/webhook/github" && caller == Caller::Sender {
        let headers = [(SIGNATURE, signature(&body)), (DELIVERY, format!("{n}"))];
        for (name, value) in headers {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
    } else if let Some((name, value)) = caller.proof(scene) {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    request
}

/// Sends a thousand requests in an hour, while the catalog's alarms go off: what they cost, and what one index does; what was
/// never answered, if there is such.
fn cost(line: &Line) -> Result<(Cost, u64), String> {
    let scene = line.callers[0].scene();
    let world = &scene.world;
    (line.prepare)(world);
    let memory = Memory::with(rs256, verify);
    let (object, fetch) = (Object::new(world), Counted::new(&world.registry));
    // What an index costs to make; many times what another question does.
    let before = world.database.effort();
    world.index("");
    let index = world.database.effort() - before;
    world.registry.clear_log();
    world.documents.reset_counters();
    let told = |effort| Cost {
        calls: world.registry.calls() + scene.issuer.calls(),
        gets: world.documents.gets(),
        puts: world.documents.puts(),
        questions: object.asks(),
        effort,
    };
    let (mut effort, mut first) = (0, None);
    let mut answered = BTreeMap::new();
    for n in 0..line.sample.map_or(REQUESTS, |sample| 2 * sample) {
        if line.sample == Some(n) {
            first = Some(told(effort));
        }
        world.clock.advance(BETWEEN);
        // Where a notification or a refresh is heard, a step follows each; for all others the alarms of the hour are enough.
        let steps = n % 10 == 0 || line.sample.is_some();
        if steps && world.engine().next_alarm() <= world.clock.now() {
            run(&world.clock, world.engine().step());
        }
        let caller = line.callers[n / AT_A_TIME % line.callers.len()];
        let request = nth(line, n, caller, &scene);
        let asked = request.uri().path();
        let asked = asked.replace(|digit: char| digit.is_ascii_digit(), "");
        let before = world.database.effort();
        let handled = world.serve(&fetch, &object, &memory, request);
        if let Some(read) = handled.afterwards {
            world.ask(&read);
        }
        let status = handled.response.status();
        *answered.entry(asked).or_insert(false) |= status.is_success() || status.is_redirection();
        effort += world.database.effort() - before;
    }
    // A line of refusals and faults would tell nothing. There is nothing to get of wrong digests and for Artifact Hub.
    let nothing = |asked: &str| asked.contains("//") || asked.contains("artifacthub");
    let mut refused = answered
        .iter()
        .filter(|(asked, done)| !**done && !nothing(asked));
    if !line.routes.is_empty()
        && let Some((asked, _)) = refused.next()
    {
        return Err(format!("{}: {asked} was never answered", line.what));
    }
    let told_at_end = told(effort);
    if let Some((first, sample)) = first.zip(line.sample) {
        return Ok((first.extrapolated(told_at_end, sample), index));
    }
    world.rest();
    // Resting costs calls and puts that belong to the requests; its reads of KV do not.
    let all = Cost {
        gets: told_at_end.gets,
        questions: told_at_end.questions,
        ..told(effort)
    };
    Ok((all, index))
}

/// GitHub's signature, with the secret that is set.
fn signature(body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(b"hook").unwrap();
    let bytes = mac.chain_update(body).finalize().into_bytes();
    format!("sha256={}", base16ct::lower::encode_string(&bytes))
}

/// A line of the table, as it is measured.
pub(super) fn measured(line: &Line) -> String {
    let (cost, index) = match cost(line) {
        Ok(cost) => cost,
        Err(refused) => return refused,
    };
    let Cost {
        calls,
        gets,
        puts,
        questions,
        effort,
    } = cost;
    let (who, what, indexes) = (line.who, &line.what, effort / index);
    format!("| {who} | `{what}` | {calls} | {gets} | {puts} | {questions} | {indexes} |")
}
