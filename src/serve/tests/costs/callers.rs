//! Who sends requests, what they show, and the world that they find.

use std::rc::Rc;

use http::HeaderName;
use http::header::AUTHORIZATION;
use serde_json::json;

use super::super::{ADMIN, PRIVATE, READER};
use crate::testing::{Blobs, FakeRegistry, Fault, START, Signer, World, package};

/// Whose tokens are believed.
const ISSUER: &str = "https://issuer.example";

/// A kind of sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    /// Shows nothing, at a Worker that has readers.
    Stranger,
    /// Shows nothing, at a Worker that anyone may read.
    PublicStranger,
    /// Shows nothing, at a Worker of which anyone may read a part.
    MixedStranger,
    /// May read, by the short form.
    Reader,
    /// May read a part: the index above it is a share, made for accounts of equal rights.
    PartReader,
    /// An account that may read, push, delete and refresh.
    Pipeline,
    /// The same, proven by a token of somebody whose keys are asked for.
    TokenHolder,
    /// An account that may measure.
    Prometheus,
    /// Knows `ADMIN_TOKEN`.
    Admin,
    /// Knows `WEBHOOK_SECRET`.
    Sender,
}

impl Caller {
    pub(super) const ALL: [Self; 10] = [
        Self::Stranger,
        Self::PublicStranger,
        Self::MixedStranger,
        Self::Reader,
        Self::PartReader,
        Self::Pipeline,
        Self::TokenHolder,
        Self::Prometheus,
        Self::Admin,
        Self::Sender,
    ];

    /// What they show.
    pub(super) fn proof(self, scene: &Scene) -> Option<(HeaderName, String)> {
        let bearer = |token: &str| Some((AUTHORIZATION, format!("Bearer {token}")));
        let known = |(name, value): (HeaderName, &str)| Some((name, value.to_owned()));
        match self {
            Self::Stranger | Self::PublicStranger | Self::MixedStranger => None,
            Self::Reader => known(READER),
            Self::PartReader => bearer("the-token-of-the-team"),
            Self::Pipeline => bearer("the-token-of-the-pipeline"),
            Self::TokenHolder => bearer(&scene.token),
            Self::Prometheus => bearer("the-token-of-prometheus"),
            Self::Admin => known(ADMIN),
            Self::Sender => bearer("hook"),
        }
    }

    /// The world that they find: a catalog of a hundred versions at rest, all of it published.
    pub(super) fn scene(self) -> Scene {
        let mut accounts = json!({
            "team": { "token": "the-token-of-the-team", "read": "team/**" },
            "pipeline": { "token": "the-token-of-the-pipeline", "read": true, "push": true, "delete": true, "refresh": true },
            "prometheus": { "token": "the-token-of-prometheus", "metrics": true },
        });
        if self == Self::MixedStranger {
            accounts["anonymous"] = json!({ "read": "team/**" });
        }
        let rights = json!({ "when": { "sub": "run" }, "read": true, "push": true, "delete": true, "refresh": true });
        let jwks = format!("{ISSUER}/jwks");
        let issuers = json!({ "issuer": { "issuer": ISSUER, "audience": "charts", "jwks": jwks, "rules": [rights] } });
        let (accounts, issuers) = (accounts.to_string(), issuers.to_string());
        let mut settings = vec![
            ("ACCOUNTS", accounts.as_str()),
            ("JWT_ISSUERS", issuers.as_str()),
        ];
        if self == Self::PublicStranger {
            settings.push(("AUTH_ANONYMOUS_GET", "true"));
        }
        let world = World::of(&[PRIVATE, &settings].concat());
        let signer = Signer::ed25519("a");
        let exp = START.0 / 1000 + 1_000_000;
        let token =
            signer.token(&json!({ "iss": ISSUER, "aud": "charts", "sub": "run", "exp": exp }));
        let issuer = world.registry.beside(ISSUER);
        let keys = json!({ "keys": [signer.jwk()] }).to_string();
        issuer.inject("", None, Fault::status(200).body(keys));
        fill(&world);
        Scene {
            world,
            issuer,
            token,
        }
    }
}

/// A world, and somebody who signs tokens.
pub(super) struct Scene {
    pub(super) world: World,
    pub(super) issuer: Rc<FakeRegistry>,
    token: String,
}

/// Fifty versions at the root and fifty in `team`, of which the first have contents.
fn fill(world: &World) {
    world.registry.set_blobs(Blobs::Redirect(307));
    for chart in ["a", "team/b"] {
        let name = chart.rsplit('/').next().unwrap();
        let repository = format!("charts/{chart}");
        for minor in 0..50 {
            let version = format!("1.{minor}.0");
            if minor > 0 {
                world.registry.push_version(&repository, name, &version);
                continue;
            }
            let metadata = json!({"apiVersion": "v2", "name": name, "version": version});
            let (text, values) = (metadata.to_string(), b"a: 1\n".as_slice());
            let package = package(&[
                (&format!("{name}/Chart.yaml"), text.as_bytes()),
                (&format!("{name}/values.yaml"), values),
            ]);
            let signed = Some(&b"its provenance"[..]);
            let registry = &world.registry;
            registry.push_chart(&repository, &version, &metadata, &package, signed, &[]);
        }
    }
    world.pass();
    world.rest();
    world.index("team");
    world.clock.advance(std::time::Duration::from_secs(2));
    world.rest();
}
