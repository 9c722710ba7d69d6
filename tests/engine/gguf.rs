//! A GGUF file, which the test makes from the embedded model.

use std::path::Path;

use fimble_completion::ablations::Mechanism;
use fimble_inference::{EngineOptions, LocalEngine, export_gguf};

use crate::mistralrs::suite::Case;

#[test]
fn a_gguf_file_generates_what_the_same_weights_in_safetensors_generate() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("embedded.gguf");
    export_gguf(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/embedded"), &path).expect("it is written");
    let engine = LocalEngine::load(path.to_str(), EngineOptions::default()).expect("the file loads");
    // The GGUF file has no n-gram table beside it.
    let alone = EngineOptions { ablations: [Mechanism::Ngrams].into_iter().collect(), ..EngineOptions::default() };
    let embedded = LocalEngine::load(None, alone).expect("the embedded model loads");
    for tail in ["    return ", "    ret", "    lines = [line.str"] {
        let expected = Case { tail, ..Case::default() }.run(&embedded);
        let generation = Case { tail, ..Case::default() }.run(&engine);
        // The kernels round differently, so a near tie may be decided differently after some tokens.
        assert_eq!(generation.text.get(..3), expected.text.get(..3), "after {tail:?}");
        let difference = generation.tokens[0].probability - expected.tokens[0].probability;
        assert!(difference.abs() < 0.05, "after {tail:?}: {difference}");
    }
}
