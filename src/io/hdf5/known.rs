//! What the files hold: one list per kind, from which the check of names and the tables of `docs/file-format.md`
//! follow.
//!
//! A new field is one line here, and its reader. Anything else in a file is refused, as it could change what the
//! numbers mean; what users add themselves goes into the group `user`, or into attributes whose names start with
//! `user_`.

use super::{IoError, Kind, Source};
use ::hdf5::{Group, Location};
use Form::{Array, Attribute, Group as OfGroup};

/// A group of `/` that belongs to users.
const USER: &str = "user";
/// How the names of users' attributes start.
const USERS: &str = "user_";

/// One field of a file.
pub(super) struct Field {
    /// `image`, `geometry/scanner`; attributes stand behind an `@`: `image@unit`, `@kind` of the file itself. A name
    /// `*` is any, `#` any number.
    pub at: &'static str,
    pub form: Form,
    /// Type and shape.
    what: &'static str,
    #[cfg_attr(not(test), expect(dead_code, reason = "the documentation's, which a test holds to it"))]
    meaning: &'static str,
}

/// How a field is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Group,
    Array,
    Attribute,
}

const fn field(at: &'static str, form: Form, what: &'static str, meaning: &'static str) -> Field {
    Field { at, form, what, meaning }
}

/// In every file.
const EVERY: &[Field] = &[
    field("@format_version", Attribute, "integer", "1. A reader refuses versions that it does not know"),
    field("@kind", Attribute, "string", "`measurement`, `image`, `tables`, `normalisation` or `singles`"),
    field("provenance", OfGroup, "group", "where the file comes from; may be missing"),
    field("provenance/*", Array, "strings `[piece]`", "config, hashes of the inputs, version, seed, threads, timings"),
];

const IMAGE: &[Field] = &[
    field("image", Array, "numbers `[x, y, z]`", "the values; negative ones are allowed, NaN and infinity are not"),
    field("image@unit", Attribute, "string", "`Bq/mL`, `1/cm`, `HU` or `counts/mm`"),
    field("image@voxel_mm", Attribute, "3 numbers", "voxel size along x, y, z"),
    field("image@origin_mm", Attribute, "3 numbers", "centre of voxel `[0, 0, 0]`"),
];

const MEASUREMENT: &[Field] = &[
    field(
        "prompts",
        Array,
        "numbers `[view, radial, tof, plane]`",
        "measured counts y; without time of flight the third axis has the length 1. Unsigned integers of 8 or 16 bits \
         stay as small in memory",
    ),
    field(
        "factors",
        Array,
        "numbers `[view, radial, plane]`",
        "multiplicative factors m; 1 where the dataset is missing",
    ),
    field(
        "background",
        Array,
        "numbers like `prompts`",
        "expected randoms and scatter b, in counts; 0 where neither this dataset nor the next are there",
    ),
    field(
        "background_products",
        OfGroup,
        "group",
        "background that is the same along a line in all of a view but for its height: b[view, radial, tof, plane] = \
         `background` + Σ lines[view, radial, plane] · times[view, tof]. With time of flight this takes a small part of \
         the memory: randoms have equal times, scatter a broad profile",
    ),
    field("background_products/lines_#", Array, "numbers `[view, radial, plane]`", "`lines_0`, `lines_1`, …"),
    field("background_products/times_#", Array, "numbers `[view, tof]`", "`times_0`, `times_1`, …, as many"),
    field("@calibrated", Attribute, "integer", "1 where the factors are in counts per (Bq/mL · mm), otherwise 0"),
    field(
        "@contains",
        Attribute,
        "string",
        "corrections that factors and background hold: some of `attenuation normalisation dead-time decay randoms scatter`, or `none`; missing where nobody knows",
    ),
    field(
        "@moment_s",
        Attribute,
        "number",
        "with `decay` in `contains`: time in s from the moment of the stated activity to the start of the acquisition",
    ),
    field("@isotope", Attribute, "string", "what decays, such as `F-18`; may be missing"),
    field(
        "@start",
        Attribute,
        "string",
        "start of the acquisition in local time, `2026-03-31T09:30:00`; may be missing",
    ),
    field(
        "@frame_s",
        Attribute,
        "number",
        "time in s from the start of the acquisition to that of the frame; 0 where it is missing",
    ),
    field("@duration_s", Attribute, "number", "duration of the frame in s; may be missing"),
    field(
        "@uptake_s",
        Attribute,
        "number",
        "time in s from the injection to the start of the acquisition; may be missing",
    ),
    field("@kept", Attribute, "number", "share of the counts that a thinned scan keeps; 1 where it is missing"),
    field("geometry", OfGroup, "group", "where the lines are"),
    field("geometry/scanner", Array, "text", "the scanner as a TOML table, with the same keys as in a config file"),
    field(
        "geometry/ring_differences",
        Array,
        "signed integers `[segment, 2]`",
        "smallest and largest ring difference (ring of B − ring of A) of each segment, in the order of their planes; \
         usually 0, +1, −1, +2, −2, …",
    ),
    field(
        "geometry/ring_sums",
        Array,
        "signed integers `[segment, 2]`",
        "smallest and largest sum of two ring numbers among the planes of each segment, for files that hold only some \
         of them; all planes where the dataset is missing",
    ),
    field(
        "geometry@sampling",
        Attribute,
        "string",
        "`crystals`: one bin per crystal pair; `arc-corrected`: equispaced parallel bins",
    ),
    field("geometry@bin_mm", Attribute, "number", "distance of arc-corrected bins"),
    field("geometry@tof_bins", Attribute, "integer", "number of TOF bins; missing without time of flight"),
    field("geometry@tof_width_mm", Attribute, "number", "width of a TOF bin along the line"),
    field("geometry@tof_sigma_mm", Attribute, "number", "standard deviation of the position along the line"),
];

