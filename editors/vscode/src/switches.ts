import * as vscode from "vscode";

const { Global, Workspace } = vscode.ConfigurationTarget;

function configuration(): vscode.WorkspaceConfiguration {
  return vscode.workspace.getConfiguration("fimble");
}

/** Returns whether fimble is on in this window. */
export function isOn(): boolean {
  return configuration().get("enabled", true);
}

/** Returns whether the user settings turn fimble off in all windows. */
export function isOffEverywhere(): boolean {
  return configuration().inspect<boolean>("enabled")?.globalValue === false;
}

/** Returns whether there is a folder, which workspace settings need. */
export function hasWorkspace(): boolean {
  return vscode.workspace.workspaceFolders !== undefined;
}

export async function turnEverywhere(on: boolean): Promise<void> {
  await configuration().update("enabled", on ? undefined : false, Global);
  if (hasWorkspace()) {
    await configuration().update("enabled", undefined, Workspace);
  }
}

export async function turnHere(on: boolean): Promise<void> {
  const value = on === !isOffEverywhere() ? undefined : on;
  await configuration().update("enabled", value, Workspace);
}

export async function toggle(): Promise<void> {
  await (isOn() || isOffEverywhere() ? turnEverywhere(!isOn()) : turnHere(true));
}

export function isOnFor(language: string): boolean {
  const languages = configuration().get<Record<string, boolean>>("languages", {});
  return languages[language] ?? languages["*"] ?? true;
}

export async function turnFor(language: string, on: boolean): Promise<void> {
  const languages = { ...configuration().inspect<Record<string, boolean>>("languages")?.globalValue };
  delete languages[language];
  if ((languages["*"] ?? true) !== on) {
    languages[language] = on;
  }
  await configuration().update("languages", Object.keys(languages).length > 0 ? languages : undefined, Global);
}
