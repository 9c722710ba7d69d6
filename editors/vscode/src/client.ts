import { createInterface } from "node:readline";
import type * as vscode from "vscode";
import {
  type ClientCapabilities,
  CloseAction,
  ErrorAction,
  LanguageClient,
  type LanguageClientOptions,
  RevealOutputChannelOn,
  type StaticFeature,
} from "vscode-languageclient/node";
import type { Activity } from "./activity";
import { userSettings } from "./settings";

/** The parameters of `experimental/serverStatus`. */
export interface ServerStatus {
  health: "ok" | "warning" | "error";
  /** False while a model is loading. */
  quiescent: boolean;
  message?: string;
}

export interface Events {
  status(status: ServerStatus): void;
  closed(): void;
}

/** Creates a client that starts its own server. It can be started only once. */
export function createClient(
  file: string,
  log: vscode.LogOutputChannel,
  activity: Activity,
  events: Events,
): LanguageClient {
  const options: LanguageClientOptions = {
    documentSelector: [{ scheme: "file" }, { scheme: "untitled" }],
    outputChannel: log,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    stdioOptions: { stdout: copyLog, stderr: copyLog },
    initializationFailedHandler: () => false,
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => {
        events.closed();
        return { action: CloseAction.DoNotRestart, handled: true };
      },
    },
    middleware: {
      provideInlineCompletionItems: (document, position, context, token, next) =>
        activity.during(next(document, position, context, token)),
      workspace: {
        configuration: (params) => params.items.map(userSettings),
        // Sends no settings. The server then asks for them, and the line above answers.
        didChangeConfiguration: (_sections, next) => next(undefined),
      },
    },
  };
  const client = new QuietClient("fimble", "fimble", { command: file, args: ["lsp"] }, options);
  client.registerFeature(serverStatusFeature);
  client.onNotification("experimental/serverStatus", events.status);
  return client;
}

/** Writes errors to the log only, because the status item tells the user about them. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

const serverStatusFeature: StaticFeature = {
  fillClientCapabilities(capabilities: ClientCapabilities) {
    capabilities.experimental = { ...capabilities.experimental, serverStatusNotification: true };
  },
  initialize() {},
  getState: () => ({ kind: "static" }),
  clear() {},
};

/** Copies the server's log. Its lines are `<time> <LEVEL> <module>: <message>`, and the server filters them by level. */
function copyLog(input: NodeJS.ReadableStream, log: vscode.LogOutputChannel): void {
  createInterface({ input }).on("line", (line) => {
    const [, level, message] = /^\S+ +(ERROR|WARN|INFO|DEBUG|TRACE) (.*)/.exec(line) ?? [];
    const text = message ?? line;
    if (level === "ERROR") {
      log.error(text);
    } else if (level === "WARN") {
      log.warn(text);
    } else {
      log.info(level === "DEBUG" || level === "TRACE" ? `${level} ${text}` : text);
    }
  });
}
