//! A client that keeps every link it ever saw.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH, LOCATION};
use http::{Request, Response};

use super::Act;
use super::link::{Link, folder, links};
use crate::catalog::tests::property::SPACES;
use crate::config::{Collisions, Config, Download, IndexScope};
use crate::index::{Candidate, Key, Shard, View, etag, shard_of};
use crate::oci::Digest;
use crate::platform::{Clock as _, Fetch as _, Timestamp};
use crate::serve::tests::{READER, bytes, made};
use crate::serve::{Body, Memory};
use crate::testing::{Counted, Object, World, config, request, run};

/// How long links that were in an index hold, less what KV may lag behind: superseded packages are kept for 30 days.
const KEPT: Duration = Duration::from_hours(24 * 29);

/// Who takes one file after the other asks the catalog no more often than it may.
const PATIENCE: Duration = Duration::from_millis(100);

/// How what is rebuilt begins; other packages of this test are text.
const GZIP: &[u8] = &[0x1f, 0x8b];

/// The settings that change in a history.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) hide: bool,
    pub(super) stream: bool,
    pub(super) folder: bool,
}

impl Settings {
    fn read(self, budget: u32) -> Config {
        let either = |which, yes, no| if which { yes } else { no };
        config(&[
            ("BASIC_AUTH_USER", "helm"),
            ("BASIC_AUTH_PASS", "secret"),
            ("SUBREQUEST_BUDGET", &budget.to_string()),
            ("COLLISIONS", either(self.hide, "hide", "first")),
            ("DOWNLOAD", either(self.stream, "stream", "auto")),
            ("INDEX_SCOPE", either(self.folder, "folder", "subtree")),
        ])
    }
}

/// What a request gave and what it cost.
struct Sent {
    response: Response<Body<Bytes>>,
    calls: usize,
    gets: usize,
    asks: usize,
    found: Vec<Candidate>,
}

impl Sent {
    fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    fn header(&self, name: http::HeaderName) -> &str {
        self.response.headers()[name].to_str().unwrap()
    }

    fn bytes(&self) -> Bytes {
        match self.response.body() {
            Body::Rebuilt { .. } => made(&self.response),
            _ => Bytes::copy_from_slice(bytes(&self.response)),
        }
    }
}

pub(super) struct Client {
    budget: u32,
    /// Every link, and when it was last in an index.
    links: BTreeMap<Link, Timestamp>,
    /// The entity tag of each space's index as it was last read.
    etags: BTreeMap<&'static str, String>,
}

impl Client {
    pub(super) fn new(settings: Settings, budget: u32) -> (World, Self) {
        let mut world = World::with(&[]);
        let mut client = Self {
            budget,
            links: BTreeMap::new(),
            etags: BTreeMap::new(),
        };
        client.deploy(&mut world, settings);
        (world, client)
    }

    pub(super) fn deploy(&mut self, world: &mut World, settings: Settings) {
        world.config = settings.read(self.budget);
        world.memory = Memory::new();
    }

    pub(super) fn act(&mut self, world: &World, act: &Act) {
        match act {
            Act::Index {
                space,
                fresh,
                changed,
            } => self.index(world, SPACES[*space], *fresh, *changed),
            Act::File { link, alias, head } => {
                let known = self.links.len();
                let link = (known > 0).then(|| self.links.keys().nth(link % known));
                let Some(link) = link.flatten().cloned() else {
                    return;
                };
                match (alias, head) {
                    (true, _) => Self::alias(world, &link),
                    (false, true) => Self::head(world, &link),
                    (false, false) => {
                        let _ = Self::download(world, &link);
                    }
                }
            }
        }
    }

