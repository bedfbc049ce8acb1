//! The password that an access key of Amazon's is exchanged for: asked for once in twelve hours, and when it has ended.

use std::borrow::Cow;

use http::StatusCode;

use crate::platform::{Clock, Fetch};
use crate::secret::Secret;

use super::super::aws;
use super::super::credentials::AwsKeys;
use super::super::{Credentials, Error, Garbage, Operation, token};
use super::auth::Admission;
use super::{Client, gate};

impl<F: Fetch, C: Clock> Client<'_, F, C> {
    /// The credentials as they are shown: those of the settings, or what an access key was exchanged for. Of calls side by
    /// side one exchanges.
    pub(super) async fn shown(&self) -> Result<Cow<'_, Credentials>, Error> {
        let Credentials::Aws(keys) = self.credentials else {
            return Ok(Cow::Borrowed(self.credentials));
        };
        let door = self.gates.door("an access key".to_owned());
        let mut first = None;
        let mut known = self.session(aws::SESSION);
        if known.is_none() {
            first = gate::first(&door).await;
            known = self.session(aws::SESSION);
        }
        let password = match known {
            Some(password) => password,
            None => self.password_for(keys).await?,
        };
        drop(first);
        Ok(Cow::Owned(Credentials::Basic {
            username: aws::USER.into(),
            password,
        }))
    }

    async fn password_for(&self, keys: &AwsKeys) -> Result<Secret, Error> {
        let operation = Operation::AskingForToken;
        let request = aws::password_request(self.registry, keys, self.clock.now())
            .ok_or_else(|| self.garbage(operation, self.registry.host(), Garbage::Address))?;
        let request = request
            .map_err(|_| self.garbage(operation, self.registry.host(), Garbage::Credentials))?;
        let host = self.host_of(&request);
        let response = self.exchange(operation, request).await?;
        if response.status() != StatusCode::OK {
            let (error, body) = self.refusal_with_body(operation, &host, response).await;
            return Err(aws::judge(error, &body));
        }
        let reply = self
            .read(operation, &host, response.into_body(), aws::MAX_REPLY)
            .await?;
        let token = aws::parse(&reply, self.clock.now())
            .ok_or_else(|| self.garbage(operation, &host, Garbage::Unparseable))?;
        let password = token.value.clone();
        self.tokens
            .keep_session(&self.account, aws::SESSION, Some(token));
        Ok(password)
    }

    /// Forgets the password that was refused, unless another one has taken its place since. Whether there is a new one to try.
    pub(super) fn forget_password(&self, refused: &Admission) -> bool {
        let Credentials::Aws(_) = self.credentials else {
            return false;
        };
        let Admission::Fixed(refused) = refused else {
            return false;
        };
        let same = self.session(aws::SESSION).is_some_and(|password| {
            token::basic(&aws::USER.into(), &password).is_ok_and(|header| header == refused)
        });
        if same {
            self.end_session(aws::SESSION);
        }
        true
    }
}
