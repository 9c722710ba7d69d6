//! Recognizes files with secrets by their names. Such a file is never used as context for another file.

/// Lower-case file names. A `*` at the start or the end stands for any number of characters.
const NAMES: &[&str] = &[
    ".env",
    ".env.*",
    "*.env",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".pgpass",
    ".htpasswd",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    "*.gpg",
    "*.asc",
    "*.age",
    "*.tfvars",
    "*.tfstate",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    "credentials",
    "credentials.*",
    "secrets",
    "secrets.*",
];

/// Folders whose files are all treated as secret.
const FOLDERS: &[&str] = &[".ssh", ".gnupg", ".aws", ".kube", ".docker"];

/// Whether the file `path` is likely to contain secrets. A false alarm is better than a leak.
pub fn is_secret(path: &str) -> bool {
    let path = path.to_lowercase();
    let mut parts = path.rsplit(['/', '\\']);
    let name = parts.next().unwrap_or_default();
    let matches = |pattern: &&str| match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(end), _) => name.ends_with(end),
        (None, Some(start)) => name.starts_with(start),
        (None, None) => name == *pattern,
    };
    NAMES.iter().any(matches) || parts.any(|folder| FOLDERS.contains(&folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_recognized_by_name() {
        let secret = [".env", "a/.env.local", "prod.env", "tls/server.KEY", "id_rsa", "id_ed25519.pub", ".ssh/config"];
        for path in secret.into_iter().chain(["C:\\Users\\me\\.aws\\x", "credentials.json", "config/secrets.py"]) {
            assert!(is_secret(path), "{path}");
        }
        for path in ["src/environment.rs", "keyboard.py", "secret_santa.py", "src/keys.rs", "ssh/client.go", "a.envy"] {
            assert!(!is_secret(path), "{path}");
        }
    }
}