const NORMALISATION: &[Field] = &[
    field("crystals", Array, "numbers `[ring, crystal]`", "ε; 0 for gaps and dead crystals"),
    field("geometric", Array, "numbers `[ring sum, radial]`", "g"),
    field("interference", Array, "numbers `[radial, crystal of a block]`", "f"),
    field(
        "axial",
        Array,
        "numbers `[plane]`, above 0",
        "α of the planes of a sinogram of the span below, in the order of their segments: it divides",
    ),
    field("@span", Attribute, "integer", "span of these planes"),
    field("@max_ring_difference", Attribute, "integer", "largest ring difference of these planes"),
    field(
        "@calibrated",
        Attribute,
        "integer",
        "1 where the efficiencies are in counts per s and (Bq/mL · mm), for one positron per decay",
    ),
];

const SINGLES: &[Field] = &[
    field(
        "singles",
        Array,
        "numbers `[crystal, ring]`",
        "single photons that each crystal counts per s: the mean s̄ over the scan",
    ),
    field(
        "singles@duration_s",
        Attribute,
        "number",
        "duration T of that scan; may be missing, which means that of the measurement",
    ),
    field(
        "singles@isotope",
        Attribute,
        "string",
        "the isotope that the rates decay with, as in `[decay]`, or `none` for constant rates; may be missing, which \
         means that of `[decay]`",
    ),
];

const TABLES: &[Field] = &[
    field("tables", OfGroup, "group", "all tables"),
    field("tables/*", OfGroup, "group", "one table, by its name"),
    field("tables/*@columns", Attribute, "integer", "number of its columns"),
    field("tables/*@column-#", Attribute, "string", "`column-0`, `column-1`, …: their names, in order"),
    field(
        "tables/*/*",
        Array,
        "`float64` or UTF-8 strings of up to 256 bytes, `[row]`",
        "a column, by its name: one value per row; NaN where there is none",
    ),
];

impl Kind {
    const fn own(self) -> &'static [Field] {
        match self {
            Self::Measurement => MEASUREMENT,
            Self::Image => IMAGE,
            Self::Tables => TABLES,
            Self::Normalisation => NORMALISATION,
            Self::Singles => SINGLES,
        }
    }

    /// All fields of a file of this kind.
    pub(super) fn fields(self) -> impl Iterator<Item = &'static Field> {
        self.own().iter().chain(EVERY)
    }
}

impl Field {
    /// The group or dataset that it is in, and its own name.
    fn split(&self) -> (&'static str, &'static str) {
        let mark = if self.form == Attribute { '@' } else { '/' };
        self.at.rsplit_once(mark).unwrap_or(("", self.at))
    }

