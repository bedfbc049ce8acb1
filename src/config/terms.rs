//! `TOKEN_REALMS`, `DOWNLOAD_HOSTS` and `REGISTRY_HEADERS`: the terms on which the registry is spoken to.

use super::settings::Settings;
use crate::oci::terms::{self, Hosts, Spelling, Terms};
use crate::shown::shown;
use crate::source;

const TOKEN_REALMS: &str = "TOKEN_REALMS";
const DOWNLOAD_HOSTS: &str = "DOWNLOAD_HOSTS";
/// A secret: headers that open a tunnel.
pub(super) const HEADERS: &str = "REGISTRY_HEADERS";

/// Reads the terms; what is wrong is noted.
pub(super) fn read<L: Fn(&str) -> Option<String>>(settings: &mut Settings<L>) -> Terms {
    let token_realms = settings.parsed(TOKEN_REALMS, |text| {
        hosts(
            text,
            false,
            "a host, such as auth.acme.example or auth.acme.example:8443",
        )
    });
    let download_hosts = settings.parsed(DOWNLOAD_HOSTS, |text| {
        hosts(
            text,
            true,
            "a host or *.domain, such as bucket.acme.example",
        )
    });
    let headers = settings.secret(HEADERS).and_then(|text| {
        let read = terms::headers(text.expose());
        read.map_err(|what| settings.wrong(HEADERS, what.to_string()))
            .ok()
    });
    Terms {
        token_realms: token_realms.unwrap_or_default(),
        download_hosts: download_hosts.unwrap_or_default(),
        headers: headers.unwrap_or_default(),
        spelling: Spelling::Setting,
    }
}

fn hosts(text: &str, patterns: bool, wanted: &str) -> Result<Hosts, String> {
    let items = source::items(text)?;
    Hosts::parse(items, patterns).map_err(|bad| {
        let bad: Vec<String> = bad.into_iter().map(shown).collect();
        format!("{} is not {wanted}", bad.join(", "))
    })
}
