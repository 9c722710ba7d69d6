//! The exact prompt of every model family, and the detection of families.

use fimble_completion::prompt::{
    Excerpt, FAMILIES, FileName, FimTemplate, FimText, Piece, TemplateError, detect_family, family,
};

/// Shows special tokens in `«»`, so that ordinary text cannot be mistaken for them.
fn shown(template: &FimTemplate, text: &FimText) -> String {
    let prompt = template.fill(text);
    let pieces = prompt.pieces.iter().map(|piece| match piece {
        Piece::Special(token) => format!("«{token}»"),
        Piece::Text(text) => text.clone(),
    });
    format!("{}{}", pieces.collect::<String>(), prompt.tail).replace('\n', "⏎")
}

#[test]
fn every_family_has_its_prompt() {
    let text = FimText::of_file("P\n", "\nS", "T");
    let prompts: Vec<String> =
        FAMILIES.iter().map(|family| format!("{}: {}", family.name, shown(&family.template(), &text))).collect();
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
fn other_files_are_placed_as_the_family_expects() {
    let file = FileName { project: "J".into(), path: "H".into(), line_comment: Some("//") };
    let excerpt = |path: &str, text: &str| Excerpt { path: path.into(), text: text.to_owned() };
    let excerpts = [excerpt("a.rs", "fn a()"), excerpt("b.rs", "fn b()\n\nfn c()")].into();
    let text = FimText { excerpts, file, ..FimText::of_file("P\n", "\nS", "T") };
    let prompts: Vec<String> =
        FAMILIES.iter().map(|family| format!("{}: {}", family.name, shown(&family.template(), &text))).collect();
    insta::assert_snapshot!(prompts.join("\n"), @r"
    qwen2.5-coder: «<|repo_name|>»J⏎«<|file_sep|>»a.rs⏎fn a()⏎«<|file_sep|>»b.rs⏎fn b()⏎⏎fn c()⏎«<|file_sep|>»H⏎«<|fim_prefix|>»P⏎«<|fim_suffix|>»⏎S«<|fim_middle|>»T
    codegemma: «<|file_separator|>»a.rs⏎fn a()⏎«<|file_separator|>»b.rs⏎fn b()⏎⏎fn c()⏎«<|file_separator|>»H⏎«<|fim_prefix|>»P⏎«<|fim_suffix|>»⏎S«<|fim_middle|>»T
    starcoder: «<repo_name>»J«<file_sep>»a.rs⏎fn a()⏎«<file_sep>»b.rs⏎fn b()⏎⏎fn c()⏎«<file_sep>»H⏎«<fim_prefix>»P⏎«<fim_suffix>»⏎S«<fim_middle>»T
    mellum: «<filename>»a.rs⏎fn a()⏎«<filename>»b.rs⏎fn b()⏎⏎fn c()⏎«<filename>»H⏎«<fim_suffix>»⏎S«<fim_prefix>»P⏎«<fim_middle>»T
    codellama: «▁<PRE>»// a.rs⏎// fn a()⏎// b.rs⏎// fn b()⏎//⏎// fn c()⏎P⏎«▁<SUF>»⏎S«▁<MID>»T
    deepseek-coder: «<｜fim▁begin｜>»// a.rs⏎// fn a()⏎// b.rs⏎// fn b()⏎//⏎// fn c()⏎P⏎«<｜fim▁hole｜>»⏎S«<｜fim▁end｜>»T
    codestral: «[SUFFIX]»⏎S«[PREFIX]»// a.rs⏎// fn a()⏎// b.rs⏎// fn b()⏎//⏎// fn c()⏎P⏎T
    seed-coder: «<[fim-suffix]>»⏎S«<[fim-prefix]>»// a.rs⏎// fn a()⏎// b.rs⏎// fn b()⏎//⏎// fn c()⏎P⏎«<[fim-middle]>»T
    ");
    let lacking = family("qwen2.5-coder").unwrap().template().fitted_to(|token| token != "<|repo_name|>");
    assert!(shown(&lacking, &text).starts_with("«<|fim_prefix|>»// a.rs⏎// fn a()⏎// b.rs⏎"));
    let nameless = FimText { file: FileName::default(), ..text };
    assert_eq!(shown(&lacking, &nameless), shown(&lacking, &FimText::of_file("P\n", "\nS", "T")));
}

#[test]
fn text_that_spells_a_special_token_stays_text() {
    let template = family("qwen2.5-coder").unwrap().template();
    let text = FimText::of_file("<|fim_middle|>", "", "<|endoftext|>");
    assert_eq!(shown(&template, &text), "«<|fim_prefix|>»<|fim_middle|>«<|fim_suffix|>»«<|fim_middle|>»<|endoftext|>");
}

#[test]
fn families_are_detected_by_their_vocabulary() {
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
fn an_invalid_template_is_rejected() {
    let parse = |body: &str| FimTemplate::parse(body, &["<S>"], &["<E>"]).map(drop);
    assert_eq!(parse("<S>{prefix}{suffix}{tail}"), Ok(()));
    assert_eq!(parse("<S>{prefix}{tail}"), Err(TemplateError::Placeholder("suffix")));
    assert_eq!(parse("{prefix}{prefix}{suffix}{tail}"), Err(TemplateError::Placeholder("prefix")));
    assert_eq!(parse("{prefix}{tail}{suffix}"), Err(TemplateError::TailNotLast));
    assert_eq!(FimTemplate::parse("{prefix}{suffix}{tail}", &[""], &[]).map(drop), Err(TemplateError::EmptySpecial));
}
