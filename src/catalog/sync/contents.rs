//! What a manifest holds: judged from its text, then from what else of it has to be read.

use crate::catalog::rows::manifest::{Chart, Contents, Plan};
use crate::chart::rebuild::{Parts, RebuiltPackage};
use crate::chart::{self, Layout, Metadata, MetadataFrom, Unfit};
use crate::index::{Blob, Candidate, Origin};
use crate::oci::{self, Client, Descriptor, Digest, Manifest, Name, Reference};
use crate::platform::{Clock, Fetch};

/// A config blob of a chart that Helm made is a few KB; its spec names no limit. What is larger is skipped.
const CONFIG_LIMIT: usize = Metadata::MAX_READ;
/// The largest package read here, to find its metadata or to rebuild it: an isolate has 128 MB.
const PACKAGE_LIMIT: usize = chart::package::MAX_COMPRESSED;

/// What is known of a manifest's contents.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Judged {
    /// All.
    Known(Contents),
    /// What is to be read to know.
    Wants(Plan),
}

/// Judges a manifest by its text.
pub(crate) fn judge(bytes: &[u8], content_type: Option<&str>) -> Judged {
    let skipped = |reason: String| Judged::Known(Contents::Skipped(reason));
    let manifest = match Manifest::parse(bytes, content_type) {
        Ok(manifest) => manifest,
        Err(error) => return skipped(error.to_string()),
    };
    match Layout::of(&manifest) {
        Layout::Package {
            config,
            package,
            provenance,
            metadata,
            created,
        } => {
            let (package, provenance) = (blob(&package), provenance.as_ref().map(blob));
            match metadata {
                MetadataFrom::Config if fits(config.size, CONFIG_LIMIT) => {
                    Judged::Wants(Plan::Config {
                        config: blob(&config),
                        package,
                        provenance,
                        created,
                    })
                }
                // No chart has so much metadata; the package may hold less.
                MetadataFrom::Config | MetadataFrom::Package => {
                    in_package(package, provenance, created)
                }
            }
        }
        Layout::TwoLayers {
            meta,
            content,
            name,
            version,
            created,
        } => {
            if fits(meta.size, CONFIG_LIMIT) && fits(content.size, PACKAGE_LIMIT) {
                Judged::Wants(Plan::TwoLayers {
                    meta: blob(&meta),
                    content: blob(&content),
                    name,
                    version,
                    created,
                })
            } else {
                skipped(format!("its layers are larger than {PACKAGE_LIMIT} bytes"))
            }
        }
        Layout::Index { children } if children.is_empty() => Judged::Known(childless()),
        Layout::Index { children } => Judged::Wants(Plan::Children {
            children: children.into_iter().map(|child| child.digest).collect(),
        }),
        Layout::Foreign(reason) => skipped(reason),
    }
}

fn fits(size: u64, limit: usize) -> bool {
    usize::try_from(size).is_ok_and(|size| size <= limit)
}

fn blob(descriptor: &Descriptor) -> Blob {
    Blob {
        digest: descriptor.digest.clone(),
        size: descriptor.size,
    }
}

fn childless() -> Contents {
    Contents::Skipped("an image index without a chart".to_owned())
}

fn in_package(package: Blob, provenance: Option<Blob>, created: Option<String>) -> Judged {
    if fits(package.size, PACKAGE_LIMIT) {
        Judged::Wants(Plan::Package {
            package,
            provenance,
            created,
        })
    } else {
        let reason = format!(
            "its config blob holds no metadata and its package is larger than {PACKAGE_LIMIT} bytes"
        );
        Judged::Known(Contents::Skipped(reason))
    }
}

