//! The tables `[prior.…]`: what they say, and what is said about mistakes in them.

use coincide::config::{AnatomicalConfig, Beta, PriorConfig, PriorInputs, ReconConfig, Source, unit_conflict};
use coincide::image::{Image, ImageGrid, ImageUnit};
use coincide::io::{Provenance, hdf5};
use coincide::phantom::Phantom;
use coincide::prior::{Capability, Prior, PriorError};
use coincide::run::{Options, anatomical_image, describe_prior, list_priors};

fn source(prior: &str) -> Source {
    let text = format!(
        "[measurement]\nfile = \"tests/priors/prior_config.rs\"\n[algorithm.osem]\nsubsets = 1\niterations = 1\n{prior}\n"
    );
    Source { path: "scan.toml".into(), text }
}

/// The first thing that is wrong with a prior, as the user reads it.
fn mistake(prior: &str) -> String {
    let source = source(prior);
    match source.parse::<ReconConfig>() {
        Err(error) => error.to_string(),
        Ok(config) => config.conflicts(&source, false).first().expect("a mistake").to_string(),
    }
}

fn prior(text: &str) -> PriorConfig {
    toml::from_str(text).unwrap()
}

#[test]
fn mistakes_point_at_the_key_and_name_the_cure() {
    let cases = [
        ("[prior.quadratic]\nbeta = -1", "scan.toml:7:8: must be a finite number > 0, got -1, or \"auto\""),
        (
            "[prior.quadratic]\nbeta = \"automatic\"",
            "scan.toml:7:8: invalid value: string \"automatic\", expected a finite number > 0, or \"auto\"",
        ),
        (
            "[prior.quadratic]\nbeta = true",
            "scan.toml:7:8: invalid type: boolean `true`, expected a finite number > 0, or \"auto\"",
        ),
        ("[prior.quadratic]\nbeta = 1\nneighbours = 27", "scan.toml:8:14: a voxel has 6, 18 or 26 neighbours, not 27"),
        (
            "[prior.quadratic]\nbeta = 1\ngamma = 2",
            "scan.toml:8:1: unknown key `gamma` (known here: beta, unit, neighbours, kappa)",
        ),
        (
            "[prior.relative-diference]\nbeta = 1",
            "scan.toml:6:8: unknown choice `relative-diference` (did you mean `relative-difference`? Known here: quadratic, relative-difference, log-cosh, huber, hyperbolic-total-variation, total-variation, median-root, bowsher, parallel-level-sets, directional-total-variation, non-local, kernel, ridge, unrolled, torchscript)",
        ),
        (
            "[prior.huber]\nbeta = 1\nunit = \"kBq/mL\"",
            "scan.toml:8:8: unknown choice `kBq/mL` (did you mean `Bq/mL`? Known here: Bq/mL, 1/cm, HU, counts/mm)",
        ),
        (
            "[prior.bowsher]\nbeta = 1",
            "scan.toml:6:1: this prior is guided by an anatomical image, and none is given (add `anatomical = { file = \"mr.nii.gz\" }`, or `{ phantom = \"brain\" }` for the labels of a phantom)",
        ),
        (
            "[prior.bowsher]\nbeta = 1\nanatomical = { file = \"mr.nii.gz\" }",
            "scan.toml:8:23: there is no file mr.nii.gz",
        ),
        (
            "[prior.kernel]\nanatomical.phantom = \"brian\"",
            "scan.toml:7:22: no phantom `brian` (did you mean `brain`? Known here: abdomen, brain, ",
        ),
        (
            "[prior.bowsher]\nbeta = 1\nanatomical.phantom = \"brain\"\nchosen = 30",
            "scan.toml:9:10: a voxel has 26 neighbours, 30 cannot be chosen (7 are usual)",
        ),
        (
            "[prior.kernel]\nanatomical.phantom = \"brain\"\nreach = 9",
            "scan.toml:8:9: a search window reaches 1 to 4 voxels, not 9",
        ),
        (
            "[prior.total-variation]\nbeta = 1",
            "scan.toml:6:8: the algorithm `osem` cannot carry the prior `total-variation` (use one of the algorithms pdhg, spdhg, or remove this table)",
        ),
        (
            "[prior.quadratic]\nbeta = 1\n[prior.huber]\nbeta = 1",
            "this table takes exactly one kind (keep one of its entries, remove the others)",
        ),
    ];
    for (text, expected) in cases {
        let found = mistake(text);
        assert!(found.contains(expected), "{text}\nfound    {found}\nexpected {expected}");
    }
}

/// Every build knows the table; only one with libtorch can go on from there.
#[cfg(not(feature = "torch"))]
#[test]
fn a_build_without_libtorch_says_what_to_type() {
    let keys = "model = \"net.pt\"\nimages = \"slices\"\nbeta = 0.3";
    let found = mistake(&format!("[prior.torchscript]\n{keys}"));
    let expected = "scan.toml:7:9: this coincide was built without libtorch, which runs TorchScript models (build it with `cargo xtask libtorch && cargo build --release --features torch`)";
    assert_eq!(found, expected);
    let (grid, config) = (ImageGrid::centred([4, 4, 4], [2.0; 3]), prior(&format!("[torchscript]\n{keys}")));
    let built = config.build(&PriorInputs::new(&grid, &[1.0; 64]));
    assert_eq!(built.err(), Some(PriorError::NoTorch));
}

