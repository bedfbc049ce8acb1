//! `REGISTRY`: which registry, and below which prefix.

use crate::oci::{Name, Registry, Scheme};

/// Where `REGISTRY` points: the registry and the prefix.
///
/// No message shows the value: people paste URLs with passwords in them.
pub(super) fn place(text: &str, insecure: bool) -> Result<(Registry, String), &'static str> {
    if text.contains('@') {
        return Err(
            "may not contain a user or password: they have their own settings, REGISTRY_USERNAME and REGISTRY_PASSWORD",
        );
    }
    if text.contains(['?', '#']) {
        return Err("may not have a query or a fragment");
    }
    let (scheme, address) = match text.split_once("://") {
        None => (Scheme::Https, text),
        Some((scheme, address)) => match scheme.to_ascii_lowercase().as_str() {
            // What `helm push` calls it.
            "https" | "oci" => (Scheme::Https, address),
            "http" => (Scheme::Http, address),
            _ => return Err("must begin with https://, oci:// or http://, or with the host"),
        },
    };
    let (host, path) = address.split_once('/').unwrap_or((address, ""));
    let registry =
        Registry::new(scheme, host).map_err(|_| "does not begin with a registry's host")?;
    if scheme == Scheme::Http && !insecure && !registry.is_loopback() {
        return Err("http:// is for this machine only, unless ALLOW_INSECURE_REGISTRY is true");
    }
    let prefix = path.trim_end_matches('/');
    if !prefix.is_empty() && prefix.parse::<Name>().is_err() {
        return Err("what follows the host is not the beginning of a repository name");
    }
    Ok((registry, prefix.to_owned()))
}

#[cfg(test)]
mod tests;
