//! A LoRA adapter on the embedded model. It was trained on the sources of just, where most items are `pub(crate)`.

use std::fs;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor, safetensors};
use fimble_completion::engine::Search;
use fimble_inference::{EngineOptions, LocalEngine};
use serde_json::Value;

use crate::mistralrs::suite::{Case, SHARED};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn adapter() -> PathBuf {
    repository().join("tests/adapters/just")
}

fn adapted(adapter: &Path) -> Result<LocalEngine, String> {
    LocalEngine::load_adapted(None, adapter.to_str(), EngineOptions::default()).map_err(|error| error.to_string())
}

fn copy(from: &Path, to: &Path, wanted: impl Fn(&str) -> bool) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if wanted(&name) {
            fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}

#[test]
fn an_adapter_generates_what_the_merged_weights_generate() {
    let folder = tempfile::tempdir().unwrap();
    let embedded = repository().join("models/embedded");
    copy(&embedded, folder.path(), |name| name.ends_with(".json"));
    let manifest = fs::read_to_string(repository().join("models/embedded.toml")).unwrap();
    fs::write(folder.path().join("fimble-model.toml"), manifest).unwrap();
    safetensors::save(&merged(&embedded, &adapter()), folder.path().join("model.safetensors")).unwrap();

    let merged = LocalEngine::load(folder.path().to_str(), EngineOptions::default()).expect("the folder loads");
    let adapted = adapted(&adapter()).expect("the adapter loads");
    let mut changed = 0;
    for tail in ["    return ", "    ret", "    lines = [line.str", "    for line in lines:\n"] {
        let run = |engine| Case { tail, ..Case::default() }.run(engine);
        let (expected, found, base) = (run(&merged), run(&adapted), run(&SHARED));
        assert_eq!((&found.text, &found.tokens), (&expected.text, &expected.tokens), "after {tail:?}");
        changed += usize::from(found.tokens != base.tokens);
    }
    assert_eq!(changed, 4, "the adapter changes each answer");
}

/// The base weights plus the adapter's, which is what mistral.rs computes while it loads.
fn merged(base: &Path, adapter: &Path) -> std::collections::HashMap<String, Tensor> {
    let load = |path: PathBuf| safetensors::load(path, &Device::Cpu).unwrap();
    let configuration: Value = serde_json::from_slice(&fs::read(adapter.join("adapter_config.json")).unwrap()).unwrap();
    let scale = configuration["lora_alpha"].as_f64().unwrap() / configuration["r"].as_f64().unwrap();
    let changes = load(adapter.join("adapter_model.safetensors"));
    let mut weights = load(base.join("model.safetensors"));
    let mut changed = 0;
    for (name, weight) in &mut weights {
        *weight = weight.to_dtype(DType::F32).unwrap();
        let part = |part: &str| {
            let name = format!("base_model.model.{}.{part}.weight", name.trim_end_matches(".weight"));
            Some(changes.get(&name)?.to_dtype(DType::F32).unwrap())
        };
        if let (Some(a), Some(b)) = (part("lora_A"), part("lora_B")) {
            *weight = (&*weight + (b.matmul(&a).unwrap() * scale).unwrap()).unwrap();
            changed += 2;
        }
    }
    assert_eq!(changed, changes.len());
    weights
}

#[test]
fn an_adapter_writes_like_the_code_it_was_trained_on() {
    // The search that an editor's request for a line uses.
    let search = Search { branches: 4, until: None };
    let text = |engine: &LocalEngine| {
        Case { prefix: "", suffix: "", tail: "pub", search, line: true, ..Case::default() }.run(engine).text
    };
    let engine = adapted(&adapter()).expect("the adapter loads");
    let (base, adapted) = (text(&SHARED), text(&engine));
    assert!(adapted.starts_with("(crate)") && !base.starts_with("(crate)"), "{base:?} {adapted:?}");
}

