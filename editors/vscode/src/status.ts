import * as vscode from "vscode";
import type { Activity } from "./activity";
import type { Server } from "./server";
import { isOnFor } from "./switches";

/** The item in the status bar. It shows the state of the server. */
export class StatusItem implements vscode.Disposable {
  readonly #item = vscode.window.createStatusBarItem("fimble.status", vscode.StatusBarAlignment.Right, 100);
  readonly #server: Server;
  readonly #activity: Activity;
  readonly #subscriptions: vscode.Disposable[];

  constructor(server: Server, activity: Activity) {
    this.#server = server;
    this.#activity = activity;
    this.#item.name = "fimble";
    this.#item.command = "fimble.showMenu";
    const draw = () => this.#draw();
    this.#subscriptions = [
      server.onDidChange(draw),
      activity.onDidChange(draw),
      vscode.window.onDidChangeActiveTextEditor(draw),
      vscode.workspace.onDidOpenTextDocument(draw),
      vscode.workspace.onDidChangeConfiguration(draw),
    ];
    this.#draw();
    this.#item.show();
  }

  dispose(): void {
    vscode.Disposable.from(...this.#subscriptions, this.#item).dispose();
  }

  #draw(): void {
    const { icon, sentence, colour } = this.#appearance();
    this.#item.text = `$(${icon}) fimble`;
    this.#item.tooltip = `fimble: ${sentence}`;
    this.#item.accessibilityInformation = { label: `fimble: ${sentence}`, role: "button" };
    this.#item.backgroundColor = colour && new vscode.ThemeColor(`statusBarItem.${colour}Background`);
  }

  #appearance(): { icon: string; sentence: string; colour?: "error" | "warning" } {
    const { state } = this.#server;
    switch (state.kind) {
      case "off":
        return { icon: "circle-slash", sentence: "off" };
      case "error":
        return { icon: "error", sentence: state.message, colour: "error" };
      case "warning":
        return { icon: "warning", sentence: state.message, colour: "warning" };
      case "loading":
        return { icon: "sync~spin", sentence: state.message };
    }
    const language = vscode.window.activeTextEditor?.document.languageId;
    if (language && !isOnFor(language)) {
      return { icon: "circle-slash", sentence: `off for ${language}` };
    }
    return this.#activity.thinking
      ? { icon: "loading~spin", sentence: "thinking" }
      : { icon: "sparkle", sentence: `ready. ${state.message}` };
  }
}
