import { accessSync, constants } from "node:fs";
import * as vscode from "vscode";

/** Returns the path of the server: the one in the user's settings, or else the one in the extension. */
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
        ? `${file} is not an executable program. Correct or clear the setting fimble.server.path.`
        : `This extension was built for another platform than ${process.platform}-${process.arch}. Install the extension for your platform, or set fimble.server.path to a server of your own.`,
    };
  }
}
