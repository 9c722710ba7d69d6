import * as vscode from "vscode";
import type { Server } from "./server";

interface Model {
  name: string;
  summary: string;
  installed: boolean;
  /** The folder for its files; null for the embedded model. */
  folder: string | null;
}

/** The answer to `fimble/models`. */
interface Models {
  current: string;
  models: Model[];
}

interface Choice extends vscode.QuickPickItem {
  run(): Thenable<unknown>;
}

/** Lets the user choose the value of the setting `fimble.model`. */
export async function chooseModel(server: Server): Promise<void> {
  const { client } = server;
  if (!client) {
    void vscode.window.showInformationMessage(
      "The server of fimble is not running, so it cannot list its models. Turn fimble on first.",
    );
    return;
  }
  const { current, models } = await client.sendRequest<Models>("fimble/models");
  const known = models.map(
    (model): Choice => ({
      label: model.name === current ? `$(check) ${model.name}` : model.name,
      description: model.installed ? "" : "not installed",
      detail: model.installed || !model.folder ? model.summary : `${model.summary} Put its files into ${model.folder}`,
      run: () => (model.installed ? use(model.name) : explain(model)),
    }),
  );
  const own: Choice[] = [
    {
      label: "A folder…",
      detail: "In Hugging Face layout: config.json, tokenizer.json, *.safetensors",
      run: () => browse(true),
    },
    { label: "A .gguf file…", run: () => browse(false) },
  ];
  const chosen = await vscode.window.showQuickPick([...known, ...own], {
    title: "Choose a model",
    placeHolder: `In use: ${current}`,
    matchOnDescription: true,
    matchOnDetail: true,
  });
  await chosen?.run();
}

function use(model: string): Thenable<void> {
  return vscode.workspace.getConfiguration("fimble").update("model", model, vscode.ConfigurationTarget.Global);
}

async function explain({ name, folder }: Model): Promise<void> {
  const copy = "Copy Path";
  const message = `fimble does not download models. Put the files of ${name} into ${folder}, and choose it again.`;
  if ((await vscode.window.showInformationMessage(message, copy)) === copy && folder) {
    await vscode.env.clipboard.writeText(folder);
  }
}

async function browse(folder: boolean): Promise<void> {
  const [chosen] =
    (await vscode.window.showOpenDialog({
      title: "Choose a model",
      openLabel: "Use",
      canSelectFolders: folder,
      canSelectFiles: !folder,
      ...(folder ? {} : { filters: { "Models (.gguf)": ["gguf"] } }),
    })) ?? [];
  if (chosen) {
    await use(chosen.fsPath);
  }
}
