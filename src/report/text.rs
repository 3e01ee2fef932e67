//! Results as text for people.

use super::{
    BenchResult, Certificate, CheckResult, ConfidenceResult, LesionInterval, ReconResult, ReplayResult, SentinelResult,
    Table, TissueInterval, VerifyResult, significant,
};
use crate::paths::shown;
use crate::trust::LesionFigure;
use std::fmt;

/// Flagged places that are printed; the JSON result has all.
const MOST_PLACES: usize = 10;

fn passed(passed: bool) -> &'static str {
    if passed { "passed" } else { "FAILED" }
}

fn or_unknown(value: Option<f64>, unit: &str) -> String {
    value.map_or("–".into(), |value| format!("{} {unit}", significant(value)))
}

impl fmt::Display for BenchResult {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let mut table = Table::new([self.case.as_str(), "10⁶ LOR/s", "of the FMA limit"]);
        let percent = |share: f64| format!("{:.0} %", 100.0 * share);
        let rows = [
            ("forward", self.forward_mlor_per_s, self.forward_share_of_multiply_adds),
            ("back", self.back_mlor_per_s, self.back_share_of_multiply_adds),
        ];
        for (name, speed, share) in rows {
            table.row([name, &significant(speed), &percent(share)]);
        }
        write!(f, "{table}")?;
        if let Some(ratio) = self.osem_iteration_over_projections {
            writeln!(f, "an OSEM iteration takes {ratio:.2} × its two projections")?;
        }
        if let Some(ratio) = self.resolution_over_osem {
            writeln!(f, "a resolution model of 4.5 mm makes it take {ratio:.2} × as long")?;
        }
        let limits = &self.limits;
        let [fma, one, l1, l2, memory] = [
            limits.multiply_adds_per_s,
            limits.multiply_adds_per_s_one_thread,
            limits.l1_bytes_per_s,
            limits.l2_bytes_per_s,
            limits.memory_bytes_per_s,
        ]
        .map(|value| value / 1e9);
        writeln!(f, "limits: {fma:.0} G multiply-adds/s ({one:.0} on one thread, so threads gain {:.2} ×)", fma / one)?;
        writeln!(f, "        read by one thread: L1 {l1:.0}, L2 {l2:.0}, memory {memory:.0} GB/s")?;
        let memory = or_unknown(self.peak_memory_mb, "MB");
        let lors = self.lors as f64 / 1e6;
        writeln!(f, "{lors:.1} M LORs, {} threads, {}, best of {}, peak {memory}", self.threads, self.level, self.runs)
    }
}

impl fmt::Display for VerifyResult {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let mut table = Table::new(["property", "found", "must be"]);
        table.row(["adjoint |⟨Ax,y⟩ − ⟨x,Aᵀy⟩| / ‖Ax‖‖y‖", &format!("{:.1e}", self.adjoint), "< 1e-6"]);
        if let Some(adjoint) = self.assembled_adjoint {
            table.row([
                "  of the whole model of a subset: factors, projector, resolution",
                &format!("{adjoint:.1e}"),
                "< 1e-6",
            ]);
        }
        if let Some(difference) = self.tof_sum {
            table.row(["sum of the TOF bins against no TOF, relative L2", &format!("{difference:.1e}"), "< 1e-5"]);
        }
        if let Some(memory) = self.memory {
            let most = format!("< {:.0} (predicted {:.0})", memory.most_mb(), memory.predicted_mb);
            table.row(["peak memory after one iteration in MB", &format!("{:.0}", memory.found_mb), &most]);
        }
        let bound = format!("< {}", significant(self.chord_bound));
        table.row(["chords of an ellipsoid, relative L2 error", &significant(self.chord_relative_l2), &bound]);
        table.row(["  99.9th percentile of the error in mm", &significant(self.chord_p999_mm), ""]);
        table.row(["smallest sensitivity over largest", &significant(self.sensitivity_min), "> 0"]);
        write!(f, "{table}{}", passed(self.passed))
    }
}

impl fmt::Display for ReplayResult {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let verdict = if self.identical { "the same, bit for bit" } else { "NOT the same" };
        writeln!(f, "{}: the image came out {verdict}, in {} s", self.image.display(), significant(self.seconds))
    }
}

impl fmt::Display for CheckResult {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for problem in &self.problems {
            writeln!(f, "{}", problem.message)?;
        }
        if let (Some(memory), Some(seconds)) = (self.peak_memory_mb, self.seconds) {
            writeln!(f, "about {memory:.0} MB of memory and {} s of reconstruction", significant(seconds))?;
        }
        self.warnings.iter().try_for_each(|warning| writeln!(f, "warning: {warning}"))?;
        match self.problems.len() {
            0 => writeln!(f, "no problems found"),
            1 => writeln!(f, "1 problem"),
            count => writeln!(f, "{count} problems"),
        }
    }
}

