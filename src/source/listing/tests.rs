//! Each API with the answers that its documentation gives, at the HTTP seam.

use std::fmt::Display;

use http::Uri;
use serde_json::json;

use super::*;
use crate::config::Config;
use crate::oci::Tokens;
use crate::platform::Timestamp;
use crate::testing::{FakeRegistry, Fault, VirtualClock, run};

mod clouds;
mod credentials;
mod faults;
mod registries;

/// A source and the registry it is of, whose fake answers for APIs, too, where it is told to.
struct Listed {
    clock: VirtualClock,
    registry: FakeRegistry,
    source: Source,
    tokens: Tokens,
}

const USER: [(&str, &str); 3] = [
    ("REGISTRY_USERNAME", "robot"),
    ("REGISTRY_PASSWORD", "hunter2"),
    ("AUTH_ANONYMOUS_GET", "true"),
];
/// `robot:hunter2`.
const BASIC: &str = "Basic cm9ib3Q6aHVudGVyMg==";
const BEARER: &str = "Bearer hunter2";

impl Listed {
    fn new(settings: &[(&str, &str)]) -> Self {
        let lookup = |name: &str| {
            let setting = settings.iter().rev().find(|(key, _)| *key == name);
            setting.map(|(_, value)| (*value).to_owned())
        };
        let config = Config::from_lookup(lookup).unwrap();
        let source = config.sources[0].clone();
        let clock = VirtualClock::at(Timestamp(1_763_683_200_000));
        Self {
            registry: FakeRegistry::at(&source.registry.to_string(), &clock),
            source,
            tokens: Tokens::signed_by(crate::testing::rs256),
            clock,
        }
    }

    /// The same with user and password.
    fn with_password(settings: &[(&str, &str)]) -> Self {
        Self::new(&[settings, &USER].concat())
    }

    /// What is answered to calls whose `METHOD URL` contains `what`; the first that fits is.
    fn answers(&self, what: &str, body: impl Display) -> &Self {
        self.answers_with(what, body, &[])
    }

    fn answers_with(&self, what: &str, body: impl Display, headers: &[(&str, &str)]) -> &Self {
        let mut answer = Fault::status(200).body(body.to_string());
        for (name, value) in headers {
            answer = answer.header(name, value);
        }
        self.registry.inject(what, None, answer);
        self
    }

    fn fails(&self, what: &str, fault: Fault) -> &Self {
        self.registry.inject(what, None, fault);
        self
    }

    fn page(&self, next: Option<&Next>) -> Result<Page, Error> {
        let Self { source, clock, .. } = self;
        let client = source.client(&self.registry, &self.tokens, clock);
        run(clock, page(source, &client, next))
    }

    /// All names, page by page as a pass reads them, and whether the list is complete.
    #[track_caller]
    fn list(&self) -> (Vec<String>, bool) {
        let (mut names, mut next) = (Vec::new(), None);
        for _ in 0..10 {
            let page = self.page(next.as_ref()).unwrap();
            names.extend(page.names);
            // As it is kept between slices.
            next = page.next.map(|next| next.to_string().parse().unwrap());
            if next.is_none() {
                return (names, page.complete);
            }
        }
        panic!("no end")
    }

    #[track_caller]
    fn lists(&self, names: &[&str]) {
        assert_eq!(
            self.list(),
            (names.iter().map(|&name| name.to_owned()).collect(), true)
        );
    }

    /// `METHOD URL authorization` of every call so far.
    fn calls(&self) -> Vec<String> {
        let calls = self.registry.log().into_iter();
        calls
            .map(|call| {
                let authorization = call.authorization.as_deref().unwrap_or("-");
                format!("{} {} {authorization}", call.method, call.url)
            })
            .collect()
    }
}

#[test]
fn azure_and_amazon_list_their_catalogs() {
    // With a password; with an access key Amazon's is asked in another way.
    for host in [
        "acme.azurecr.io",
        "public.ecr.aws",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
    ] {
        let listed = Listed::with_password(&[("REGISTRY", host)]);
        listed.registry.set_page_size(Some(1));
        listed.registry.push_version("charts/a", "a", "1.0.0");
        listed.registry.push_version("charts/b", "b", "1.0.0");
        listed.lists(&["charts/a", "charts/b"]);
    }
}

/// A list that was begun with another `DISCOVERY` says nothing about this one.
#[test]
fn a_page_of_another_way_of_listing_begins_the_list_anew() {
    let listed = Listed::new(&[("REGISTRY", "ghcr.io/acme")]);
    listed.answers("api.github.com", json!([{"name": "a"}]));
    for begun in [
        "last=x&n=1000",
        "harbor.0?page=7",
        "github.9?page=7",
        "github?page=7",
    ] {
        let page = listed.page(Some(&begun.parse().unwrap())).unwrap();
        assert_eq!(page.names, ["acme/a"], "{begun}");
    }
    assert_eq!(listed.registry.calls_to("page=7"), 0);
}

#[test]
fn all_addresses_can_be_asked() {
    for place in [
        "ghcr.io/acme",
        "docker.io/acme",
        "quay.io/acme",
        "registry.gitlab.com/a__b/c-d/e.f",
    ] {
        let listed = Listed::new(&[("REGISTRY", place)]);
        listed.fails("GET ", Fault::status(500));
        let _ = listed.page(None);
        for call in listed.registry.log() {
            assert!(call.url.parse::<Uri>().is_ok(), "{}", call.url);
        }
        assert_ne!(listed.registry.calls(), 0);
    }
}