impl Plan {
    /// Reads what is wanted from `repository`: then all is known, or more is wanted.
    pub(crate) async fn read<F: Fetch, C: Clock>(
        &self,
        client: &Client<'_, F, C>,
        repository: &Name,
    ) -> Result<Judged, oci::Error> {
        let whole = async |blob: &Blob, limit| {
            client
                .blob(repository, &blob.digest, blob.size, limit)
                .await
        };
        match self {
            Self::Config {
                config,
                package,
                provenance,
                created,
            } => {
                let metadata = Metadata::from_json(&whole(config, CONFIG_LIMIT).await?);
                let (package, provenance) = (package.clone(), provenance.clone());
                Ok(match metadata {
                    // ORAS and scripts push half a config (oras-project/oras#318): the package knows.
                    Err(unfit) if unfit.asks_for_package() => {
                        in_package(package, provenance, created.clone())
                    }
                    metadata => {
                        Judged::Known(stored(metadata, package, provenance, created.clone()))
                    }
                })
            }
            Self::Package {
                package,
                provenance,
                created,
            } => {
                let metadata = chart::package::metadata(&whole(package, PACKAGE_LIMIT).await?);
                let (package, provenance) = (package.clone(), provenance.clone());
                Ok(Judged::Known(stored(
                    metadata,
                    package,
                    provenance,
                    created.clone(),
                )))
            }
            Self::TwoLayers {
                meta,
                content,
                name,
                version,
                created,
            } => {
                let parts = Parts {
                    meta: whole(meta, CONFIG_LIMIT).await?,
                    content: whole(content, PACKAGE_LIMIT).await?,
                    name: name.clone(),
                    version: version.clone(),
                };
                let origin = Origin::Rebuilt {
                    meta: meta.clone(),
                    content: content.clone(),
                    name: name.clone(),
                    version: version.clone(),
                };
                Ok(Judged::Known(match parts.examine().await {
                    Ok(RebuiltPackage {
                        metadata,
                        digest,
                        size,
                    }) => {
                        let package = Blob { digest, size };
                        chart_of(&metadata, package, None, origin, created.clone())
                    }
                    Err(unfit) => Contents::Skipped(unfit.to_string()),
                }))
            }
            Self::Children { children } => child(client, repository, children).await,
        }
    }
}

/// Reads the first of an index's children. An index in an index is not followed: nobody makes such charts, and it could
/// go round in circles.
async fn child<F: Fetch, C: Clock>(
    client: &Client<'_, F, C>,
    repository: &Name,
    children: &[Digest],
) -> Result<Judged, oci::Error> {
    let Some((first, rest)) = children.split_first() else {
        return Ok(Judged::Known(childless()));
    };
    let others = || {
        Judged::Wants(Plan::Children {
            children: rest.to_vec(),
        })
    };
    let fetched = client
        .manifest(repository, &Reference::Digest(first.clone()))
        .await;
    let fetched = match fetched {
        // An index may name what this registry does not have (image spec, "Image Index": sparse indexes). Where it is the
        // last of them, a mirror may only be behind: that is a fault, and read again.
        Err(error) if error.kind() == oci::Kind::NotFound && !rest.is_empty() => {
            return Ok(others());
        }
        fetched => fetched?,
    };
    Ok(
        match judge(&fetched.bytes, fetched.content_type.as_deref()) {
            Judged::Wants(plan) if !matches!(plan, Plan::Children { .. }) => Judged::Wants(plan),
            _ if rest.is_empty() => Judged::Known(childless()),
            _ => others(),
        },
    )
}

/// A chart whose package lies in the registry as it is served, if its metadata could be read.
fn stored(
    metadata: Result<Metadata, Unfit>,
    package: Blob,
    provenance: Option<Blob>,
    created: Option<String>,
) -> Contents {
    match metadata {
        Ok(metadata) => chart_of(&metadata, package, provenance, Origin::Stored, created),
        Err(unfit) => Contents::Skipped(unfit.to_string()),
    }
}

/// A chart with all that is served of it.
pub(crate) fn chart_of(
    metadata: &Metadata,
    package: Blob,
    provenance: Option<Blob>,
    origin: Origin,
    created: Option<String>,
) -> Contents {
    let Ok(version) = chart::Version::parse(metadata.version()) else {
        return Contents::Skipped(format!(
            "its version {:?} is not semver",
            metadata.version()
        ));
    };
    let file = match chart::FileName::of(metadata.name(), metadata.version()) {
        Ok(file) => file,
        Err(unfit) => return Contents::Skipped(format!("its {unfit}")),
    };
    Contents::Chart(Box::new(Chart {
        name: metadata.name().to_owned(),
        version: metadata.version().to_owned(),
        version_key: version.key().to_owned(),
        file,
        candidate: Candidate {
            // Whose it is, its tags say.
            source: String::new(),
            repository: String::new(),
            package: package.digest,
            size: package.size,
            provenance,
            origin,
            until: None,
        },
        created,
        metadata: metadata.to_json(),
    }))
}
