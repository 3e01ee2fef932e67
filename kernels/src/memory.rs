//! Large arrays on large pages.

/// A vector of `length` zeros whose memory the system is asked to put on large (2 MiB) pages.
///
/// Projections step through an image with strides of whole pages; on pages of 4 KiB the look-up of addresses alone can
/// take a third of their time. Where the system does not know the request, nothing happens.
pub fn zeros(length: usize) -> Vec<f32> {
    let vector = vec![0.0_f32; length];
    #[cfg(target_os = "linux")]
    ask_for_large_pages(vector.as_ptr().addr(), size_of_val(vector.as_slice()));
    vector
}

#[cfg(target_os = "linux")]
fn ask_for_large_pages(address: usize, bytes: usize) {
    use std::ffi::{c_int, c_void};
    unsafe extern "C" {
        fn madvise(address: *mut c_void, length: usize, advice: c_int) -> c_int;
    }
    const PAGE: usize = 4096;
    const ADVISE_HUGE_PAGES: c_int = 14;
    let (first, end) = (address.next_multiple_of(PAGE), (address + bytes) / PAGE * PAGE);
    if end.saturating_sub(first) >= 2 << 20 {
        // SAFETY: whole pages inside an allocation of ours; the advice changes how they are mapped, never what they
        // hold. A refusal is no error: the pages stay small.
        unsafe { madvise(std::ptr::without_provenance_mut(first), end - first, ADVISE_HUGE_PAGES) };
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn zeros_are_zeros_of_any_length() {
        for length in [0, 1, 1023, 1 << 20, (3 << 20) + 7] {
            let vector = super::zeros(length);
            assert_eq!(vector.len(), length);
            assert!(vector.iter().all(|&v| v == 0.0));
        }
    }
}
