//! Interfile as STIR 6 writes and reads it: projection data (`.hs` + `.s`) and images (`.hv` + `.v`).
//!
//! A text header names the binary file, the number format and the axes. Syntax after the Interfile 3.3 proposal
//! (Todd-Pokropek, Cradduck & Deconinck 1992, Nucl. Med. Commun. 13:673), keys as STIR 6 uses them
//! (Thielemans et al. 2012, Phys. Med. Biol. 57:867).
//!
//! # STIR's frame and ours
//!
//! Files are taken in the frame of the **gantry**; nothing is flipped between STIR's gantry frame and ours:
//!
//! * x, y: STIR's x runs to the left and its y to the back of a supine head-first patient, as ours do.
//! * z: STIR's z, and ours, grows with the **ring number**. STIR holds (`swap_axes_based_on_orientation`) that this is *out*
//!   of the scanner along the bed, so that for a head-first supine patient its axes are "LPI": left, posterior,
//!   **inferior**, and a patient-based (LPS) file needs z negated. STIR's triple (x, y, z) is therefore left-handed. The real mMR scan
//!   agrees: head first, supine, its brain has the crown at low and the neck at high ring numbers.
//!   Whoever writes patient coordinates (NIfTI, DICOM) from a scanner whose rings are numbered that way must negate z.
//! * STIR puts z = 0 at the first plane of an image, and its projectors move the middle of the image to the middle of the
//!   scanner; see [`read_image`].
//! * **TOF bins run the other way**: STIR's bins are positive towards the first detector of a pair, ours towards the second
//!   (t = (t_A − t_B)·c/2). Reader and writer turn the axis round.

pub(in crate::io) mod data_file;
mod geometry;
pub(in crate::io) mod header;
mod header_text;
mod image;
mod layout;
pub(in crate::io) mod names;
mod numbers;
mod projection;
mod scanner;

pub use image::{read_image, write_image};
pub use layout::StorageOrder;
pub use numbers::{ByteOrder, Encoding, NumberFormat};
pub use projection::{Contents, ProjectionData, read_geometry, read_projection_data, write_projection_data};
