import * as vscode from "vscode";
import type { Server } from "./server";
import { hasWorkspace, isOffEverywhere, isOn, isOnFor, turnEverywhere, turnFor, turnHere } from "./switches";

interface Entry extends vscode.QuickPickItem {
  run(): unknown;
}

/** Shows the menu of the status item. */
export async function showMenu(server: Server): Promise<void> {
  const { state } = server;
  const entries = [...(isOn() ? whenOn() : whenOff()), ...always()];
  const chosen = await vscode.window.showQuickPick(entries, {
    title: "fimble",
    placeHolder: state.kind === "off" ? "Off" : state.message,
  });
  await chosen?.run();
}

function whenOn(): Entry[] {
  const entries = [entry("circle-slash", "Turn off everywhere", () => turnEverywhere(false))];
  const language = vscode.window.activeTextEditor?.document.languageId;
  if (language) {
    const on = isOnFor(language);
    const label = on ? `Turn off for ${language}` : `Turn on for ${language}`;
    entries.unshift(entry(on ? "circle-slash" : "check", label, () => turnFor(language, !on)));
  }
  if (hasWorkspace()) {
    entries.unshift(entry("circle-slash", "Turn off in this workspace", () => turnHere(false)));
  }
  return entries;
}

function whenOff(): Entry[] {
  const entries: Entry[] = [];
  if (isOffEverywhere()) {
    entries.push(entry("check", "Turn on everywhere", () => turnEverywhere(true)));
  }
  if (hasWorkspace()) {
    entries.push(entry("check", "Turn on in this workspace", () => turnHere(true)));
  }
  return entries;
}

function always(): Entry[] {
  return [
    entry("library", "Choose a model…", "fimble.chooseModel"),
    entry("graph", "Show statistics", "fimble.showStatistics"),
    entry("output", "Open log", "fimble.openLog"),
    entry("gear", "Settings", () =>
      vscode.commands.executeCommand("workbench.action.openSettings", "@ext:fimble.fimble"),
    ),
    entry("debug-restart", "Restart", "fimble.restart"),
  ];
}

function entry(icon: string, label: string, action: string | (() => unknown)): Entry {
  const run = typeof action === "string" ? () => vscode.commands.executeCommand(action) : action;
  return { label: `$(${icon}) ${label}`, run };
}
