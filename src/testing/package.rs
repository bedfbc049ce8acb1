//! Packages as Helm makes them.

use std::io::Write;
use std::ops::ControlFlow;

use bytes::Bytes;
use flate2::{Compression, GzBuilder};
use futures::FutureExt as _;
use tar::{EntryType, Header};

use crate::chart::rebuild::Parts;

/// A gzip-compressed tar of `files`, with Helm's mark in the header and the time of a push in each entry. Paths are taken as
/// they are: a library would refuse the hostile ones.
pub(crate) fn package(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut encoder = GzBuilder::new()
        .extra(b"+aHR0cHM6Ly95b3V0dS5iZS96OVV6MWljandyTQo=".to_vec())
        .comment("Helm")
        .write(Vec::new(), Compression::default());
    for (path, content) in files {
        encoder
            .write_all(&header(path, EntryType::Regular, content.len()))
            .unwrap();
        encoder.write_all(content).unwrap();
        encoder
            .write_all(&vec![
                0;
                content.len().next_multiple_of(512) - content.len()
            ])
            .unwrap();
    }
    encoder.write_all(&[0; 1024]).unwrap();
    encoder.finish().unwrap()
}

/// A package whose only entry besides `Chart.yaml` is of another kind than a file, a link for example.
pub(crate) fn package_with(chart: &str, kind: EntryType, path: &str) -> Vec<u8> {
    let mut encoder = GzBuilder::new().write(Vec::new(), Compression::default());
    encoder.write_all(&header(path, kind, 0)).unwrap();
    encoder
        .write_all(&header("c/Chart.yaml", EntryType::Regular, chart.len()))
        .unwrap();
    encoder.write_all(chart.as_bytes()).unwrap();
    encoder
        .write_all(&vec![
            0;
            1024 + chart.len().next_multiple_of(512) - chart.len()
        ])
        .unwrap();
    encoder.finish().unwrap()
}

fn header(path: &str, kind: EntryType, size: usize) -> Vec<u8> {
    let mut header = Header::new_ustar();
    header.as_ustar_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(0o755);
    header.set_mtime(1_546_300_800);
    header.set_size(size as u64);
    header.set_cksum();
    header.as_bytes().to_vec()
}

/// The package that is made of these parts.
pub(crate) fn rebuilt(parts: &Parts) -> Bytes {
    let mut package = Vec::new();
    let append = async |mut piece: Vec<u8>| {
        package.append(&mut piece);
        ControlFlow::Continue(())
    };
    parts.make(append).now_or_never().unwrap().unwrap();
    package.into()
}
