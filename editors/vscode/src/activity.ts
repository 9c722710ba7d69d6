import * as vscode from "vscode";

/** The status item ignores changes that last no longer than this. */
const BLINK_MS = 300;

/** Whether the server is working on a request, without flicker: a change that reverts within `BLINK_MS` is ignored. */
export class Activity implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  #outstanding = 0;
  #thinking = false;
  #timer: NodeJS.Timeout | undefined;

  readonly onDidChange = this.#changed.event;

  get thinking(): boolean {
    return this.#thinking;
  }

  async during<Result>(request: Thenable<Result> | Result): Promise<Result> {
    this.#count(1);
    try {
      return await request;
    } finally {
      this.#count(-1);
    }
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#changed.dispose();
  }

  #count(change: 1 | -1): void {
    this.#outstanding += change;
    const thinking = this.#outstanding > 0;
    if (thinking === this.#thinking) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    } else {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.#thinking = thinking;
        this.#changed.fire();
      }, BLINK_MS);
    }
  }
}
