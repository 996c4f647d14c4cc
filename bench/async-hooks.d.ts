/** What of it a bench's Worker uses: the types of the platform leave Node's modules out. */
declare module "node:async_hooks" {
  export class AsyncLocalStorage<Store> {
    getStore(): Store | undefined;
    run<Result>(store: Store, run: () => Result): Result;
  }
}
