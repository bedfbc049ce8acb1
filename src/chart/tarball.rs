//! Writes a gzip-compressed tar archive whose bytes depend on nothing but the files: no clock, no owner, and no compressor, whose next
//! version would give another digest.

use tar::Header;

/// Longest path that fits a plain header, in bytes (POSIX ustar). Longer ones go into an extended header.
const PLAIN_PATH: usize = 100;

/// Blocks of tar.
const BLOCK: usize = 512;

/// Most bytes in a stored block (RFC 1951 §3.2.4).
const STORED: usize = 0xffff;

/// Magic, method deflate, no flags, no time, no hint, operating system unknown (RFC 1952 §2.3).
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// A gzip-compressed tar archive that is being written. What is ready of it can be taken at any time.
#[derive(Default)]
pub(super) struct Tarball {
    /// Tar that is not framed yet.
    tar: Vec<u8>,
    /// Gzip that was not taken yet.
    gzip: Vec<u8>,
    /// Of all tar so far. It is empty as long as nothing is framed.
    checksum: flate2::Crc,
}

impl Tarball {
    /// Adds a file of `size` bytes, which `content` writes onto the end of what it is given.
    pub(super) fn add<E>(
        &mut self,
        path: &str,
        size: u64,
        content: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        if path.len() > PLAIN_PATH {
            let record = pax_record("path", path);
            self.header("././@PaxHeader", b'x', record.len() as u64);
            self.tar.extend_from_slice(record.as_bytes());
            self.pad();
        }
        self.header(path, b'0', size);
        content(&mut self.tar)?;
        self.pad();
        self.frame(false);
        Ok(())
    }

    /// Adds a file that is in memory.
    pub(super) fn put(&mut self, path: &str, bytes: &[u8]) {
        let added = self.add(path, bytes.len() as u64, |target| {
            target.extend_from_slice(bytes);
            Ok::<(), std::convert::Infallible>(())
        });
        match added {
            Ok(()) => {}
            Err(never) => match never {},
        }
    }

    /// How many bytes are ready and were not taken yet.
    pub(super) fn ready(&self) -> usize {
        self.gzip.len()
    }

    fn header(&mut self, path: &str, kind: u8, size: u64) {
        let mut header = Header::new_ustar();
        if let Some(ustar) = header.as_ustar_mut() {
            for (to, from) in ustar.name.iter_mut().zip(path.bytes()) {
                *to = from;
            }
        }
        header.set_entry_type(tar::EntryType::new(kind));
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(size);
        header.set_cksum();
        self.tar.extend_from_slice(header.as_bytes());
    }

    fn pad(&mut self) {
        // Blocks count from the beginning of the tar, of which some may be framed.
        let framed = usize::try_from(self.checksum.amount()).unwrap_or_default();
        let length = framed + self.tar.len();
        self.tar.resize(length.next_multiple_of(BLOCK) - framed, 0);
    }

    /// Frames whole blocks; in the end the rest, too, as the last block, which says that it is.
    fn frame(&mut self, ends: bool) {
        let mut rest = self.tar.as_slice();
        while rest.len() >= STORED || (ends && !rest.is_empty()) {
            let (block, left) = rest.split_at(rest.len().min(STORED));
            if self.checksum.amount() == 0 {
                self.gzip.extend_from_slice(&GZIP_HEADER);
            }
            let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
            self.gzip.push(u8::from(ends && left.is_empty()));
            self.gzip.extend_from_slice(&length.to_le_bytes());
            self.gzip.extend_from_slice(&(!length).to_le_bytes());
            self.gzip.extend_from_slice(block);
            self.checksum.update(block);
            rest = left;
        }
        let framed = self.tar.len() - rest.len();
        self.tar.drain(..framed);
    }

    /// What is ready and was not taken yet.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.gzip)
    }

    /// The rest.
    pub(super) fn finish(mut self) -> Vec<u8> {
        // Two empty blocks end a tar.
        self.tar.resize(self.tar.len() + 2 * BLOCK, 0);
        self.frame(true);
        self.gzip
            .extend_from_slice(&self.checksum.sum().to_le_bytes());
        self.gzip
            .extend_from_slice(&self.checksum.amount().to_le_bytes());
        self.gzip
    }
}

/// `<length> <key>=<value>\n`, where the length counts its own digits.
fn pax_record(key: &str, value: &str) -> String {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length += 1;
    }
    format!("{length} {key}={value}\n")
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn tarball(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut tarball = Tarball::default();
        let mut gzip = Vec::new();
        for (path, content) in files {
            tarball
                .add(path, content.len() as u64, |target| {
                    target.extend_from_slice(content);
                    Ok::<(), ()>(())
                })
                .unwrap();
            gzip.append(&mut tarball.take());
        }
        gzip.append(&mut tarball.finish());
        gzip
    }

    #[test]
    fn read_by_others_as_written() {
        let long = format!("chart/{}", "deep/".repeat(40));
        let many = vec![b'x'; 3 * STORED];
        let files: [(&str, &[u8]); 6] = [
            ("chart/Chart.yaml", b"a: 1\n"),
            ("chart/empty", b""),
            (&format!("{long}é"), b"long path"),
            ("chart/many", &many),
            // What lies behind framed blocks, whose length is no multiple of a tar's.
            ("chart/behind", b"behind"),
            ("chart/end", b"end"),
        ];
        let gzip = tarball(&files);
        let mut tar = Vec::new();
        flate2::read::GzDecoder::new(&gzip[..])
            .read_to_end(&mut tar)
            .unwrap();
        let mut archive = tar::Archive::new(&tar[..]);
        let read: Vec<(String, Vec<u8>)> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let mut entry = entry.unwrap();
                let mut content = Vec::new();
                entry.read_to_end(&mut content).unwrap();
                (entry.path().unwrap().to_str().unwrap().to_owned(), content)
            })
            .collect();
        let expected: Vec<_> = files
            .map(|(path, content)| (path.to_owned(), content.to_vec()))
            .into();
        assert_eq!(read, expected);
    }

    #[test]
    fn one_small_archive_byte_by_byte() {
        let gzip = tarball(&[("a", b"b")]);
        assert_eq!(gzip.len(), 10 + 5 + 4 * BLOCK + 8);
        assert_eq!(
            gzip[..15],
            [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1, 0, 8, 0xff, 0xf7]
        );
        let header = &gzip[15..15 + BLOCK];
        assert_eq!(
            &header[100..157],
            [
                b"0000644\0".as_slice(),
                b"0000000\0",
                b"0000000\0",
                b"00000000001\0",
                b"00000000000\0",
                b"0006077\0",
                b"0"
            ]
            .concat()
        );
        assert_eq!(&header[257..265], b"ustar\x0000");
    }

    #[test]
    fn pax_lengths_count_themselves() {
        for length in 1..1100 {
            let record = pax_record("path", &"x".repeat(length));
            assert_eq!(record.split(' ').next().unwrap().parse(), Ok(record.len()));
        }
    }
}
