//! Files that hold secrets, by their names: what is in them is shown to no model but as the file that is being edited.

/// Names of files, in lower case. `*` stands for any number of characters, and is allowed at either end.
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

/// Folders whose files are secret, whatever they are called.
const FOLDERS: &[&str] = &[".ssh", ".gnupg", ".aws", ".kube", ".docker"];

/// Whether the file `path` is likely to hold secrets. It is better to leave out a file too many.
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
    fn secrets_are_known_by_their_names() {
        let secret = [".env", "a/.env.local", "prod.env", "tls/server.KEY", "id_rsa", "id_ed25519.pub", ".ssh/config"];
        for path in secret.into_iter().chain(["C:\\Users\\me\\.aws\\x", "credentials.json", "config/secrets.py"]) {
            assert!(is_secret(path), "{path}");
        }
        for path in ["src/environment.rs", "keyboard.py", "secret_santa.py", "src/keys.rs", "ssh/client.go", "a.envy"] {
            assert!(!is_secret(path), "{path}");
        }
    }
}
