//! Google: `GET /v1/projects/{project}/locations/{location}/repositories/{repository}/packages` of the Artifact Registry API
//! ("projects.locations.repositories.packages.list"). `_catalog` is documented for no host of Google's.

use http::header;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use url::form_urlencoded;

use super::api::{Answer, Api, Listed, bearer};
use crate::oci::google::{self, GoogleKey, PackagePlace};
use crate::oci::link::Link;
use crate::oci::{Client, Credentials, Error, Kind, Next, Page, token};
use crate::platform::{Clock, Fetch};
use crate::secret::{BASE64, Secret};
use crate::source::Source;

use base64::Engine as _;

/// Where the API is, for all locations.
const API: &str = "https://artifactregistry.googleapis.com";

/// The largest page that the API gives.
const PAGE: &str = "pageSize=1000";

/// A page of the packages of the repository at the beginning of the prefix.
pub(super) async fn page<F: Fetch, C: Clock>(
    source: &Source,
    client: &Client<'_, F, C>,
    page: Option<&Next>,
) -> Result<Page, Error> {
    let key = match &source.credentials {
        Credentials::Google(key) => Some(key.clone()),
        credentials => json_key(credentials),
    };
    let header = match key {
        Some(key) => token::bearer(&client.google_token(&key).await?).ok(),
        None => bearer(&source.credentials),
    };
    let PackagePlace {
        location,
        project,
        repository,
        ..
    } = PackagePlace::of(&source.registry, &source.prefix).unwrap_or(PackagePlace {
        location: "",
        project: "",
        repository: "",
        before: String::new(),
    });
    let api = Api {
        name: "google",
        places: vec![format!(
            "{API}/v1/projects/{project}/locations/{location}/repositories/{repository}/packages"
        )],
        query: PAGE.to_owned(),
        headers: header
            .map(|value| (header::AUTHORIZATION, value))
            .into_iter()
            .collect(),
        parse,
    };
    let listed = api.page(source, client, page).await;
    if matches!(&listed, Err(error) if matches!(error.kind(), Kind::Denied(_))) {
        client.end_session(google::SESSION);
    }
    listed
}

/// The key in the password of the users `_json_key` and `_json_key_base64`, which the registry takes as it is.
fn json_key(credentials: &Credentials) -> Option<GoogleKey> {
    let Credentials::Basic { username, password } = credentials else {
        return None;
    };
    let text = match username.expose() {
        "_json_key" => password.clone(),
        "_json_key_base64" => {
            Secret::new(String::from_utf8(BASE64.decode(password.expose()).ok()?).ok()?)
        }
        _ => return None,
    };
    GoogleKey::parse(text.expose()).ok()
}

fn parse(source: &Source, answer: &Answer) -> Option<Listed> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Packages {
        /// Left out where there are none.
        #[serde(default)]
        packages: Vec<Package>,
        #[serde(default)]
        next_page_token: Option<String>,
    }
    #[derive(Deserialize)]
    struct Package {
        /// `projects/…/packages/charts%2Fnginx`.
        name: String,
    }
    let place = PackagePlace::of(&source.registry, &source.prefix)?;
    // An error with status 200 is no empty list.
    let object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&answer.body).ok()?;
    let ours = |key: &String| key == "packages" || key == "nextPageToken";
    if !object.keys().all(ours) {
        return None;
    }
    let page: Packages = serde_json::from_value(object.into()).ok()?;
    let mut names = Vec::new();
    for package in page.packages {
        let (_, name) = package.name.rsplit_once("/packages/")?;
        let name = percent_decode_str(name).decode_utf8().ok()?;
        names.push(format!("{}/{name}", place.before));
    }
    let next = match page.next_page_token.filter(|token| !token.is_empty()) {
        None => Link::End,
        Some(token) => {
            let token: String = form_urlencoded::byte_serialize(token.as_bytes()).collect();
            match format!("{PAGE}&pageToken={token}").parse() {
                Ok(next) => Link::Next(next),
                Err(_) => Link::Unusable,
            }
        }
    };
    Some(Listed { names, next })
}
