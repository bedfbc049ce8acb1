//! Who sent a request, as far as anyone listens to them.

use http::request::Parts;

use super::route::Route;
use super::rule::Needs;
use super::{Host, Service, transport};
use crate::access::jwt::TokenJudge;
use crate::access::{Identity, authenticate};
use crate::config::Config;
use crate::error::Error;
use crate::platform::Clock;

impl<H: Host> Service<'_, H> {
    /// Looks at what a request shows; an error where that is not listened to, be it right or wrong.
    pub(super) async fn identify<'c>(
        &self,
        config: &'c Config,
        route: &Route,
        head: &Parts,
    ) -> Result<Identity<'c>, Error> {
        transport::judge(config, head)?;
        let judge = TokenJudge {
            ring: &self.memory.keys,
            fetch: self.host.fetch(),
            verify: self.memory.verify,
            now: self.host.clock().now(),
        };
        let identity = authenticate::identify(&config.accounts, &head.headers, &judge).await;
        let wants_secret = matches!(route.rule().needs, Needs::Notice(_));
        if !wants_secret && self.has_guessed(&identity, head) {
            return Err(Error::TooManyRequests("wrong credentials"));
        }
        Ok(identity)
    }
}
