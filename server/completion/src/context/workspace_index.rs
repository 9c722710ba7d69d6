//! An index of the definitions in a workspace, by name. One thread fills it while requests read from it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::document::outline::Outline;

/// The index is shared between threads. Each lock is held for one file or one name.
#[derive(Debug, Default)]
pub struct WorkspaceIndex(RwLock<Files>);

#[derive(Debug, Default)]
struct Files {
    outlines: HashMap<Arc<str>, Arc<Outline>>,
    /// The paths of the files that define each name.
    names: HashMap<Box<str>, Vec<Arc<str>>>,
    bytes: usize,
}

/// A name defined in more files is too common to refer to one of them.
const MAX_FILES: usize = 64;

impl WorkspaceIndex {
    /// Adds the outline of the file `path`, replacing an earlier one.
    pub fn insert(&self, path: &str, outline: Outline) {
        let mut files = self.write();
        files.remove(path);
        if outline.definitions().is_empty() {
            return;
        }
        let path: Arc<str> = path.into();
        files.bytes += outline.bytes();
        for definition in outline.definitions() {
            let paths = files.names.entry(definition.name.as_str().into()).or_default();
            if paths.last() != Some(&path) {
                paths.push(path.clone());
            }
        }
        files.outlines.insert(path, Arc::new(outline));
    }

    /// Removes the file `path`, or all files below it if it was a folder.
    pub fn remove(&self, path: &str) {
        let mut files = self.write();
        let below = |other: &&Arc<str>| other.strip_prefix(path).is_some_and(|rest| rest.starts_with(['/', '\\']));
        let below: Vec<Arc<str>> = files.outlines.keys().filter(below).cloned().collect();
        below.iter().for_each(|path| files.remove(path));
        files.remove(path);
    }

    /// The files that define `name`, with their outlines. Empty if the name is too common.
    pub fn defining(&self, name: &str) -> Vec<(Arc<str>, Arc<Outline>)> {
        let files = self.read();
        let paths = files.names.get(name).filter(|paths| paths.len() <= MAX_FILES);
        let outline = |path: &Arc<str>| Some((path.clone(), files.outlines.get(path)?.clone()));
        paths.into_iter().flatten().filter_map(outline).collect()
    }

    /// The number of files that define something.
    pub fn file_count(&self) -> usize {
        self.read().outlines.len()
    }

    /// An estimate of the memory used, in bytes.
    pub fn bytes(&self) -> usize {
        self.read().bytes
    }

    fn read(&self) -> RwLockReadGuard<'_, Files> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Files> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Files {
    fn remove(&mut self, path: &str) {
        let Some(outline) = self.outlines.remove(path) else { return };
        self.bytes -= outline.bytes();
        for definition in outline.definitions() {
            if let Some(paths) = self.names.get_mut(definition.name.as_str()) {
                paths.retain(|other| **other != *path);
                if paths.is_empty() {
                    self.names.remove(definition.name.as_str());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;
    use crate::language::Language;

    fn outline(text: &str) -> Outline {
        let document = Document::new("a", Language::from_id("rust"), 0, text);
        Outline::new(document.language(), document.syntax().unwrap(), document.text())
    }

    fn paths(index: &WorkspaceIndex, name: &str) -> Vec<String> {
        index.defining(name).iter().map(|(path, _)| path.to_string()).collect()
    }

    #[test]
    fn replacing_or_removing_a_file_updates_its_names() {
        let index = WorkspaceIndex::default();
        index.insert("src/a.rs", outline("fn f() {} fn g() {} impl A { fn f() {} }"));
        index.insert("src/b.rs", outline("fn f() {}"));
        assert_eq!(paths(&index, "f"), ["src/a.rs", "src/b.rs"]);
        index.insert("src/a.rs", outline("fn h() {}"));
        assert_eq!((paths(&index, "f"), paths(&index, "g")), (vec!["src/b.rs".to_owned()], vec![]));
        index.insert("src/b.rs", outline(""));
        assert_eq!((paths(&index, "f"), index.file_count()), (vec![], 1));
        index.insert("srcs/c.rs", outline("fn i() {}"));
        index.remove("src");
        assert_eq!((paths(&index, "h"), paths(&index, "i")), (vec![], vec!["srcs/c.rs".to_owned()]));
        index.remove("srcs/c.rs");
        assert_eq!((index.file_count(), index.bytes()), (0, 0));
    }

    #[test]
    fn a_name_in_too_many_files_is_ignored() {
        let index = WorkspaceIndex::default();
        (0..=MAX_FILES).for_each(|number| index.insert(&format!("{number}.rs"), outline("fn new() {}")));
        assert_eq!(paths(&index, "new"), Vec::<String>::new());
    }
}
