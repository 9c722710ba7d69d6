import { accessSync, constants } from "node:fs";
import * as vscode from "vscode";

/** The server's file: the one that the user names, else the one that comes with the extension. */
export function serverPath(context: vscode.ExtensionContext): { file: string } | { problem: string } {
  const chosen = vscode.workspace.getConfiguration("fimble").get("server.path", "").trim();
  const name = process.platform === "win32" ? "fimble.exe" : "fimble";
  const file = chosen || context.asAbsolutePath(`server/${name}`);
  try {
    accessSync(file, constants.X_OK);
    return { file };
  } catch {
    return {
      problem: chosen
        ? `${file} is not a program that can be run. Correct or clear the setting fimble.server.path.`
        : `This extension was built for another platform than ${process.platform}-${process.arch}. Install the one for yours, or name a server of your own in the setting fimble.server.path.`,
    };
  }
}
