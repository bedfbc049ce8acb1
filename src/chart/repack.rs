//! A package with some of its own files replaced, to the same bytes each time.

use super::Unfit;
use super::archive::{Archive, MAX_UNPACKED, OneRoot};
use super::tarball::Tarball;

/// Largest package that is made, in bytes: it is not compressed, and made in memory beside the one it is made of.
pub(super) const MAX_MADE: u64 = 32 << 20;

/// The package with these files, by their paths below its root directory, in place of those of the same paths, or behind all
/// others; everything else stays as it is.
pub(crate) fn repack(tgz: &[u8], replaced: &[(&str, &[u8])]) -> Result<Vec<u8>, Unfit> {
    let mut archive = Archive::unpacking(tgz, MAX_UNPACKED, MAX_UNPACKED);
    let mut files = archive.files()?;
    let mut tarball = Tarball::default();
    let (mut root, mut written) = (OneRoot::default(), Vec::new());
    while let Some(file) = files.next()? {
        root.judge(&file)?;
        let path = format!("{}/{}", file.root, file.path);
        match replaced.iter().find(|(name, _)| *name == file.path) {
            Some((name, bytes)) => {
                written.push(*name);
                tarball.put(&path, bytes);
            }
            None => tarball.add(&path, file.size, |target| file.read_to(target))?,
        }
        judge(tarball.ready())?;
    }
    let root = root.name().ok_or(Unfit::NoChartYaml)?;
    for (name, bytes) in replaced {
        if !written.contains(name) {
            tarball.put(&format!("{root}/{name}"), bytes);
        }
    }
    judge(tarball.ready())?;
    Ok(tarball.finish())
}

/// Refuses a package that has become too large.
fn judge(made: usize) -> Result<(), Unfit> {
    if made as u64 > MAX_MADE {
        return Err(Unfit::UnpackedTooLarge(MAX_MADE));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::{ChartContents, Inspected, LoadedChart};
    use crate::testing::package;

    #[test]
    fn only_what_is_named_is_replaced() {
        let tgz = package(&[
            ("other/Chart.yaml", b"name: a\nversion: 1.0.0\n"),
            ("other/templates/x.yaml", b"x"),
            ("other/charts/b/Chart.yaml", b"name: b\nversion: 1.0.0\n"),
            ("other/charts/b/values.yaml", b"b: 1"),
        ]);
        let chart: (&str, &[u8]) = ("Chart.yaml", b"name: a\nversion: 1.0.0\ndescription: new\n");
        let made = repack(&tgz, &[chart, ("values.yaml", b"a: 2")]).unwrap();
        assert_eq!(
            made,
            repack(&tgz, &[chart, ("values.yaml", b"a: 2")]).unwrap()
        );
        assert_eq!(Inspected::of(&made).unwrap().metadata.description, "new");
        let contents = ChartContents::of(&made).unwrap();
        assert_eq!(contents.values.as_deref(), Some(&b"a: 2"[..]));
        assert_eq!(
            contents.templates,
            [("templates/x.yaml".to_owned(), b"x".to_vec())]
        );
        let (before, after) = (
            LoadedChart::load(&tgz).unwrap(),
            LoadedChart::load(&made).unwrap(),
        );
        assert_eq!(before.charts, after.charts);
        // Once more, over itself.
        let again = repack(&made, &[("values.yaml", b"a: 2")]).unwrap();
        assert_eq!(again, made);
    }

    #[test]
    fn what_is_no_package_is_refused() {
        assert_eq!(repack(b"garbage", &[]), Err(Unfit::NotAnArchive));
        let large = vec![b'x'; 5 << 20];
        let files: Vec<String> = (0..8).map(|n| format!("a/{n}")).collect();
        let files: Vec<(&str, &[u8])> = files
            .iter()
            .map(|path| (path.as_str(), large.as_slice()))
            .collect();
        assert_eq!(
            repack(&package(&files), &[]),
            Err(Unfit::UnpackedTooLarge(MAX_MADE))
        );
    }
}
