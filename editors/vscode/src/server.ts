import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import type { Activity } from "./activity";
import { serverPath } from "./binary";
import { createClient, type ServerStatus } from "./client";
import { isOn } from "./switches";

/** The state of the server, with a sentence for the user except for `off`. */
export type State = { kind: "off" } | { kind: "loading" | "ready" | "warning" | "error"; message: string };

/** A server that has run for this long was healthy, so earlier failures no longer count. */
const HEALTHY_AFTER_MS = 3 * 60 * 1000;
const MOST_FAILURES = 5;
const LONGEST_PAUSE_S = 60;

/** The server process. It runs while fimble is on, and is restarted when it ends by itself. */
export class Server implements vscode.Disposable {
  readonly #context: vscode.ExtensionContext;
  readonly #log: vscode.LogOutputChannel;
  readonly #activity: Activity;
  readonly #changed = new vscode.EventEmitter<void>();
  #state: State = { kind: "off" };
  #client: LanguageClient | undefined;
  #startedAt = 0;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  /** Starting and stopping take a while and must not overlap, so each step waits for the previous one. */
  #steps: Promise<void> = Promise.resolve();

  readonly onDidChange = this.#changed.event;

  constructor(context: vscode.ExtensionContext, log: vscode.LogOutputChannel, activity: Activity) {
    this.#context = context;
    this.#log = log;
    this.#activity = activity;
  }

  get state(): State {
    return this.#state;
  }

  /** The client for requests; undefined while no server runs. */
  get client(): LanguageClient | undefined {
    return this.#client?.isRunning() ? this.#client : undefined;
  }

  /** Starts or stops the server according to the settings. */
  follow(): Promise<void> {
    return this.#next(() => (isOn() ? this.#start() : this.#stop()));
  }

  restart(): Promise<void> {
    void this.stop();
    return this.follow();
  }

  stop(): Promise<void> {
    return this.#next(() => this.#stop());
  }

  dispose(): void {
    clearTimeout(this.#retry);
    this.#changed.dispose();
  }

  #next(step: () => Promise<void>): Promise<void> {
    this.#steps = this.#steps.then(step).catch((error) => this.#log.error(error));
    return this.#steps;
  }

  async #start(): Promise<void> {
    if (this.#client) {
      return;
    }
    clearTimeout(this.#retry);
    const path = serverPath(this.#context);
    if ("problem" in path) {
      this.#set({ kind: "error", message: path.problem });
      return;
    }
    this.#set({ kind: "loading", message: "Starting" });
    const client = createClient(path.file, this.#log, this.#activity, {
      status: (status) => this.#client === client && this.#set(toState(status)),
      closed: () => this.#failed(client),
    });
    this.#client = client;
    this.#startedAt = Date.now();
    try {
      await client.start();
    } catch {
      // The client has already logged the error.
      this.#failed(client);
    }
  }

  async #stop(): Promise<void> {
    clearTimeout(this.#retry);
    this.#failures = 0;
    const client = this.#client;
    this.#client = undefined;
    try {
      await client?.stop();
    } finally {
      this.#set({ kind: "off" });
    }
  }

  #failed(client: LanguageClient): void {
    if (this.#client !== client) {
      return;
    }
    this.#client = undefined;
    this.#failures = Date.now() - this.#startedAt > HEALTHY_AFTER_MS ? 1 : this.#failures + 1;
    if (this.#failures >= MOST_FAILURES) {
      const message = `The server ended ${MOST_FAILURES} times and is not started again. Its log says why.`;
      this.#set({ kind: "error", message });
      void this.#tell(message);
      return;
    }
    const seconds = Math.min(2 ** (this.#failures - 1), LONGEST_PAUSE_S);
    this.#log.warn(`The server ended. It will be restarted in ${seconds} s.`);
    this.#set({ kind: "loading", message: "The server ended; restarting it" });
    this.#retry = setTimeout(() => void this.follow(), seconds * 1000);
  }

  async #tell(message: string): Promise<void> {
    const answer = await vscode.window.showErrorMessage(`fimble: ${message}`, "Restart", "Open Log");
    if (answer === "Restart") {
      await this.restart();
    } else if (answer === "Open Log") {
      this.#log.show();
    }
  }

  #set(state: State): void {
    this.#state = state;
    this.#changed.fire();
  }
}

function toState({ health, quiescent, message = "" }: ServerStatus): State {
  const kind = health !== "ok" ? health : quiescent ? "ready" : "loading";
  return { kind, message };
}