#[test]
fn algorithms_of_denoisers_want_one() {
    let config = |algorithm: &str, prior: &str| {
        let text = source(prior).text.replace("[algorithm.osem]\nsubsets = 1", algorithm);
        let source = Source { path: "scan.toml".into(), text };
        let conflicts = source.parse::<ReconConfig>().unwrap().conflicts(&source, false);
        conflicts.first().map(ToString::to_string)
    };
    let median = "[prior.median-root]\nbeta = 0.1";
    for name in ["mlem", "pnp-mm", "pnp-admm", "red", "osl"] {
        assert_eq!(config(&format!("[algorithm.{name}]"), median), None);
    }
    for name in ["pnp-mm", "pnp-admm", "red"] {
        let alone = config(&format!("[algorithm.{name}]"), "").unwrap();
        assert!(alone.starts_with("scan.toml:3:12: this algorithm needs a prior that is a denoiser (add "), "{alone}");
        let smooth = config(&format!("[algorithm.{name}]"), "[prior.quadratic]\nbeta = 1").unwrap();
        assert!(smooth.contains(&format!("the algorithm `{name}` cannot carry the prior `quadratic`")), "{smooth}");
    }
    let never = config("[algorithm.pnp-admm]\npasses = 0", median).unwrap();
    assert!(never.contains("0 passes never see the data"), "{never}");
}

#[test]
fn a_unit_that_is_not_the_images_is_a_mistake() {
    let source = source("[prior.relative-difference]\nbeta = 0.1\nunit = \"Bq/mL\"");
    let prior = source.parse::<ReconConfig>().unwrap().prior.unwrap();
    assert!(unit_conflict(&prior, ImageUnit::BecquerelPerMl, &source).is_none());
    let found = unit_conflict(&prior, ImageUnit::CountsPerMm, &source).unwrap().to_string();
    let expected = "scan.toml:8:8: the prior is meant for images in Bq/mL, the images of this measurement are in counts/mm (the measurement is not calibrated: give beta for counts/mm, and say so here)";
    assert_eq!(found, expected);
}

#[test]
fn tables_are_read_with_their_defaults() {
    let PriorConfig::RelativeDifference(rdp) = prior("[relative-difference]\nbeta = \"auto\"") else { panic!() };
    assert_eq!((rdp.beta, rdp.gamma.get(), rdp.epsilon, rdp.kappa), (Beta::Auto, 2.0, None, false));
    let config =
        prior("[bowsher]\nbeta = 3\nanatomical.file = \"mr.nii\"\npotential.relative-difference = { gamma = 1.0 }");
    assert_eq!(config.anatomical(), Some(&AnatomicalConfig::File("mr.nii".into())));
    assert_eq!((config.name(), config.capability()), ("bowsher", Capability::Smooth));
    let Some(Beta::Value(beta)) = config.beta() else { panic!() };
    assert_eq!(beta.get(), 3.0);
    assert_eq!(prior("[kernel]\nanatomical.phantom = \"brain\"").beta(), None);
    // What is written is read again.
    let text = toml::to_string(&config).unwrap();
    assert_eq!(prior(&text), config, "{text}");
    let auto = prior("[huber]\nbeta = \"auto\"\nneighbours = 6");
    assert_eq!(prior(&toml::to_string(&auto).unwrap()), auto);
}

#[test]
fn images_that_do_not_fit_are_errors() {
    let grid = ImageGrid::centred([4, 4, 4], [2.0; 3]);
    let (start, short, flat) = (vec![1.0; 64], vec![1.0; 63], vec![5.0; 64]);
    let bowsher = prior("[bowsher]\nbeta = 1\nanatomical.phantom = \"brain\"");
    let build = |config: &PriorConfig, start: &[f32], anatomical: Option<&[f32]>| {
        let inputs = PriorInputs { anatomical, ..PriorInputs::new(&grid, start) };
        config.build(&inputs).err().map(|error: PriorError| error.to_string())
    };
    let expected = [
        (
            &start,
            None,
            "the prior `bowsher` needs an anatomical image: add `anatomical = { file = \"mr.nii.gz\" }` to it",
        ),
        (&start, Some(short.as_slice()), "the anatomical image has 63 voxels, the image grid 64"),
        (&start, Some(flat.as_slice()), "the anatomical image has values that are all the same: it guides nothing"),
        (&short, None, "the start image has 63 voxels, the image grid 64"),
    ];
    for (start, anatomical, text) in expected {
        assert_eq!(build(&bowsher, start, anatomical).as_deref(), Some(text));
    }
    let rdp = prior("[relative-difference]\nbeta = 1");
    let text = "`epsilon` follows the maximum of the start image, which is 0: give `epsilon` a number";
    assert_eq!(build(&rdp, &[0.0; 64], None).as_deref(), Some(text));
    assert_eq!(build(&rdp, &start, None), None);
}

