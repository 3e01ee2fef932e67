//! Tests of real data may be skipped where the data are not, but not in silence and never in CI.

use crate::shared_data::{found_or_skipped, shared_data};
use std::path::PathBuf;
use std::process::Command;

/// The question of the test below, asked in a process of its own with other environment variables.
#[test]
#[ignore = "run by missing_data_fail_in_ci_and_are_told_elsewhere"]
fn asks_for_missing_data() {
    assert_eq!(shared_data("no-such-file"), None);
}

#[test]
fn missing_data_fail_in_ci_and_are_told_elsewhere() {
    let asked = |set: Option<(&str, &str)>| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["missing_data::asks_for_missing_data", "--exact", "--ignored"]);
        command.env_remove("CI").env_remove("COINCIDE_REQUIRE_DATA").envs(set);
        let output = command.output().unwrap();
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        (output.status.success(), text)
    };
    for set in [None, Some(("CI", ""))] {
        let (passed, text) = asked(set);
        assert!(
            passed && text.contains("skipped: missing_data::asks_for_missing_data: ") && text.contains("no-such-file"),
            "{text}"
        );
    }
    for variable in ["CI", "COINCIDE_REQUIRE_DATA"] {
        let (passed, text) = asked(Some((variable, "1")));
        assert!(!passed && text.contains("no test may be skipped"), "{variable}: {text}");
    }
}

#[test]
fn what_exists_is_found() {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    assert_eq!(found_or_skipped(here.clone(), Some("CI")), Some(here));
}
