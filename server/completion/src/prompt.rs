//! Fill-in-the-middle prompts: the formats of the model families and the code that fills them.

mod families;
mod template;

pub use families::{FAMILIES, Family, detect_family, family};
pub use template::{Excerpt, FileName, FimTemplate, FimText, Piece, Prompt, TemplateError};
