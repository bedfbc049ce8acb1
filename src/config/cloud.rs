//! Keys of clouds: settings that are exchanged for a registry's password instead of being it.

use super::settings::Settings;
use crate::oci::azure::{self, AzurePrincipal};
use crate::oci::credentials::AwsKeys;
use crate::oci::google::{self, GoogleKey};
use crate::oci::{Credentials, Registry, aws};

const AWS_ID: &str = "AWS_ACCESS_KEY_ID";
const AWS_SECRET: &str = "AWS_SECRET_ACCESS_KEY";
const AWS_SESSION: &str = "AWS_SESSION_TOKEN";
const GOOGLE: &str = "GOOGLE_CREDENTIALS";
const AZURE_TENANT: &str = "AZURE_TENANT_ID";
const AZURE_CLIENT: &str = "AZURE_CLIENT_ID";
const AZURE_SECRET: &str = "AZURE_CLIENT_SECRET";

/// A key, and the setting that it is known by in messages.
pub(super) struct CloudKey {
    pub(super) setting: &'static str,
    pub(super) credentials: Credentials,
}

/// A key, or none; an error, already noted, where a part of it is missing or it opens nothing.
type Keys = Result<Option<CloudKey>, ()>;

/// Reads the key of whichever cloud there is one of.
pub(super) fn keys<L: Fn(&str) -> Option<String>>(
    settings: &mut Settings<L>,
    place: Option<&(Registry, String)>,
) -> Keys {
    let all = [
        aws_keys(settings, place),
        google_key(settings, place),
        azure_principal(settings, place),
    ];
    let mut found = None;
    for key in all {
        // At most one fits the registry.
        found = found.or(key?);
    }
    Ok(found)
}

/// Amazon's access key, or none; an error, already noted, where a part of it is missing or it opens nothing.
fn aws_keys<L: Fn(&str) -> Option<String>>(
    settings: &mut Settings<L>,
    place: Option<&(Registry, String)>,
) -> Keys {
    let session = settings.secret(AWS_SESSION);
    let (id, secret) = match (settings.secret(AWS_ID), settings.secret(AWS_SECRET)) {
        (None, None) if session.is_none() => return Ok(None),
        (Some(id), Some(secret)) => (id, secret),
        (None, None) => {
            settings.wrong(
                AWS_SESSION,
                format!("set without {AWS_ID} and {AWS_SECRET}"),
            );
            return Err(());
        }
        (None, Some(_)) => {
            settings.wrong(AWS_ID, format!("missing, while {AWS_SECRET} is set"));
            return Err(());
        }
        (Some(_), None) => {
            settings.wrong(AWS_SECRET, format!("missing, while {AWS_ID} is set"));
            return Err(());
        }
    };
    if place.is_some_and(|(registry, _)| !aws::is_ecr(registry)) {
        settings.wrong(
            AWS_ID,
            "opens Amazon's registries only, and REGISTRY is elsewhere",
        );
        return Err(());
    }
    Ok(Some(CloudKey {
        setting: AWS_ID,
        credentials: Credentials::Aws(AwsKeys {
            id,
            secret,
            session,
        }),
    }))
}

/// Google's service account, or none.
fn google_key<L: Fn(&str) -> Option<String>>(
    settings: &mut Settings<L>,
    place: Option<&(Registry, String)>,
) -> Keys {
    let Some(text) = settings.secret(GOOGLE) else {
        return Ok(None);
    };
    let key = GoogleKey::parse(text.expose())
        .map_err(|invalid| settings.wrong(GOOGLE, invalid.to_string()));
    if place.is_some_and(|(registry, _)| !google::is_google(registry)) {
        settings.wrong(
            GOOGLE,
            "opens Google's registries only, and REGISTRY is elsewhere",
        );
        return Err(());
    }
    Ok(Some(CloudKey {
        setting: GOOGLE,
        credentials: Credentials::Google(key?),
    }))
}

/// Azure's service principal, or none.
fn azure_principal<L: Fn(&str) -> Option<String>>(
    settings: &mut Settings<L>,
    place: Option<&(Registry, String)>,
) -> Keys {
    let (tenant, client) = (settings.text(AZURE_TENANT), settings.text(AZURE_CLIENT));
    let secret = settings.secret(AZURE_SECRET);
    if tenant.is_none() && client.is_none() && secret.is_none() {
        return Ok(None);
    }
    let there = [
        (AZURE_TENANT, tenant.is_some()),
        (AZURE_CLIENT, client.is_some()),
        (AZURE_SECRET, secret.is_some()),
    ];
    for (setting, _) in there.iter().filter(|(_, set)| !set) {
        let others = there.iter().filter(|(_, set)| *set);
        let others: Vec<&str> = others.map(|(other, _)| *other).collect();
        let verb = if others.len() > 1 { "are" } else { "is" };
        let others = others.join(" and ");
        settings.wrong(*setting, format!("missing, while {others} {verb} set"));
    }
    let (Some(tenant), Some(client), Some(secret)) = (tenant, client, secret) else {
        return Err(());
    };
    // It stands in the address of who is asked.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    if !tenant.bytes().all(plain) || tenant.contains("..") {
        settings.wrong(AZURE_TENANT, "neither the id of a directory nor its domain");
        return Err(());
    }
    if place.is_some_and(|(registry, _)| !azure::is_azure(registry)) {
        settings.wrong(
            AZURE_CLIENT,
            "opens Azure's registries only, and REGISTRY is elsewhere",
        );
        return Err(());
    }
    Ok(Some(CloudKey {
        setting: AZURE_CLIENT,
        credentials: Credentials::Azure(AzurePrincipal {
            tenant,
            client,
            secret,
        }),
    }))
}
