/** What of WebAssembly's JavaScript interface is used here: TypeScript has it among a browser's types alone, @types/node not at all. */
declare namespace WebAssembly {
  class Module {
    private readonly brand: "Module";
  }
  class Memory {
    readonly buffer: ArrayBuffer;
  }
  class Instance {
    readonly exports: Readonly<Record<string, unknown>>;
  }
  interface WebAssemblyInstantiatedSource {
    readonly module: Module;
    readonly instance: Instance;
  }
  interface MemoryDescriptor {
    readonly initial: number;
    readonly maximum?: number;
  }
  class CompileError extends Error {}
  class RuntimeError extends Error {}
  class LinkError extends Error {}
  function compile(program: Uint8Array): Promise<Module>;
}
