//! Hands what libFuzzer makes to the reader that `FUZZ_TARGET` names.

#![no_main]

use std::sync::LazyLock;

use portolan::fuzzing::{TARGETS, FuzzTarget};

static TARGET: LazyLock<FuzzTarget> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let found = TARGETS.iter().find(|(known, _)| *known == name);
    found.map_or_else(|| panic!("FUZZ_TARGET is none of the targets"), |(_, target)| *target)
});

libfuzzer_sys::fuzz_target!(|input: &[u8]| (*TARGET)(input));
