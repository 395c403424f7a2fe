/* The one Trusted Types policy the server's header allows. Nothing in the app needs markup or script from text, so none passes. */
type Policy = { createHTML(text: string): string; createScript(): never; createScriptURL(): never };

const refuse = (): never => {
  throw new TypeError('Script from text is not allowed here');
};

const factory = (globalThis as { trustedTypes?: { createPolicy(name: string, policy: Policy): unknown } }).trustedTypes;
factory?.createPolicy('default', {
  createHTML: (text) => (/[<>]/.test(text) ? refuse() : text),
  createScript: refuse,
  createScriptURL: refuse,
});

export {};
