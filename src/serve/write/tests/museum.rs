//! What these tests stand on: a service that takes charts, in front of the real engine.

use bytes::Bytes;
use http::Response;
use http::header::{CACHE_CONTROL, HeaderName};

use super::TOKEN;
use crate::platform::{Clock as _, Timestamp};
use crate::serve::Body;
use crate::serve::spaces::tests::documented;
use crate::serve::tests::{bytes, status};
use crate::testing::{Object, World, package, request};

/// A service in front of a catalog that has finished its first pass.
pub(crate) struct Museum {
    pub(crate) world: World,
}

/// One request.
pub(crate) struct Sent<'s> {
    pub(crate) method: &'s str,
    pub(crate) path: &'s str,
    pub(crate) headers: &'s [(HeaderName, &'s str)],
    pub(crate) body: Bytes,
}

impl Museum {
    pub(crate) fn new(settings: &[(&str, &str)]) -> Self {
        let world = World::with(&[settings, &[("ADMIN_TOKEN", "t0ken")]].concat());
        Self::of(world)
    }

    /// The same in a world that has charts perhaps.
    pub(crate) fn of(world: World) -> Self {
        world.pass();
        world.rest();
        // After the day on which the packages of these tests were made.
        let later = Timestamp(1_795_305_600_000);
        world.clock.advance(later.since(world.clock.now()));
        world.pass();
        world.rest();
        world.registry.clear_log();
        Self { world }
    }

    /// Sends requests side by side.
    pub(crate) fn send_all(&self, requests: &[Sent<'_>]) -> Vec<Response<Body<Bytes>>> {
        let World {
            registry, memory, ..
        } = &self.world;
        let sent = requests;
        let requests = requests
            .iter()
            .map(|sent| request(sent.method, sent.path, sent.headers, sent.body.clone()))
            .collect();
        let catalog = Object::new(&self.world);
        let handled = self.world.serve_all(registry, &catalog, memory, requests);
        let answers: Vec<_> = handled
            .into_iter()
            .map(|handled| handled.response)
            .collect();
        for (sent, answer) in sent.iter().zip(&answers) {
            documented::judge(sent.method, sent.path, answer);
        }
        answers
    }

    #[track_caller]
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Response<Body<Bytes>> {
        self.send_with(method, path, &[TOKEN], body)
    }

    #[track_caller]
    pub(crate) fn send_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(HeaderName, &str)],
        body: impl Into<Bytes>,
    ) -> Response<Body<Bytes>> {
        let sent = Sent {
            method,
            path,
            headers,
            body: body.into(),
        };
        self.send_all(&[sent]).remove(0)
    }

    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: impl Into<Bytes>) -> Response<Body<Bytes>> {
        self.send("POST", path, body)
    }

    /// The bytes of a package as a client that trusts no cache gets them; `None` where there is none.
    pub(crate) fn served(&self, path: &str) -> Option<Vec<u8>> {
        let fresh = [TOKEN, (CACHE_CONTROL, "no-cache")];
        let answer = self.send_with("GET", path, &fresh, "");
        (status(&answer) == 200).then(|| bytes(&answer).to_vec())
    }

    /// The index as `no-cache` gives it.
    pub(crate) fn index(&self) -> String {
        let fresh = [TOKEN, (CACHE_CONTROL, "no-cache")];
        let answer = self.send_with("GET", "/index.yaml", &fresh, "");
        String::from_utf8(bytes(&answer).to_vec()).unwrap()
    }
}

/// A package of one chart whose bytes differ by `note`.
pub(crate) fn chart(name: &str, version: &str, note: &str) -> Bytes {
    let yaml = format!("apiVersion: v2\nname: {name}\nversion: {version}\ndescription: {note:?}\n");
    package(&[(&format!("{name}/Chart.yaml"), yaml.as_bytes())]).into()
}

/// A form of files, as curl sends it.
pub(crate) fn form(parts: &[(&str, &[u8])]) -> (Bytes, &'static str) {
    let mut body = Vec::new();
    for (name, content) in parts {
        let head = format!(
            "--xyz\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"/tmp/{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--xyz--\r\n");
    (body.into(), "multipart/form-data; boundary=xyz")
}