/// Where nothing is given, ε is PETRIC's: 1/1000 of the maximum of the start image.
#[test]
fn epsilon_follows_the_start_image() {
    let grid = ImageGrid::centred([3, 3, 3], [2.0; 3]);
    let mut start = vec![1.0; 27];
    start[13] = 40.0;
    let built = |text: &str| match prior(text).build(&PriorInputs::new(&grid, &start)) {
        Ok(Prior::Smooth(prior)) => prior,
        _ => panic!("{text}"),
    };
    let relative = built("[relative-difference]\nbeta = 1");
    let absolute = built("[relative-difference]\nbeta = 1\nepsilon = 0.04");
    assert_eq!(relative.value(&start), absolute.value(&start));
}

/// A phantom's own attenuation, written as a file on a finer grid, comes back on the image grid; labels are painted
/// directly.
#[test]
fn anatomical_images_come_on_the_image_grid() {
    let folder = tempfile::tempdir().unwrap();
    let phantom = Phantom::load("nema-iq").unwrap();
    let fine = ImageGrid::centred([90, 70, 60], [4.0, 4.0, 4.0]);
    let image = Image { grid: fine, unit: ImageUnit::PerCm, values: phantom.label_image(&fine) };
    let path = folder.path().join("ct.h5");
    hdf5::write_image(&path, false, &image, &Provenance::default()).unwrap();
    let grid = ImageGrid::centred([45, 35, 30], [8.0, 8.0, 8.0]);
    let source = Source { path: folder.path().join("scan.toml"), text: String::new() };
    let of =
        |config| anatomical_image(&config, &grid, &source, "prior.bowsher.anatomical", &Options::default()).unwrap();
    let (file, painted) =
        (of(AnatomicalConfig::File(path.to_str().unwrap().into())), of(AnatomicalConfig::Phantom("nema-iq".into())));
    // Centres of the coarse voxels lie between eight fine ones: interpolation is their mean, as painting is.
    let worst = file.iter().zip(&painted).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 0.15, "{worst}");
    assert!(painted.iter().any(|&label| label > 1.5));
    let map = of(AnatomicalConfig::Attenuation("nema-iq".into()));
    assert!(map == phantom.attenuation_image(&grid).values && map != painted);
    let air = "name = \"air\"\ndescription = \"\"\ncitation = \"\"\n[[shapes]]\nsolid.cylinder = { radii_mm = [50.0, 50.0], \
               length_mm = 80.0 }\nactivity_bq_per_ml = 1000.0\nattenuation_per_cm = 0.0\nregion = \"air\"\n";
    let file = folder.path().join("air.toml");
    std::fs::write(&file, air).unwrap();
    let air = AnatomicalConfig::Attenuation(file.to_str().unwrap().into());
    let error = anatomical_image(&air, &grid, &source, "prior.bowsher.anatomical", &Options::default()).unwrap_err();
    assert!(error.to_string().contains("attenuates nothing"), "{error}");
    let far = Image { grid: ImageGrid { origin_mm: [5e3; 3], ..fine }, ..image };
    hdf5::write_image(&path, true, &far, &Provenance::default()).unwrap();
    let error = anatomical_image(
        &AnatomicalConfig::File(path.to_str().unwrap().into()),
        &grid,
        &source,
        "prior.bowsher.anatomical",
        &Options::default(),
    );
    let text = error.unwrap_err().to_string();
    assert!(
        text.contains("shows nothing where the emission image is")
            && text.contains("coincide info ")
            && text.contains("ct.h5"),
        "{text}"
    );
}

#[test]
fn the_catalogue_knows_every_prior_and_key() {
    let list = list_priors().priors;
    let schema = serde_json::to_value(schemars::schema_for!(PriorConfig)).unwrap();
    assert_eq!(schema["oneOf"].as_array().unwrap().len(), PriorConfig::all().len());
    for sheet in &list {
        let keys: Vec<_> = sheet.parameters.iter().map(|parameter| parameter.key.as_str()).collect();
        assert!(!sheet.description.is_empty() && !sheet.citation.is_empty() && !sheet.algorithms.is_empty());
        assert!(sheet.parameters.iter().all(|parameter| !parameter.meaning.is_empty()), "{}", sheet.name);
        // The name is that of the table, and the examples make sense.
        let examples: Vec<_> = PriorConfig::examples().filter(|(name, _)| *name == sheet.name).collect();
        assert!(!examples.is_empty(), "{}", sheet.name);
        let configs: Vec<_> = examples.iter().map(|(_, keys)| prior(&format!("[{}]\n{keys}", sheet.name))).collect();
        assert_eq!((configs[0].name(), configs[0].capability()), (sheet.name, sheet.capability));
        assert_eq!(configs.iter().any(|config| config.beta().is_some()), keys.contains(&"beta"), "{keys:?}");
    }
    let error = describe_prior("tv").unwrap_err().to_string();
    assert!(error.contains("total-variation"), "{error}");
    assert!(describe_prior("huber").unwrap().to_string().contains("δ |d| − ½ δ²"));
}
