// Packages the extension for one platform: `npm run package -- --target linux-x64 [--out FILE.vsix]`.
// It packages the server that FIMBLE names, or else the release build of this repository.

import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const TARGETS = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64", "win32-x64", "win32-arm64"];

const extension = dirname(dirname(fileURLToPath(import.meta.url)));
const repository = join(extension, "..", "..");

const { values } = parseArgs({ options: { target: { type: "string" }, out: { type: "string" } } });
const { target = "" } = values;
if (!TARGETS.includes(target)) {
  fail(`--target must be one of ${TARGETS.join(", ")}`);
}
const binary = target.startsWith("win32") ? "fimble.exe" : "fimble";
const server = process.env.FIMBLE ?? join(repository, "target", "release", binary);
if (!existsSync(server)) {
  fail(`there is no server at ${server}; build it with \`cargo build --release\`, or set FIMBLE to its path`);
}

const folder = join(extension, "server");
const copy = join(folder, binary);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
copyFileSync(server, copy);
chmodSync(copy, 0o755);
// Stripping saves a third of the size. It may fail on a machine without the tool or for another format. A program for
// macOS must not be stripped, because it is signed and would no longer start.
if (target.startsWith("linux")) {
  spawnSync("strip", [copy]);
}
for (const licence of ["LICENSE-MIT", "LICENSE-APACHE"]) {
  copyFileSync(join(repository, licence), join(extension, licence));
}

const out = values.out ?? join(extension, `fimble-${target}.vsix`);
const vsce = join(extension, "node_modules", "@vscode", "vsce", "vsce");
const options = ["--target", target, "--out", out, "--no-dependencies", "--allow-missing-repository"];
execFileSync(process.execPath, [vsce, "package", ...options], { cwd: extension, stdio: "inherit" });

function fail(message) {
  console.error(`package: ${message}`);
  process.exit(2);
}
