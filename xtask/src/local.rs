//! `.cargo/local.toml`: what a plain `cargo build` must know of this machine. `.cargo/config.toml` includes it.

const FILE: &str = ".cargo/local.toml";
const HEAD: &str = "[env]";

/// The value of an environment variable, as TOML, that was written here before.
pub fn get(key: &str) -> Option<String> {
    let text = std::fs::read_to_string(FILE).ok()?;
    text.lines().find_map(|line| Some(line.strip_prefix(key)?.trim_start().strip_prefix('=')?.trim().to_owned()))
}

/// Sets an environment variable of cargo's; `value` is TOML. The others stay.
pub fn set(key: &str, value: &str) -> Result<(), String> {
    let before = std::fs::read_to_string(FILE).unwrap_or_default();
    let after = with(&before, key, value);
    if after == before {
        return Ok(());
    }
    std::fs::write(FILE, after).map_err(|error| format!("cannot write {FILE}: {error}"))
}

fn with(text: &str, key: &str, value: &str) -> String {
    let is_key = |line: &str| line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='));
    let new = format!("{key} = {value}");
    let mut lines: Vec<&str> = text.lines().filter(|line| *line != HEAD && !line.is_empty()).collect();
    match lines.iter().position(|line| is_key(line)) {
        Some(place) => lines[place] = &new,
        None => lines.push(&new),
    }
    format!("{HEAD}\n{}\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::with;

    #[test]
    fn one_variable_leaves_the_others() {
        let first = with("", "CMAKE", "{ value = \"a\", relative = true }");
        assert_eq!(first, "[env]\nCMAKE = { value = \"a\", relative = true }\n");
        let both = with(&first, "LIBTORCH", "\"/b\"");
        assert_eq!(both, "[env]\nCMAKE = { value = \"a\", relative = true }\nLIBTORCH = \"/b\"\n");
        assert_eq!(with(&both, "LIBTORCH", "\"/b\""), both);
        assert_eq!(with(&both, "CMAKE", "\"c\""), "[env]\nCMAKE = \"c\"\nLIBTORCH = \"/b\"\n");
        assert!(with(&both, "LIB", "\"d\"").contains("LIBTORCH = \"/b\""));
    }
}