impl fmt::Display for ReconResult {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let mut table = Table::new([self.algorithm.as_str(), ""]);
        table.row(["updates".into(), format!("{} ({})", self.updates, self.stop)]);
        if let (Some(prior), Some(beta)) = (&self.prior, self.beta) {
            table.row(["prior".into(), format!("{prior}, beta {}", significant(beta))]);
        }
        if let Some(share) = self.blend {
            table.row(["blend".into(), format!("{} of a weakly regularised image", significant(share))]);
        }
        table.row(["reconstruction time".into(), format!("{} s", significant(self.seconds))]);
        if let Some(objective) = self.objective {
            table.row(["log-likelihood".into(), format!("{:.6e}", objective + self.penalty)]);
            if self.prior.is_some() {
                table.row(["objective".into(), format!("{objective:.6e}")]);
            }
        }
        table.row(["model holds", &self.holds]);
        table.row(["image", &self.activity]);
        table.row(["trues in the image".into(), format!("{:.0}", self.counts_in_image)]);
        table.row(["net trues measured".into(), format!("{:.0}", self.counts_net)]);
        if let Some(kkt) = self.kkt {
            table.row(["distance from the maximum".into(), format!("{kkt:.2e}")]);
        }
        if let Some(step) = self.step {
            table.row(["step of the last iteration".into(), format!("{step:.2e}")]);
        }
        write!(f, "{table}")?;
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        if !self.metrics.is_empty() {
            let mut metrics = Table::new(["against the reference", ""]);
            for (name, score) in self.metrics.by_name() {
                metrics.row([name, significant(score.value)]);
            }
            write!(f, "\n{metrics}")?;
        }
        if let Some(sentinel) = &self.sentinel {
            write!(f, "\n{sentinel}")?;
        }
        if let Some(confidence) = &self.confidence {
            write!(f, "\n{confidence}")?;
        }
        for file in &self.files {
            writeln!(f, "{}", shown(file))?;
        }
        Ok(())
    }
}

/// What a reader should know about an interval.
fn note(scale: Option<f64>, inside: bool) -> &'static str {
    match (scale, inside) {
        (None, _) => "not calibrated: σ itself",
        (Some(_), false) => "outside of the calibration",
        (Some(_), true) => "",
    }
}

impl ConfidenceResult {
    /// Intervals by tissue, one a row.
    pub fn table(&self) -> Table {
        let heading = ["tissue", "voxels", "mean half width", "scale", ""];
        let mut table = Table::new(heading.map(|text| match text {
            "mean half width" => format!("mean half width in {}", self.unit),
            text => text.to_owned(),
        }));
        for TissueInterval { tissue, voxels, scale, inside, half_width } in &self.intervals {
            let note = note(*scale, *inside);
            let scale = scale.map_or("1".into(), significant);
            table.row([tissue.name(), &voxels.to_string(), &significant(*half_width), &scale, note]);
        }
        table
    }

    /// Figures of lesions with their intervals, one a row.
    pub fn lesion_table(&self) -> Table {
        let mut table = Table::new(["lesion", "figure", "value", "±", "unit", ""]);
        for LesionInterval { name, figure, value, scale, inside, half_width } in &self.lesions {
            let unit = if *figure == LesionFigure::Volume { "mL" } else { &self.unit };
            let [value, half_width] = [*value, *half_width].map(significant);
            table.row([name, figure.name(), &value, &half_width, unit, note(*scale, *inside)]);
        }
        table
    }
}

impl fmt::Display for ConfidenceResult {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let percent = (1e4 * self.level).round() / 100.0;
        let scans = match self.ensemble.len() {
            0 => format!("{} simulated scans", self.replicates),
            networks => format!("{} simulated scans and {networks} further networks", self.replicates),
        };
        match &self.method {
            Some(method) => {
                writeln!(f, "confidence: intervals of {percent} % from {scans}, calibrated for `{method}`")?;
            }
            None => writeln!(f, "confidence: σ from {scans}; not calibrated, so no share is promised")?,
        }
        write!(f, "{}", self.table())?;
        if self.lesions.is_empty() {
            return Ok(());
        }
        write!(f, "\n{}", self.lesion_table())
    }
}

impl SentinelResult {
    /// The first places, one a row.
    pub fn table(&self, most: usize) -> Table {
        let height = format!("height in {}", self.unit);
        let mut table = Table::new(["x, y, z in mm", "FWHM in mm", "z", height.as_str(), "extent in mm", ""]);
        for place in self.places.iter().take(most) {
            let centre = place.centre_mm.map(|mm| format!("{mm:.1}")).join(", ");
            let extent = place.extent_mm.map(|mm| format!("{mm:.0}")).join(" × ");
            let [z, width] = [format!("{:.2}", place.z), format!("{:.0}", place.fwhm_mm)];
            table.row([&centre, &width, &z, &significant(place.height), &extent, place.in_words()]);
        }
        table
    }
}

impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self { name, shown_contrast, contrast, .. } = self;
        let [shown, lesion, present, absent] = [*shown_contrast, *contrast, self.present, self.absent].map(significant);
        let says = self.in_words();
        write!(f, "{name}: {says} (e = {present} for presence, {absent} for no lesion of × {lesion}; shown × {shown})")
    }
}

impl fmt::Display for SentinelResult {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let found = match self.simulated {
            0 if !self.inside => {
                "found on scans of other noise: it may flag more, or less, than one in twenty by chance".to_owned()
            }
            0 => format!("at noise ν̄ {} of a millilitre", significant(self.noise)),
            scans => format!("one in twenty of {scans} simulated scans is above"),
        };
        let [low, high, threshold] = [self.smallest, self.largest, self.threshold].map(|z| format!("{z:.2}"));
        writeln!(f, "sentinel: z from {low} to {high}, threshold {threshold} ({found})")?;
        for certificate in &self.certificates {
            writeln!(f, "          {certificate}")?;
        }
        if self.places.is_empty() {
            return writeln!(f, "          the counts do not contradict the image");
        }
        let compact = self.places.iter().filter(|place| place.is_compact()).count();
        writeln!(f, "          {compact} compact places, {} extended ones", self.places.len() - compact)?;
        write!(f, "{}", self.table(MOST_PLACES))?;
        match self.places.len().saturating_sub(MOST_PLACES) {
            0 => Ok(()),
            more => writeln!(f, "and {more} more"),
        }
    }
}
