//! How far the first pass is, in words.

use crate::catalog::Progress;

/// `1,234 of at least 5,000 tags`, and `about` once all lists are read; before tags are known, repositories.
pub(super) fn words(progress: &Progress) -> String {
    if progress.tags > 0 {
        let (read, tags) = (grouped(progress.read), grouped(progress.tags));
        // What a list that is yet to be read holds, nobody knows.
        let much = if progress.listed < progress.repositories {
            "at least"
        } else {
            "about"
        };
        return format!("{read} of {much} {tags} tags");
    }
    if progress.repositories > 0 {
        let (listed, repositories) = (grouped(progress.listed), grouped(progress.repositories));
        return format!("{listed} of at least {repositories} repositories");
    }
    "it has just begun".to_owned()
}

/// A number with commas between thousands.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_have_commas() {
        let shown: Vec<String> = [0, 12, 999, 1000, 12_345, 999_999, 1_234_567, u64::MAX]
            .map(grouped)
            .into();
        assert_eq!(
            shown.join(" "),
            "0 12 999 1,000 12,345 999,999 1,234,567 18,446,744,073,709,551,615"
        );
    }

    #[test]
    fn tags_count_most() {
        let mut progress = Progress::default();
        assert_eq!(words(&progress), "it has just begun");
        progress.repositories = 50;
        progress.listed = 7;
        assert_eq!(words(&progress), "7 of at least 50 repositories");
        progress.tags = 5000;
        progress.read = 1234;
        assert_eq!(words(&progress), "1,234 of at least 5,000 tags");
        progress.listed = 50;
        assert_eq!(words(&progress), "1,234 of about 5,000 tags");
    }
}
