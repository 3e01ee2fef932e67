//! With the feature `torch`: where the binary finds libtorch when it runs.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let Ok(folder) = std::env::var("DEP_TCH_LIBTORCH_LIB") else { return };
    // A RUNPATH, so that LD_LIBRARY_PATH can name another libtorch.
    println!("cargo::rustc-link-arg=-Wl,-rpath,{folder},--enable-new-dtags");
    // Nothing of ours calls this library by name; it says that there is a GPU while it is loaded.
    if Path::new(&folder).join("libtorch_cuda.so").exists() {
        println!("cargo::rustc-link-arg=-Wl,--push-state,--no-as-needed,{folder}/libtorch_cuda.so,--pop-state");
    }
}