    /// Tries every link; those that were in an index lately must be good still, if nothing hides them.
    pub(super) fn every_link(&mut self, world: &World) {
        let now = world.clock.now();
        let links: Vec<_> = self.links.clone().into_iter().collect();
        for (link, seen) in links {
            world.clock.advance(PATIENCE);
            Self::alias(world, &link);
            let good = Self::download(world, &link);
            let hidden = world.config.collisions == Collisions::Hide;
            // A space that had everything below it may have only its own now.
            let outside = world.config.index_scope == IndexScope::Folder;
            assert!(
                good.is_ok() || hidden || outside || now.since(seen) > KEPT,
                "{link:?} seen {seen} is gone at {now}: {good:?}"
            );
        }
    }

    /// Reads each index and tries all links in it: each must be good.
    pub(super) fn every_link_of_now(&mut self, world: &World) {
        for space in SPACES {
            let now = world.clock.now();
            self.index(world, space, false, false);
            let links: Vec<Link> = self
                .links
                .iter()
                .filter(|(link, seen)| link.space == space && **seen >= now)
                .map(|(link, _)| link.clone())
                .collect();
            for link in links {
                world.clock.advance(PATIENCE);
                Self::download(world, &link)
                    .unwrap_or_else(|status| panic!("{link:?} gave {status}"));
            }
        }
    }

    fn index(&mut self, world: &World, space: &'static str, fresh: bool, changed: bool) {
        let known = self.etags.get(space).filter(|_| changed).cloned();
        let mut headers = Vec::new();
        if fresh {
            headers.push((CACHE_CONTROL, "no-cache"));
        }
        if let Some(known) = &known {
            headers.push((IF_NONE_MATCH, known.as_str()));
        }
        let view: View = space.parse().unwrap();
        let key = Key::Index(view).name(world.config.fingerprint());
        let warm = world.documents.seen(&key).is_some() && !world.documents.is_failing();
        let sent = Self::send(
            world,
            "GET",
            &format!("{}/index.yaml", folder(space)),
            &headers,
        );
        assert_eq!(sent.calls, 0, "an index needs no call");
        // One for the reader; and one of the catalog's own when it is asked and puts a document for the first time, which
        // must not replace a fuller one that KV has.
        assert!(sent.gets <= 1 + sent.asks, "{} of KV", sent.gets);
        if warm && !fresh {
            assert_eq!((sent.gets, sent.asks), (1, 0), "an index that KV has");
        }
        match sent.status() {
            200 => {
                let bytes = sent.bytes();
                assert_eq!(sent.header(ETAG), etag(&bytes));
                let seen = world.clock.now();
                for link in links(space, &bytes) {
                    self.links.insert(link, seen);
                }
                self.etags.insert(space, etag(&bytes));
            }
            304 => assert_eq!(Some(sent.header(ETAG)), known.as_deref()),
            status => assert!(matches!(status, 404 | 500..), "{status}"),
        }
    }

    /// Gets the link's bytes, those that the index spoke of, or a status.
    fn download(world: &World, link: &Link) -> Result<(), u16> {
        let warm = Self::selected(world, link);
        let sent = Self::send(world, "GET", &link.at(&link.path), &[]);
        Self::judge(world, &sent);
        if warm {
            assert_eq!((sent.gets, sent.asks), (1, 0), "a file whose shard KV has");
        }
        let Some(bytes) = follow(world, &sent) else {
            return Err(sent.status());
        };
        assert_eq!(
            Digest::sha256_of(&bytes).hex(),
            link.digest,
            "{link:?} gave other bytes"
        );
        let told = format!("{} {} ", link.name, link.version);
        assert!(
            bytes.starts_with(told.as_bytes()) || bytes.starts_with(GZIP),
            "{link:?} is of another chart"
        );
        Ok(())
    }

    fn head(world: &World, link: &Link) {
        let sent = Self::send(world, "HEAD", &link.at(&link.path), &[]);
        assert_eq!(sent.calls, 0, "a HEAD needs no call");
        if sent.status() == 200 {
            assert_eq!(sent.header(ETAG), format!("\"sha256:{}\"", link.digest));
        } else {
            assert!(matches!(sent.status(), 404 | 500..), "{}", sent.status());
        }
    }

