import * as vscode from "vscode";
import { Activity } from "./activity";
import { showMenu } from "./menu";
import { chooseModel } from "./models";
import { Server } from "./server";
import { Statistics } from "./statistics";
import { StatusItem } from "./status";
import { toggle } from "./switches";

const WALKTHROUGH_SHOWN = "walkthroughShown";

let server: Server | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel("fimble", { log: true });
  const activity = new Activity();
  const running = new Server(context, log, activity);
  server = running;
  const statistics = new Statistics(context);

  const command = (name: string, run: () => unknown) => vscode.commands.registerCommand(`fimble.${name}`, run);
  context.subscriptions.push(
    log,
    activity,
    running,
    statistics,
    new StatusItem(running, activity),
    command("suggest", () => vscode.commands.executeCommand("editor.action.inlineSuggest.trigger")),
    command("toggle", toggle),
    command("showMenu", () => showMenu(running)),
    command("chooseModel", () => chooseModel(running)),
    command("showStatistics", () => statistics.show()),
    command("openLog", () => log.show()),
    command("restart", () => running.restart()),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("fimble.server.path")) {
        void running.restart();
      } else if (change.affectsConfiguration("fimble.enabled")) {
        void running.follow();
      }
    }),
  );

  if (!context.globalState.get(WALKTHROUGH_SHOWN)) {
    await context.globalState.update(WALKTHROUGH_SHOWN, true);
    void vscode.commands.executeCommand("workbench.action.openWalkthrough", `${context.extension.id}#start`);
  }
  await running.follow();
}

/** VS Code waits for this promise when it ends, so the server can save its statistics. */
export function deactivate(): Promise<void> | undefined {
  return server?.stop();
}
