use std::io::Write;

use flate2::{Compression, GzBuilder};
use proptest::prelude::*;
use tar::Header;

use super::*;

const MAX: u64 = 8 << 20;

/// A regular file's header and content, the path as it is given: a library would refuse the hostile ones.
pub(in crate::chart) fn file(path: &str, content: &[u8]) -> Vec<u8> {
    entry(path, b'0', content.len() as u64, content)
}

/// An entry that claims `size` and holds `content`.
pub(in crate::chart) fn entry(path: &str, kind: u8, size: u64, content: &[u8]) -> Vec<u8> {
    let mut header = Header::new_ustar();
    header.as_ustar_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_entry_type(EntryType::new(kind));
    header.set_mode(0o755);
    header.set_mtime(1_546_300_800);
    header.set_size(size);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

/// Entries as Helm 2 and 3 pack them, its mark in the header included.
pub(in crate::chart) fn tgz(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut encoder = GzBuilder::new()
        .extra(b"+aHR0cHM6Ly95b3V0dS5iZS96OVV6MWljandyTQo=".to_vec())
        .comment("Helm")
        .write(Vec::new(), Compression::default());
    for entry in entries {
        encoder.write_all(entry).unwrap();
    }
    encoder.write_all(&[0; 1024]).unwrap();
    encoder.finish().unwrap()
}

/// All paths and contents.
fn read(tgz: &[u8]) -> Result<Vec<(String, Vec<u8>)>, Unfit> {
    let mut files = Vec::new();
    let mut archive = Archive::open(tgz, MAX)?;
    let mut walk = archive.files()?;
    while let Some(file) = walk.next()? {
        let (path, mut content) = (file.path.to_owned(), Vec::new());
        file.read_to(&mut content)?;
        files.push((path, content));
    }
    Ok(files)
}

#[track_caller]
fn paths(entries: &[Vec<u8>], expected: &[&str]) {
    let read = read(&tgz(entries)).unwrap();
    assert_eq!(
        read.iter()
            .map(|(path, _)| path.as_str())
            .collect::<Vec<_>>(),
        expected
    );
}

#[track_caller]
fn refused(entries: &[Vec<u8>], reason: &str) {
    assert_eq!(read(&tgz(entries)).unwrap_err().to_string(), reason);
}

#[test]
fn ordinary_archives() {
    let read = read(&tgz(&[
        file("c/Chart.yaml", b"a"),
        file("c/empty", b""),
        file("c/b", &[7; 600]),
    ]))
    .unwrap();
    assert_eq!(
        read,
        [
            ("Chart.yaml".to_owned(), b"a".to_vec()),
            ("empty".to_owned(), vec![]),
            ("b".to_owned(), vec![7; 600])
        ]
    );
    paths(&[], &[]);
    paths(
        &[
            entry("c/", b'5', 0, b""),
            entry("c/d/", b'0', 0, b""),
            entry("c/x", 0, 0, b""),
        ],
        &["x"],
    );
    paths(&[file("c\\templates\\a.yaml", b"")], &["templates/a.yaml"]);
    paths(
        &[file("c/a//./b", b""), file("./c/Chart.yaml", b"")],
        &["a/b", "c/Chart.yaml"],
    );
    paths(
        &[
            file("c/ä.yaml", b""),
            file("c/..a/b..", b""),
            file("c/a:b", b""),
        ],
        &["ä.yaml", "..a/b..", "a:b"],
    );
}

#[test]
fn long_paths() {
    let below = "d".repeat(300);
    let long = format!("c/{below}");
    let record = format!("312 path={long}\n");
    paths(
        &[
            entry("pax_global_header", b'g', 20, b"20 comment=abcdefgh\n"),
            entry(
                "././@PaxHeader",
                b'x',
                record.len() as u64,
                record.as_bytes(),
            ),
            file("c/short", b""),
            entry(
                "././@LongLink",
                b'L',
                long.len() as u64 + 1,
                format!("{long}\0").as_bytes(),
            ),
            file("c/short", b""),
            file("c/short", b""),
        ],
        &[&below, &below, "short"],
    );
    let unreadable = "archive holds an unreadable path";
    refused(
        &[
            entry("x", b'x', 20_000, &vec![b' '; 20_000]),
            file("c/a", b""),
        ],
        unreadable,
    );
    refused(&[entry("x", b'x', 1 << 40, b"")], unreadable);
    refused(&[entry("x", b'L', 1 << 40, b"")], unreadable);
    refused(&[entry("x", b'g', 1 << 40, b"")], unreadable);
    refused(
        &[entry("x", b'x', 12, b"12 size=100\n"), file("c/a", b"")],
        unreadable,
    );
    refused(
        &[entry("x", b'x', 4, b"nope"), file("c/a", b"")],
        unreadable,
    );
    refused(&[file("c/a\nb", b"")], unreadable);
    let very_long = format!("c/{}", "d".repeat(MAX_PATH));
    refused(
        &[
            entry("x", b'L', very_long.len() as u64, very_long.as_bytes()),
            file("c/a", b""),
        ],
        unreadable,
    );
}

#[test]
fn hostile_paths() {
    for path in [
        "/etc/passwd",
        "c//etc/passwd/../..//",
        "C:/x",
        "c/C:/x",
        "\\x\\y",
    ] {
        let read = read(&tgz(&[file(path, b"")]));
        if path == "c//etc/passwd/../..//" {
            assert_eq!(read, Ok(vec![]), "a directory");
        } else {
            assert_eq!(read, Err(Unfit::AbsolutePath(format!("{path:?}"))));
        }
    }
    for path in [
        "..",
        "../x",
        "c/..",
        "c/../x",
        "c/../../etc/passwd",
        "c/a/../b",
        "c\\..\\x",
        "Chart.yaml",
        "x",
        "c/.",
    ] {
        refused(
            &[file("c/Chart.yaml", b""), file(path, b"")],
            &format!("archive holds the path {path:?}, which leads out of the chart"),
        );
    }
}

#[test]
fn no_files() {
    for kind in [b'1', b'2', b'3', b'4', b'6', b'S', b'Z'] {
        refused(
            &[entry("c/Chart.yaml", kind, 0, b"")],
            "archive holds \"c/Chart.yaml\", which is neither a file nor a directory",
        );
    }
}

/// CVE-2025-32386 (Helm): what inflates beyond the limit is never held.
#[test]
fn too_much() {
    let many: Vec<_> = (0..10_000).map(|n| file(&format!("c/{n}"), b"")).collect();
    refused(&many, "archive has more than 5000 entries");
    assert!(read(&tgz(&many[..MAX_ENTRIES])).is_ok());
    let directories = vec![entry("c/", b'5', 0, b""); MAX_ENTRIES + 1];
    refused(&directories, "archive has more than 5000 entries");
    for size in [MAX_FILE + 1, 1 << 40, 0o77_777_777_777] {
        refused(
            &[entry("c/a", b'0', size, b"")],
            "archive holds a file larger than 5242880 bytes",
        );
    }
    // Base-256: sizes that octal digits do not reach, the last one beyond what can be added to.
    for (size, reason) in [
        (
            1_u64 << 62,
            "archive holds a file larger than 5242880 bytes",
        ),
        (
            u64::MAX,
            "package is not an intact gzip-compressed tar archive",
        ),
    ] {
        let mut header = Header::new_ustar();
        header.as_ustar_mut().unwrap().name[..3].copy_from_slice(b"c/a");
        header.as_old_mut().size = [0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        header.as_old_mut().size[4..].copy_from_slice(&size.to_be_bytes());
        header.set_entry_type(EntryType::Regular);
        header.set_cksum();
        refused(&[header.as_bytes().to_vec()], reason);
    }
    let bomb = vec![file("c/zeros", &vec![0; 4 << 20]); 3];
    let packed = tgz(&bomb);
    assert!(packed.len() < 20_000);
    refused(&bomb, "archive unpacks to more than 8388608 bytes");
    let mut archive = Archive::open(&packed, MAX).unwrap();
    let mut files = archive.files().unwrap();
    let skipped = loop {
        match files.next() {
            Ok(Some(_)) => {}
            Ok(None) => break None,
            Err(unfit) => break Some(unfit),
        }
    };
    assert_eq!(
        skipped,
        Some(Unfit::UnpackedTooLarge(MAX)),
        "unread files count too"
    );
    let noise = vec![0; MAX_COMPRESSED + 1];
    let refused = Archive::open(&noise, MAX).err();
    assert_eq!(refused, Some(Unfit::PackageTooLarge(MAX_COMPRESSED)));
}

#[test]
fn no_archives() {
    let refused = Err(Unfit::NotAnArchive);
    for bytes in [b"".as_slice(), b"{}", b"\x1f\x8b", b"name: a\n", &[0; 4096]] {
        assert_eq!(read(bytes), refused);
    }
    assert_eq!(read(&tgz(&[b"no tar, but gzip".repeat(64)])), refused);
    assert_eq!(
        read(&tgz(&[entry("c/a", b'0', 2_000_000, b"short")])),
        refused
    );
    let packed = tgz(&[file("c/a", &vec![7; 100_000]), file("c/b", b"")]);
    for length in 0..packed.len() - 30 {
        assert_eq!(read(&packed[..length]), refused, "{length}");
    }
}

proptest! {
    #[test]
    fn a_broken_archive_is_refused_or_read(at in any::<proptest::sample::Index>(), byte in any::<u8>()) {
        let mut tar = [file("c/Chart.yaml", b"name: a"), entry("c/x", b'x', 12, b"12 path=c/y\n"), file("c/z", &[7; 600])].concat();
        let at = at.index(tar.len());
        tar[at] = byte;
        for (path, _) in read(&tgz(&[tar])).into_iter().flatten() {
            prop_assert!(!path.split('/').any(|segment| segment.is_empty() || segment == ".."), "{path}");
        }
    }

    #[test]
    fn any_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(read(&bytes).is_err());
        let _ = read(&tgz(&[bytes]));
    }

    #[test]
    fn any_path_is_refused_or_stays_below(path in "(c|[.]{0,3}|C:|)([/\\\\](a|[.]{1,3}|C:|)){0,5}") {
        for (path, _) in read(&tgz(&[file(&path, b"")])).into_iter().flatten() {
            let is_plain = |segment: &str| !["", ".", ".."].contains(&segment);
            prop_assert!(path.split('/').all(is_plain) && !path.contains('\\'), "{path}");
        }
    }
}