    /// The alias gives one of the packages that are current by what KV or the catalog says now.
    fn alias(world: &World, link: &Link) {
        let mut offered = published(world, link.file());
        let sent = Self::send(
            world,
            "GET",
            &link.at(&format!("charts/{}", link.file())),
            &[],
        );
        Self::judge(world, &sent);
        offered.extend(sent.found.clone());
        let Some(bytes) = follow(world, &sent) else {
            return;
        };
        let digest = Digest::sha256_of(&bytes);
        let current: Vec<&Candidate> = offered
            .iter()
            .filter(|candidate| candidate.until.is_none() && covers(world, link, candidate))
            .collect();
        assert!(
            current.iter().any(|candidate| candidate.package == digest),
            "the alias of {link:?} gave what no current package is"
        );
    }

    /// What holds for each GET of a file.
    fn judge(world: &World, sent: &Sent) {
        assert!(sent.gets <= 1, "a file is in one shard");
        // A blob and where it lies; a package that is rebuilt is made of two.
        let most = match sent.status() {
            302 => 1,
            200 if !sent.bytes().starts_with(GZIP) => 2,
            _ => 4,
        };
        assert!(sent.calls <= most, "{} calls", sent.calls);
        assert!(
            matches!(sent.status(), 200 | 302 | 404 | 500..),
            "{}",
            sent.status()
        );
        let stream = world.config.download == Download::Stream;
        assert!(sent.status() != 302 || !stream, "a stream is no redirect");
    }

    /// Whether KV alone answers for a link.
    fn selected(world: &World, link: &Link) -> bool {
        let prefix = link.path.split('/').nth(1).unwrap();
        let first = world.config.collisions == Collisions::First;
        first
            && !world.documents.is_failing()
            && published(world, link.file()).iter().any(|candidate| {
                candidate.package.hex().starts_with(prefix) && covers(world, link, candidate)
            })
    }

    fn send(world: &World, method: &str, path: &str, headers: &[(http::HeaderName, &str)]) -> Sent {
        let (object, fetch) = (Object::new(world), Counted::new(&world.registry));
        let headers = [&[READER], headers].concat();
        let request = request(method, path, &headers, "");
        let before = world.documents.gets();
        let handled = world.serve(&fetch, &object, &world.memory, request);
        let sent = Sent {
            response: handled.response,
            calls: fetch.calls(),
            gets: world.documents.gets() - before,
            asks: object.asks(),
            found: object.found(),
        };
        if let Some(question) = handled.afterwards {
            world.ask(&question);
        }
        sent
    }
}

/// The candidates that KV shows a reader.
fn published(world: &World, file: &str) -> Vec<Candidate> {
    let key = Key::Files(shard_of(file)).name(world.config.fingerprint());
    let seen = world.documents.seen(&key);
    seen.map(|(bytes, _)| Shard::look_up(&bytes, file).unwrap())
        .unwrap_or_default()
}

/// Whether a candidate is offered in the link's space and not past its time.
fn covers(world: &World, link: &Link, candidate: &Candidate) -> bool {
    let view: View = link.space.parse().unwrap();
    let relative = candidate.repository.strip_prefix("charts/").unwrap();
    let now = world.clock.now();
    view.covers(&relative.parse().unwrap(), world.config.index_scope)
        && candidate.until.is_none_or(|it| now < it)
}

/// The whole of what the answer gives, behind a redirect too.
fn follow(world: &World, sent: &Sent) -> Option<Bytes> {
    match sent.status() {
        200 => Some(sent.bytes()),
        302 => {
            let request = Request::get(sent.header(LOCATION))
                .body(Bytes::new())
                .unwrap();
            let answer = run(&world.clock, world.registry.send(request)).ok()?;
            (answer.status() == 200).then(|| answer.into_body())
        }
        _ => None,
    }
}
