import * as vscode from "vscode";

const NAMES = [
  "languages",
  "model",
  "adapter",
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

/** What the server is told: what the user has set. The rest is left to `fimble.toml` and the server's own defaults. */
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