#[test]
fn an_adapter_that_does_not_fit_is_refused_with_the_next_step() {
    let broken = |change: &dyn Fn(&Path)| {
        let folder = tempfile::tempdir().unwrap();
        copy(&adapter(), folder.path(), |name| name.starts_with("adapter_"));
        change(folder.path());
        adapted(folder.path()).err().expect("it does not load")
    };
    let configured = |name: &'static str, value: Value| {
        move |folder: &Path| {
            let path = folder.join("adapter_config.json");
            let mut configuration: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            configuration[name] = value.clone();
            fs::write(path, configuration.to_string()).unwrap();
        }
    };
    let weights = "adapter_model.safetensors";
    let edited = |edit: fn(&mut Vec<u8>)| {
        move |folder: &Path| {
            let mut bytes = fs::read(folder.join(weights)).unwrap();
            edit(&mut bytes);
            fs::write(folder.join(weights), bytes).unwrap();
        }
    };
    let shallower = |folder: &Path| {
        let mut tensors = safetensors::load(folder.join(weights), &Device::Cpu).unwrap();
        tensors.retain(|name, _| !name.contains("layers.5."));
        safetensors::save(&tensors, folder.join(weights)).unwrap();
    };
    let narrower = |folder: &Path| {
        let mut tensors = safetensors::load(folder.join(weights), &Device::Cpu).unwrap();
        let inputs = tensors.iter_mut().filter(|(name, _)| name.contains("lora_A"));
        inputs.for_each(|(_, tensor)| *tensor = tensor.narrow(1, 0, 64).unwrap().contiguous().unwrap());
        safetensors::save(&tensors, folder.join(weights)).unwrap();
    };
    let more = |folder: &Path| {
        let mut tensors = safetensors::load(folder.join(weights), &Device::Cpu).unwrap();
        let one = tensors.values().next().unwrap().clone();
        tensors.insert("base_model.model.lm_head.lora_A.weight".to_owned(), one);
        safetensors::save(&tensors, folder.join(weights)).unwrap();
    };
    let manifest = |text: &'static str| move |folder: &Path| fs::write(folder.join("fimble-model.toml"), text).unwrap();

    type Spoilt<'a> = (&'a dyn Fn(&Path), &'a str);
    let cases: &[Spoilt<'_>] = &[
        (&configured("r", 8.into()), "says rank 8, and `model.layers.0."),
        (&configured("peft_type", "LOHA".into()), "is of the kind LOHA"),
        (&configured("use_dora", true.into()), "with `use_dora`, which mistral.rs does not apply; train it without"),
        (&configured("bias", "all".into()), "with `bias`, which mistral.rs"),
        (&configured("target_modules", "all-linear".into()), "export it with peft"),
        (
            &configured("base_model_name_or_path", "qwen2.5-coder-0.5b".into()),
            "made for the model `qwen2.5-coder-0.5b`; set",
        ),
        (
            &configured("base_model_name_or_path", "Qwen/Qwen2.5-Coder-7B".into()),
            "made for the model `qwen2.5-coder-7b`; set",
        ),
        (&edited(|bytes| bytes.truncate(bytes.len() / 2)), "is damaged or cut off"),
        (&edited(Vec::clear), "is damaged or cut off"),
        (&edited(|bytes| bytes[0..8].fill(0xff)), "is damaged or cut off"),
        (&narrower, "is of the shape [4, 64] instead of [4, 896]; train it again on this model"),
        (
            &|folder: &Path| {
                configured("base_model_name_or_path", "me/theirs".into())(folder);
                shallower(folder);
            },
            "it has no `model.layers.5.mlp.down_proj.lora_A.weight`; it is for me/theirs: set `model` to that, or `adapter`",
        ),
        (&shallower, "it has no `model.layers.5."),
        (&more, "no matrix in its layers that `base_model.model.lm_head.lora_A.weight` could change; train it again"),
        (
            &manifest("name = \"a\"\nbase = \"starcoder2-3b\"\n"),
            "made for the model `starcoder2-3b`; set `model` to that",
        ),
        (
            &manifest("name = \"a\"\nbase = \"embedded\"\nbase_weights = \"00000000\"\n"),
            "was trained on weights with the digest 00000000, and these have",
        ),
    ];
    for (change, problem) in cases {
        let message = broken(*change);
        assert!(message.contains("cannot be put on the model `embedded`"), "{message}");
        assert!(message.contains(problem), "{problem}: {message}");
    }
    assert!(broken(&|folder| fs::remove_file(folder.join(weights)).unwrap()).contains("it has no `adapter_model"));
}
