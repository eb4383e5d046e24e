// The modules are shared by all tests: nothing may be written among them.
export default { cacheDir: ".vite" };
