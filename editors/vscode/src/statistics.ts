import { execFile } from "node:child_process";
import { promisify } from "node:util";
import * as vscode from "vscode";
import { serverPath } from "./binary";

const SCHEME = "fimble-statistics";
const run = promisify(execFile);

/** Shows the output of `fimble stats` as a read-only document. */
export class Statistics implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #context: vscode.ExtensionContext;
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);

  readonly onDidChange = this.#changed.event;

  constructor(context: vscode.ExtensionContext) {
    this.#context = context;
  }

  async show(): Promise<void> {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: "fimble statistics" });
    this.#changed.fire(uri);
    await vscode.window.showTextDocument(uri, { preview: true });
  }

  async provideTextDocumentContent(): Promise<string> {
    const path = serverPath(this.#context);
    if ("problem" in path) {
      return path.problem;
    }
    try {
      return (await run(path.file, ["stats"])).stdout;
    } catch (error) {
      return `The statistics cannot be shown: ${error}`;
    }
  }

  dispose(): void {
    this.#registration.dispose();
    this.#changed.dispose();
  }
}
