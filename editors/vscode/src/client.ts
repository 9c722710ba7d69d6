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
  /** Nothing is being loaded. */
  quiescent: boolean;
  message?: string;
}

export interface Events {
  status(status: ServerStatus): void;
  closed(): void;
}

/** A connection to a server of its own, good for one start. */
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
        // Without settings, so that the server asks for them, by the line above.
        didChangeConfiguration: (_sections, next) => next(undefined),
      },
    },
  };
  const client = new QuietClient("fimble", "fimble", { command: file, args: ["lsp"] }, options);
  client.registerFeature(serverStatusFeature);
  client.onNotification("experimental/serverStatus", events.status);
  return client;
}

/** Writes errors to the log only: what the user should know of them, the status item says. */
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

/** The server decides what is logged. Its lines are `<time> <LEVEL> <module>: <message>`. */
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