    /// Whether it is a member or an attribute of a place.
    pub fn is_in(&self, place: &str, attribute: bool) -> bool {
        self.split().0 == place && (self.form == Attribute) == attribute
    }

    pub fn is_called(&self, name: &str) -> bool {
        match self.split().1 {
            "*" => true,
            own => match own.strip_suffix('#') {
                Some(start) => name.strip_prefix(start).is_some_and(|number| number.parse::<u32>().is_ok()),
                None => own == name,
            },
        }
    }
}

impl Source {
    /// Refuses what no reader knows.
    pub(super) fn check_names(&self) -> Result<(), IoError> {
        self.check_group(&self.file, "")
    }

    fn check_group(&self, group: &Group, at: &str) -> Result<(), IoError> {
        self.check_attributes(group, at)?;
        for name in self.checked(group.member_names())? {
            if at.is_empty() && name == USER {
                continue;
            }
            let known = self.kind.fields().find(|field| field.is_in(at, false) && field.is_called(&name));
            let known = known.ok_or_else(|| self.unknown(group, at, &name, false))?;
            // A link that leads elsewhere is refused here, before anything follows it.
            self.check_link(group, &name, known.what)?;
            match known.form {
                OfGroup => self.check_group(&self.checked(group.group(&name))?, known.at)?,
                _ => {
                    let dataset = self.checked(group.dataset(&name))?;
                    self.check_attributes(&dataset, known.at)?;
                }
            }
        }
        Ok(())
    }

    fn check_attributes(&self, place: &Location, at: &str) -> Result<(), IoError> {
        let names = self.checked(place.attr_names())?;
        let known = |name: &str| self.kind.fields().any(|field| field.is_in(at, true) && field.is_called(name));
        match names.iter().find(|name| !name.starts_with(USERS) && !known(name)) {
            Some(name) => Err(self.unknown(place, at, name, true)),
            None => Ok(()),
        }
    }

    fn unknown(&self, place: &Location, at: &str, name: &str, attribute: bool) -> IoError {
        let fields = self.kind.fields().filter(|field| field.is_in(at, attribute));
        let known: Vec<&str> = fields.map(|field| field.split().1).collect();
        let nearest = known.iter().min_by_key(|own| strsim::damerau_levenshtein(own, name));
        let near = nearest.filter(|own| strsim::damerau_levenshtein(own, name) <= 1 + own.len() / 4);
        let meant = near.map_or(String::new(), |own| format!("; did you mean `{own}`?"));
        let known = if known.is_empty() { "none".into() } else { format!("only {}", known.join(", ")) };
        let (field, users) = match attribute {
            true => {
                (format!("an attribute of {}", place.name()), format!("attributes of your own start with `{USERS}`"))
            }
            false => {
                (format!("the content of {}", place.name()), format!("data of your own go into the group `{USER}`"))
            }
        };
        self.wrong(field, format!("`{name}`"), format!("{known}{meant} ({users})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of the documentation.
    fn row(field: &Field) -> String {
        let (place, name) = field.split();
        let name = match (field.form, place) {
            (Attribute, "") => format!("attribute `{name}` of `/`"),
            (Attribute, place) => format!("`{place}`, attribute `{name}`"),
            _ => format!("`{}`", field.at),
        };
        format!("| {name} | {} | {} |", field.what, field.meaning)
    }

    /// The tables of the documentation are these lists, row by row.
    #[test]
    fn the_documentation_has_every_field() {
        let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/file-format.md");
        let page = std::fs::read_to_string(page).unwrap();
        for list in [EVERY, IMAGE, MEASUREMENT, NORMALISATION, SINGLES, TABLES] {
            let rows = list.iter().map(row).collect::<Vec<_>>().join("\n");
            assert!(page.contains(&rows), "docs/file-format.md lacks these rows:\n{rows}");
        }
    }

    #[test]
    fn names_match_their_patterns() {
        let called = |at, name| Kind::Measurement.fields().any(|field| field.at == at && field.is_called(name));
        assert!(called("background_products/lines_#", "lines_12") && !called("background_products/lines_#", "lines_x"));
        assert!(called("provenance/*", "anything") && !called("factors", "factor"));
    }
}
