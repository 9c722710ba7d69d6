import * as vscode from "vscode";

const NAMES = [
  "languages",
  "model",
  "adapter",
  "engine",
  "threads",
  "routing",
  "multiline",
  "maxTokens",
  "contextTokens",
  "deadlineMs",
  "minConfidence",
  "context",
  "exclude",
  "completionItems",
  "statistics",
  "logLevel",
];

/** Returns only the settings that the user has set, so `fimble.toml` and the server's defaults decide about the others. */
export function userSettings(): Record<string, unknown> {
  const settings: Record<string, unknown> = { enabled: true };
  const configuration = vscode.workspace.getConfiguration("fimble");
  for (const name of NAMES) {
    const { globalValue, workspaceValue } = configuration.inspect(name) ?? {};
    if (globalValue !== undefined || workspaceValue !== undefined) {
      settings[name] = configuration.get(name);
    }
  }
  return settings;
}
