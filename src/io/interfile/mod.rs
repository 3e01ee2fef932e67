//! Interfile as STIR 6 writes and reads it: projection data (`.hs` + `.s`) and images (`.hv` + `.v`); CASToR's images
//! (`.hdr` + `.img`). What a header is, its content says, whatever its name ends in.
//!
//! A text header names the binary file, the number format and the axes. Syntax after the Interfile 3.3 proposal
//! (Todd-Pokropek, Cradduck & Deconinck 1992, Nucl. Med. Commun. 13:673), keys as STIR 6 uses them
//! (Thielemans et al. 2012, Phys. Med. Biol. 57:867).
//!
//! # STIR's frame and ours
//!
//! Files are in the frame of STIR's **gantry**; reader and writer turn z round, so that (x, y, z) = (x, y, −z) of STIR:
//!
//! * x, y: STIR's x runs to the left and its y to the back of a supine head-first patient, as ours do.
//! * z: STIR's z grows with its ring number, *out* of the scanner along the bed, from **head to feet** of a head-first
//!   patient; STIR holds that its axes are then left, posterior, **inferior** (`swap_axes_based_on_orientation` negates
//!   z for LPS), so its triple is left-handed. Our z and our ring numbers run from feet to head: ring r of the file is
//!   our N − 1 − r, a ring difference d is our −d, planes of images and of segments come in the opposite order. The
//!   real mMR scan agrees: head first, supine, its brain has the crown at the file's low and the neck at its high ring
//!   numbers.
//! * The detectors A and B of a pair, views and radial bins are the same on both sides.
//! * The frame is that of the **scanner**, named for a head-first supine patient, whatever `patient orientation` and
//!   `patient rotation` say: a patient who lay otherwise is not turned, and +z is then merely the end of the scanner
//!   where a head-first patient's head is.
//! * STIR puts z = 0 at the first plane of an image, and its projectors move the middle of the image to the middle of
//!   the scanner; see [`read_image`].
//! * **TOF bins run the other way**: STIR's bins are positive towards the first detector of a pair, ours towards the
//!   second (t = (t_A − t_B)·c/2). Reader and writer turn the axis round.

mod applied;
mod clock;
pub(in crate::io) mod data_file;
mod format;
mod geometry;
pub(in crate::io) mod header;
mod header_text;
mod image;
mod image_text;
pub(in crate::io) mod keys;
mod kind;
mod layout;
pub(in crate::io) mod names;
pub(in crate::io) mod numbers;
mod projection;
mod scanner;
mod stir_scanners;
mod units;

pub(in crate::io) use clock::clock;
pub(in crate::io) use format::{CASTOR, FORMAT};
pub use image::{read_image, read_image_with, write_castor, write_image};
pub use kind::{InterfileKind, kind, sniff};
pub use layout::StorageOrder;
pub use numbers::{ByteOrder, Encoding, NumberFormat};
pub use projection::{Contents, ProjectionData, read_geometry, read_projection_data, write_projection_data};
