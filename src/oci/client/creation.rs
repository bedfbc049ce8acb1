//! Repositories that a registry does not make by itself, made by its API.

use crate::platform::{Clock, Fetch};

use super::super::{Credentials, Error, Name, Operation, aws};
use super::Client;

impl<F: Fetch, C: Clock> Client<'_, F, C> {
    /// Makes a repository at Amazon, where an access key opens the API (`CreateRepository`); `false` where there is no such API.
    /// One that is there by now is as good.
    pub async fn create(&self, name: &Name) -> Result<bool, Error> {
        let Credentials::Aws(keys) = self.credentials else {
            return Ok(false);
        };
        let Some(request) = aws::creation_request(self.registry, keys, self.now(), name) else {
            return Ok(false);
        };
        let operation = Operation::CreatingRepository;
        let request = self.formed(operation, request)?;
        let host = self.host_of(&request);
        let response = self.exchange(operation, request).await?;
        let answer = self.whole(response).await;
        let (status, body) = (answer.status(), answer.body());
        if status.is_success() || aws::exists(body) {
            return Ok(true);
        }
        let error = Error::refusal(&host, operation, status, answer.headers(), body);
        Err(aws::judge(error, body))
    }
}
