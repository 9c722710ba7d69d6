//! The prompt of every model family, letter by letter, and the detection of families.

use fimble_completion::prompt::{FAMILIES, FimTemplate, FimText, Piece, TemplateError, detect_family, family};

const TEXT: FimText<'_> = FimText { prefix: "P\n", suffix: "\nS", tail: "T" };

/// Special tokens in `«»`, so that a literal text cannot pass for one.
fn shown(template: &FimTemplate, text: FimText<'_>) -> String {
    let prompt = template.fill(text);
    let pieces = prompt.pieces.iter().map(|piece| match piece {
        Piece::Special(token) => format!("«{token}»"),
        Piece::Text(text) => text.clone(),
    });
    format!("{}{}", pieces.collect::<String>(), prompt.tail).replace('\n', "⏎")
}

#[test]
fn every_family_has_its_prompt() {
    let prompts: Vec<String> =
        FAMILIES.iter().map(|family| format!("{}: {}", family.name, shown(&family.template(), TEXT))).collect();
    insta::assert_snapshot!(prompts.join("\n"), @r"
    qwen2.5-coder: «<|fim_prefix|>»P⏎«<|fim_suffix|>»⏎S«<|fim_middle|>»T
    codegemma: «<|fim_prefix|>»P⏎«<|fim_suffix|>»⏎S«<|fim_middle|>»T
    starcoder: «<fim_prefix>»P⏎«<fim_suffix>»⏎S«<fim_middle>»T
    mellum: «<fim_suffix>»⏎S«<fim_prefix>»P⏎«<fim_middle>»T
    codellama: «▁<PRE>»P⏎«▁<SUF>»⏎S«▁<MID>»T
    deepseek-coder: «<｜fim▁begin｜>»P⏎«<｜fim▁hole｜>»⏎S«<｜fim▁end｜>»T
    codestral: «[SUFFIX]»⏎S«[PREFIX]»P⏎T
    seed-coder: «<[fim-suffix]>»⏎S«<[fim-prefix]>»P⏎«<[fim-middle]>»T
    ");
}

#[test]
fn text_that_spells_a_special_token_stays_text() {
    let template = family("qwen2.5-coder").unwrap().template();
    let text = FimText { prefix: "<|fim_middle|>", suffix: "", tail: "<|endoftext|>" };
    assert_eq!(shown(&template, text), "«<|fim_prefix|>»<|fim_middle|>«<|fim_suffix|>»«<|fim_middle|>»<|endoftext|>");
}

#[test]
fn families_are_told_apart_by_their_vocabulary() {
    let detect = |vocabulary: &[&str]| detect_family(|token| vocabulary.contains(&token)).map(|family| family.name);
    let qwen = ["<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|endoftext|>", "<|file_sep|>", "<|repo_name|>"];
    let gemma = ["<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<eos>", "<|file_separator|>"];
    let starcoder = ["<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<|endoftext|>", "<file_sep>"];
    let granite_code = ["<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<|endoftext|>", "<filename>"];
    assert_eq!(detect(&qwen), Some("qwen2.5-coder"));
    assert_eq!(detect(&gemma), Some("codegemma"));
    assert_eq!(detect(&starcoder), Some("starcoder"));
    assert_eq!(detect(&granite_code), Some("starcoder"));
    assert_eq!(detect(&["▁<PRE>", "▁<SUF>", "▁<MID>"]), Some("codellama"));
    assert_eq!(detect(&["[SUFFIX]", "[PREFIX]", "</s>"]), Some("codestral"));
    assert_eq!(detect(&["<|endoftext|>", "<|im_end|>"]), None);
}

#[test]
fn a_template_that_cannot_work_is_refused() {
    let parse = |body: &str| FimTemplate::parse(body, &["<S>"], &["<E>"]).map(drop);
    assert_eq!(parse("<S>{prefix}{suffix}{tail}"), Ok(()));
    assert_eq!(parse("<S>{prefix}{tail}"), Err(TemplateError::Placeholder("suffix")));
    assert_eq!(parse("{prefix}{prefix}{suffix}{tail}"), Err(TemplateError::Placeholder("prefix")));
    assert_eq!(parse("{prefix}{tail}{suffix}"), Err(TemplateError::TailNotLast));
    assert_eq!(FimTemplate::parse("{prefix}{suffix}{tail}", &[""], &[]).map(drop), Err(TemplateError::EmptySpecial));
}
