//! Requests to a world whose catalog says what it is told, and what is looked at of their answers.

use std::fmt::Write as _;

use bytes::Bytes;
use http::Response;
use http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderName};

use super::through::{BrokenOff, through};
use crate::index::{Candidate, Key, Origin, Shard, shard_of};
use crate::oci::Digest;
use crate::serve::{Body, Handled};
use crate::testing::{Pushed, Say, World, rebuilt, request};

pub(crate) const PRIVATE: &[(&str, &str)] = &[
    ("REGISTRY", "registry.example/charts"),
    ("BASIC_AUTH_USER", "helm"),
    ("BASIC_AUTH_PASS", "secret"),
    ("ADMIN_TOKEN", "t0ken"),
    ("WEBHOOK_SECRET", "hook"),
];

/// `helm:secret`.
pub(crate) const READER: (HeaderName, &str) = (AUTHORIZATION, "Basic aGVsbTpzZWNyZXQ=");
pub(crate) const ADMIN: (HeaderName, &str) = (AUTHORIZATION, "Bearer t0ken");

impl World {
    pub(crate) fn say(&self, says: impl IntoIterator<Item = Say>) {
        self.catalog.say(says);
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.catalog.asked()
    }

    pub(crate) fn pauses(&self) -> usize {
        self.catalog.pauses()
    }

    pub(crate) fn publish_index(&self, view: &str, text: &str) {
        let key = Key::Index(view.parse().unwrap()).name(self.config.fingerprint());
        self.documents.seed(&key, text.to_owned(), text);
    }

    pub(crate) fn publish_file(&self, file: &str, candidates: &[Candidate]) {
        let mut shard = Shard::default();
        for candidate in candidates {
            shard.add(file, candidate.clone());
        }
        let key = Key::Files(shard_of(file)).name(self.config.fingerprint());
        self.documents.seed(&key, shard.to_bytes(), "shard");
    }

    #[track_caller]
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(HeaderName, &str)],
        body: &str,
    ) -> Handled<Bytes> {
        let request = request(method, path, headers, body.to_owned());
        let handled = self.serve(&self.registry, &self.catalog, &self.memory, request);
        assert!(
            handled.response.headers().contains_key(CACHE_CONTROL),
            "no Cache-Control for {method} {path}"
        );
        handled
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Response<Body<Bytes>> {
        self.send("GET", path, &[], "").response
    }

    #[track_caller]
    pub(crate) fn get_with(
        &self,
        path: &str,
        headers: &[(HeaderName, &str)],
    ) -> Response<Body<Bytes>> {
        self.send("GET", path, headers, "").response
    }

    #[track_caller]
    pub(crate) fn head(&self, path: &str) -> Response<Body<Bytes>> {
        self.send("HEAD", path, &[], "").response
    }

    #[track_caller]
    pub(crate) fn post(&self, path: &str, headers: &[(HeaderName, &str)]) -> Response<Body<Bytes>> {
        self.send("POST", path, headers, "").response
    }
}

/// A pushed chart as a candidate.
pub(crate) fn candidate(repository: &str, pushed: &Pushed, package: &[u8]) -> Candidate {
    assert_eq!(pushed.package, Digest::sha256_of(package));
    Candidate {
        source: "registry.example/charts".to_owned(),
        repository: repository.to_owned(),
        package: pushed.package.clone(),
        size: package.len() as u64,
        provenance: None,
        origin: Origin::Stored,
        until: None,
    }
}

/// A whole answer as text.
pub(crate) fn show(response: &Response<Body<Bytes>>) -> String {
    let mut text = format!("{}\n", response.status().as_u16());
    let mut headers: Vec<_> = response.headers().iter().collect();
    headers.sort_by_key(|(name, _)| name.as_str());
    for (name, value) in headers {
        let _ = writeln!(text, "{name}: {}", value.to_str().unwrap());
    }
    match response.body() {
        Body::Empty => {}
        Body::Bytes(bytes) => {
            let _ = write!(text, "\n{}", String::from_utf8_lossy(bytes));
        }
        Body::Stream(bytes) => {
            let _ = write!(text, "\nstream: {}", String::from_utf8_lossy(bytes));
        }
        Body::Verified { stream, promised } => {
            let _ = match through(promised, stream.chunks(7)) {
                Ok(bytes) => write!(text, "\nverified: {}", String::from_utf8_lossy(&bytes)),
                Err(BrokenOff(sent)) => {
                    write!(text, "\nbroken off: {}", String::from_utf8_lossy(&sent))
                }
            };
        }
        Body::Unmeasured { stream, size } => {
            let text_of = String::from_utf8_lossy(stream);
            let _ = write!(text, "\nstream of {size} bytes: {text_of}");
        }
        Body::Rebuilt { parts, .. } => {
            let _ = write!(text, "\n{parts:?}");
        }
    }
    text
}

/// The message of an error answer.
#[track_caller]
pub(crate) fn error(response: &Response<Body<Bytes>>) -> String {
    let Body::Bytes(bytes) = response.body() else {
        panic!("no error: {}", show(response));
    };
    let body: serde_json::Value = serde_json::from_slice(bytes).unwrap();
    format!(
        "{} {}",
        response.status().as_u16(),
        body["error"].as_str().unwrap()
    )
}

pub(crate) fn status(response: &Response<Body<Bytes>>) -> u16 {
    response.status().as_u16()
}

/// The bytes a client gets.
pub(crate) fn bytes(response: &Response<Body<Bytes>>) -> &[u8] {
    match response.body() {
        Body::Empty => b"",
        Body::Bytes(bytes) | Body::Stream(bytes) | Body::Unmeasured { stream: bytes, .. } => bytes,
        Body::Verified { stream, promised } => {
            through(promised, stream.chunks(7)).expect("these are other bytes");
            stream
        }
        Body::Rebuilt { .. } => panic!("see `made`"),
    }
}

/// The bytes a client gets of a package that is made for it, whose length is as it was promised.
pub(crate) fn made(response: &Response<Body<Bytes>>) -> Bytes {
    let Body::Rebuilt { parts, size } = response.body() else {
        panic!("not rebuilt: {}", show(response));
    };
    let package = rebuilt(parts);
    assert_eq!(package.len() as u64, *size);
    package
}
