//! Files as they are told to the user.

use std::path::Path;

/// A path as short as it can be written from the working folder.
pub(crate) fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let short = here.and_then(|here| path.strip_prefix(here).ok());
    short.unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_in_the_working_folder_is_named_from_there() {
        let here = std::env::current_dir().unwrap();
        assert_eq!(shown(&here.join("out").join("image.h5")), "out/image.h5");
        assert_eq!(shown(Path::new("image.h5")), "image.h5");
        assert_eq!(shown(Path::new("/elsewhere/image.h5")), "/elsewhere/image.h5");
    }
}
