//! The fill-in-the-middle formats of the model families, taken from their model cards and tokenizers. To add a family,
//! add a row.

use super::template::FimTemplate;

/// One row of [`FAMILIES`].
#[derive(Debug)]
pub struct Family {
    pub name: &'static str,
    /// See [`FimTemplate::parse`].
    body: &'static str,
    special: &'static [&'static str],
    files: Option<Files>,
    stops: &'static [&'static str],
}

/// See [`FimTemplate::with_files`].
#[derive(Debug)]
struct Files {
    body: [&'static str; 3],
    special: &'static [&'static str],
}

impl Family {
    /// The prompt template of the family.
    pub fn template(&self) -> FimTemplate {
        let template = FimTemplate::parse(self.body, self.special, self.stops);
        let template = template.expect("every row of the table is tested to parse");
        match &self.files {
            Some(files) => template.with_files(files.body, files.special),
            None => template,
        }
    }
}

/// In the order in which [`detect_family`] tries them.
pub static FAMILIES: &[Family] = &[
    // Also the format of the embedded model and of Granite 4.
    Family {
        name: "qwen2.5-coder",
        body: "<|fim_prefix|>{prefix}<|fim_suffix|>{suffix}<|fim_middle|>{tail}",
        special: &["<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"],
        files: Some(Files {
            body: ["<|repo_name|>{project}\n", "<|file_sep|>{path}\n{excerpt}\n", "<|file_sep|>{path}\n"],
            special: &["<|repo_name|>", "<|file_sep|>"],
        }),
        stops: &[
            "<|endoftext|>",
            "<|fim_prefix|>",
            "<|fim_middle|>",
            "<|fim_suffix|>",
            "<|fim_pad|>",
            "<|repo_name|>",
            "<|file_sep|>",
            "<|im_end|>",
        ],
    },
    Family {
        name: "codegemma",
        body: "<|fim_prefix|>{prefix}<|fim_suffix|>{suffix}<|fim_middle|>{tail}",
        special: &["<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"],
        files: Some(Files {
            body: ["", "<|file_separator|>{path}\n{excerpt}\n", "<|file_separator|>{path}\n"],
            special: &["<|file_separator|>"],
        }),
        stops: &["<eos>", "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|file_separator|>"],
    },
    // StarCoder, StarCoder2, Stable Code and Granite Code.
    Family {
        name: "starcoder",
        body: "<fim_prefix>{prefix}<fim_suffix>{suffix}<fim_middle>{tail}",
        special: &["<fim_prefix>", "<fim_suffix>", "<fim_middle>"],
        files: Some(Files {
            body: ["<repo_name>{project}", "<file_sep>{path}\n{excerpt}\n", "<file_sep>{path}\n"],
            special: &["<repo_name>", "<file_sep>"],
        }),
        stops: &["<|endoftext|>", "<file_sep>", "<filename>"],
    },
    // Mellum was only trained with the suffix first. It shares StarCoder's vocabulary, so only a manifest can select
    // it.
    Family {
        name: "mellum",
        body: "<fim_suffix>{suffix}<fim_prefix>{prefix}<fim_middle>{tail}",
        special: &["<fim_suffix>", "<fim_prefix>", "<fim_middle>"],
        files: Some(Files {
            body: ["", "<filename>{path}\n{excerpt}\n", "<filename>{path}\n"],
            special: &["<filename>"],
        }),
        stops: &["<|endoftext|>", "<filename>"],
    },
    // The `▁` belongs to the format, because these special tokens are SentencePiece words.
    Family {
        name: "codellama",
        body: "▁<PRE>{prefix}▁<SUF>{suffix}▁<MID>{tail}",
        special: &["▁<PRE>", "▁<SUF>", "▁<MID>"],
        files: None,
        stops: &["▁<EOT>", "</s>"],
    },
    Family {
        name: "deepseek-coder",
        body: "<｜fim▁begin｜>{prefix}<｜fim▁hole｜>{suffix}<｜fim▁end｜>{tail}",
        special: &["<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"],
        files: None,
        stops: &["<｜end▁of▁sentence｜>"],
    },
    Family {
        name: "codestral",
        body: "[SUFFIX]{suffix}[PREFIX]{prefix}{tail}",
        special: &["[SUFFIX]", "[PREFIX]"],
        files: None,
        stops: &["</s>", "[PREFIX]", "[SUFFIX]"],
    },
    Family {
        name: "seed-coder",
        body: "<[fim-suffix]>{suffix}<[fim-prefix]>{prefix}<[fim-middle]>{tail}",
        special: &["<[fim-suffix]>", "<[fim-prefix]>", "<[fim-middle]>"],
        files: None,
        stops: &["<[end▁of▁sentence]>"],
    },
];

/// The family with the name `name`, as used in manifests.
pub fn family(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.name == name)
}

/// The first family with all of its special tokens in the vocabulary. If several families share their special tokens,
/// the one with the most stop tokens in the vocabulary.
pub fn detect_family(has_token: impl Fn(&str) -> bool) -> Option<&'static Family> {
    let stops_found = |family: &Family| family.stops.iter().filter(|token| has_token(token)).count();
    FAMILIES
        .iter()
        .filter(|family| family.special.iter().all(|token| has_token(token)))
        .rev()
        .max_by_key(|family| stops_found(family))
}
